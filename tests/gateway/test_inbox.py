"""Groups of reads: in order, bounded, and a fault in one read costs its own connection only."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.world import eventually, running
from wayside.gateway import inbox
from wayside.gateway.inbox import Inbox


class Reader:
    def __init__(self, log: list[str], name: str, device: str | None = "known") -> None:
        self.log = log
        self.name = name
        self.device = device
        self.aborted: list[str] = []

    def take(self, data: bytes, at: int) -> None:
        if data == b"fault":
            raise RuntimeError("a fault")
        self.log.append(f"{self.name}{len(data)}@{at}")

    def part(self, at: int) -> None:
        if self.name == "fault":
            raise RuntimeError("a fault")
        self.log.append(f"{self.name} left@{at}")

    def abort(self, reason: str) -> None:
        self.aborted.append(reason)


def box(log: list[str]) -> Inbox:
    return Inbox(asyncio.get_running_loop(), lambda: 7, lambda: log.append("done"))


async def test_a_group_ends_with_the_turn_of_the_loop_and_keeps_the_order() -> None:
    log: list[str] = []
    reads, a, b = box(log), Reader(log, "a"), Reader(log, "b")
    reads.put(a, b"1")
    reads.put(b, b"22")
    reads.put(a, b"333")
    assert not log
    await asyncio.sleep(0)
    assert log == ["a1@7", "b2@7", "a3@7", "done"]
    await asyncio.sleep(0)
    assert log[4:] == []
    reads.put(b, b"1")
    await asyncio.sleep(0)
    assert log[4:] == ["b1@7", "done"]


async def test_a_full_group_and_a_long_read_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "READS_MAX", 3)
    monkeypatch.setattr(inbox, "READ_BYTES_MAX", 10)
    log: list[str] = []
    reads, a = box(log), Reader(log, "a")
    reads.put(a, b"1")
    reads.put(a, b"1")
    assert not log
    reads.put(a, b"1")
    assert log == ["a1@7", "a1@7", "a1@7", "done"]
    reads.put(a, bytes(10))
    assert len(log) == 4
    reads.put(a, bytes(11))
    assert log[4:] == ["a10@7", "a11@7", "done"]
    await asyncio.sleep(0)
    assert len(log) == 7


async def test_a_fault_costs_its_own_connection_only() -> None:
    log: list[str] = []
    reads, a, b = box(log), Reader(log, "a"), Reader(log, "b")
    reads.put(a, b"fault")
    reads.put(b, b"1")
    reads.work()
    assert log == ["b1@7", "done"]
    assert a.aborted == ["internal error"]
    assert not b.aborted


@pytest.fixture
def one_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "STRANGERS_PER_TURN", 1)


async def turns(log: list[str], number: int = 1) -> list[str]:
    """What is done in so many turns of the loop."""
    before = len(log)
    for _ in range(number):
        await asyncio.sleep(0)
    return [line for line in log[before:] if line != "done"]


@pytest.mark.usefixtures("one_a_turn")
async def test_comings_and_goings_take_turns_and_nobody_else_waits_for_them() -> None:
    log: list[str] = []
    reads, known = box(log), Reader(log, "known")
    strangers = [Reader(log, name, None) for name in "abc"]
    gone = Reader(log, "gone")
    reads.put(strangers[0], b"1")
    reads.put(strangers[1], b"1")
    reads.leave(gone)
    crowded = [reads.crowded]
    reads.put(strangers[2], b"1")
    reads.put(known, b"1")
    assert await turns(log) == ["a1@7", "known1@7", "b1@7"]
    reads.put(known, b"22")
    assert await turns(log) == ["known2@7", "gone left@7"]
    crowded.append(reads.crowded)
    assert crowded == [True, False]
    assert await turns(log, 3) == ["c1@7"]
    reads.put(strangers[0], b"22")
    assert await turns(log) == ["a2@7"]


@pytest.mark.usefixtures("one_a_turn")
async def test_what_one_says_keeps_its_order_wherever_it_waits() -> None:
    log: list[str] = []
    reads = box(log)
    first, second = Reader(log, "first", None), Reader(log, "second", None)
    reads.put(first, b"1")
    reads.put(first, b"22")  # behind the first piece, in line
    reads.put(second, b"1")
    reads.put(first, b"333")  # keeps its place
    second.device = "known now, by somebody's decision"
    reads.put(second, b"22")
    assert await turns(log, 4) == ["first1@7", "first5@7", "second3@7"]


@pytest.mark.usefixtures("one_a_turn")
async def test_of_a_stranger_no_more_is_held_than_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "STRANGER_BYTES_MAX", 10)
    log: list[str] = []
    reads, other, long = box(log), Reader(log, "other", None), Reader(log, "long", None)
    reads.put(other, b"1")
    reads.put(long, bytes(10))
    reads.put(other, b"1")
    reads.put(long, bytes(1))
    reads.work()
    assert log == ["other1@7", "long11@7", "done"]


@pytest.mark.usefixtures("one_a_turn")
async def test_a_stranger_who_leaves_is_heard_out_first() -> None:
    log: list[str] = []
    reads, other, brief = box(log), Reader(log, "other", None), Reader(log, "brief", None)
    reads.put(other, b"1")
    reads.put(brief, b"1")
    reads.leave(brief)
    assert await turns(log, 2) == ["brief left@7"]
    assert log[:4] == ["other1@7", "done", "brief1@7", "done"]
    reads.put(other, b"1")
    reads.leave(brief)
    reads.hear_out(brief)
    assert not reads.crowded
    assert await turns(log, 2) == []


@pytest.mark.usefixtures("one_a_turn")
async def test_at_the_end_nobody_waits_for_a_turn() -> None:
    log: list[str] = []
    reads = box(log)
    for name in "ab":
        reads.put(Reader(log, name, None), b"1")
    reads.leave(Reader(log, "c"))
    reads.leave(Reader(log, "fault"))
    reads.empty()
    assert [line for line in log if line != "done"] == ["a1@7", "b1@7", "c left@7"]
    assert not reads.crowded


async def test_a_device_that_only_listens_any_more_is_let_go() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        wire.connection.data_received(b"REPORT 1 last_words\n")
        assert wire.connection.eof_received()
        assert wire.closing
        await world.settle()
        assert len(world.store.values("toy:0001")) == 1
        assert world.gateway.stats.connections == 0
        assert world.store.presence("toy:0001")[-1] == ("offline", "closed by the device")


async def test_what_a_device_says_before_it_hangs_up_is_stored() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        wire.connection.data_received(b"REPORT 1 last_words\n")
        wire.drop()
        await world.settle()
        assert len(world.store.values("toy:0001")) == 1


async def test_devices_in_one_group_are_all_stored_and_answered() -> None:
    async with running("0001", "0002") as world:
        wires = [world.connect("0001"), world.connect("0002")]
        for number in (1, 2):
            for wire in wires:
                wire.connection.data_received(f"REPORT {number} a\n".encode())
        await eventually(lambda: all(wire.heard()[-2:] == ["OK 1", "OK 2"] for wire in wires))
