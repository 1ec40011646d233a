"""Devices that nobody has decided on yet."""

from __future__ import annotations

import pytest

from tests.gateway.world import BY_HAND_S, eventually, quick, running
from wayside.gateway.pipeline import ENTRY_OVERHEAD_BYTES
from wayside.model.errors import NotFound
from wayside.ports.store import DeviceStatus


async def test_courtesies_leave_and_promises_do_not() -> None:
    async with running() as world:
        wire = world.connect("0007")
        wire.say("CLOCK 1\nREPORT 1 a\nBEAT\nCLOCK 2\n")
        await world.settle()
        assert wire.heard() == ["HELLO", "TIME 1", "BEAT"]
        assert world.store.entries == []


async def test_it_is_shown_with_what_is_held() -> None:
    async with running() as world:
        first = world.connect("0007")
        first.say("REPORT 1 a\nBEAT\n")
        world.clock.pass_s(1)
        world.connect("0008")
        newest, other = world.devices.unknown()
        assert newest.device == "toy:0008"
        assert (other.device, other.protocol, other.address) == ("toy:0007", "toy", "198.51.100.7")
        assert (other.frames, other.events_held, other.events_dropped) == (3, 1, 0)
        assert other.messages == ("login", "report", "beat")
        assert not world.devices.presence("toy:0007").online


async def test_accepting_stores_what_was_held_and_the_connection_goes_on() -> None:
    async with running() as world:
        wire = world.connect("0007")
        wire.say("REPORT 1 a\nREPORT 2 b\n")
        record = await world.devices.accept("toy:0007", "Gate", "ann")
        assert (record.status, record.name, record.protocol) == (DeviceStatus.ACCEPTED, "Gate", "toy")
        assert world.store.values("toy:0007") == ["a", "b"]
        assert wire.heard() == ["HELLO", "KNOWN"], "the session was told; old reports get no answer"
        wire.say("REPORT 3 c\n")
        await world.settle()
        assert wire.heard()[-1] == "OK 3"
        assert world.store.values("toy:0007") == ["a", "b", "c"]
        assert world.store.presence("toy:0007") == [("online", "connected")]
        assert world.devices.unknown() == []
        assert [(audit.actor, audit.action) for audit in world.store.audits] == [("ann", "device.accept")]


async def test_accepting_one_that_has_gone_stores_what_was_held() -> None:
    async with running() as world:
        wire = world.connect("0007")
        wire.say("REPORT 1 a\n")
        wire.drop()
        await world.devices.accept("toy:0007", "", "ann")
        assert world.store.values("toy:0007") == ["a"]
        assert not world.devices.presence("toy:0007").online


async def test_creating_a_device_that_knocks_is_accepting_it() -> None:
    async with running() as world:
        wire = world.connect("0007")
        wire.say("REPORT 1 a\n")
        await world.devices.create("toy:0007", "Gate", "ann")
        assert world.store.values("toy:0007") == ["a"]
        assert "KNOWN" in wire.heard()


async def test_rejecting_throws_away_and_closes() -> None:
    async with running() as world:
        wire = world.connect("0007")
        wire.say("REPORT 1 a\n")
        await world.devices.reject("toy:0007", "ann")
        await eventually(lambda: wire.closing)
        assert world.devices.unknown() == []
        assert world.store.entries == []
        assert world.store.records["toy:0007"].status is DeviceStatus.REJECTED


async def test_deciding_on_nobody() -> None:
    async with running() as world:
        with pytest.raises(NotFound):
            await world.devices.accept("toy:0007", "", "ann")
        with pytest.raises(NotFound):
            await world.devices.reject("toy:0007", "ann")


async def test_events_held_per_device_are_bounded_the_oldest_go() -> None:
    async with running(limits=quick(quarantine_events=3)) as world:
        wire = world.connect("0007")
        wire.say("REPORT 1 a\nREPORT 2 b\nREPORT 3 c\n")
        assert world.devices.unknown()[0].events_dropped == 0
        wire.say("REPORT 4 d\n")
        (shown,) = world.devices.unknown()
        assert (shown.events_held, shown.events_dropped) == (3, 1)
        await world.devices.accept("toy:0007", "", "ann")
        assert world.store.values("toy:0007") == ["b", "c", "d"]


async def test_bytes_held_in_all_are_bounded() -> None:
    size = ENTRY_OVERHEAD_BYTES + len("REPORT 1 a\n")
    async with running(limits=quick(quarantine_bytes=3 * size)) as world:
        one, two = world.connect("0007"), world.connect("0008")
        one.say("REPORT 1 a\nREPORT 2 b\n")
        two.say("REPORT 3 c\n")
        assert [shown.events_dropped for shown in world.devices.unknown()] == [0, 0]
        two.say("REPORT 4 d\n")
        held = {shown.device: (shown.events_held, shown.events_dropped) for shown in world.devices.unknown()}
        assert held == {"toy:0007": (2, 0), "toy:0008": (1, 1)}
        await world.devices.reject("toy:0007", "ann")
        two.say("REPORT 5 e\nREPORT 6 f\n")
        assert world.devices.unknown()[0].events_held == 3


async def test_devices_in_quarantine_are_bounded_and_the_longest_silent_makes_room() -> None:
    async with running(limits=quick(quarantine_devices=2, refused_hold_s=BY_HAND_S)) as world:
        gone = world.connect("0001")
        gone.drop()
        world.clock.pass_s(1)
        world.connect("0002")
        world.connect("0003")
        assert {shown.device for shown in world.devices.unknown()} == {"toy:0002", "toy:0003"}
        turned_away = world.connect("0004")
        assert turned_away.written == b"", "both others are connected: no room"
        assert not turned_away.reading
        assert len(world.devices.unknown()) == 2
        world.sweep(2)
        assert turned_away.closing
        await world.settle()
        assert world.gateway.stats.connections_closed.counts["no room in quarantine"] == 1


async def test_the_newest_connection_wins_in_quarantine_too() -> None:
    async with running() as world:
        old = world.connect("0007")
        new = world.connect("0007")
        assert old.closing
        await world.settle()
        new.say("REPORT 1 a\n")
        await world.devices.accept("toy:0007", "", "ann")
        assert "KNOWN" in new.heard()
        assert world.devices.presence("toy:0007").online
