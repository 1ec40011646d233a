"""The one shape of everything that a device says."""

from __future__ import annotations

import enum

import msgspec

from wayside.model.instant import Instant

Value = bool | int | float | str | list[str]
Values = dict[str, Value]


class Kind(enum.StrEnum):
    """What sort of thing an event is."""

    REPORT = "report"
    """Measurements and state."""
    ALARM = "alarm"
    OPERATION = "operation"
    """Something was done: unlocked, a power bank taken."""
    MEDIA = "media"
    """A file announced or received."""
    REPLY = "reply"
    """A device's free text."""
    PRESENCE = "presence"
    """Online or offline; said by the gateway, not by the device."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """What one message of a device means.

    ``message`` is the protocol's name of the packet; every name in ``values`` stands in the vocabulary registry;
    ``at`` is the device's own clock, or None where the message carries no time or an impossible one.
    """

    kind: Kind
    message: str
    values: Values
    at: Instant | None = None


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as the store, the API and the live feed hand it out.  ``id`` grows in the order of storing."""

    id: int
    device: str
    kind: Kind
    at: Instant | None
    received_at: Instant
    message: str
    values: Values


class StoredFrame(msgspec.Struct, frozen=True, gc=False):
    """One exchange on the wire: what came in, and what was sent because of it (or by itself)."""

    id: int
    device: str
    received_at: Instant
    message: str
    received: bytes | None
    sent: bytes | None


class Latest(msgspec.Struct, frozen=True, gc=False):
    """The last known value of one name, and since when it is known: the device's time, or else our own."""

    value: Value
    at: Instant
