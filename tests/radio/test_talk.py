"""Sessions without a server, over peripherals in virtual air."""

import asyncio

import pytest

from wayside.link.adapter import connected, look_around
from wayside.link.talk import Talk
from wayside.model.commands import State
from wayside.model.errors import CommandError
from wayside.model.events import Event
from wayside.protocol.base import Gatt
from wayside.protocols import door_lock, jimi, parking_lock
from wayside.protocols.parking_lock.ble.link import BLE, GATT
from wayside.simulate.air import Air

AT = "C0:00:00:00:00:01"
DOOR_GATT = Gatt(
    "0000fff0-0000-1000-8000-00805f9b34fb",
    "0000fff1-0000-1000-8000-00805f9b34fb",
    "0000fff2-0000-1000-8000-00805f9b34fb",
)


async def test_a_parking_lock_says_who_it_is_and_moves() -> None:
    air = Air()
    central = await air.central()
    lock = await air.lock(BLE, AT)
    said: list[Event] = []
    async with (
        connected(GATT.service, None, central) as peripheral,
        Talk(parking_lock.PROTOCOL, peripheral, on_event=said.append) as talk,
    ):
        assert await talk.who() == lock.simulator.ident
        outcome = await talk.do("status")
        assert outcome.state is State.SUCCEEDED
        assert "lock.state" in outcome.values
        assert (await talk.do("lock")).state is State.SUCCEEDED
        assert (await talk.do("auto_lock", enabled=True)).state in {State.SUCCEEDED, State.UNCONFIRMED}
    assert said


async def test_a_door_lock_opens() -> None:
    air = Air()
    central = await air.central(mtu=23)
    await air.lock(door_lock.PROTOCOL.links[0], AT, gatt=DOOR_GATT)
    async with (
        connected(DOOR_GATT.service, AT, central) as peripheral,
        Talk(door_lock.PROTOCOL, peripheral, ident="BBA050000001", gatt=DOOR_GATT) as talk,
    ):
        assert peripheral.mtu == 23
        assert (await talk.do("unlock", window_minutes=2)).state is State.SUCCEEDED
        with pytest.raises(CommandError, match="window_minutes"):
            await talk.do("unlock", window_minutes=0)
        with pytest.raises(CommandError, match="is none of: set_clock, unlock"):
            await talk.do("lock")


async def test_a_wrong_key_is_refused() -> None:
    air = Air()
    central = await air.central()
    await air.lock(BLE, AT)
    async with (
        connected(GATT.service, AT, central) as peripheral,
        Talk(parking_lock.PROTOCOL, peripheral, options={"device_key": "WRONGKEY"}) as talk,
    ):
        with pytest.raises(ConnectionResetError, match="refuses the device key"):
            await talk.do("status")


async def test_a_lock_that_walks_away_leaves_the_outcome_open() -> None:
    air = Air()
    central = await air.central()
    lock = await air.lock(BLE, AT)
    async with (
        connected(GATT.service, AT, central) as peripheral,
        Talk(parking_lock.PROTOCOL, peripheral, ident=lock.simulator.ident) as talk,
    ):
        assert (await talk.do("status")).state is State.SUCCEEDED
        moving = asyncio.create_task(talk.do("lock"))
        await asyncio.sleep(0)
        await lock.drop()
        await peripheral.gone()
        talk.lost()
        assert (await moving).state is State.UNKNOWN
        with pytest.raises(ConnectionResetError, match="gone"):
            await talk.do("status")


async def test_what_has_no_bluetooth_is_refused() -> None:
    air = Air()
    central = await air.central()
    await air.lock(BLE, AT)
    async with connected(GATT.service, AT, central) as peripheral:
        for protocol in (jimi.PROTOCOL, door_lock.PROTOCOL):
            with pytest.raises(CommandError, match="no BLE, or no UUIDs"):
                Talk(protocol, peripheral)
        with pytest.raises(OSError, match="no characteristic"):
            await peripheral.write("0000fff1-0000-1000-8000-00805f9b34fb", b"x")


async def test_looking_around_finds_the_near_first() -> None:
    air = Air()
    central = await air.central()
    await air.lock(BLE, AT)
    await air.lock(door_lock.PROTOCOL.links[0], "C0:00:00:00:00:02", gatt=DOOR_GATT)
    everything = await look_around(central, 0.3)
    assert {seen.address for seen in everything} == {AT, "C0:00:00:00:00:02"}
    (lock,) = await look_around(central, 0.3, (GATT.service,))
    assert (lock.address, lock.services, lock.name) == (AT, (GATT.service,), "60000015")
