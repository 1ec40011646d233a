"""The upload port, put together, and its numbers."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from wayside.api.services import Sample
from wayside.app.address import Address, parse_address
from wayside.app.clock import now
from wayside.app.metrics import counter, gauge
from wayside.app.protocols import PROTOCOLS
from wayside.app.settings import Settings
from wayside.gateway.complaints import Complaints
from wayside.gateway.gateway import Gateway
from wayside.media.doors import Door
from wayside.media.uploads.incoming import Incoming
from wayside.media.uploads.inquiry import Inquiry
from wayside.media.uploads.keeper import Keeper
from wayside.media.uploads.server import UploadServer
from wayside.media.uploads.stats import Stats
from wayside.ports.media import MediaShelf, MediaStore
from wayside.ports.store import Store

UPLOAD: Final = "upload"
"""What the port is called in the settings, and where listeners are listed."""


class Stores(Store, MediaStore, Protocol):
    """Events and media in one engine."""


class UploadPort:
    """``address``: where it listens, while it does; None: it is off."""

    def __init__(self, settings: Settings, store: Stores, gateway: Gateway, shelf: MediaShelf) -> None:
        self._where = None if settings.upload is None else parse_address(settings.upload)
        self._limits = settings.uploads
        self._complain = Complaints(
            settings.limits.complaints_per_s, settings.limits.bad_frame_log_bytes, now
        ).say
        self._store = store
        self._gateway = gateway
        self._shelf = shelf
        self._server: UploadServer | None = None
        self._stats = Stats()

    @property
    def address(self) -> Address | None:
        """Where devices post to."""
        return Address(*self._server.door.address) if self._server is not None else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """It listens for as long as the block lasts; what is under way at its end is finished, or cut off.

        Raises:
            ConfigError: that address cannot be listened on.
        """
        if self._where is None:
            yield
            return
        server = self._build()
        await server.start(*self._where)
        self._server = server
        try:
            yield
        finally:
            self._server = None
            await server.stop()

    def _build(self) -> UploadServer:
        presence = self._gateway.devices.presence
        inquiry = Inquiry(
            self._store, self._store, self._gateway, self._limits, lambda device: presence(device).address
        )
        keeper = Keeper(
            inquiry=inquiry,
            shelf=self._shelf,
            media=self._store,
            intake=self._gateway,
            limits=self._limits,
            stats=self._stats,
            random_bytes=secrets.token_bytes,
        )
        incoming = Incoming(self._shelf.incoming, self._limits.free_bytes)
        return UploadServer(
            PROTOCOLS,
            keeper=keeper,
            incoming=incoming,
            limits=self._limits,
            stats=self._stats,
            complain=self._complain,
            clock=now,
        )

    def samples(self) -> Iterator[Sample]:
        """Its numbers, for ``/metrics``."""
        yield from samples(self._stats, self._server.door if self._server is not None else None)


def samples(stats: Stats, door: Door | None) -> Iterator[Sample]:
    """Every number of the moment; ``door`` None: it is closed."""
    yield counter("uploads_kept", "Files of devices that were kept", stats.kept)
    yield counter("upload_bytes_kept", "Bytes of those files", stats.kept_bytes)
    yield counter("uploads_repeated", "Files that were here already", stats.repeated)
    yield counter("upload_lists", "Lists of names that were kept", stats.lists)
    yield counter("upload_bytes_received", "Bytes of bodies received, kept or not", stats.received_bytes)
    yield counter("uploads_cut", "Requests that the device did not finish", stats.cut)
    for reason, count in stats.refused.items():
        yield counter(
            "uploads_refused", "Requests to the upload port that were refused", count, reason=reason
        )
    if door is not None:
        yield gauge("upload_connections", "Open connections to the upload port", door.inside)
        for reason, count in door.refused.items():
            yield counter("upload_connections_refused", "Connections refused there", count, reason=reason)
