"""The composition root: builds every part from the settings, starts them in order, stops them in the reverse one."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import structlog

from wayside import __version__
from wayside.api import server as http
from wayside.api.app import build_app
from wayside.api.services import Services
from wayside.api.tokens import Tokens
from wayside.app.address import Address, parse_address
from wayside.app.clock import now
from wayside.app.live import RTMP, LiveVideo
from wayside.app.media import build_blobs, build_shelf, media_directory, open_media, tidy_forever, troubles
from wayside.app.media import samples as media_samples
from wayside.app.metrics import samples
from wayside.app.protocols import PROTOCOLS
from wayside.app.reach import base_url
from wayside.app.rentals import CABINETS, publication
from wayside.app.retention import prune_forever, retention_of
from wayside.app.settings import Settings
from wayside.app.tables import check_device_options
from wayside.app.uploads import UPLOAD, UploadPort
from wayside.app.wires import ble_devices, gatts, own_ports, parse_serial
from wayside.engines.embedded import EmbeddedStore, InProcessBus
from wayside.gateway.gateway import Gateway
from wayside.gateway.tcp import Listen
from wayside.link.adapter import SYSTEM, Backends
from wayside.media.firmware import FirmwareDirectory
from wayside.media.watched import WatchedBlobs
from wayside.model.errors import ConfigError
from wayside.ports.live import LiveVideo as LivePort
from wayside.ports.platform import CommandDesk, Devices
from wayside.rental.office import Office
from wayside.rental.rules import CabinetRules

FIRMWARE_FOLDER = "firmware"

log = structlog.get_logger(__name__)


class Running(msgspec.Struct, frozen=True):
    """What there is to know about a server that runs.

    ``first_token`` is an administrator's, made because there was none; it cannot be shown again.  ``live`` None: it is
    switched off.
    """

    data_dir: Path
    http: Address
    listeners: dict[str, Address]
    first_token: str | None
    devices: Devices
    commands: CommandDesk
    live: LivePort | None


class Engine:
    """Every part of a server.  Make it inside a running event loop; nothing is opened before ``start``."""

    def __init__(self, settings: Settings, radio: Backends = SYSTEM) -> None:
        self._settings = settings
        self._data_dir = Path(settings.data_dir).absolute()
        self._stopping = False
        self._stack = AsyncExitStack()
        bus = InProcessBus()
        self._store = EmbeddedStore(self._data_dir)
        self._tokens = Tokens(self._store, now)
        self._firmware = FirmwareDirectory(self._data_dir / FIRMWARE_FOLDER, self._base_url, now)
        self._media_directory = media_directory(settings.media, self._data_dir)
        self._blobs = build_blobs(settings.media, self._media_directory)
        self._watched = WatchedBlobs(self._blobs)
        self._shelf = build_shelf(self._store, self._watched, self._media_directory)
        rules = CabinetRules(CABINETS)
        self._gateway = Gateway(
            PROTOCOLS,
            self._store,
            bus,
            clock=now,
            random_bytes=secrets.token_bytes,
            limits=settings.limits,
            registration=settings.registration,
            firmware=self._firmware,
            addresses=ble_devices(settings.ble_devices),
            gatts=gatts(settings.gatt),
            radio=radio if settings.ble else None,
            knows_bank=rules.knows,
            options=settings.options,
            check_options=check_device_options,
            rules=rules,
        )
        self._upload = UploadPort(settings, self._store, self._gateway, self._shelf)
        self._live = LiveVideo(settings, self._store, self._gateway.desk, self._shelf)
        devices = self._gateway.devices
        self._office = Office(rules, self._store, self._gateway.desk, self._gateway.commit, now)
        self._http_address = parse_address(settings.http)
        self._services = Services(
            store=self._store,
            bus=bus,
            devices=devices,
            desk=self._gateway.desk,
            relays=self._gateway.relays,
            firmware=self._firmware,
            media=self._store,
            shelf=self._shelf,
            rentals=self._office,
            feed=publication(
                settings, rules, store=self._store, devices=devices, base_url=self._base_url, clock=now
            ),
            feed_public=settings.gbfs.public,
            protocols=PROTOCOLS,
            tokens=self._tokens,
            clock=now,
            stats=lambda: itertools.chain(
                samples(self._gateway),
                media_samples(self._watched),
                self._upload.samples(),
                self._live.samples(),
            ),
            readiness=self._readiness,
            troubles=lambda: troubles(self._watched),
            version=__version__,
            metrics_public=settings.metrics_public,
            live=self._live.service,
            live_hook_key=settings.live.hook_key,
        )

    async def start(self) -> Running:
        """Store → tokens, firmware, rentals → gateway, which recovers and listens → HTTP → retention.

        Raises:
            ConfigError: a folder or an address cannot be used; whatever had started is stopped again.
            StoreUnavailable: the store cannot be read or written.
        """
        async with AsyncExitStack() as stack:
            await self._store.open()
            stack.push_async_callback(self._store.close)
            first_token = await self._tokens.open()
            self._open_firmware()
            open_media(self._blobs, self._shelf, self._media_directory)
            # Stopped last of all that talks: until then callers can see how devices take their leave.
            web = await stack.enter_async_context(AsyncExitStack())
            stack.push_async_callback(self._gateway.drain)
            await self._office.open()
            listens = _listens(self._settings)
            await self._gateway.start(listens, [parse_serial(text) for text in self._settings.serial])
            await stack.enter_async_context(self._upload.running())
            await stack.enter_async_context(self._live.running())
            web.push_async_callback(self._start_http().stop)
            await stack.enter_async_context(
                _running(prune_forever(self._store, retention_of(self._settings.retention)))
            )
            await stack.enter_async_context(_running(tidy_forever(self._shelf, self._settings.media)))
            await stack.enter_async_context(_running(self._watched.watch_forever()))
            self._stack = stack.pop_all()
        listeners = {
            listen.protocol if listen.ident is None else f"{listen.protocol}:{listen.ident}": Address(
                listen.host, self._gateway.port(listen.protocol, listen.ident)
            )
            for listen in listens
        }
        if self._upload.address is not None:
            listeners[UPLOAD] = self._upload.address
        if self._live.address is not None:
            listeners[RTMP] = self._live.address
        return Running(
            self._data_dir,
            self._http_address,
            listeners,
            first_token,
            self._gateway.devices,
            self._gateway.desk,
            self._live.service,
        )

    async def stop(self) -> None:
        """Let devices and callers finish, then close everything."""
        self._stopping = True
        await self._stack.aclose()

    def _start_http(self) -> http.HttpServer:
        try:
            server = http.start(build_app(self._services), *self._http_address)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"http: cannot listen on {self._http_address}: {reason}") from error
        self._http_address = Address(server.address.host, server.address.port)
        return server

    def _base_url(self) -> str:
        return base_url(self._settings.public_url, self._http_address)

    def _open_firmware(self) -> None:
        try:
            self._firmware.open()
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(f"data_dir: {self._data_dir / FIRMWARE_FOLDER}: {error}") from error

    async def _readiness(self) -> str | None:
        return "the server is stopping" if self._stopping else None


@asynccontextmanager
async def running(settings: Settings, radio: Backends = SYSTEM) -> AsyncIterator[Running]:
    """A server for as long as the block lasts.  Raises as ``Engine.start``."""
    engine = Engine(settings, radio)
    facts = await engine.start()
    try:
        yield facts
    finally:
        await engine.stop()


def _listens(settings: Settings) -> list[Listen]:
    everybody = [
        Listen(protocol, *parse_address(address))
        for protocol, address in settings.listen.items()
        if address is not None
    ]
    return everybody + own_ports(settings.ports)


@asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
