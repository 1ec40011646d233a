"""Rules over what devices say and are told.  The gateway asks them, and stores what they decide beside its cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wayside.model.commands import CommandRecord, Transition
from wayside.model.instant import Instant
from wayside.model.rentals import Change
from wayside.ports.store import Entry

Consequence = Entry | Change
"""An entry (an alarm) is stored and published like any other; a change replaces the record with its key."""


class Rules(Protocol):
    """Asked in the order of storing: what they return goes into the very batch that holds its cause, in order.

    So rules may keep a view of their own in memory.  It runs ahead of the disk by the batches that are under way, and
    by no more: a batch that could not be committed is tried again as it is, before any later one.  After a crash the
    view is read anew; what it had seen and the disk had not, nobody was told to be stored.
    """

    def watches(self, protocol: str) -> bool:
        """Whether what devices of this protocol say, and are told, concerns these rules.  The same at all times."""

    def heard(self, entry: Entry) -> Sequence[Consequence]:
        """An accepted device said something, just now or while it was held in quarantine."""

    def asked(self, record: CommandRecord) -> Sequence[Consequence]:
        """A command of a watched device is about to be stored.

        Raises:
            CommandError: it must not be; names the field.
        """

    def stepped(self, step: Transition) -> Sequence[Consequence]:
        """A command, of whichever device, came to a new state; *rejected* also means that it was not stored."""

    def deleted(self, device: str, at: Instant) -> Sequence[Consequence]:
        """A device is ours no longer, and says no more."""
