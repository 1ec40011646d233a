"""Power banks, the slots that they stand in, and who borrowed which: as the store keeps them and the API shows them.

Every record is whole: to store one is to replace the earlier one with the same key.
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from wayside.model.instant import Instant

BANK_ID: Final = re.compile(r"[0-9A-Za-z]{1,24}")
"""What cabinets can say of a bank."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """A slot of a cabinet; ``cabinet`` is a device, as ``power-bank:866262045678903``."""

    cabinet: str
    slot: int

    def __str__(self) -> str:
        return f"slot {self.slot} of {self.cabinet}"


class Bank(msgspec.Struct, frozen=True):
    """A registered power bank.  Key: ``id``.

    ``place``: where it stands, None while it is with somebody or nobody knows; ``rental``: the open one.
    """

    id: str
    registered_at: Instant
    label: str = ""
    retired_at: Instant | None = None
    place: Place | None = None
    rental: str | None = None


class Slot(msgspec.Struct, frozen=True):
    """What is known of a slot, and since when it is so.  Key: ``place``.

    ``state`` is one of the vocabulary's words for ``cabinet.slot.{n}.state``, or ``unknown``; ``bank`` need not be
    a registered one.  ``gave`` is the bank that was given out of it, as long as no other has stood there since: the
    same word again is a repetition, on whatever connection it comes.
    """

    place: Place
    state: str
    since: Instant
    bank: str | None = None
    gave: str | None = None


class RentalState(enum.StrEnum):
    """Where a rental is."""

    REQUESTED = "requested"
    DISPENSING = "dispensing"
    """The order has left us."""
    UNKNOWN = "unknown"
    """The cabinet did not say what became of the order."""
    RENTED = "rented"
    RETURNED = "returned"
    """The bank is back.  Without ``started_at`` nobody ever heard that it had gone."""
    REFUSED = "refused"
    """The order never left."""
    FAILED = "failed"
    """The cabinet said so."""
    NOT_GIVEN = "not_given"
    """Judging by its slot, the bank was not given out."""
    LOST = "lost"
    """Written off by a person."""


class Rental(msgspec.Struct, frozen=True):
    """One borrowing, from the request on.  Key: ``id``, which is that of the command that asked for it.

    ``started_at`` is set by the cabinet's word that the bank was given out and by nothing else: what has none cost
    nobody anything.  A rental that nobody here had asked for has no ``requested_at``, and an id of its own.
    """

    id: str
    bank: str
    taken_from: Place
    state: RentalState
    requested_at: Instant | None = None
    requested_by: str = ""
    sent_at: Instant | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
    returned_to: Place | None = None
    detail: str = ""


class Forgotten(msgspec.Struct, frozen=True):
    """A cabinet was deleted: so are all its slots."""

    cabinet: str


Change = Bank | Slot | Rental | Forgotten
"""What came of one input, to be stored in the same commit as the input itself."""


class Snapshot(msgspec.Struct, frozen=True):
    """What a ledger begins with: every bank and slot, and of each bank its latest rental."""

    banks: tuple[Bank, ...] = ()
    slots: tuple[Slot, ...] = ()
    rentals: tuple[Rental, ...] = ()
