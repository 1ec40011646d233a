"""What the contract suite stores, and how it reads whole lists."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import msgspec

from wayside.model.commands import CommandRecord, State
from wayside.model.events import Event, Kind, Values
from wayside.model.instant import MINUTE, SECOND, Instant
from wayside.ports.media import MediaQuery
from wayside.ports.store import (
    AlarmQuery,
    Batch,
    CommandQuery,
    DeviceQuery,
    Entry,
    EventQuery,
    FrameQuery,
    Page,
    Span,
    Store,
)

Q = TypeVar("Q", Span, EventQuery, FrameQuery, AlarmQuery, CommandQuery, DeviceQuery, MediaQuery)

START: Instant = 1_700_000_000 * SECOND
ONE = "jimi:353376110008882"
TWO = "parking-lock:A1B2"
THREE = "jk-bms:C0FFEE"


class Shelf(Protocol):
    """An engine with a place to keep things: what is stored is there again when it is opened anew."""

    async def open(self) -> Store: ...

    async def settle(self, store: Store) -> None:
        """Let what follows behind the commits (indexes) come up with them."""


def report(
    device: str = ONE,
    received_at: Instant = START,
    values: Values | None = None,
    *,
    kind: Kind = Kind.REPORT,
    at: Instant | None = None,
    message: str = "location",
) -> Entry:
    """One exchange that meant an event."""
    event = Event(kind, message, {"position.speed": 40} if values is None else values, at)
    return Entry(device, received_at, message, event, b"\x78\x78\x00", b"\x05")


def heartbeat(device: str = ONE, received_at: Instant = START, message: str = "heartbeat") -> Entry:
    """An exchange that meant nothing."""
    return Entry(device, received_at, message, None, b"\x78\x78\x13", b"\x05\x13")


def alarm(device: str = ONE, received_at: Instant = START, name: str = "sos") -> Entry:
    return report(
        device, received_at, {"alarm.kind": name, "alarm.code": 1}, kind=Kind.ALARM, message="alarm"
    )


def command(number: int = 1, **changes: object) -> CommandRecord:
    record = CommandRecord(
        id=f"c{number}",
        number=number,
        device=ONE,
        capability="relay.set",
        parameters={"state": "on"},
        state=State.ACCEPTED,
        created_at=START + number * SECOND,
        expires_at=START + number * SECOND + MINUTE,
        requested_by="alice",
    )
    return msgspec.structs.replace(record, **changes)


async def append(store: Store, *entries: Entry) -> list[int]:
    """Commit the entries as one batch; their ids."""
    committed = await store.append(Batch(entries=list(entries)))
    return list(range(committed.first_id, committed.first_id + len(entries)))


async def whole(fetch: Callable[[Q], Awaitable[Page[Any]]], query: Q, limit: int = 100) -> list[Any]:
    """Every page of a list, one after the other."""
    items: list[Any] = []
    cursor = None
    for _ in range(10_000):
        page = await fetch(with_span(query, limit=limit, cursor=cursor))
        assert len(page.items) <= limit
        items += page.items
        if page.next is None:
            return items
        assert page.next != cursor
        cursor = page.next
    raise AssertionError("the list does not end")


def with_span(query: Q, **changes: object) -> Q:
    if isinstance(query, Span):
        return msgspec.structs.replace(query, **changes)
    return msgspec.structs.replace(query, span=msgspec.structs.replace(query.span, **changes))


def ids(items: list[Any]) -> list[int]:
    return [item.id for item in items]
