"""The gateway as the rest of the program sees it: start it, ask its registry and its desk, drain it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog

from wayside.gateway.answers import Answers
from wayside.gateway.belief import Belief
from wayside.gateway.ble import Radio
from wayside.gateway.commands import Desk
from wayside.gateway.connection import Connection
from wayside.gateway.device import Device
from wayside.gateway.hub import Hub, Route
from wayside.gateway.limits import Limits
from wayside.gateway.nearby import Directory
from wayside.gateway.options import Check, unchecked
from wayside.gateway.pipeline import Pipeline
from wayside.gateway.preview import Rehearsal
from wayside.gateway.recovery import recover
from wayside.gateway.registry import Registering, Registry
from wayside.gateway.relay import Relays
from wayside.gateway.serial import Serial, SerialPort
from wayside.gateway.stats import Stats
from wayside.gateway.tcp import Listen, Listener
from wayside.link.adapter import Backends
from wayside.model.errors import ConfigError, StoreUnavailable
from wayside.model.events import Values
from wayside.model.instant import Instant
from wayside.ports.bus import Bus
from wayside.ports.firmware import FirmwareShelf
from wayside.ports.rules import Consequence, Rules
from wayside.ports.store import Entry, Store
from wayside.protocol.base import Gatt, Link, Protocol, Transport
from wayside.protocol.questions import OpenCommand

log = structlog.get_logger("wayside.gateway")

STOPPING: Final = "the server stops"

# How often a stopping server looks whether the last connection is closed.
LOOK_AGAIN_S: Final = 0.01


class Gateway:
    """Make it inside a running event loop.

    ``addresses`` are devices' Bluetooth addresses, ``gatts`` protocols' UUIDs where their documents name none.
    ``radio``: the Bluetooth to call them with; None: they are not called.
    ``devices`` and ``desk`` are what ``ports.platform`` describes; ``stats`` is for metrics; ``options`` are the
    sessions' options by protocol; ``knows_bank`` says whether a power bank is ours; ``rules`` are asked what
    follows from what is stored; ``check_options`` what may be set for one device.
    ``clock`` gives microseconds since 1970 UTC.
    """

    def __init__(
        self,
        protocols: Iterable[Protocol],
        store: Store,
        bus: Bus,
        *,
        clock: Callable[[], Instant],
        random_bytes: Callable[[int], bytes],
        limits: Limits | None = None,
        registration: Registering = Registering.QUARANTINE,
        firmware: FirmwareShelf | None = None,
        knows_bank: Callable[[str], bool] | None = None,
        options: Mapping[str, dict[str, str]] | None = None,
        addresses: Mapping[str, str] | None = None,
        gatts: Mapping[str, Gatt] | None = None,
        radio: Backends | None = None,
        rules: Rules | None = None,
        check_options: Check = unchecked,
    ) -> None:
        self.limits = limits or Limits()
        self.stats = Stats(self.limits.message_names)
        self._protocols = {protocol.name: protocol for protocol in protocols}
        self._options = options or {}
        self._store = store
        self._clock = clock
        self.pipeline = Pipeline(store, bus, self.limits, self.stats, rules)
        devices: dict[str, Device] = {}
        answers = Answers(firmware, knows_bank, self.limits, clock)
        rehearsal = Rehearsal(self._protocols, self._options, answers)
        self.desk = Desk(
            devices=devices,
            protocols=self._protocols,
            store=store,
            pipeline=self.pipeline,
            limits=self.limits,
            stats=self.stats,
            clock=clock,
            random_bytes=random_bytes,
            rehearsal=rehearsal,
        )
        self.devices = Registry(
            devices=devices,
            protocols=self._protocols,
            store=store,
            pipeline=self.pipeline,
            desk=self.desk,
            limits=self.limits,
            clock=clock,
            registering=registration,
            check_options=check_options,
        )
        self.hub = Hub(
            registry=self.devices,
            desk=self.desk,
            pipeline=self.pipeline,
            limits=self.limits,
            stats=self.stats,
            answers=answers,
            clock=clock,
            random_bytes=random_bytes,
        )
        directory = Directory(
            self.hub, devices, self._protocols, self._options, addresses=addresses or {}, gatts=gatts or {}
        )
        self.relays = Relays(self.hub, directory)
        self._radio = Radio(self.hub, directory, radio) if radio is not None else None
        self._listeners: dict[Listen, Listener] = {}
        self._serial_ports: list[SerialPort] = []
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self, listens: Iterable[Listen], serials: Iterable[Serial] = ()) -> None:
        """Load what is known, take up what was unfinished, and let devices in.

        Raises:
            ConfigError: a listen or a serial port names no protocol of ours, or an address that cannot be listened on.
            StoreUnavailable: the store cannot be read or written.
        """
        await self.devices.load()
        unfinished = await recover(self._store, self.pipeline, self.desk, self._protocols, self._clock())
        self._sweeper = asyncio.create_task(self._sweep())
        for listen in listens:
            route = self.route(listen.protocol, Transport.TCP)
            port = listen.port if listen.port is not None else route.link.port
            if port is None:
                raise ConfigError(f"{listen.protocol} has no port of its own: name one")
            listener = Listener(self.hub, route, listen.ident)
            await listener.start(listen.host, port)
            self._listeners[listen] = listener
            address = "{}:{}".format(*listener.address)
            log.info("listening", protocol=listen.protocol, address=address, device=listen.ident)
        for serial in serials:
            kept = SerialPort(self.hub, self.route(serial.protocol, Transport.SERIAL), serial)
            kept.start()
            self._serial_ports.append(kept)
        if self._radio is not None:
            self.desk.reach = self._radio
            self._radio.start()
        log.info("gateway started", unfinished_commands=unfinished)

    def port(self, protocol: str, ident: str | None = None) -> int:
        """The port that the (first) listener for the protocol, or for one device, really has.  Raises ``KeyError``."""
        for listen, listener in self._listeners.items():
            if (listen.protocol, listen.ident) == (protocol, ident):
                return listener.address[1]
        raise KeyError(protocol)

    def route(self, protocol: str, transport: Transport) -> Route:
        """For connections over this link.

        Raises:
            ConfigError: there is no such protocol, or it does not run over this transport.
        """
        known = self._protocols.get(protocol)
        if known is None:
            raise ConfigError(
                f"there is no protocol {protocol}; there are: {', '.join(sorted(self._protocols))}"
            )
        link: Link | None = known.link(transport)
        if link is None:
            raise ConfigError(f"{protocol} does not run over {transport}")
        return Route(known, link, self.hub, self._options.get(protocol, {}))

    def connection(
        self,
        route: Route,
        address: str,
        *,
        ident: str | None = None,
        mtu: int | None = None,
        belief: Belief = Belief.AT_ONCE,
    ) -> Connection:
        """For a transport other than TCP: an ``asyncio.Protocol`` to tie to it.

        ``ident``: where the transport knows the device, and how far that is believed; ``mtu``: what a BLE link
        negotiated.

        Raises:
            ConnectionRefusedError: there are too many connections.
        """
        refusal = self.hub.enter(address)
        if refusal is not None:
            raise ConnectionRefusedError(refusal)
        return Connection(self.hub, route, address, ident=ident, mtu=mtu, belief=belief)

    async def record(self, entry: Entry) -> None:
        """See ``ports.intake.Intake``."""
        self.pipeline.add(entry)
        self.pipeline.kick()
        await self.pipeline.flush()

    def awaiting(self) -> list[tuple[str, OpenCommand]]:
        """See ``ports.intake.Intake``."""
        return self.desk.awaiting()

    async def fulfil(self, command: str, values: Values, at: Instant) -> bool:
        """See ``ports.intake.Intake``."""
        done = self.desk.fulfil(command, values, at)
        await self.pipeline.flush()
        return done

    async def flush(self) -> None:
        """See ``ports.intake.Intake``."""
        await self.pipeline.flush()

    async def commit(self, consequences: Sequence[Consequence]) -> None:
        """Store what rules decided because of a person, behind all that they decided before; durable when this returns.

        Raises:
            StoreUnavailable: it could not be committed now.  It is kept, and will be.
        """
        self.pipeline.take(consequences)
        await self.pipeline.flush()

    async def drain(self, seconds: float | None = None) -> int:
        """Stop: let nobody in, wait for answers that are due, say goodbye, and commit the last of it.

        Returns how many entries could not be committed in time; nothing of those was acknowledged.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + (self.limits.drain_s if seconds is None else seconds)
        for listener in self._listeners.values():
            listener.stop()
        for serial_port in self._serial_ports:
            serial_port.stop()
        self.desk.closed = True
        await _until(lambda: not self.desk.under_way, (loop.time() + end) / 2)
        for connection in list(self.hub.connections):
            connection.hang_up(STOPPING)
        await _until(lambda: not self.hub.connections, (loop.time() + end) / 2)
        for connection in list(self.hub.connections):
            connection.abort(STOPPING)
        await _until(lambda: not self.hub.connections, end)
        if self._radio is not None:
            await self._radio.stop()
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.hub.inbox.empty()
        await self._commit_the_rest(end)
        lost = await self.pipeline.stop()
        log.info("gateway stopped", uncommitted=lost, store=self.pipeline.failure)
        return lost

    async def _commit_the_rest(self, end: float) -> None:
        while self.pipeline.uncommitted:
            try:
                async with asyncio.timeout_at(end):
                    await self.pipeline.flush()
            except StoreUnavailable:
                continue  # it tries again by itself, until the time is up
            except TimeoutError:
                return

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self.limits.sweep_s)
            self.hub.sweep()


async def _until(done: Callable[[], bool], end: float) -> None:
    """Wait for something that many connections bring about together; nobody else counts them."""
    loop = asyncio.get_running_loop()
    while not done() and loop.time() < end:  # noqa: ASYNC110 - while stopping only: an event would cost every input
        await asyncio.sleep(LOOK_AGAIN_S)
