"""Live video as the rest of the program sees it: ``ports.live.LiveVideo``, and who may publish."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec
import structlog

from wayside.media.live.asks import Asks
from wayside.media.live.hub import Hub, Publication
from wayside.media.live.paths import Paths, Place
from wayside.media.live.recorder import Recorder, Recordings
from wayside.media.live.requests import Open, Step
from wayside.media.live.streams import Key
from wayside.media.live.viewers import Viewer
from wayside.model.errors import CommandError, NotFound
from wayside.model.instant import seconds
from wayside.ports.live import LiveRequest, LiveStream, StreamState
from wayside.ports.store import DeviceRecord, DeviceStatus
from wayside.protocol.live import Channel

TICK_S: Final = 1.0
"""How often it is looked what is due: the resolution of every time of live video."""

# A device that is rejected or deleted is noticed after this.
TRUST_TICKS: Final = 10

STOPPED: Final = "stopped"
UNWATCHED: Final = "nobody watches any more"

log = structlog.get_logger("wayside.media")


class Publishers(enum.StrEnum):
    """Which registered devices may publish."""

    REQUESTED = "requested"
    """Those that were asked to."""
    OPEN = "open"
    """All of them."""


class Refused(enum.StrEnum):
    """Why a publisher is not let in."""

    PATH = "no such path: live/CHANNEL/IDENT is one"
    DEVICE = "no such device"
    UNASKED = "nobody asked for this stream"


class Watching:
    """A ``ports.live.Watch`` of one viewer."""

    def __init__(self, hub: Hub, key: Key, viewer: Viewer) -> None:
        self._hub, self._key, self._viewer = hub, key, viewer

    async def pieces(self) -> AsyncIterator[bytes]:
        """See ``ports.live.Watch``."""
        while piece := await self._viewer.piece():
            yield piece

    def close(self) -> None:
        """See ``ports.live.Watch``."""
        self._hub.leave(self._key, self._viewer)


class Live:
    """``find_device`` reads a device's record; ``recordings`` None: nothing can be recorded.

    ``elsewhere``: where an external engine shows streams, as ``http://HOST:PORT``; None: this server has its own.
    """

    def __init__(
        self,
        *,
        paths: Paths,
        find_device: Callable[[str], Awaitable[DeviceRecord | None]],
        hub: Hub,
        asks: Asks,
        publishers: Publishers,
        recordings: Recordings | None = None,
        elsewhere: str | None = None,
    ) -> None:
        self.hub = hub
        self.send_s = hub.limits.send_s
        self._paths = paths
        self._find_device = find_device
        self._asks = asks
        self._publishers = publishers
        self._recordings = recordings
        self._elsewhere = elsewhere
        self._recorders: dict[Key, Recorder] = {}
        self._finishing: set[asyncio.Task[None]] = set()
        self._outside: dict[Key, set[str]] = {}
        self._ticker: asyncio.Task[None] | None = None
        hub.published = self._published

    def begin(self) -> None:
        """Look after what is open from now on."""
        self._ticker = asyncio.create_task(self._tick_forever())

    async def end(self) -> None:
        """Have devices stop, let everybody go, and finish what is recorded."""
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
        # Last what stops other channels, too: those would be begun again.
        for asked in sorted(self._asks.all(), key=lambda asked: len(asked.channel.brings)):
            await self._asks.let_go(asked)
        for key in self.hub.everything():
            self.hub.end(key, "the server stops")
        await asyncio.gather(*self._finishing)

    # What there is.

    def streams(self) -> list[LiveStream]:
        """See ``ports.live.LiveVideo``."""
        keys = dict.fromkeys([*(asked.key for asked in self._asks.all()), *self.hub.everything()])
        return [self._shown(key) for key in sorted(keys)]

    def stream(self, device: str, channel: str) -> LiveStream | None:
        """See ``ports.live.LiveVideo``."""
        key = Key(device, channel)
        there = self._asks.get(key) is not None or self.hub.stream(key) is not None
        return self._shown(key) if there else None

    def devices_of(self, ident: str) -> list[str]:
        """See ``ports.live.LiveVideo``."""
        return self._paths.devices(ident)

    def address_of(self, device: str, channel: str) -> str:
        """See ``ports.live.LiveVideo``."""
        path = f"/live/{channel}/{device.partition(':')[2]}.flv"
        return f"{self._elsewhere}{path}" if self._elsewhere is not None else path

    def _shown(self, key: Key) -> LiveStream:
        asked, publication = self._asks.get(key), self.hub.publication(key)
        shown = self._told(asked, LiveStream(*key, StreamState.REQUESTED))
        if (stream := self.hub.stream(key)) is not None:
            shown = msgspec.structs.replace(
                shown,
                state=StreamState.LIVE if publication else StreamState.INTERRUPTED,
                received_bytes=stream.received,
                video=stream.video,
                audio=stream.audio,
                width=stream.picture.width,
                height=stream.picture.height,
                frame_rate=stream.picture.frame_rate,
                publisher=publication.address if publication else None,
                publisher_since=publication.since if publication else None,
            )
        recorder = self._recorders.get(key)
        return msgspec.structs.replace(
            shown,
            viewers=self.hub.viewers(key) + len(self._outside.get(key, ())),
            recording=recorder is not None and not recorder.note,
            note=shown.note or (recorder.note if recorder is not None else ""),
        )

    def _told(self, asked: Open | None, shown: LiveStream) -> LiveStream:
        if asked is None:
            return shown
        left_s = min(asked.until_s, asked.keep_until_s) - self.hub.now_s()
        return msgspec.structs.replace(
            shown,
            requested_by=asked.by,
            requested_at=asked.asked_at,
            until=self.hub.clock() + seconds(max(0.0, left_s)),
            command=asked.command,
            note=asked.note,
        )

    # What people ask for.

    async def start(self, request: LiveRequest) -> LiveStream:
        """See ``ports.live.LiveVideo``."""
        channel = await self._channel(request.device, request.channel)
        if channel.files and not request.files:
            raise CommandError(f"{channel.title}: name what is to be shown", "files")
        if request.files and not channel.files:
            raise CommandError(f"channel {channel.name} shows no files", "files")
        if request.record and (self._recordings is None or self._elsewhere is not None):
            raise CommandError("this server does not record", "record")
        key = Key(request.device, request.channel)
        asked = await self._asks.ask(channel, request, live=self.hub.publication(key) is not None)
        if (publication := self.hub.publication(key)) is not None and asked.record:
            self._record(publication)
        return self._shown(key)

    async def stop(self, device: str, channel: str, by: str) -> LiveStream:
        """See ``ports.live.LiveVideo``."""
        found = await self._channel(device, channel)
        key = Key(device, channel)
        before = self.stream(device, channel)
        if before is None:
            raise NotFound("nobody asked for this stream, and nobody publishes it", "channel")
        self.hub.end(key, STOPPED)
        self._outside.pop(key, None)
        try:
            command = await self._asks.stop(key, found, by)
        finally:
            self._end(key, found, STOPPED)
        return msgspec.structs.replace(
            before,
            state=StreamState.STOPPED,
            viewers=0,
            recording=False,
            until=None,
            command=command,
            note="",
        )

    async def watch(self, device: str, channel: str) -> Watching:
        """See ``ports.live.LiveVideo``."""
        await self._channel(device, channel)
        key = Key(device, channel)
        if self.hub.publication(key) is None:
            awaited = self._asks.get(key) is not None or self.hub.stream(key) is not None
            if not awaited:
                raise NotFound("nobody publishes this: ask for it first (wayside live start)", "channel")
            if not await self.hub.appears(key, self.hub.limits.appear_s):
                raise NotFound("the device was asked, and publishes nothing yet", "channel")
        return Watching(self.hub, key, self.hub.watch(key))

    async def _channel(self, device: str, name: str) -> Channel:
        """Raises ``NotFound``."""
        record = await self._find_device(device)
        if record is None:
            raise NotFound(f"there is no device {device}", "device")
        channel = self._paths.channel(device, name)
        if channel is None:
            known = ", ".join(channel.name for channel in self._paths.channels(device))
            raise NotFound(f"no such channel; this device has: {known or 'none'}", "channel")
        return channel

    # Who may publish.

    async def admit(self, path: str, address: str) -> Key | str:
        """The stream that a publisher at this path is, or a ``Refused``."""
        places = self._paths.published(path)
        if not places:
            return Refused.PATH
        for place in places:
            if await self._trusted(place.device):
                return await self._asked_for(place, address)
        return Refused.DEVICE

    async def _asked_for(self, place: Place, address: str) -> Key | Refused:
        key = Key(place.device, place.channel.name)
        if self._publishers is Publishers.OPEN or self._asks.wants(key):
            return key
        log.warning("publisher nobody asked for", device=key.device, channel=key.channel, address=address)
        await self._asks.leftover(key, place.channel)
        return Refused.UNASKED

    async def _trusted(self, device: str) -> bool:
        record = await self._find_device(device)
        return record is not None and record.status is DeviceStatus.ACCEPTED

    def _published(self, publication: Publication) -> None:
        """A publisher was let in: record it if somebody wanted that."""
        asked = self._asks.get(publication.stream.key)
        if asked is not None and asked.record:
            self._record(publication)

    # An external engine.

    async def may_publish(self, path: str, address: str) -> str | None:
        """See ``ports.live.LiveVideo``."""
        answer = await self.admit(path, address)
        return None if isinstance(answer, Key) else str(answer)

    def places(self, path: str) -> list[tuple[str, str]]:
        """See ``ports.live.LiveVideo``."""
        return [(place.device, place.channel.name) for place in self._paths.published(path)]

    def watched(self, device: str, channel: str, viewer: str, *, leaves: bool = False) -> None:
        """See ``ports.live.LiveVideo``."""
        key = Key(device, channel)
        asked = self._asks.get(key)
        if asked is None:
            return
        if not viewer:
            asked.keep_until_s = self.hub.now_s() + asked.minutes * 60.0
        elif leaves:
            self._outside.get(key, set()).discard(viewer)
        elif len(viewers := self._outside.setdefault(key, set())) < self.hub.limits.viewers_per_stream:
            viewers.add(viewer)

    # What goes on.

    async def tick(self) -> None:
        """Do what is due."""
        self.hub.sweep()
        for asked, step in self._asks.due(self._is_watched):
            if step is Step.RENEW:
                await self._asks.renew(asked)
            else:
                await self._asks.let_go(asked)
                self._end(asked.key, asked.channel, UNWATCHED)
                self._outside.pop(asked.key, None)

    def _end(self, key: Key, channel: Channel, reason: str) -> None:
        """End what nobody wants any more, and what came with it."""
        for name in (key.channel, *channel.brings):
            one = Key(key.device, name)
            if not self._asks.wants(one):
                self.hub.end(one, reason)

    async def _check_trust(self) -> None:
        for key in self.hub.everything():
            if not await self._trusted(key.device):
                self.hub.end(key, Refused.DEVICE)

    async def _tick_forever(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            try:
                await self.tick()
                if ticks % TRUST_TICKS == 0:
                    await self._check_trust()
            except Exception:
                log.exception("live video: a round failed")

    def _is_watched(self, key: Key) -> bool:
        return self.hub.viewers(key) > 0 or bool(self._outside.get(key))

    def _record(self, publication: Publication) -> None:
        key = publication.stream.key
        if self._recordings is None or publication.tap is not None:
            return
        recorder = self._recorders[key] = Recorder(publication.stream, self._recordings)
        publication.tap = recorder.take

        def ended() -> None:
            recorder.end()
            if self._recorders.get(key) is recorder:
                del self._recorders[key]

        publication.ended = ended
        self._finishing.add(recorder.task)
        recorder.task.add_done_callback(self._finishing.discard)
