"""A batch is there completely, in order, and stays."""

import asyncio

import pytest

from tests.store.samples import ONE, START, TWO, Shelf, append, heartbeat, ids, report, whole
from wayside.model.errors import StoreUnavailable
from wayside.model.events import Event, Kind, StoredEvent, StoredFrame
from wayside.ports.store import Batch, Entry, EventQuery, FrameQuery, Store


async def test_an_event_comes_back_as_it_went_in(store: Store) -> None:
    values: dict[str, bool | int | float | str | list[str]] = {
        "a": True,
        "b": -(2**63),
        "c": 0.1,
        "d": 'quote " and \u4e2d',
        "e": ["x", ""],
        "f": 2.0,
    }
    entry = Entry(
        ONE, START, "location", Event(Kind.OPERATION, "unlock", values, START - 5), b"\x00\xff", None
    )
    (entry_id,) = await append(store, entry)
    expected = StoredEvent(entry_id, ONE, Kind.OPERATION, START - 5, START, "unlock", values)
    assert await store.event(entry_id) == expected
    assert (await store.events(EventQuery())).items == (expected,)
    assert isinstance(expected.values["f"], float)
    frame = StoredFrame(entry_id, ONE, START, "location", b"\x00\xff", None)
    assert (await store.frames(FrameQuery())).items == (frame,)


async def test_ids_follow_each_other_in_a_batch_and_from_batch_to_batch(store: Store) -> None:
    first = await append(store, report(), heartbeat(), report(TWO))
    second = await append(store, report())
    assert first + second == list(range(first[0], first[0] + 4))


async def test_batches_commit_in_the_order_of_the_calls(store: Store) -> None:
    waiting = [store.append(Batch([report(values={"n": n})] * 3)) for n in range(40)]
    committed = [await one for one in waiting]
    starts = [one.first_id for one in committed]
    assert starts == list(range(starts[0], starts[0] + 120, 3))
    stored = await whole(store.events, EventQuery())
    assert [event.values["n"] for event in reversed(stored)] == [n for n in range(40) for _ in range(3)]


async def test_a_batch_can_be_changed_after_the_call(store: Store) -> None:
    batch = Batch([report()])
    waiting = store.append(batch)
    batch.entries.clear()
    await waiting
    assert len(await whole(store.events, EventQuery())) == 1


async def test_an_empty_batch_commits(store: Store) -> None:
    before = await append(store, report())
    assert (await store.append(Batch())).first_id == before[0] + 1


async def test_one_who_stops_waiting_does_not_stop_the_commit(store: Store) -> None:
    waiting = asyncio.ensure_future(store.append(Batch([report()])))
    waiting.cancel()
    await append(store, report())
    assert len(await whole(store.events, EventQuery())) == 2
    assert store.state(ONE)


async def test_a_batch_that_cannot_be_encoded_spoils_no_other(store: Store) -> None:
    good = store.append(Batch([report(values={"n": 1})]))
    bad = store.append(Batch([report(), report(values={"n": "\ud800"}), report(received_at=2**70)]))
    also_good = store.append(Batch([report(values={"n": 2})]))
    with pytest.raises((ValueError, OverflowError)):
        await bad
    first, second = await good, await also_good
    assert second.first_id == first.first_id + 1
    assert [event.values["n"] for event in await whole(store.events, EventQuery())] == [2, 1]


async def test_all_is_there_after_reopening_and_ids_go_on(shelf: Shelf) -> None:
    store = await shelf.open()
    written = [await append(store, report(values={"n": n}), heartbeat()) for n in range(20)]
    await store.close()
    store = await shelf.open()
    assert ids(await whole(store.frames, FrameQuery())) == sorted(
        (i for pair in written for i in pair), reverse=True
    )
    assert await append(store, report()) == [written[-1][1] + 1]


async def test_a_closed_store_says_so(store: Store) -> None:
    assert await store.healthy() is None
    await store.close()
    assert await store.healthy() is not None
    with pytest.raises(StoreUnavailable):
        await store.append(Batch([report()]))
    with pytest.raises(StoreUnavailable):
        await store.events(EventQuery())


async def test_closing_finishes_what_was_begun(shelf: Shelf) -> None:
    store = await shelf.open()
    waiting = [store.append(Batch([report(values={"n": n})])) for n in range(50)]
    await store.close()
    assert len({(await one).first_id for one in waiting}) == 50
    store = await shelf.open()
    assert len(await whole(store.events, EventQuery())) == 50
