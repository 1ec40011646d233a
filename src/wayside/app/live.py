"""Live video: its parts put together from the settings."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import structlog

from wayside.api.services import Sample
from wayside.app.address import Address, parse_address
from wayside.app.clock import now
from wayside.app.metrics import counter, gauge
from wayside.app.protocols import PROTOCOLS
from wayside.app.settings import LiveSettings, Settings
from wayside.gateway.complaints import Complaints
from wayside.media.doors import Door, DoorLimits
from wayside.media.live.asks import Asks
from wayside.media.live.hub import Hub
from wayside.media.live.ingest import Ingest
from wayside.media.live.limits import LiveBounds, LiveLimits
from wayside.media.live.paths import Paths
from wayside.media.live.recordings import recordings_on
from wayside.media.live.service import Live
from wayside.ports.media import MediaShelf
from wayside.ports.platform import CommandDesk
from wayside.ports.store import Store

RTMP: Final = "rtmp"

log = structlog.get_logger(__name__)


class LiveVideo:
    """Live video of one server: our own RTMP port, or an external engine that asks us.

    ``service`` None: neither is wanted.
    """

    def __init__(self, settings: Settings, store: Store, desk: CommandDesk, shelf: MediaShelf) -> None:
        self._address = None if settings.live.external_url else settings.rtmp
        self._say = Complaints(settings.limits.complaints_per_s, settings.limits.bad_frame_log_bytes, now).say
        self.door: Door | None = None
        self.service: Live | None = None
        if self._address is None and settings.live.external_url is None:
            return
        now_s = asyncio.get_running_loop().time
        limits = limits_of(settings.live)
        self.service = Live(
            paths=Paths(PROTOCOLS),
            find_device=store.device,
            hub=Hub(limits, now_s, now),
            asks=Asks(desk, limits, now_s, now),
            publishers=settings.live.publishers,
            recordings=recordings_on(shelf, now, limits.recording_s),
            elsewhere=settings.live.external_url,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Cameras may come for as long as the block lasts.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        service = self.service
        if service is None:
            yield
            return
        if self._address is not None:
            limits = service.hub.limits
            self.door = Door(
                RTMP, self._welcome, DoorLimits(limits.connections, limits.connections_per_address)
            )
            await self.door.open(*parse_address(self._address))
            log.info("listening", protocol=RTMP, address=str(self.address))
        service.begin()
        try:
            yield
        finally:
            if self.door is not None:
                self.door.close()
            await service.end()

    @property
    def address(self) -> Address | None:
        """Where cameras publish, once it is open."""
        return Address(*self.door.address) if self.door is not None else None

    def _welcome(self, address: str, gone: Callable[[], None]) -> Ingest:
        assert self.service is not None
        return Ingest(
            self.service.hub,
            self.service,
            say=self._say,
            random_bytes=secrets.token_bytes,
            address=address,
            gone=gone,
        )

    def samples(self) -> Iterator[Sample]:
        """Its numbers, for ``/metrics``."""
        if self.service is not None:
            yield from samples(self.service.hub, self.door.refused if self.door is not None else Counter())


def limits_of(settings: LiveSettings) -> LiveLimits:
    """What was set, and what has to grow with it."""
    plain = LiveLimits()
    return msgspec.structs.replace(
        plain,
        **{name: getattr(settings, name) for name in LiveBounds.__struct_fields__},
        connections=max(plain.connections, settings.streams),
        requests=max(plain.requests, 2 * settings.streams),
    )


def samples(hub: Hub, refused: Counter[str]) -> Iterator[Sample]:
    """The numbers of live video; ``refused``: whom the door turned away."""
    stats = hub.stats
    yield gauge("live_publishers", "Cameras that publish now", hub.publishers())
    yield gauge("live_viewers", "Viewers now", hub.viewers())
    yield gauge("live_held_bytes", "Bytes kept for viewers who come late", hub.held())
    yield counter("live_published", "Publishers let in", stats.published)
    yield counter("live_watched", "Viewers let in", stats.viewers)
    yield counter("live_received_bytes", "Audio and video received", stats.received_bytes)
    yield counter("live_sent_bytes", "FLV given to viewers", hub.sent())
    yield counter("live_skips", "Times that a slow viewer was taken to a key frame", hub.skipped())
    yield counter("live_dropped", "Viewers dropped because they were too slow", stats.dropped)
    for reason, count in (stats.refused + refused).items():
        yield counter("live_refused", "Publishers refused", count, reason=reason)
