"""Acknowledged means stored: the order of commits and answers, and what happens when the store is slow or down."""

import asyncio

import pytest

from tests.gateway.world import eventually, quick, running
from wayside.model.errors import StoreUnavailable
from wayside.model.events import StoredEvent
from wayside.ports.bus import CommandChanged
from wayside.ports.store import Batch, Committed, Entry


async def test_an_answer_leaves_only_when_its_event_is_durable() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        wire.say("REPORT 1 a\n")
        await eventually(lambda: world.store.begun == 2)
        assert "OK 1" not in wire.heard()
        world.store.gate.set()
        await world.settle()
        assert wire.heard()[-1] == "OK 1"
        assert world.store.values("toy:0001") == ["a"]


async def test_what_has_nothing_uncommitted_before_it_leaves_at_once() -> None:
    async with running("0001") as world:
        world.store.gate.clear()
        wire = world.connect("0001")
        wire.say("BEAT\nCLOCK 1\n")
        assert wire.heard() == ["KNOWN", "HELLO", "BEAT", "TIME 1"]


async def test_what_stands_behind_an_uncommitted_event_waits_and_keeps_its_place() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        before = len(wire.writes)
        wire.say("REPORT 1 a\nBEAT\n")
        wire.say("CLOCK 2\nREPORT 3 b\n")
        assert len(wire.writes) == before
        await world.settle()
        assert wire.heard()[-4:] == ["OK 1", "BEAT", "TIME 2", "OK 3"]
        assert len(wire.writes) == before + 1, "one batch, one connection, one write"


async def test_an_answer_added_while_its_batch_is_being_committed_waits_for_that_batch() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        wire.say("QUIET a\n")
        await eventually(lambda: world.store.begun == 2)
        wire.say("CLOCK 1\n")
        assert "TIME 1" not in wire.heard()
        world.store.gate.set()
        await eventually(lambda: "TIME 1" in wire.heard())


async def test_one_entry_holds_frame_event_and_answer_and_further_events_follow() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        wire.say("TWICE 7\n")
        await world.settle()
        first, second = world.store.entries[-2:]
        assert (first.message, first.received, first.sent) == ("twice", b"TWICE 7\n", b"OK 7\n")
        assert first.event is not None
        assert first.event.values["value"] == "1"
        assert (second.received, second.sent) == (None, None)
        assert second.event is not None
        assert second.event.values["value"] == "2"


async def test_frames_without_an_event_are_in_the_log_too() -> None:
    async with running("0001") as world:
        world.connect("0001").say("BEAT\n")
        await world.settle()
        assert world.store.entries[-1] == Entry("toy:0001", world.clock(), "beat", None, b"BEAT\n", b"BEAT\n")


async def test_stored_events_are_published_with_the_ids_of_their_rows() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        wire.say("BEAT\nTWICE 7\n")
        await world.settle()
        published = [notice for notice in world.bus.notices if isinstance(notice, StoredEvent)]
        for notice in published:
            assert world.store.entries[notice.id - 1].event is not None
            assert world.store.entries[notice.id - 1].event.values == notice.values  # type: ignore[union-attr]  # just asserted
        assert [notice.values.get("value") for notice in published] == [None, "1", "2"]


async def test_nothing_is_published_before_it_is_durable() -> None:
    async with running("0001") as world:
        world.store.gate.clear()
        world.connect("0001").say("REPORT 1 a\n")
        await eventually(lambda: world.store.begun == 1)
        assert world.bus.notices == []


async def test_a_failing_store_stops_acknowledgements_loses_nothing_and_keeps_the_order() -> None:
    async with running("0001", "0002") as world:
        one, two = world.connect("0001"), world.connect("0002")
        await world.settle()
        world.store.failing = True
        one.say("REPORT 1 a\n")
        await eventually(lambda: world.gateway.stats.commit_failures >= 2)
        one.say("REPORT 2 b\n")
        two.say("REPORT 3 c\n")
        await eventually(lambda: world.gateway.stats.commit_failures >= 4)
        assert not any(line.startswith("OK") for line in one.heard() + two.heard())
        assert world.gateway.pipeline.failure == "disk full"
        world.store.failing = False
        await eventually(lambda: two.heard()[-1] == "OK 3")
        assert one.heard()[-2:] == ["OK 1", "OK 2"]
        assert world.store.values("toy:0001") == ["a", "b"]
        assert world.store.values("toy:0002") == ["c"]
        assert world.gateway.pipeline.failure is None


async def test_who_waits_for_a_commit_that_fails_is_told() -> None:
    async with running("0001") as world:
        world.store.failing = True
        with pytest.raises(StoreUnavailable):
            await world.gateway.record(Entry("toy:0001", world.clock(), "upload"))
        world.store.failing = False
        await eventually(lambda: world.store.entries)


async def test_an_entry_that_the_store_cannot_take_does_not_stop_the_others() -> None:
    async with running("0001", "0002") as world:
        good, bad = world.connect("0001"), world.connect("0002")
        await world.settle()
        world.store.poison = lambda entry: entry.message == "poison"
        good.say("REPORT 1 a\n")
        bad.say("POISON 2\n")
        good.say("REPORT 3 b\n")
        await eventually(lambda: "OK 3" in good.heard())
        assert world.store.values("toy:0001") == ["a", "b"]
        assert "OK 2" not in bad.heard()
        await eventually(lambda: bad.closing)
        assert world.gateway.stats.entries_refused == 1


async def test_a_batch_closes_at_its_number_of_entries_and_not_one_before() -> None:
    # A batch would gather for an hour if nothing but its size closed it.
    async with running("0001", limits=quick(batch_events=10, batch_ms=3_600_000.0)) as world:
        wire = world.connect("0001")
        await world.gateway.pipeline.flush()
        wire.say("BEAT\n" * 9)
        for _ in range(20):
            await asyncio.sleep(0)
        assert world.gateway.pipeline.uncommitted == 9
        wire.say("BEAT\n")
        await eventually(lambda: world.gateway.pipeline.uncommitted == 0)
        assert len(world.store.batches[-1].entries) == 10


async def test_a_small_batch_closes_after_its_milliseconds() -> None:
    async with running("0001", limits=quick(batch_ms=5.0)) as world:
        world.connect("0001").say("REPORT 1 a\n")
        assert world.store.begun == 0
        await eventually(lambda: world.store.batches)


async def test_while_one_batch_is_committed_the_next_one_gathers() -> None:
    async with running("0001", limits=quick(batch_events=2)) as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        begun = world.store.begun
        wire.say("BEAT\nBEAT\n")
        await eventually(lambda: world.store.begun == begun + 1)
        wire.say("BEAT\n" * 30)
        for _ in range(20):
            await asyncio.sleep(0)
        assert world.store.begun == begun + 1, "one at a time"
        world.store.gate.set()
        await eventually(lambda: world.gateway.pipeline.uncommitted == 0)
        assert [len(batch.entries) for batch in world.store.batches[-2:]] == [2, 30]


async def test_above_the_limit_no_socket_is_read_until_half_is_drained() -> None:
    async with running("0001", "0002", limits=quick(uncommitted=20)) as world:
        wire, other = world.connect("0001"), world.connect("0002")
        await world.settle()
        world.store.gate.clear()
        wire.say("REPORT 1 a\n" * 19)
        assert wire.is_reading()
        wire.say("REPORT 2 b\n")
        assert not wire.reading
        assert not other.reading
        late = world.connect()
        await eventually(lambda: not late.reading)
        world.store.gate.set()
        await eventually(lambda: wire.reading and other.reading and late.reading)
        assert len(world.store.values("toy:0001")) == 20
        assert wire.heard().count("OK 1") == 19


async def test_the_limit_counts_bytes_as_well() -> None:
    async with running("0001", limits=quick(uncommitted_bytes=40_000)) as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        wire.say("REPORT 1 " + "a" * 30_000 + "\n")
        assert wire.is_reading()
        wire.say("REPORT 2 " + "a" * 10_000 + "\n")
        assert not wire.reading
        world.store.gate.set()
        await eventually(lambda: wire.reading)


async def test_a_batch_never_closes_in_the_midst_of_an_input() -> None:
    # LOGIN of a self-registering device adds a device, a presence event and the frame: all of one batch.
    from wayside.gateway.registry import Registering  # noqa: PLC0415 - only here

    async with running(limits=quick(batch_events=1), registration=Registering.OPEN) as world:
        wire = world.connect()
        wire.say("LOGIN 0007\nREPORT 1 a\n")
        assert wire.written == b""
        await eventually(lambda: "OK 1" in wire.heard())
        assert len(world.store.batches) == 1
        assert world.store.order[:2] == ["put_device", "append"]


async def test_a_step_that_the_store_refuses_is_not_told() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        append = world.store.append

        async def refusing(batch: Batch) -> Committed:
            committed = await append(Batch(batch.entries))
            return Committed(committed.first_id, refused=tuple(range(len(batch.transitions))))

        world.store.append = refusing  # type: ignore[method-assign]  # as if the device were gone
        await world.submit("read")
        wire.say("REPORT 1 a\n")
        await eventually(lambda: "OK 1" in wire.heard())
        assert not [notice for notice in world.bus.notices if isinstance(notice, CommandChanged)]
