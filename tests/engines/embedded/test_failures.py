"""A sick disk: what was not stored is said to be not stored, nothing is half there, and it ends by itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from tests.engines.embedded.failing_disk import FailingDisk
from tests.store.samples import ONE, START, TWO, alarm, append, command, heartbeat, ids, report, whole
from wayside.engines.embedded import EmbeddedStore, connection
from wayside.engines.embedded.connection import DATABASE
from wayside.model.commands import State, Transition
from wayside.model.errors import StoreUnavailable
from wayside.ports.store import AlarmQuery, Batch, DeviceRecord, DeviceStatus, EventQuery, FrameQuery


@pytest.fixture
def disk() -> FailingDisk:
    return FailingDisk("failing")


@pytest.fixture
async def store(disk: FailingDisk, tmp_path: Path) -> AsyncIterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path, vfs="failing")
    await store.open()
    yield store
    await store.close()


@pytest.mark.parametrize("operation", ["write", "sync"])
async def test_nothing_of_a_failed_batch_is_there(
    store: EmbeddedStore, disk: FailingDisk, operation: str, tmp_path: Path
) -> None:
    await store.create_command(command(1))
    before = await append(store, report(values={"n": 1}))
    failed = Batch(
        [report(values={"n": 2}), alarm(), report(TWO, values={"n": 2})],
        [Transition("c1", State.SENT, START)],
    )
    with disk.failing(operation):
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await store.append(failed)
            assert await store.healthy() is not None
        with pytest.raises(StoreUnavailable):
            await store.create_command(command(2))
        assert store.state(ONE)["n"].value == 1
        assert store.state(TWO) == {}
        assert ids(await whole(store.events, EventQuery())) == before
    assert disk.happened
    assert await store.healthy() is None
    committed = await store.append(failed)
    assert committed.first_id == before[0] + 1
    assert committed.refused == ()
    await store.close()

    store = EmbeddedStore(tmp_path)
    await store.open()
    assert ids(await whole(store.events, EventQuery())) == [before[0] + n for n in (3, 2, 1, 0)]
    assert len(await whole(store.alarms, AlarmQuery())) == 1
    assert (store.state(ONE)["n"].value, store.state(TWO)["n"].value) == (2, 2)
    found = await store.command("c1")
    assert found is not None
    assert [step.state for step in found.transitions] == [State.ACCEPTED, State.SENT]
    assert await store.command("c2") is None
    await store.close()


async def test_batches_that_waited_together_fail_together_and_go_through_later(
    store: EmbeddedStore, disk: FailingDisk
) -> None:
    with disk.failing("write"):
        waiting = [store.append(Batch([report(f"jimi:{n}", values={"n": n})])) for n in range(30)]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    for n in range(30):
        await append(store, report(f"jimi:{n}", values={"n": n}))
    stored = await whole(store.events, EventQuery())
    assert [(event.device, event.values["n"]) for event in reversed(stored)] == [
        (f"jimi:{n}", n) for n in range(30)
    ]


async def test_a_failed_deletion_deletes_nothing(store: EmbeddedStore, disk: FailingDisk) -> None:
    await store.put_device(DeviceRecord(ONE, "jimi", DeviceStatus.ACCEPTED, START))
    await append(store, report())
    with disk.failing("write"), pytest.raises(StoreUnavailable):
        await store.delete_device(ONE)
    assert await store.device(ONE) is not None
    assert store.state(ONE)
    await append(store, report())
    assert len(await whole(store.events, EventQuery(device=ONE))) == 2


async def test_a_failed_checkpoint_is_made_up_for(
    store: EmbeddedStore, disk: FailingDisk, tmp_path: Path
) -> None:
    await append(store, report(values={"n": 1}), report(TWO, values={"n": 1}))
    assert store._parts is not None
    with disk.failing("write"), pytest.raises(StoreUnavailable):
        await store._parts.checkpoints.write()
    await append(store, report(values={"n": 2}))
    await store.close()
    store = EmbeddedStore(tmp_path)
    await store.open()
    assert (store.state(ONE)["n"].value, store.state(TWO)["n"].value) == (2, 1)
    await store.close()


async def test_an_index_that_could_not_be_written_is_written_later(
    store: EmbeddedStore, disk: FailingDisk
) -> None:
    for _ in range(20):
        await append(store, report(), report(TWO), alarm(), heartbeat())
    assert store._parts is not None
    files, writer = store._parts.files, store._parts.writer

    async def catch_up() -> None:
        while await writer.submit(lambda db: files.upkeep.index.catch_up(db, files.ledger.last_id)):
            pass

    with disk.failing("sync"), pytest.raises(StoreUnavailable):
        await catch_up()
    await catch_up()
    assert len(await whole(store.events, EventQuery(device=ONE))) == 40
    assert len(await whole(store.events, EventQuery(device=TWO))) == 20
    assert len(await whole(store.frames, FrameQuery())) == 80


async def test_a_fault_in_upkeep_does_not_stop_appends(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store._parts is not None
    failed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def step(db: apsw.Connection) -> bool:
        db.execute("DELETE FROM log")
        loop.call_soon_threadsafe(failed.set)
        raise TypeError("a fault")

    monkeypatch.setattr(store._parts.files.upkeep, "step", step)
    await append(store, report())
    await failed.wait()
    await append(store, report())
    assert len(await whole(store.events, EventQuery())) == 2


async def test_a_full_disk_is_known_until_there_is_room(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    await store.open()
    assert store._parts is not None
    writer = store._parts.writer

    def limit(pages: int) -> None:
        writer.submit(lambda db: db.pragma("max_page_count", pages))

    big = report(values={"reply.text": "x" * 100_000})
    await append(store, report())
    limit(1)
    # SQLite lowers the limit no further than what the file has already: a few rows may still find room.
    outcomes = [
        await asyncio.gather(store.append(Batch([big] * 3)), return_exceptions=True) for _ in range(20)
    ]
    failed = [outcome for (outcome,) in outcomes if isinstance(outcome, StoreUnavailable)]
    assert failed
    assert "Full" in str(failed[0])
    written = 3 * (len(outcomes) - len(failed))
    assert await store.healthy() is not None
    limit(1_000_000)
    assert await store.healthy() is None
    await append(store, big)
    assert len(await whole(store.events, EventQuery())) == written + 2
    await store.close()


async def test_somebody_elses_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 1)
    store = EmbeddedStore(tmp_path)
    await store.open()
    shell = apsw.Connection(str(tmp_path / DATABASE))
    shell.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="Busy"):
        await append(store, report())
    assert await store.healthy() is not None
    shell.execute("COMMIT")
    shell.close()
    await append(store, report())
    assert await store.healthy() is None
    await store.close()
