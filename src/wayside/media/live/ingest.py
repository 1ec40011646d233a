"""The RTMP port: one connection per camera, read as far as it makes sense and no further."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

import structlog

from wayside.media.live.hub import Hub, Publication
from wayside.media.live.publisher import HANDSHAKE_BYTES, Asked, Ended, Happening, Media, Publisher
from wayside.media.live.streams import Key
from wayside.model.errors import WaysideError
from wayside.wire.rtmp.errors import RtmpError

# What we say to a camera is a few hundred bytes: one that leaves more unread does not read at all.
UNREAD_BYTES_MAX: Final = 64 * 1024

# A refusal is read before the connection ends.
CLOSE_S: Final = 2.0

NONSENSE: Final = "not RTMP"

log = structlog.get_logger("wayside.media")


class Admission(Protocol):
    """Who may publish."""

    async def admit(self, path: str, address: str) -> Key | str:
        """The stream that this path is, or why not."""


class Ingest(asyncio.Protocol):
    """One connection.  ``say`` logs complaints, within bounds; ``gone`` is called when it is closed."""

    def __init__(
        self,
        hub: Hub,
        admission: Admission,
        *,
        say: Callable[..., None],
        random_bytes: Callable[[int], bytes],
        address: str,
        gone: Callable[[], None],
    ) -> None:
        self._say = say
        self._hub = hub
        self._admission = admission
        self._address = address
        self._gone = gone
        self._publisher = Publisher(random_bytes(HANDSHAKE_BYTES - 8))
        self._publication: Publication | None = None
        self._asking: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._heard = False
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has so long to become a publisher."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=UNREAD_BYTES_MAX)
        self._deadline = self._loop.call_later(
            self._hub.limits.publish_within_s, self._end, "did not publish in time"
        )

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._closing:
            return
        try:
            self._carry_out(self._publisher.receive(data))
        except RtmpError as error:
            self._refuse(str(error))

    def pause_writing(self) -> None:
        """It reads none of what it is told."""
        self._end("does not read")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Gone."""
        self._closing = True
        self._transport = None
        if self._deadline is not None:
            self._deadline.cancel()
        if self._asking is not None:
            self._asking.cancel()
        self._unpublish()
        self._gone()

    def _carry_out(self, happened: list[Happening]) -> None:
        for one in happened:
            match one:
                case Media():
                    self._heard = True
                    if self._publication is not None:
                        self._publication.push(one)
                case Asked():
                    assert self._transport is not None
                    self._transport.pause_reading()
                    self._asking = self._loop.create_task(self._ask(one.path))
                case Ended():
                    self._unpublish()
                    self._hang_up()
        self._write()

    async def _ask(self, path: str) -> None:
        try:
            answer = await self._admission.admit(path, self._address)
            if self._closing or self._transport is None:
                return
            if isinstance(answer, Key):
                self._begin(answer)
            else:
                self._turn_away(path, answer, answer)
        except RtmpError as error:
            self._refuse(str(error))
        except WaysideError as error:
            self._turn_away(path, str(error), type(error).__name__)

    def _begin(self, key: Key) -> None:
        assert self._transport is not None
        self._publication = self._hub.publish(key, self._address, self._end)
        log.info("publishing", device=key.device, channel=key.channel, address=self._address)
        self._watch_silence()
        self._transport.resume_reading()
        self._carry_out(self._publisher.accept())

    def _turn_away(self, path: str, why: str, counted: str) -> None:
        self._hub.stats.refused[counted] += 1
        self._say("publisher refused", path=path[:100], address=self._address, reason=why)
        self._publisher.refuse(why)
        self._hang_up()

    def _refuse(self, why: str) -> None:
        self._hub.stats.refused[NONSENSE] += 1
        self._say("bad RTMP", address=self._address, reason=why)
        self._end(why)

    def _watch_silence(self) -> None:
        """Looks now and then whether anything to be seen or heard has come."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._heard = False
        self._deadline = self._loop.call_later(self._hub.limits.silence_s, self._check_silence)

    def _check_silence(self) -> None:
        if self._heard:
            self._watch_silence()
        else:
            self._end("silent for too long")

    def _write(self) -> None:
        if self._transport is not None and (data := self._publisher.to_send()):
            self._transport.write(data)

    def _hang_up(self) -> None:
        """Close when it has read our last word, or soon."""
        self._closing = True
        self._write()
        if self._transport is not None:
            self._transport.close()
            self._loop.call_later(CLOSE_S, self._end, "closed")

    def _end(self, reason: str) -> None:
        """Close now."""
        self._closing = True
        if self._publication is not None:
            log.info("publisher cut off", address=self._address, reason=reason)
        self._unpublish()
        if self._transport is not None:
            self._transport.abort()

    def _unpublish(self) -> None:
        publication, self._publication = self._publication, None
        if publication is not None:
            publication.over()
