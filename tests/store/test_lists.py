"""Lists of the log against a plain Python model: every filter, every border, every page."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.store.samples import (
    ONE,
    START,
    THREE,
    TWO,
    Shelf,
    alarm,
    append,
    heartbeat,
    ids,
    report,
    whole,
    with_span,
)
from wayside.model.errors import CommandError
from wayside.model.events import Kind
from wayside.model.instant import DAY, SECOND
from wayside.ports.store import (
    PAGE_MAX,
    AlarmQuery,
    CommandQuery,
    DeviceQuery,
    Entry,
    EventQuery,
    FrameQuery,
    Span,
    Store,
)


def traffic() -> list[Entry]:
    """Sixty exchanges, with a clock that jumps a day ahead, back, and to 1970."""
    entries: list[Entry] = []
    for n in range(60):
        device = (ONE, TWO, ONE, THREE)[n % 4]
        time = START + n * SECOND
        time += DAY if 20 <= n < 30 else 0
        time = n if 40 <= n < 45 else time
        match n % 6:
            case 0:
                entries.append(heartbeat(device, time))
            case 1:
                entries.append(alarm(device, time, ("sos", "lock_forced")[n % 4 == 1]))
            case 2:
                entries.append(
                    report(device, time, {"lock.state": "locked"}, kind=Kind.OPERATION, message="unlock")
                )
            case _:
                entries.append(report(device, time, {"position.speed": n, "n": n}))
    return entries


async def stored(store: Store) -> dict[int, Entry]:
    """The traffic, in batches of five; what is behind the commits may be anywhere."""
    entries = traffic()
    by_id: dict[int, Entry] = {}
    for start in range(0, len(entries), 5):
        batch = entries[start : start + 5]
        by_id |= dict(zip(await append(store, *batch), batch, strict=True))
    return by_id


TIMES = [
    (None, None),
    (START + 10 * SECOND, START + 35 * SECOND),
    (START + DAY, None),
    (None, START),
    (START + 50 * SECOND, START + 51 * SECOND),
    (START + 2 * DAY, None),
    (START + 10 * SECOND, START + 10 * SECOND),
]


def expected(
    by_id: dict[int, Entry], query: EventQuery | FrameQuery, wanted: Callable[[Entry], bool]
) -> list[int]:
    span = query.span
    return [
        entry_id
        for entry_id, entry in sorted(by_id.items(), reverse=True)
        if wanted(entry)
        and (query.device is None or entry.device == query.device)
        and (query.message is None or entry.message == query.message)
        and (span.since is None or entry.received_at >= span.since)
        and (span.until is None or entry.received_at < span.until)
    ]


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_events_by_every_filter(shelf: Shelf, limit: int, *, settled: bool) -> None:
    store = await shelf.open()
    by_id = await stored(store)
    if settled:
        await shelf.settle(store)
    for since, until in TIMES:
        for filters in (
            EventQuery(),
            EventQuery(device=ONE),
            EventQuery(device=THREE, kind=Kind.REPORT),
            EventQuery(device=TWO, kind=Kind.ALARM),
            EventQuery(kind=Kind.ALARM),
            EventQuery(kind=Kind.REPORT),
            EventQuery(kind=Kind.MEDIA),
            EventQuery(message="unlock"),
            EventQuery(device=ONE, name="lock.state"),
            EventQuery(name="n"),
            EventQuery(name='"n":'),
            EventQuery(device="jimi:nobody"),
        ):
            query = with_span(filters, since=since, until=until)

            def wanted(entry: Entry, query: EventQuery = query) -> bool:
                event = entry.event
                return (
                    event is not None
                    and (query.kind is None or event.kind is query.kind)
                    and (query.name is None or query.name in event.values)
                )

            found = ids(await whole(store.events, query, limit))
            assert found == expected(by_id, query, wanted), query


@pytest.mark.parametrize("settled", [False, True])
async def test_frames_by_every_filter(shelf: Shelf, *, settled: bool) -> None:
    store = await shelf.open()
    by_id = await stored(store)
    if settled:
        await shelf.settle(store)
    for since, until in TIMES:
        for filters in (
            FrameQuery(),
            FrameQuery(device=TWO),
            FrameQuery(message="heartbeat"),
            FrameQuery(device=ONE, message="location"),
        ):
            query = with_span(filters, since=since, until=until)
            found = ids(await whole(store.frames, query, 7))
            assert found == expected(by_id, query, lambda entry: True), query


async def test_an_entry_without_bytes_is_no_frame(store: Store) -> None:
    await append(store, Entry(ONE, START, "alarm", alarm().event))
    assert await whole(store.frames, FrameQuery()) == []
    assert len(await whole(store.events, EventQuery())) == 1


async def test_a_list_goes_on_where_it_was_while_more_is_appended(shelf: Shelf) -> None:
    store = await shelf.open()
    by_id = await stored(store)
    seen: list[int] = []
    cursor = None
    while True:
        page = await store.events(EventQuery(device=ONE, span=Span(limit=3, cursor=cursor)))
        seen += [event.id for event in page.items]
        if page.next is None:
            break
        cursor = page.next
        await append(store, *[report(ONE, START)] * 4)
        await shelf.settle(store)
    assert seen == [
        i
        for i, entry in sorted(by_id.items(), reverse=True)
        if entry.device == ONE and entry.event is not None
    ]


async def test_one_event(store: Store) -> None:
    event_id, frame_id = await append(store, report(), heartbeat())
    assert (await store.event(event_id)) is not None
    for nothing in (frame_id, frame_id + 1, 0, -1, 2**63, 2**80):
        assert await store.event(nothing) is None


Lister = tuple[str, Any]
LISTS: list[Lister] = [
    ("events", EventQuery()),
    ("events", EventQuery(device="jimi:nobody")),
    ("frames", FrameQuery()),
    ("alarms", AlarmQuery()),
    ("alarms", AlarmQuery(device="jimi:nobody")),
    ("commands", CommandQuery()),
    ("devices", DeviceQuery()),
    ("audit_records", Span()),
]


@pytest.mark.parametrize("name_and_query", LISTS)
@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "x" * 10_000,
        "\u4e2d",
        "bnVsbA",
        "WzFd",
        "WyJpIiwxZTQwXQ",
        "WyJpIiwxLDJd",
        "WyJxIiwxXQ",
        "====",
    ],
)
async def test_a_bad_cursor_is_refused_by_name(store: Store, name_and_query: Lister, cursor: str) -> None:
    name, query = name_and_query
    with pytest.raises(CommandError) as refused:
        await getattr(store, name)(with_span(query, cursor=cursor))
    assert refused.value.field == "cursor"


@pytest.mark.parametrize("name_and_query", LISTS)
@pytest.mark.parametrize("limit", [0, -1, PAGE_MAX + 1])
async def test_a_bad_limit_is_refused_by_name(store: Store, name_and_query: Lister, limit: int) -> None:
    name, query = name_and_query
    with pytest.raises(CommandError) as refused:
        await getattr(store, name)(with_span(query, limit=limit))
    assert refused.value.field == "limit"


async def test_a_cursor_of_another_list_is_refused(store: Store) -> None:
    await append(store, report(), report())
    cursor = (await store.events(EventQuery(span=Span(limit=1)))).next
    assert cursor is not None
    with pytest.raises(CommandError):
        await store.commands(CommandQuery(span=Span(cursor=cursor)))
