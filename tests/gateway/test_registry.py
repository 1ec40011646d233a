"""Who is ours and who is here."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.fakes import FakeStore
from tests.gateway.world import BY_HAND_S, Wire, eventually, quick, running
from wayside.gateway.registry import Registering
from wayside.model.errors import CommandError, Conflict, NotFound, StoreUnavailable
from wayside.model.events import Latest
from wayside.ports.store import DeviceStatus


async def test_presence_is_told_and_stored() -> None:
    async with running("0001") as world:
        assert world.devices.presence("toy:0001").online is False
        wire = world.connect("0001")
        here = world.devices.presence("toy:0001")
        assert (here.online, here.address, here.transport) == (True, "198.51.100.7", "tcp")
        assert here.since == here.last_seen == world.clock()
        world.clock.pass_s(60)
        wire.drop()
        gone = world.devices.presence("toy:0001")
        assert (gone.online, gone.since, gone.last_seen) == (False, world.clock(), here.last_seen)
        await world.settle()
        assert world.store.presence("toy:0001") == [("online", "connected"), ("offline", "connection error")]


async def test_the_newest_connection_wins_and_the_late_close_of_the_old_one_changes_nothing() -> None:
    async with running("0001") as world:
        old = world.connect("0001")
        old.stuck = True
        new = world.connect("0001")
        assert old.closing
        assert world.devices.presence("toy:0001").online
        old.connection.connection_lost(None)
        new.say("REPORT 1 a\n")
        await world.settle()
        assert world.devices.presence("toy:0001").online
        assert new.heard()[-1] == "OK 1"
        assert world.store.presence("toy:0001") == [("online", "connected")]
        new.drop()
        await world.settle()
        assert world.store.presence("toy:0001")[-1][0] == "offline"


async def test_the_replaced_connection_is_not_listened_to_any_more() -> None:
    async with running("0001") as world:
        old = world.connect("0001")
        old.stuck = True
        world.connect("0001")
        old.say_bytes(b"REPORT 1 a\n")
        await world.settle()
        assert world.store.values("toy:0001") == []
        old.connection.connection_lost(None)


async def test_what_was_acknowledged_to_the_replaced_connection_is_still_committed() -> None:
    async with running("0001") as world:
        old = world.connect("0001")
        old.say("REPORT 1 a\n")
        new = world.connect("0001")
        await world.settle()
        assert world.store.values("toy:0001") == ["a"]
        assert not new.closing


async def test_open_registration_is_durable_before_the_first_answer() -> None:
    async with running(registration=Registering.OPEN) as world:
        world.store.gate.clear()
        wire = world.connect("0007")
        for _ in range(20):
            await asyncio.sleep(0)
        assert wire.written == b""
        world.store.gate.set()
        await eventually(lambda: wire.heard() == ["KNOWN", "HELLO"])
        assert world.store.order[:2] == ["put_device", "append"]
        assert world.store.records["toy:0007"].status is DeviceStatus.ACCEPTED
        assert [audit.action for audit in world.store.audits] == ["device.create"]


async def test_open_registration_survives_a_store_that_fails_at_first() -> None:
    async with running(registration=Registering.OPEN) as world:
        world.store.failing = True
        wire = world.connect("0007")
        wire.say("REPORT 1 a\n")
        await eventually(lambda: world.gateway.stats.commit_failures)
        world.store.failing = False
        await eventually(lambda: wire.heard()[-1:] == ["OK 1"])
        assert [audit.action for audit in world.store.audits] == ["device.create"]


async def test_a_rejected_device_is_held_longer_each_time() -> None:
    limits = quick(refused_hold_s=BY_HAND_S, refused_hold_max_s=4 * BY_HAND_S)
    async with running("0001", status=DeviceStatus.REJECTED, limits=limits) as world:
        held = []
        for _ in range(4):
            wire = world.connect("0001")
            assert not wire.reading
            sweeps = 0
            while not wire.closing:
                world.sweep()
                sweeps += 1
            held.append(sweeps)
            await world.settle()
            assert wire.written == b""
        assert held == [2, 3, 5, 5]
        assert world.store.entries == []


async def test_rejecting_a_connected_device_closes_it() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        record = await world.devices.reject("toy:0001", "ann")
        assert record.status is DeviceStatus.REJECTED
        await eventually(lambda: wire.closing)
        await world.settle()
        assert world.store.presence("toy:0001")[-1] == ("offline", "rejected")
        again = world.connect("0001")
        assert again.heard() == []


async def test_accepting_a_rejected_device_lets_it_in_again() -> None:
    async with running("0001", status=DeviceStatus.REJECTED) as world:
        await world.devices.accept("toy:0001", "Gate", "ann")
        wire = world.connect("0001")
        assert "KNOWN" in wire.heard()
        assert world.store.records["toy:0001"].name == "Gate"


async def test_create_rename_delete() -> None:
    async with running() as world:
        await world.devices.create("toy:0001", "Gate", "ann")
        with pytest.raises(Conflict):
            await world.devices.create("toy:0001", "Gate", "ann")
        await world.devices.rename("toy:0001", "Door", "ann")
        assert world.store.records["toy:0001"].name == "Door"
        wire = world.connect("0001")
        wire.say("REPORT 1 a\n")
        await world.devices.delete("toy:0001", "ann")
        await eventually(lambda: wire.closing)
        await world.settle()
        assert world.store.records == {}
        assert world.store.entries == []
        with pytest.raises(NotFound):
            await world.devices.rename("toy:0001", "Door", "ann")
        with pytest.raises(NotFound):
            await world.devices.delete("toy:0001", "ann")
        actions = [(audit.actor, audit.action, audit.subject) for audit in world.store.audits]
        assert actions == [
            ("ann", f"device.{action}", "toy:0001") for action in ("create", "rename", "delete")
        ]


@pytest.mark.parametrize("device", ["toy", "toy:1", "other:0001", "toy:../x", ""])
async def test_create_refuses_an_id_that_no_device_can_have(device: str) -> None:
    async with running() as world:
        with pytest.raises(CommandError) as caught:
            await world.devices.create(device, "", "ann")
        assert caught.value.field == "device"


async def test_names_are_one_short_line() -> None:
    async with running() as world:
        await world.devices.create("toy:0001", "x" * 100, "ann")
        for name in ("x" * 101, "two\nlines"):
            with pytest.raises(CommandError) as caught:
                await world.devices.rename("toy:0001", name, "ann")
            assert caught.value.field == "name"


async def test_a_decision_that_cannot_be_stored_changes_nothing() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.failing = True
        with pytest.raises(StoreUnavailable):
            await world.devices.reject("toy:0001", "ann")
        with pytest.raises(StoreUnavailable):
            await world.devices.create("toy:0002", "", "ann")
        world.store.failing = False
        assert not wire.closing
        await world.devices.create("toy:0002", "", "ann")


async def test_a_device_that_returns_while_it_is_being_deleted_waits() -> None:
    async with running("0001", registration=Registering.OPEN) as world:
        world.connect("0001").say("REPORT 1 a\n")
        world.store.gate.clear()
        deleting = asyncio.create_task(world.devices.delete("toy:0001", "ann"))
        await asyncio.sleep(0)
        back = world.connect("0001")
        assert back.written == b""
        world.store.gate.set()
        await deleting
        assert world.store.records == {}
        await world.settle()
        assert "KNOWN" in (await _logged_in(world.connect("0001"))).heard()
        assert "toy:0001" in world.store.records


async def _logged_in(wire: Wire) -> Wire:
    await eventually(lambda: wire.written)
    return wire


async def test_devices_that_a_crash_left_online_are_noted_offline() -> None:
    store = FakeStore()
    store.states["toy:0001"] = {"connection.status": Latest("online", 5)}
    store.states["toy:0002"] = {"connection.status": Latest("offline", 6)}
    async with running("0001", "0002", store=store) as world:
        assert world.store.presence("toy:0001") == [("offline", "the server was restarted")]
        assert world.store.presence("toy:0002") == []
        assert world.devices.presence("toy:0002").since == 6
