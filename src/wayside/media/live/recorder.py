"""Recording: what is published, as MP4 files that begin at key frames and appear when they are whole."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Final

import msgspec
import structlog

from wayside.media.flv import Role
from wayside.media.live.streams import Key, Picture, Stream, Tag
from wayside.media.mp4 import Mp4Writer, VideoFormat
from wayside.model.errors import WaysideError
from wayside.model.instant import Instant

# Half a minute at 4 Mbit/s: a disk that is that far behind does not catch up.
PENDING_BYTES_MAX: Final = 16 * 1024 * 1024

VIDEO_CODECS: Final = frozenset({"h264", "h265"})
AAC: Final = 10

_HEADERS: Final = frozenset({Role.VIDEO_HEADER, Role.AUDIO_HEADER})
_SAMPLES: Final = frozenset({Role.KEY, Role.VIDEO, Role.AUDIO})

_ENHANCED: Final = 0x80
_HASH_BYTES: Final = 256 * 1024

log = structlog.get_logger("wayside.media")


class Finished(msgspec.Struct, frozen=True):
    """A file that is whole and on disk, in nobody's sight yet."""

    key: Key
    file: Path
    began_at: Instant
    size: int
    sha256: str
    md5: str


class Recordings(msgspec.Struct, frozen=True):
    """Where recordings go.

    ``new_file`` names a file that does not exist; ``keep`` takes a finished one over, and removes it if it cannot.
    ``file_s`` and ``file_bytes``: a file that is longer ends at the next key frame.
    """

    new_file: Callable[[], Path]
    keep: Callable[[Finished], Awaitable[None]]
    clock: Callable[[], Instant]
    file_s: float
    file_bytes: int


class Recorder:
    """Of one publisher, from its next key frame on.  ``take`` never waits; a task writes."""

    def __init__(self, stream: Stream, recordings: Recordings) -> None:
        self._stream = stream
        self._recordings = recordings
        # Its own, because the stream is further on than what is written.
        self._headers = {tag.role: tag for tag in stream.headers()}
        self._pending: list[Tag] = []
        self._bytes = 0
        self._wake = asyncio.Event()
        self._over = False
        self._part: _Part | None = None
        self.note = ""
        self.task = asyncio.create_task(self._write())

    def take(self, tag: Tag) -> None:
        """Record this, too."""
        if self._over:
            return
        self._pending.append(tag)
        self._bytes += len(tag.payload)
        if self._bytes > PENDING_BYTES_MAX:
            self.note = "the disk does not keep up: recording ended"
            log.error("recording ended", device=self._stream.key.device, reason=self.note)
            self.end()
        self._wake.set()

    def end(self) -> None:
        """What has come is written yet, nothing more is taken; ``task`` ends when the file is kept."""
        self._over = True
        self._wake.set()

    async def _write(self) -> None:
        try:
            while not (self._over and not self._pending):
                await self._wake.wait()
                self._wake.clear()
                tags, self._pending, self._bytes = self._pending, [], 0
                for tag in tags:
                    await self._next(tag)
                if self._part is not None:
                    await asyncio.to_thread(self._part.write)
                if self._over and not self._pending:
                    self._wake.set()
            await self._finish()
        except (OSError, WaysideError) as error:
            self.note = f"recording ended: {error}"
            log.error("recording ended", device=self._stream.key.device, reason=str(error))  # noqa: TRY400 - the operator needs no stack
        finally:
            self._over = True
            if self._part is not None:
                self._part.discard()

    async def _next(self, tag: Tag) -> None:
        part, limits = self._part, self._recordings
        if tag.role in _HEADERS:
            self._headers[tag.role] = tag
        if tag.role is Role.KEY and (
            part is None or part.long(tag.timestamp_ms, limits.file_s, limits.file_bytes)
        ):
            await self._finish()
            shape = _Shape.of(self._headers, self._stream.picture)
            path, key = limits.new_file(), self._stream.key
            self._part = part = await asyncio.to_thread(
                _Part.begun, path, key, shape, limits.clock(), tag.timestamp_ms
            )
        elif tag.role in _HEADERS and part is not None and part.differs(tag):
            await (
                self._finish()
            )  # another size or codec does not fit this file; the next key frame begins a new one
            part = None
        if part is not None and tag.role in _SAMPLES:
            part.tags.append(tag)

    async def _finish(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            await self._recordings.keep(await asyncio.to_thread(part.finished))


class _Shape(msgspec.Struct, frozen=True):
    """What a file holds: its decoders' configurations, ``audio`` None where the sound does not fit."""

    video: VideoFormat
    audio: bytes | None
    headers: dict[Role, bytes]

    @classmethod
    def of(cls, headers: dict[Role, Tag], size: Picture) -> _Shape:
        """Raises ``Unrecordable``."""
        video, audio = headers.get(Role.VIDEO_HEADER), headers.get(Role.AUDIO_HEADER)
        if video is None or video.codec not in VIDEO_CODECS:
            raise Unrecordable(f"{video.codec if video else 'this video'} cannot be recorded")
        return cls(
            VideoFormat(video.codec, video.payload[5:], size.width or 0, size.height or 0),
            audio.payload[2:] if audio is not None and is_aac(audio.payload) else None,
            {role: tag.payload for role, tag in headers.items()},
        )


class _Part:
    """A file that is being written."""

    def __init__(
        self, path: Path, file: IO[bytes], key: Key, shape: _Shape, *, began_at: Instant, first_ms: int
    ) -> None:
        self.path, self._file, self._key, self._shape = path, file, key, shape
        self._began_at, self._first_ms = began_at, first_ms
        self._writer = Mp4Writer(file, shape.video, shape.audio)
        self.tags: list[Tag] = []

    @classmethod
    def begun(cls, path: Path, key: Key, shape: _Shape, began_at: Instant, first_ms: int) -> _Part:
        """A new file.  Raises ``OSError``."""
        file = path.open("xb")
        try:
            return cls(path, file, key, shape, began_at=began_at, first_ms=first_ms)
        except BaseException:
            file.close()
            path.unlink()
            raise

    def long(self, now_ms: int, seconds: float, size: int) -> bool:
        """Whether it is time for another file."""
        return now_ms - self._first_ms >= seconds * 1000 or self._writer.size >= size

    def differs(self, header: Tag) -> bool:
        """Whether a decoder would have to begin anew."""
        return self._shape.headers.get(header.role) != header.payload

    def write(self) -> None:
        """What has been gathered."""
        tags, self.tags = self.tags, []
        for tag in tags:
            if tag.role is not Role.AUDIO:
                offset_ms, data = picture(tag.payload)
                if data:
                    self._writer.add_video(tag.timestamp_ms, offset_ms, data, key=tag.role is Role.KEY)
            elif is_aac(tag.payload):
                self._writer.add_audio(tag.timestamp_ms, tag.payload[2:])

    def finished(self) -> Finished:
        """Whole and durable."""
        self.write()
        self._writer.finish()
        os.fsync(self._file.fileno())
        self._file.close()
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with self.path.open("rb") as file:
            while piece := file.read(_HASH_BYTES):
                sha256.update(piece)
                md5.update(piece)
        size = self.path.stat().st_size
        return Finished(self._key, self.path, self._began_at, size, sha256.hexdigest(), md5.hexdigest())

    def discard(self) -> None:
        """It will not be finished."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Unrecordable(WaysideError):
    """What is published does not fit an MP4 file."""


def is_aac(payload: bytes) -> bool:
    """Whether this is AAC with something in it; other sounds are left out of recordings."""
    return payload[0] >> 4 == AAC and len(payload) > 2  # noqa: PLR2004 - behind its two bytes of header


def picture(payload: bytes) -> tuple[int, bytes]:
    """How much later than decoded a picture is shown, in ms, and its NAL units."""
    if not payload[0] & _ENHANCED:
        holds, begin = payload[1:2] == b"\1", 2
    else:
        packet, begin = payload[0] & 0x0F, 5
        if packet == 3:  # noqa: PLR2004 - CodedFramesX: no offset, which means 0
            return 0, payload[begin:]
        holds = packet == 1
    if not holds:
        return 0, b""
    return int.from_bytes(payload[begin : begin + 3], signed=True), payload[begin + 3 :]
