"""The gateway between a real protocol's simulated cameras and the real store."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

from tests.gateway.world import eventually
from wayside.engines.embedded import EmbeddedStore, InProcessBus
from wayside.gateway.gateway import Gateway
from wayside.gateway.registry import Registering
from wayside.gateway.tcp import Listen
from wayside.model.commands import TRANSITIONS, CommandRecord
from wayside.model.events import StoredEvent
from wayside.ports.platform import CommandRequest
from wayside.ports.store import EventQuery
from wayside.protocol.effects import Close, Send, WakeAt
from wayside.protocol.simulator import Behaviour, Reactions
from wayside.protocols.jimi import PROTOCOL


def now() -> int:
    return time.time_ns() // 1000


class Camera(asyncio.Protocol):
    """A simulator on a socket."""

    def __init__(self, number: int) -> None:
        behaviour = Behaviour(number, interval_s=0.05, faults=0.0)
        self.simulator = PROTOCOL.links[0].simulator(behaviour, random.Random(number))
        self.timer: asyncio.TimerHandle | None = None
        self.answers = 0

    @property
    def device(self) -> str:
        return f"jimi:{self.simulator.ident}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        self.react(self.simulator.connected(now()))

    def data_received(self, data: bytes) -> None:
        self.answers += 1
        self.react(self.simulator.received(data, now()))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def react(self, reactions: Reactions) -> None:
        for reaction in reactions:
            match reaction:
                case Send(data):
                    self.transport.write(data)
                case Close():
                    self.transport.close()
                case WakeAt(at):
                    if self.timer is not None:
                        self.timer.cancel()
                        self.timer = None
                    if at is not None:
                        delay_s = max(0.0, (at - now()) / 1e6)
                        loop = asyncio.get_running_loop()
                        self.timer = loop.call_later(delay_s, self.wake)

    def wake(self) -> None:
        self.timer = None
        if not self.transport.is_closing():
            self.react(self.simulator.wake(now()))


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Gateway, EmbeddedStore, InProcessBus]]:
    store = EmbeddedStore(folder)
    await store.open()
    bus = InProcessBus()
    gateway = Gateway(
        [PROTOCOL], store, bus, clock=now, random_bytes=os.urandom, registration=Registering.OPEN
    )
    try:
        await gateway.start([Listen("jimi", "127.0.0.1", 0)])
        yield gateway, store, bus
    finally:
        assert await gateway.drain(5.0) == 0
        await store.close()


async def connected(gateway: Gateway, number: int) -> Camera:
    _, camera = await asyncio.get_running_loop().create_connection(
        lambda: Camera(number), "127.0.0.1", gateway.port("jimi")
    )
    return camera


async def finished(store: EmbeddedStore, command: str) -> CommandRecord:
    while (record := await store.command(command)) is None or TRANSITIONS[record.state]:  # noqa: ASYNC110 - it is in the store
        await asyncio.sleep(0.01)
    return record


async def test_cameras_report_obey_and_are_remembered(tmp_path: Path) -> None:
    async with serving(tmp_path) as (gateway, store, bus):
        feed = bus.subscribe(lambda notice: isinstance(notice, StoredEvent), room=10_000)
        cameras = [await connected(gateway, number) for number in range(5)]
        await eventually(lambda: all("position.latitude" in store.state(camera.device) for camera in cameras))
        device = cameras[0].device
        created = await gateway.desk.submit(CommandRequest(device, "status", "ann", idempotency_key="k"))
        record = await finished(store, created.command.id)
        assert [step.state for step in record.transitions] == ["accepted", "sent", "succeeded"]

    async with serving(tmp_path) as (gateway, store, _):  # everything is there after a restart
        again = await gateway.desk.submit(CommandRequest(device, "status", "ann", idempotency_key="k"))
        assert (again.fresh, again.command.state) == (False, "succeeded")
        assert not gateway.devices.presence(device).online
        events = (await store.events(EventQuery(device))).items
        assert events[0].values["connection.status"] == "offline"
        assert events[-1].values["connection.status"] == "online"
        assert {record.device for record in await store.all_devices()} == {each.device for each in cameras}
        told: set[int] = set()
        while len(told) < len(events):
            notice = await feed.get()
            assert isinstance(notice, StoredEvent)
            if notice.device == device:
                told.add(notice.id)
        assert told == {event.id for event in events}
