"""The ledger at the place where the gateway stores things: ``ports.rules.Rules`` for cabinets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wayside.model.commands import CommandRecord, Transition
from wayside.model.identity import split_device_id
from wayside.model.instant import Instant
from wayside.model.rentals import Place
from wayside.ports.rules import Consequence
from wayside.ports.store import Entry
from wayside.rental.ledger import Ledger, Outcome
from wayside.rental.notices import Notice

BORROW: Final = "borrow"
"""The capability that asks for a bank; its parameters are ``slot`` and ``bank``."""

MESSAGE: Final = "rental"
"""What entries of the log are called that no device sent."""


class CabinetRules:
    """``protocol``: that of the cabinets.  ``ledger`` begins empty, and is replaced before anything is fed to it."""

    def __init__(self, protocol: str) -> None:
        self.protocol: Final = protocol
        self.ledger = Ledger()

    def watches(self, protocol: str) -> bool:
        """See ``ports.rules.Rules``."""
        return protocol == self.protocol

    def knows(self, bank: str) -> bool:
        """Whether a cabinet may take this bank in."""
        return self.ledger.knows(bank)

    def heard(self, entry: Entry) -> list[Consequence]:
        """See ``ports.rules.Rules``."""
        assert entry.event is not None, "rules are asked about events"
        changes = self.ledger.event(entry.device, entry.event, entry.received_at)
        return consequences(changes, entry.received_at)

    def asked(self, record: CommandRecord) -> list[Consequence]:
        """See ``ports.rules.Rules``."""
        if record.capability != BORROW:
            return []
        slot, bank = record.parameters["slot"], record.parameters["bank"]
        assert isinstance(slot, int)
        assert isinstance(bank, str)
        place = Place(record.device, slot)
        changes = self.ledger.request(record.id, place, bank, record.requested_by, record.created_at)
        return consequences(changes, record.created_at)

    def stepped(self, step: Transition) -> list[Consequence]:
        """See ``ports.rules.Rules``."""
        rental = self.ledger.rental(step.command)
        if rental is None:
            return []
        return consequences(self.ledger.command(step.command, rental.bank, step.state, step.at), step.at)

    def deleted(self, device: str, at: Instant) -> list[Consequence]:
        """See ``ports.rules.Rules``."""
        if not self.watches(split_device_id(device)[0]):
            return []
        return consequences(self.ledger.forget(device, at), at)


def consequences(outcomes: Iterable[Outcome], at: Instant) -> list[Consequence]:
    """As the gateway stores them: an alarm is an entry of its cabinet's log."""
    return [
        Entry(outcome.cabinet, at, MESSAGE, outcome.event) if isinstance(outcome, Notice) else outcome
        for outcome in outcomes
    ]
