"""Serial ports on pseudo terminals: a battery behind one, a plug that is pulled, a line that is silent."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import time_ns
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from tests.gateway.fakes import FakeBus, FakeStore
from tests.gateway.toy import TOY
from tests.gateway.world import eventually, quick
from wayside.gateway.gateway import Gateway
from wayside.gateway.registry import Registering
from wayside.gateway.serial import Serial
from wayside.model.commands import State
from wayside.model.errors import ConfigError, Conflict
from wayside.ports.bus import Bus
from wayside.ports.platform import CommandRequest
from wayside.ports.store import Store
from wayside.protocol.base import Side
from wayside.protocol.simulator import Behaviour
from wayside.protocols import jk_bms
from wayside.protocols.jk_bms.simulator import BatterySimulator
from wayside.simulate.device import Device
from wayside.simulate.errands import Errands
from wayside.simulate.pty import Pty
from wayside.simulate.tally import Tally

BATTERY = "jk-bms:pack-1"


class Ear(asyncio.Protocol):
    """The far end of a port, by hand."""

    def __init__(self) -> None:
        self.heard = b""

    def data_received(self, data: bytes) -> None:
        self.heard += data


class World:
    def __init__(self, folder: Path) -> None:
        self.store = FakeStore()
        self.plug = folder / "ttyBMS"
        """Where the port is while something is plugged in."""
        self.gateway = Gateway(
            [TOY, jk_bms.PROTOCOL],
            cast("Store", self.store),
            cast("Bus", FakeBus()),
            clock=lambda: time_ns() // 1000,
            random_bytes=os.urandom,
            limits=quick(reopen_s=0.01, reopen_max_s=0.05),
            registration=Registering.OPEN,
        )
        self._ptys: list[Pty] = []
        self._devices: list[Device] = []

    def serial(self, device: str = BATTERY, path: Path | None = None) -> Serial:
        protocol, _, ident = device.partition(":")
        return Serial(protocol, ident, str(path or self.plug), 115_200)

    def plug_in(self) -> Pty:
        pty = Pty()
        self._ptys.append(pty)
        self.plug.unlink(missing_ok=True)
        self.plug.symlink_to(pty.path)
        return pty

    def plug_battery_in(self) -> Pty:
        dice = random.Random(1)
        simulator = BatterySimulator(Behaviour(1, faults=0.0), dice)
        pty = self.plug_in()
        framer = partial(jk_bms.PROTOCOL.links[1].framer, Side.SERVER)
        device = Device(simulator, framer, dice, pty.dial, Errands(Tally()))
        device.start()
        self._devices.append(device)
        return pty

    async def plug_ear_in(self) -> tuple[Pty, Ear]:
        pty, ear = self.plug_in(), Ear()
        await pty.dial(lambda: ear)
        return pty, ear

    def online(self, device: str = BATTERY) -> bool:
        return self.gateway.devices.presence(device).online

    async def clean_up(self) -> None:
        await self.gateway.drain(1.0)
        for device in self._devices:
            await device.stop()
        for pty in self._ptys:
            pty.close()


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[World]:
    world = World(folder)
    try:
        yield world
    finally:
        await world.clean_up()


def warnings(logs: Iterable[Any]) -> list[str]:
    return [line["reason"] for line in logs if line["event"] == "serial port cannot be opened"]


async def test_a_battery_at_a_serial_port_has_the_name_that_it_was_given(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.plug_battery_in()
        await world.gateway.start([], [world.serial()])
        await eventually(world.online)
        presence = world.gateway.devices.presence(BATTERY)
        assert (presence.transport, presence.address) == ("serial", str(world.plug))

        request = CommandRequest(BATTERY, "read_all", "tester")
        command = (await world.gateway.desk.submit(request)).command
        await eventually(lambda: world.store.command_records[command.id].state is State.SUCCEEDED)
        voltages = [
            entry.event.values["battery.voltage"]
            for entry in world.store.entries
            if entry.device == BATTERY and entry.event and "battery.voltage" in entry.event.values
        ]
        assert len(voltages) >= 2


async def test_a_pulled_plug_is_survived(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        plug = world.plug_battery_in()
        await world.gateway.start([], [world.serial()])
        await eventually(world.online)

        plug.close()
        await eventually(lambda: not world.online())
        world.plug_battery_in()
        await eventually(world.online)

        await world.gateway.pipeline.flush()
        statuses = [status for status, _ in world.store.presence(BATTERY)]
        assert statuses == ["online", "offline", "online"]


async def test_a_port_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        with capture_logs() as logs:
            await world.gateway.start([], [world.serial()])
            await eventually(lambda: warnings(logs))
            world.plug_battery_in()
            await eventually(world.online)
        assert warnings(logs) == ["No such file or directory"]


async def test_what_is_no_serial_port_is_said_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    async with running(tmp_path) as world:
        with capture_logs() as logs:
            await world.gateway.start([], [world.serial(path=file)])
            await eventually(lambda: warnings(logs))
            world.plug_battery_in()
            file.unlink()
            file.symlink_to(world.plug)
            await eventually(world.online)
        assert len(warnings(logs)) == 1
        assert len(world.gateway.hub.connections) == 1


async def test_silence_is_not_presence_and_no_reason_to_hang_up(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        pty, _ = await world.plug_ear_in()
        await world.gateway.start([], [world.serial("toy:0001")])
        hub = world.gateway.hub
        await eventually(lambda: hub.connections)
        (line,) = hub.connections
        for _ in range(hub.first_frame_ticks + hub.identify_ticks):
            hub.sweep()
        assert hub.connections == {line}
        assert not world.online("toy:0001")
        pty.write(b"BEAT\n")
        await eventually(lambda: world.online("toy:0001"))


async def test_noise_does_not_make_it_present(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        pty, _ = await world.plug_ear_in()
        await world.gateway.start([], [world.serial("toy:0001")])
        await eventually(lambda: world.gateway.hub.connections)
        pty.write(b"\xff\xfe\n")
        await eventually(lambda: world.gateway.stats.bad_frames)
        assert not world.online("toy:0001")
        await world.gateway.devices.create("toy:0001", "", "tester")
        with pytest.raises(Conflict, match="offline"):
            await world.gateway.desk.submit(CommandRequest("toy:0001", "move", "tester", {"minutes": 1}))


async def test_a_plug_pulled_under_a_command_leaves_it_unknown(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        pty, ear = await world.plug_ear_in()
        await world.gateway.start([], [world.serial("toy:0001")])
        await eventually(lambda: world.gateway.hub.connections)
        pty.write(b"BEAT\n")
        await eventually(lambda: world.online("toy:0001"))
        request = CommandRequest("toy:0001", "move", "tester", {"minutes": 1})
        command = (await world.gateway.desk.submit(request)).command
        await eventually(lambda: b"DO" in ear.heard)
        pty.close()
        await eventually(lambda: world.store.command_records[command.id].state is State.UNKNOWN)


async def test_a_stopped_gateway_opens_nothing_any_more(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.plug_battery_in()
        await world.gateway.start([], [world.serial()])
        await eventually(world.online)
        accepted = world.gateway.stats.connections_accepted
        await world.gateway.drain(1.0)
        assert not world.gateway.hub.connections
        assert world.gateway.stats.connections_accepted == accepted
        assert world.store.presence(BATTERY)[-1] == ("offline", "the server stops")


async def test_a_protocol_without_a_serial_link_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        with pytest.raises(ConfigError, match="no protocol nonsense"):
            await world.gateway.start([], [world.serial("nonsense:1")])
