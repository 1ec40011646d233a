"""Relays: a peripheral at the far end of a WebSocket, made into the same client that a local adapter gives."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from functools import partial

import structlog

from wayside.gateway.belief import Belief
from wayside.gateway.connection import Connection
from wayside.gateway.gatt import GattTransport
from wayside.gateway.hub import Hub
from wayside.gateway.nearby import Directory, Way, elsewhere
from wayside.model.errors import Conflict
from wayside.model.identity import split_device_id
from wayside.ports.relay import (
    Connect,
    Connected,
    Disconnect,
    Disconnected,
    FromRelay,
    Notification,
    OutOfTurn,
    Result,
    Subscribe,
    ToRelay,
    Write,
)

log = structlog.get_logger("wayside.gateway")


class RelayedGatt:
    """The peripheral, as ``ports.gatt.GattClient``.  The relay answers each request by its number."""

    def __init__(self, tell: Callable[[ToRelay], None], mtu: int) -> None:
        self.mtu = mtu
        self._tell = tell
        self._numbers = itertools.count(1)
        self._results: dict[int, asyncio.Future[None]] = {}
        self._listening: dict[str, Callable[[bytes], None]] = {}

    async def subscribe(self, characteristic: str, heard: Callable[[bytes], None]) -> None:
        self._listening[characteristic] = heard
        number = next(self._numbers)
        await self._ask(number, Subscribe(number, characteristic))

    async def write(self, characteristic: str, data: bytes) -> None:
        number = next(self._numbers)
        await self._ask(number, Write(number, characteristic, data.hex()))

    def hear(self, message: Result | Notification) -> None:
        """What the relay says.  Raises ``OutOfTurn``."""
        if isinstance(message, Notification):
            listener = self._listening.get(message.characteristic)
            if listener is None:
                raise OutOfTurn("a notification that was not asked for")
            listener(bytes.fromhex(message.data))
            return
        waiting = self._results.get(message.id)
        if waiting is None:
            raise OutOfTurn("a result that is not waited for")
        if waiting.done():  # given up in this very turn
            return
        if message.error is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(OSError(message.error))

    def lost(self, reason: str) -> None:
        """No answer will come any more."""
        for waiting in self._results.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError(reason))

    async def _ask(self, number: int, message: ToRelay) -> None:
        self._results[number] = asyncio.get_running_loop().create_future()
        self._tell(message)
        try:
            await self._results[number]
        finally:
            del self._results[number]


class RelayLine:
    """One relay; see ``ports.relay.RelayLine``."""

    def __init__(
        self,
        hub: Hub,
        way: Way,
        address: str,
        tell: Callable[[ToRelay], None],
        on_end: Callable[[], object],
    ) -> None:
        self._hub = hub
        self._way = way
        self._address = address
        self._tell = tell
        self._client: RelayedGatt | None = None
        self._transport: GattTransport | None = None
        self._over = asyncio.Event()
        self._on_end = on_end
        tell(Connect(way.device.id, way.gatt.service, way.address))

    def hear(self, message: FromRelay) -> None:
        if self._over.is_set():  # said before it knew
            return
        match message:
            case Disconnected():
                self.end(message.reason or "the device is gone")
            case Connected() if self._client is None:
                self._connected(message)
            case Result() | Notification() if self._client is not None:
                self._client.hear(message)
            case _:
                raise OutOfTurn(f"{type(message).__name__.lower()} makes no sense here")

    def lost(self) -> None:
        self.end("the relay is gone")

    async def over(self) -> None:
        await self._over.wait()

    def _connected(self, message: Connected) -> None:
        hub, way = self._hub, self._way
        refusal = elsewhere(way.device) or hub.enter(self._address)
        if refusal is not None:
            self.end(refusal)
            return
        # A phone sees many locks alike.  Where its system tells their addresses, that settles which one this is;
        # otherwise the lock itself must say so.
        told = message.address is not None and message.address.upper() == way.address
        connection = Connection(
            hub,
            way.route,
            self._address,
            ident=split_device_id(way.device.id)[1],
            mtu=message.mtu,
            belief=Belief.AT_ONCE if told else Belief.WHEN_SAID,
        )
        self._client = RelayedGatt(self._tell, message.mtu)
        self._transport = GattTransport(self._client, way.gatt, connection, hub.limits)
        hub.spawn(self._carry(self._transport))

    async def _carry(self, transport: GattTransport) -> None:
        try:
            await transport.open()
        except OSError as error:
            self._hub.leave(self._address)
            self.end(f"its notifications cannot be had: {error!r}")
            return
        await transport.ended.wait()
        self.end("the server is done")

    def end(self, reason: str) -> None:
        """Let the peripheral go, and say why."""
        if self._over.is_set():
            return
        self._over.set()
        self._on_end()
        log.info("relay ended", device=self._way.device.id, address=self._address, reason=reason)
        self._tell(Disconnect(reason))
        if self._client is not None and self._transport is not None:
            self._client.lost(reason)
            self._transport.lost(ConnectionError(reason))


class Relays:
    """Implements ``ports.relay.Relays``.  Each device has one relay, the newest."""

    def __init__(self, hub: Hub, directory: Directory) -> None:
        self._hub = hub
        self._directory = directory
        self._lines: dict[str, RelayLine] = {}

    def check(self, device: str) -> None:
        self._way(device)

    def open(self, device: str, address: str, tell: Callable[[ToRelay], None]) -> RelayLine:
        way = self._way(device)
        if (earlier := self._lines.get(device)) is not None:
            earlier.end("another relay took its place")
        log.info("relay began", device=device, address=address)
        line = RelayLine(self._hub, way, address, tell, partial(self._lines.pop, device))
        self._lines[device] = line
        return line

    def _way(self, device: str) -> Way:
        way = self._directory.way(device)
        if (refusal := elsewhere(way.device)) is not None:
            raise Conflict(refusal, "device")
        return way
