"""Shapes that several answers share; times are RFC 3339 in UTC, bytes are hexadecimal."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from wayside.model.events import Kind, StoredEvent, Values
from wayside.model.instant import Instant, to_rfc3339

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Hex = Annotated[str, Meta(pattern="^([0-9a-f]{2})*$", description="Bytes, in hexadecimal")]
Next = Annotated[str | None, Meta(description="The cursor of the next page; null at the end")]


def time(instant: Instant | None) -> str | None:
    """RFC 3339, or None where there is no time."""
    return None if instant is None else to_rfc3339(instant)


class EventView(msgspec.Struct, frozen=True):
    """What a message of a device meant.  ``at`` is the device's own clock, null where it names no time."""

    id: int
    device: str
    kind: Kind
    at: Time | None
    received_at: Time
    message: str
    values: Values

    @classmethod
    def of(cls, event: StoredEvent) -> EventView:
        return cls(
            event.id,
            event.device,
            event.kind,
            time(event.at),
            to_rfc3339(event.received_at),
            event.message,
            event.values,
        )


class EventPage(msgspec.Struct, frozen=True):
    """Events, newest first."""

    items: list[EventView]
    next: Next
