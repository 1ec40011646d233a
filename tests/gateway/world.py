"""A gateway with fakes around it, and devices that talk to it with or without a socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import msgspec

from tests.gateway.fakes import FakeBus, FakeClock, FakeStore
from tests.gateway.toy import TOY
from wayside.gateway.connection import Connection
from wayside.gateway.gateway import Gateway
from wayside.gateway.limits import Limits
from wayside.gateway.registry import Registering
from wayside.gateway.tcp import Listen
from wayside.model.commands import CommandRecord
from wayside.ports.bus import Bus
from wayside.ports.firmware import FirmwareShelf
from wayside.ports.platform import CommandRequest
from wayside.ports.rules import Rules
from wayside.ports.store import DeviceRecord, DeviceStatus, Store
from wayside.protocol.base import Transport

# No sweep comes by itself in a test: `world.sweep` makes them.
BY_HAND_S = 3600.0


async def eventually(condition: Callable[[], Any]) -> None:
    """Wait until it holds; the test's own timeout ends a vain wait."""
    while not condition():  # noqa: ASYNC110 - any condition at all, not only those that somebody signals
        await asyncio.sleep(0.001)


class Wire(asyncio.Transport):
    """A transport without a socket: what is written is remembered; closing takes effect in the next turn."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection
        self.written = b""
        self.writes: list[bytes] = []
        self.reading = True
        self.closing = False
        self.aborted = False
        self.stuck = False
        connection.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closing
        self.written += data
        self.writes.append(bytes(data))

    def is_reading(self) -> bool:
        return self.reading

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            if not self.stuck:
                asyncio.get_running_loop().call_soon(self.connection.connection_lost, None)

    def abort(self) -> None:
        if not self.aborted and (self.stuck or not self.closing):
            self.closing = self.aborted = True
            asyncio.get_running_loop().call_soon(self.connection.connection_lost, None)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = high

    # The device's side.

    def say(self, text: str) -> None:
        """The device sends these lines."""
        assert self.reading, "the gateway does not read"
        self.say_bytes(text.encode())

    def say_bytes(self, data: bytes) -> None:
        """The device sends this, and it is read at once."""
        if not self.closing:
            self.connection.data_received(data)
            self.connection._hub.inbox.work()

    def drop(self) -> None:
        """The network is gone."""
        if not self.closing:
            self.closing = True
            self.connection.connection_lost(ConnectionResetError())

    def heard(self) -> list[str]:
        """The lines that reached the device."""
        return self.written.decode().splitlines()


class World:
    def __init__(
        self,
        *,
        limits: Limits | None = None,
        registration: Registering = Registering.QUARANTINE,
        firmware: FirmwareShelf | None = None,
        store: FakeStore | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.store = store or FakeStore()
        self.bus = FakeBus()
        self.clock = FakeClock()
        self.gateway = Gateway(
            [TOY],
            cast("Store", self.store),
            cast("Bus", self.bus),
            clock=self.clock,
            random_bytes=os.urandom,
            limits=limits or quick(),
            registration=registration,
            firmware=firmware,
            rules=rules,
        )
        self.desk = self.gateway.desk
        self.devices = self.gateway.devices

    def know(self, *idents: str, status: DeviceStatus = DeviceStatus.ACCEPTED) -> None:
        """Devices that were decided on before the gateway starts."""
        for ident in idents:
            record = DeviceRecord(f"toy:{ident}", "toy", status, self.clock())
            self.store.records[record.device] = record

    def connect(self, ident: str | None = None, *, transport: Transport = Transport.TCP) -> Wire:
        """A connection without a socket; with an ident, a device that has logged in."""
        route = self.gateway.route("toy", transport)
        wire = Wire(self.gateway.connection(route, "198.51.100.7"))
        if ident is not None:
            wire.say(f"LOGIN {ident}\n")
        return wire

    async def settle(self) -> None:
        """Everything that was begun is committed and carried out."""
        for _ in range(5):
            await asyncio.sleep(0)
            await self.gateway.pipeline.flush()

    def sweep(self, times: int = 1) -> None:
        for _ in range(times):
            self.gateway.hub.sweep()

    async def submit(
        self,
        capability: str,
        ident: str = "0001",
        *,
        by: str = "tester",
        parameters: dict[str, object] | None = None,
        idempotency_key: str | None = None,
        expires_after_s: float | None = None,
        queue: bool | None = None,
        confirm: bool = False,
    ) -> CommandRecord:
        request = CommandRequest(
            f"toy:{ident}",
            capability,
            by,
            parameters or {},
            idempotency_key,
            expires_after_s,
            queue,
            confirm,
        )
        return (await self.desk.submit(request)).command

    def states(self, command: CommandRecord) -> list[str]:
        return [state.value for state in self.store.steps(command.id)]


def quick(**changes: float) -> Limits:
    """Limits for tests: sweeps by hand, and no waiting where only the order counts."""
    usual = {"sweep_s": BY_HAND_S, "batch_ms": 1.0, "retry_s": 0.002, "retry_max_s": 0.01}
    return msgspec.convert(usual | changes, Limits)


@contextlib.asynccontextmanager
async def running(
    *idents: str,
    listen: bool = False,
    status: DeviceStatus = DeviceStatus.ACCEPTED,
    limits: Limits | None = None,
    registration: Registering = Registering.QUARANTINE,
    firmware: FirmwareShelf | None = None,
    store: FakeStore | None = None,
    rules: Rules | None = None,
) -> AsyncIterator[World]:
    """A started gateway that knows these devices."""
    world = World(limits=limits, registration=registration, firmware=firmware, store=store, rules=rules)
    world.know(*idents, status=status)
    await world.gateway.start([Listen("toy", "127.0.0.1", 0)] if listen else [])
    try:
        yield world
    finally:
        world.store.failing = False
        world.store.gate.set()
        await world.gateway.drain(1.0)
