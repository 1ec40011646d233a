"""What follows behind the commits ends where it should: indexes complete, nothing left of what was removed."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import apsw
import pytest

from tests.store.samples import ONE, START, TWO, alarm, append, command, heartbeat, report, whole
from wayside.engines.embedded import EmbeddedStore, side_index, tail, writer
from wayside.engines.embedded.files import Files
from wayside.engines.embedded.kinds import NO_EVENT
from wayside.engines.embedded.marks import mark, set_mark
from wayside.model.instant import DAY
from wayside.ports.store import DeviceRecord, DeviceStatus, EventQuery, Retention

T = TypeVar("T")

OWN_ROWS = {
    "log": "device",
    "log_by_device": "device",
    "alarm": "device",
    "state": "device",
    "command": "device",
    "device_key": "id",
}


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EmbeddedStore]:
    # Rounds only when asked for, and in small slices.
    monkeypatch.setattr(side_index, "SLICE_ROWS", 4)
    monkeypatch.setattr(side_index, "ROUND_ROWS_MIN", 10**9)
    store = EmbeddedStore(tmp_path)
    await store.open()
    yield store
    await store.close()


def files(store: EmbeddedStore) -> Files:
    assert store._parts is not None
    return store._parts.files


def test_the_index_keeps_up_with_commits() -> None:
    """A slice follows each commit, and one more ends the round: together they take more than commits bring."""
    steps = -(-side_index.ROUND_ROWS // side_index.SLICE_ROWS) + 1
    assert side_index.ROUND_ROWS / steps > writer.MERGED_ROWS_MAX


async def work(store: EmbeddedStore, job: Callable[[apsw.Connection], T]) -> T:
    assert store._parts is not None
    return await store._parts.writer.submit(job)


def count(db: apsw.Connection, table: str) -> int:
    rows: int = db.execute(f"SELECT count(*) FROM {table}").get  # noqa: S608 - a constant
    return rows


def failing(db: apsw.Connection, name: str, value: int) -> None:
    set_mark(db, name, value)
    if name in {"round_device", "indexed"} and value:
        raise RuntimeError("a fault after the work of a slice")


async def settle(store: EmbeddedStore) -> None:
    ledger, upkeep = files(store).ledger, files(store).upkeep
    while await work(store, lambda db: upkeep.index.catch_up(db, ledger.last_id)):
        pass
    while await work(store, upkeep.step):
        pass


async def checked_index(store: EmbeddedStore) -> None:
    """The index has exactly the rows of the log, and the zone map covers them."""

    def look(db: apsw.Connection) -> None:
        log = db.execute("SELECT device, kind, id FROM log ORDER BY device, kind, id").fetchall()
        assert (
            db.execute("SELECT device, kind, id FROM log_by_device ORDER BY device, kind, id").fetchall()
            == log
        )
        rare = sorted((kind, row) for _, kind, row in log if kind not in {NO_EVENT, 1})
        assert db.execute("SELECT kind, id FROM log_by_kind ORDER BY kind, id").fetchall() == rare
        covered = "EXISTS (SELECT 1 FROM log_span WHERE id BETWEEN first_id AND last_id)"
        assert db.execute(f"SELECT count(*) FROM log WHERE NOT {covered}").get == 0  # noqa: S608 - a constant

    await work(store, look)


async def test_a_round_cut_off_between_any_two_slices_is_finished_later(
    tmp_path: Path, store: EmbeddedStore
) -> None:
    await store.close()
    devices = [f"jimi:{n}" for n in range(9)]
    for slices in range(14):
        store = EmbeddedStore(tmp_path)
        await store.open()
        for device in devices:
            await append(store, report(device), alarm(device), heartbeat(device))
        index, last_id = files(store).upkeep.index, files(store).ledger.last_id
        for _ in range(slices):
            await work(store, partial(index.catch_up, last_id=last_id))
        assert len(await whole(store.events, EventQuery(device=devices[4]))) == 2 * (slices + 1)
        await store.close()
        store = EmbeddedStore(tmp_path)
        await store.open()
        await settle(store)
        assert await work(store, lambda db: mark(db, "indexed")) == last_id
        await checked_index(store)
        await store.close()


async def test_ids_whose_low_bits_begin_anew_within_a_round(store: EmbeddedStore) -> None:
    first = 2**tail.ID_BITS - 5

    def skip_ids(db: apsw.Connection) -> None:
        ledger = files(store).ledger
        ledger.next_id = ledger.tail.first_id = first
        for name in ("indexed", "round"):
            set_mark(db, name, first - 1)

    await work(store, skip_ids)
    for device in (ONE, TWO, ONE):
        await append(store, report(device), alarm(device), heartbeat(device))
    await settle(store)
    await checked_index(store)
    assert [event.id for event in await whole(store.events, EventQuery(device=TWO))] == [first + 4, first + 3]


async def test_a_tail_too_long_to_be_kept_is_read_from_the_log(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "KEPT_ROWS_MAX", 4)
    for device in (ONE, TWO, ONE):
        await append(store, report(device), alarm(device), heartbeat(device))
    await settle(store)
    await append(store, alarm(TWO))
    await settle(store)
    await checked_index(store)


async def test_a_slice_that_failed_is_done_again(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for device in (ONE, TWO):
        await append(store, report(device), alarm(device), heartbeat(device))
    index, last_id = files(store).upkeep.index, files(store).ledger.last_id
    with monkeypatch.context() as broken:
        broken.setattr(side_index, "set_mark", failing)
        for _ in range(2):
            with pytest.raises(RuntimeError):
                await work(store, partial(index.catch_up, last_id=last_id))
    await append(store, alarm(TWO))
    await settle(store)
    await checked_index(store)


async def test_nothing_is_left_of_a_forgotten_device(store: EmbeddedStore) -> None:
    for device in (ONE, TWO):
        await store.put_device(DeviceRecord(device, "jimi", DeviceStatus.ACCEPTED, START))
        for _ in range(10):
            await append(store, report(device), alarm(device), heartbeat(device))
    await store.create_command(command(1, device=ONE))
    assert store._parts is not None
    await store._parts.checkpoints.write()
    await settle(store)
    key = files(store).ledger.known(ONE)

    def left(db: apsw.Connection) -> dict[str, int]:
        return {
            table: db.execute(f"SELECT count(*) FROM {table} WHERE {column} = ?", (key,)).get  # noqa: S608 - constants
            for table, column in OWN_ROWS.items()
        }

    assert all((await work(store, left)).values())
    await store.delete_device(ONE)
    await settle(store)
    assert not any((await work(store, left)).values())
    assert await work(store, partial(count, table="command_transition")) == 0
    assert await work(store, partial(count, table="forgotten")) == 0
    assert len(await whole(store.events, EventQuery(device=TWO))) == 20
    await checked_index(store)


async def test_nothing_is_left_of_what_was_pruned(store: EmbeddedStore) -> None:
    for n in range(10):
        await append(store, report(received_at=START + n), alarm(received_at=START + n), heartbeat())
    while await store.prune(Retention(events_age_s=0), START + DAY):
        pass
    for table in ("log", "log_by_device", "log_by_kind", "log_span", "alarm"):
        assert await work(store, partial(count, table=table)) == 0
    await append(store, report(), alarm())
    await settle(store)
    await checked_index(store)


async def test_what_is_not_in_a_checkpoint_is_not_pruned(tmp_path: Path, store: EmbeddedStore) -> None:
    await append(store, report(values={"old": 1}))
    await append(store, report(values={"new": 1}, received_at=START + DAY))
    await settle(store)
    assert await store.prune(Retention(events_age_s=3600), START + DAY)
    # The process is gone before it writes anything down.
    assert store._parts is not None
    await store._parts.writer.stop()
    await store._parts.readers.close()
    files(store).close()
    store._parts = None
    again = EmbeddedStore(tmp_path)
    await again.open()
    assert set(again.state(ONE)) == {"old", "new"}
    assert len(await whole(again.events, EventQuery())) == 1
    await again.close()
