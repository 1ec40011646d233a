"""Relays: a phone that passes on what a simulated door lock says, and all the ways in which that can go wrong."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import time_ns
from typing import Any, cast

import pytest

from tests.gateway.fakes import FakeBus, FakeStore
from tests.gateway.toy import TOY
from tests.gateway.world import Wire, eventually, quick
from wayside.gateway.gateway import Gateway
from wayside.model.commands import CommandRecord, State
from wayside.model.errors import Conflict, NotFound
from wayside.ports.bus import Bus
from wayside.ports.platform import CommandRequest
from wayside.ports.relay import (
    Connect,
    Connected,
    Disconnect,
    Disconnected,
    FromRelay,
    Notification,
    OutOfTurn,
    RelayLine,
    Result,
    Subscribe,
    ToRelay,
    Write,
)
from wayside.ports.store import DeviceRecord, DeviceStatus, Store
from wayside.protocol.base import Gatt, Transport
from wayside.protocol.effects import Send
from wayside.protocol.simulator import Behaviour
from wayside.protocols import door_lock, parking_lock
from wayside.protocols.door_lock.simulator import DoorLockSimulator

GATT = Gatt(
    "0000fff0-0000-1000-8000-00805f9b34fb",
    "0000fff1-0000-1000-8000-00805f9b34fb",
    "0000fff2-0000-1000-8000-00805f9b34fb",
)
LOCK = "door-lock:BBA050000001"
ADDRESS = "BB:A0:50:00:00:01"
PARKING = "parking-lock:866266060000015"


class Phone:
    """Passes everything on, in the same turn.  ``fails``: the write from which on it says that it could not."""

    def __init__(self, number: int = 1, fails: int = 1_000) -> None:
        self.lock = DoorLockSimulator(Behaviour(number, faults=0.0), random.Random(number))
        self.told: list[ToRelay] = []
        self.writes: list[bytes] = []
        self.fails = fails
        self.line: RelayLine

    def tell(self, message: ToRelay) -> None:
        self.told.append(message)
        if isinstance(message, Subscribe | Write):
            asyncio.get_running_loop().call_soon(self.obey, message)

    def obey(self, message: Subscribe | Write) -> None:
        if isinstance(message, Subscribe):
            assert message.characteristic == GATT.notify
            self.line.hear(Result(message.id))
            return
        assert message.characteristic == GATT.write
        data = bytes.fromhex(message.data)
        self.writes.append(data)
        if len(self.writes) >= self.fails:
            self.line.hear(Result(message.id, "GATT error 133"))
            return
        self.line.hear(Result(message.id))
        for said in self.lock.received(data, time_ns() // 1000):
            assert isinstance(said, Send)
            self.line.hear(Notification(GATT.notify, said.data.hex()))

    @property
    def dismissed(self) -> str | None:
        """Why the server let it go."""
        last = self.told[-1]
        return last.reason if isinstance(last, Disconnect) else None


class World:
    def __init__(self) -> None:
        self.store = FakeStore()
        for device in (LOCK, "door-lock:BBA050000002", PARKING, "toy:0001"):
            protocol = device.partition(":")[0]
            self.store.records[device] = DeviceRecord(device, protocol, DeviceStatus.ACCEPTED, 0)
        self.gateway = Gateway(
            [door_lock.PROTOCOL, parking_lock.PROTOCOL, TOY],
            cast("Store", self.store),
            cast("Bus", FakeBus()),
            clock=lambda: time_ns() // 1000,
            random_bytes=os.urandom,
            limits=quick(),
            gatts={"door-lock": GATT},
        )

    def call(self, device: str = LOCK, phone: Phone | None = None, *first: FromRelay) -> Phone:
        """A phone comes, and says this."""
        phone = phone or Phone()
        phone.line = self.gateway.relays.open(device, "198.51.100.7", phone.tell)
        for message in first:
            phone.line.hear(message)
        return phone

    def online(self, device: str = LOCK) -> bool:
        return self.gateway.devices.presence(device).online

    async def unlock(self) -> CommandRecord:
        return (await self.gateway.desk.submit(CommandRequest(LOCK, "unlock", "tester"))).command

    def state(self, command: CommandRecord) -> State:
        return self.store.command_records[command.id].state


@asynccontextmanager
async def running() -> AsyncIterator[World]:
    world = World()
    await world.gateway.start([])
    try:
        yield world
    finally:
        await world.gateway.drain(1.0)


async def test_a_door_is_opened_through_a_phone() -> None:
    async with running() as world:
        phone = world.call(LOCK, None, Connected(mtu=23))
        await eventually(world.online)
        command = await world.unlock()
        await eventually(lambda: world.state(command) is State.SUCCEEDED)
        assert phone.lock.opened == 1
        assert max(map(len, phone.writes)) == 20
        presence = world.gateway.devices.presence(LOCK)
        assert (presence.transport, presence.address) == ("ble", "198.51.100.7")
        phone.line.hear(Disconnected("out of reach"))
        await eventually(lambda: not world.online())
        assert phone.dismissed == "out of reach"
        await asyncio.wait_for(phone.line.over(), 1)


async def test_the_first_word_says_which_device_is_meant() -> None:
    async with running() as world:
        phone = world.call()
        assert phone.told == [Connect(LOCK, GATT.service, ADDRESS)]
        assert world.call(PARKING).told == [Connect(PARKING, "6e400001-b5a3-f393-e0a9-e50e24dcca9e")]


async def test_the_wrong_lock_is_let_go_and_never_told_anything() -> None:
    async with running() as world:
        phone = world.call(LOCK, Phone(2), Connected(mtu=185))
        await eventually(lambda: phone.dismissed)
        await world.gateway.pipeline.flush()
        assert world.store.presence(LOCK) == []
        assert world.store.presence("door-lock:BBA050000002") == []
        assert len(phone.writes) == 1


async def test_an_address_settles_which_one_it_is() -> None:
    async with running() as world:
        phone = Phone()
        phone.lock.received = lambda data, at: []  # type: ignore[method-assign]  # a lock that has not answered yet
        world.call(LOCK, phone, Connected(mtu=185, address=ADDRESS.lower()))
        await eventually(world.online)


async def test_another_address_settles_nothing() -> None:
    async with running() as world:
        phone = Phone()
        phone.lock.received = lambda data, at: []  # type: ignore[method-assign]  # a lock that does not answer
        world.call(LOCK, phone, Connected(mtu=185, address="C0:00:00:00:00:01"))
        await eventually(lambda: phone.writes)
        assert not world.online()


@pytest.mark.parametrize(("fails", "state"), [(3, State.FAILED), (4, State.UNKNOWN)])
async def test_a_write_of_which_nobody_knows_is_not_repeated(fails: int, state: State) -> None:
    """The first write is the clock on connecting, the second the unlocking's clock, then its code, then its order."""
    async with running() as world:
        phone = world.call(LOCK, Phone(fails=fails), Connected(mtu=185, address=ADDRESS))
        await eventually(lambda: phone.writes)
        command = await world.unlock()
        await eventually(lambda: world.state(command) is state)
        assert len(phone.writes) == fails
        assert phone.lock.opened == 0
        await eventually(lambda: phone.dismissed)


async def test_a_phone_that_vanishes_takes_the_device_along() -> None:
    async with running() as world:
        phone = world.call(LOCK, None, Connected(mtu=185))
        await eventually(world.online)
        phone.line.lost()
        await eventually(lambda: not world.online())
        assert not world.gateway.hub.connections


OUT_OF_TURN: list[tuple[list[FromRelay], FromRelay]] = [
    ([], Result(1)),
    ([], Notification(GATT.notify, "00")),
    ([Connected()], Connected()),
    ([Connected()], Result(99)),
    ([Connected()], Notification(GATT.write, "00")),
]


@pytest.mark.parametrize(("before", "message"), OUT_OF_TURN)
async def test_what_makes_no_sense_now_is_refused(before: list[FromRelay], message: FromRelay) -> None:
    async with running() as world:
        phone = world.call(LOCK, None, *before)
        with pytest.raises(OutOfTurn):
            phone.line.hear(message)
        phone.line.lost()


async def test_nothing_counts_after_the_end() -> None:
    async with running() as world:
        phone = world.call(LOCK, None, Disconnected())
        assert phone.dismissed == "the device is gone"
        phone.line.hear(Connected())
        await asyncio.sleep(0)
        assert not world.gateway.hub.connections
        assert len(phone.told) == 2


async def test_a_phone_that_does_not_answer_is_left() -> None:
    async with running() as world:
        phone = Phone()
        phone.obey = lambda message: None  # type: ignore[method-assign]  # it says nothing
        world.call(LOCK, phone, Connected(mtu=185))
        await eventually(lambda: isinstance(phone.told[-1], Subscribe))
        phone.line.lost()
        assert phone.dismissed == "the relay is gone"
        await world.gateway.drain(1.0)
        assert world.gateway.hub.enter("198.51.100.7") is None


async def test_the_newest_phone_is_the_one() -> None:
    async with running() as world:
        first = world.call(LOCK, None, Connected(mtu=185))
        await eventually(world.online)
        second = world.call(LOCK, None, Connected(mtu=185))
        assert first.dismissed == "another relay took its place"
        await eventually(lambda: world.gateway.stats.connections == 1 and world.online())
        assert second.dismissed is None
        first.line.lost()
        assert world.online()


async def test_a_stopping_server_lets_phones_go() -> None:
    async with running() as world:
        phone = world.call(LOCK, None, Connected(mtu=185))
        await eventually(world.online)
        await world.gateway.drain(1.0)
        await eventually(lambda: phone.dismissed)


async def test_who_cannot_be_relayed_for() -> None:
    async with running() as world:
        relays = world.gateway.relays
        with pytest.raises(NotFound):
            relays.check("door-lock:BBA050000009")
        with pytest.raises(Conflict, match="toy has no BLE link"):
            relays.check("toy:0001")
        await world.gateway.devices.reject("door-lock:BBA050000002", "tester")
        with pytest.raises(Conflict, match="rejected"):
            relays.check("door-lock:BBA050000002")
        relays.check(LOCK)


async def test_a_better_link_is_not_taken_away() -> None:
    async with running() as world:
        gateway = world.gateway
        early = world.call(PARKING)
        link = parking_lock.PROTOCOL.link(Transport.TCP)
        assert link is not None
        simulator = link.simulator(Behaviour(1, faults=0.0), random.Random(1))
        wire = Wire(gateway.connection(gateway.route("parking-lock", Transport.TCP), "203.0.113.9"))
        for said in simulator.connected(time_ns() // 1000):
            if isinstance(said, Send):
                wire.say_bytes(said.data)
        assert world.online(PARKING)
        with pytest.raises(Conflict, match="connected over tcp"):
            gateway.relays.check(PARKING)
        early.line.hear(Connected())
        assert early.dismissed == "the device is connected over tcp"


async def test_without_uuids_there_is_no_way() -> None:
    store: Any = FakeStore()
    store.records[LOCK] = DeviceRecord(LOCK, "door-lock", DeviceStatus.ACCEPTED, 0)
    gateway = Gateway(
        [door_lock.PROTOCOL],
        store,
        cast("Bus", FakeBus()),
        clock=lambda: time_ns() // 1000,
        random_bytes=os.urandom,
        limits=quick(),
    )
    await gateway.start([])
    with pytest.raises(Conflict, match="setting gatt"):
        gateway.relays.check(LOCK)
    await gateway.drain(1.0)
