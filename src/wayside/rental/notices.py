"""What a person should look at, as alarms of the cabinet where it happened."""

from __future__ import annotations

import enum

import msgspec

from wayside.model.events import Event, Kind, Values
from wayside.model.rentals import Place


class Notice(msgspec.Struct, frozen=True):
    """Something that a person should look at, as an alarm event of the cabinet; store and publish it as such."""

    cabinet: str
    event: Event


class Alarm(enum.StrEnum):
    """Values of ``alarm.kind``."""

    BORROWED_UNASKED = "bank_borrowed_unasked"
    """The cabinet gave a bank out that nobody here had asked for."""
    RETURNED_UNASKED = "bank_returned_unasked"
    """A bank came back that was not rented."""
    MISSING = "bank_missing"
    """A bank is not in its slot any more, and the cabinet did not say that it was given out."""
    STRANGER = "bank_unregistered"
    """A bank that is not ours stands in a slot."""
    STRANGER_TAKEN = "bank_unregistered_borrowed"
    """A bank that is not ours was given out."""
    IN_TWO_SLOTS = "bank_in_two_slots"
    """The cabinet sees the same bank twice; the second slot is not believed."""
    LOST_BANK_FOUND = "bank_found"
    """A bank that was written off stands in a slot."""


def notice(alarm: Alarm, place: Place, bank: str) -> Notice:
    """The alarm, to be stored as an event of the cabinet."""
    values: Values = {"alarm.kind": alarm.value, "cabinet.slot": place.slot, "bank.id": bank}
    return Notice(place.cabinet, Event(Kind.ALARM, "rental", values))
