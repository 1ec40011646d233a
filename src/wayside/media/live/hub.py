"""Who publishes, who watches: one ingest per stream, and viewers who outlive it for a while."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator

from wayside.media.live.limits import LiveLimits
from wayside.media.live.publisher import Media
from wayside.media.live.streams import Key, Stream, Tag
from wayside.media.live.viewers import TOO_SLOW, Viewer
from wayside.model.errors import Conflict
from wayside.model.instant import Instant

REPLACED = "replaced by a newer connection"
GONE = "the camera has stopped"


class Stats:
    """Counters since the start."""

    def __init__(self) -> None:
        self.published = 0
        self.refused: Counter[str] = Counter()
        self.received_bytes = 0
        self.sent_bytes = 0
        self.viewers = 0
        self.skips = 0
        self.dropped = 0
        self.nonsense = 0


class Publication:
    """A publisher's hold on its stream; ``cut(reason)`` ends its connection."""

    def __init__(
        self, hub: Hub, stream: Stream, address: str, since: Instant, cut: Callable[[str], None]
    ) -> None:
        self._hub = hub
        self.stream = stream
        self.address = address
        self.since = since
        self.cut = cut
        self.tap: Callable[[Tag], None] | None = None
        """Hears every tag; a recorder."""
        self.ended: Callable[[], None] | None = None
        """Called once when it is over."""

    def push(self, media: Media) -> None:
        """Hand on what came."""
        self._hub.stats.received_bytes += len(media.payload)
        tag = self.stream.push(media.type, media.timestamp_ms, media.payload, self._hub.now_s())
        if tag is None:
            self._hub.stats.nonsense += 1
        elif self.tap is not None:
            self.tap(tag)

    def over(self) -> None:
        """It publishes no more."""
        self._hub.left(self)


class Hub:
    """Every stream.  ``now_s`` is the loop's clock, ``clock`` the one that people read."""

    def __init__(self, limits: LiveLimits, now_s: Callable[[], float], clock: Callable[[], Instant]) -> None:
        self.limits = limits
        self.now_s = now_s
        self.stats = Stats()
        self.clock = clock
        self._streams: dict[Key, Stream] = {}
        self._publications: dict[Key, Publication] = {}
        self._left_s: dict[Key, float] = {}
        self._awaited: dict[Key, asyncio.Event] = {}
        self.published: Callable[[Publication], None] | None = None
        """Called with each publisher that was let in."""

    # Publishers.

    def publish(self, key: Key, address: str, cut: Callable[[str], None]) -> Publication:
        """A publisher that was let in.

        One that is there already is cut off, because cameras lose connections without saying so.

        Raises:
            Conflict: there are too many streams.
        """
        before = self._publications.get(key)
        if before is not None:
            before.over()
            before.cut(REPLACED)
        stream = self._stream(key)
        stream.restart()
        self._left_s.pop(key, None)
        publication = self._publications[key] = Publication(self, stream, address, self.clock(), cut)
        self.stats.published += 1
        if (awaited := self._awaited.pop(key, None)) is not None:
            awaited.set()
        if self.published is not None:
            self.published(publication)
        return publication

    def left(self, publication: Publication) -> None:
        """Its viewers stay for a while."""
        key = publication.stream.key
        if self._publications.get(key) is not publication:
            return
        del self._publications[key]
        self._left_s[key] = self.now_s()
        publication.stream.restart()
        if publication.ended is not None:
            publication.ended()

    def end(self, key: Key, reason: str) -> None:
        """No more of this: whoever watches is let go, whoever publishes is cut off."""
        publication = self._publications.get(key)
        if publication is not None:
            publication.over()
            publication.cut(reason)
        stream = self._streams.pop(key, None)
        self._left_s.pop(key, None)
        for viewer in stream.viewers if stream is not None else ():
            viewer.close(reason)

    # Viewers.

    async def appears(self, key: Key, within_s: float) -> bool:
        """Whether somebody publishes it, at the latest then."""
        if key in self._publications:
            return True
        try:
            async with asyncio.timeout(within_s):
                await self._awaited.setdefault(key, asyncio.Event()).wait()
        except TimeoutError:
            return False
        return key in self._publications

    def watch(self, key: Key) -> Viewer:
        """Somebody watches, from the last key frame on.

        Raises:
            Conflict: there are too many viewers.
        """
        stream = self._stream(key)
        if self.viewers() >= self.limits.viewers or len(stream.viewers) >= self.limits.viewers_per_stream:
            raise Conflict("there are too many viewers already; try again later")
        viewer = Viewer(self.limits)
        stream.join(viewer)
        self.stats.viewers += 1
        return viewer

    def leave(self, key: Key, viewer: Viewer) -> None:
        """That one watches no more."""
        stream = self._streams.get(key)
        if stream is not None:
            stream.viewers.discard(viewer)
        viewer.close("left")
        self.stats.sent_bytes += viewer.sent
        self.stats.skips += viewer.skips
        self.stats.dropped += viewer.closed == TOO_SLOW

    # What there is.

    def everything(self) -> list[Key]:
        """Streams that have a publisher or viewers, or had one a moment ago."""
        return list(self._streams)

    def stream(self, key: Key) -> Stream | None:
        """The stream, if there is one."""
        return self._streams.get(key)

    def publication(self, key: Key) -> Publication | None:
        """Who publishes it now."""
        return self._publications.get(key)

    def viewers(self, key: Key | None = None) -> int:
        """How many watch this, or anything."""
        if key is not None:
            stream = self._streams.get(key)
            return len(stream.viewers) if stream is not None else 0
        return sum(len(stream.viewers) for stream in self._streams.values())

    def publishers(self) -> int:
        """How many publish."""
        return len(self._publications)

    def held(self) -> int:
        """Bytes kept for those who come late."""
        return sum(stream.held for stream in self._streams.values())

    def sent(self) -> int:
        """Bytes given to viewers since the start."""
        return self.stats.sent_bytes + sum(viewer.sent for viewer in self._watching())

    def skipped(self) -> int:
        """How often a viewer was taken to a key frame since the start."""
        return self.stats.skips + sum(viewer.skips for viewer in self._watching())

    def _watching(self) -> Iterator[Viewer]:
        for stream in self._streams.values():
            yield from stream.viewers

    def sweep(self) -> None:
        """Let go of streams whose publisher did not come back."""
        before_s = self.now_s() - self.limits.reconnect_s
        for key in [key for key, left_s in self._left_s.items() if left_s <= before_s]:
            self.end(key, GONE)

    def _stream(self, key: Key) -> Stream:
        stream = self._streams.get(key)
        if stream is None:
            if len(self._streams) >= self.limits.streams:
                raise Conflict("there are too many streams already")
            stream = self._streams[key] = Stream(key, self.limits)
            self._left_s[key] = self.now_s()
        return stream
