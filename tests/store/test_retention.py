"""What is too old or too much goes, slice by slice, and takes all that hangs on it along."""

import pytest

from tests.store.samples import ONE, START, TWO, Shelf, alarm, append, heartbeat, ids, report, whole
from wayside.model.events import Values
from wayside.model.instant import DAY, HOUR, SECOND
from wayside.ports.store import AlarmQuery, Entry, EventQuery, FrameQuery, Retention, Store

NOW = START + DAY


async def prune(store: Store, retention: Retention) -> int:
    rounds = 0
    while await store.prune(retention, NOW):
        rounds += 1
        assert rounds < 1000
    return rounds


async def stored(store: Store) -> dict[int, Entry]:
    """An hour apart, with a clock that was once a month ahead."""
    entries: dict[int, Entry] = {}
    for n in range(25):
        time = START + n * HOUR + (30 * DAY if n == 3 else 0)
        batch = (heartbeat(ONE, time), alarm(TWO, time), report(ONE, time, {"n": n}))
        entries |= dict(zip(await append(store, *batch), batch, strict=True))
    return entries


async def test_nothing_goes_without_limits(store: Store) -> None:
    await stored(store)
    assert await store.prune(Retention(), NOW) == 0
    generous = Retention(frames_age_s=10**9, events_age_s=10**9, log_bytes=10**9)
    assert await store.prune(generous, NOW) == 0
    assert len(await whole(store.frames, FrameQuery())) == 75


@pytest.mark.parametrize("settled", [False, True])
async def test_events_that_are_too_old(shelf: Shelf, *, settled: bool) -> None:
    store = await shelf.open()
    entries = await stored(store)
    if settled:
        await shelf.settle(store)
    state = store.state(ONE)
    assert await prune(store, Retention(events_age_s=10 * 3600))
    left = [i for i, entry in sorted(entries.items(), reverse=True) if entry.received_at >= NOW - 10 * HOUR]
    assert ids(await whole(store.frames, FrameQuery(), 5)) == left
    assert ids(await whole(store.events, EventQuery(), 5)) == [
        i for i in left if entries[i].event is not None
    ]
    assert [one.event.id for one in await whole(store.alarms, AlarmQuery(), 5)] == [
        i for i in left if entries[i].device == TWO
    ]
    assert ids(await whole(store.frames, FrameQuery(device=ONE), 5)) == [
        i for i in left if entries[i].device == ONE
    ]
    assert store.state(ONE) == state
    await store.close()
    store = await shelf.open()
    assert store.state(ONE) == state
    assert await append(store, report()) == [max(entries) + 1]


async def test_frames_go_earlier_than_their_events(shelf: Shelf) -> None:
    store = await shelf.open()
    entries = await stored(store)
    assert await prune(store, Retention(frames_age_s=5 * 3600))
    frames_left = [
        i for i, entry in sorted(entries.items(), reverse=True) if entry.received_at >= NOW - 5 * HOUR
    ]
    assert ids(await whole(store.frames, FrameQuery(), 5)) == frames_left
    assert ids(await whole(store.frames, FrameQuery(device=ONE), 5)) == [
        i for i in frames_left if entries[i].device == ONE
    ]
    events_left = [i for i, entry in sorted(entries.items(), reverse=True) if entry.event is not None]
    assert ids(await whole(store.events, EventQuery(), 5)) == events_left
    assert len(await whole(store.alarms, AlarmQuery())) == 25
    assert await prune(store, Retention(frames_age_s=5 * 3600, events_age_s=20 * 3600))
    assert ids(await whole(store.events, EventQuery(), 5)) == [
        i for i in events_left if entries[i].received_at >= NOW - 20 * HOUR
    ]


async def test_the_oldest_go_while_the_log_is_too_big(shelf: Shelf) -> None:
    store = await shelf.open()
    padding: Values = {"reply.text": "x" * 2000}
    written: list[int] = []
    for n in range(60):
        written += await append(store, *[report(ONE, START + n * SECOND, padding)] * 25)
    await prune(store, Retention(log_bytes=1_500_000))
    left = ids(await whole(store.events, EventQuery()))
    assert 0 < len(left) < len(written)
    assert left == written[: -len(left) - 1 : -1]
    assert ids(await whole(store.events, EventQuery(device=ONE))) == left


async def test_ids_are_not_given_again_after_all_is_gone(shelf: Shelf) -> None:
    store = await shelf.open()
    entries = await stored(store)
    assert await prune(store, Retention(events_age_s=-40 * 86_400))
    assert await whole(store.frames, FrameQuery()) == []
    await store.close()
    store = await shelf.open()
    assert await append(store, report()) == [max(entries) + 1]
