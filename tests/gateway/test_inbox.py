"""Groups of reads: in order, bounded, and a fault in one read costs its own connection only."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.world import eventually, running
from wayside.gateway import inbox
from wayside.gateway.inbox import Inbox


class Reader:
    def __init__(self, log: list[str], name: str) -> None:
        self.log = log
        self.name = name
        self.aborted: list[str] = []

    def take(self, data: bytes, at: int) -> None:
        if data == b"fault":
            raise RuntimeError("a fault")
        self.log.append(f"{self.name}{len(data)}@{at}")

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
