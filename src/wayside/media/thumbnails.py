"""Thumbnails: made when somebody first looks, by a process that has nothing to lose, and remembered.

What devices send is untrusted, and decoders of pictures and video are large programs with a long history of faults.
So none runs in the server: ``wayside.media.decoder`` gets an open file and tight limits, and gives back a JPEG.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO, Final
from weakref import WeakValueDictionary

import structlog

from wayside.media.decoder import FORMATS
from wayside.model.errors import NotFound
from wayside.ports.blobs import Blobs
from wayside.ports.media import MediaFile

AT_ONCE: Final = 2
"""Decoders that run beside each other: each may take a core and some hundred megabytes."""

TIMEOUT_S: Final = 20.0
"""A decoder that is still at it is ended; it also has a limit of its own on the processor's time."""

JPEG_BYTES_MAX: Final = 1024 * 1024
"""A thumbnail has some 20 KB."""

SOURCE_BYTES_MAX: Final = 256 * 1024 * 1024
"""A file that must be fetched from an object store first is not fetched beyond this: a minute of 4K video."""

CACHE_BYTES: Final = 256 * 1024 * 1024
"""Some 10,000 thumbnails; those not looked at for longest make room."""

REFUSED_MAX: Final = 10_000
"""Files known to show nothing, so that a broken one costs a decoder once."""

NOTHING_SHOWN: Final = "the file shows nothing that could be decoded"

log = structlog.get_logger(__name__)


class Thumbnails:
    """JPEGs by the keys of their blobs, in a folder that may be emptied at any time."""

    def __init__(self, folder: Path, blobs: Blobs, *, cache_bytes: int = CACHE_BYTES) -> None:
        self._folder = folder
        self._blobs = blobs
        self._cache_bytes = cache_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._total = 0
        self._refused: OrderedDict[str, None] = OrderedDict()
        self._asked: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._turns = asyncio.Semaphore(AT_ONCE)

    def open(self) -> None:
        """Make the folder if it is missing, and see what is in it.

        Raises:
            OSError: it cannot be made, read or written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob("*.part"):
            path.unlink()
        found = [(path.stat(), path.stem) for path in self._folder.glob("*.jpg")]
        for facts, key in sorted(found, key=lambda one: one[0].st_mtime_ns):
            self._sizes[key] = facts.st_size
        self._total = sum(self._sizes.values())

    async def of(self, file: MediaFile) -> bytes:
        """A JPEG.

        Raises:
            NotFound: it shows nothing, or is gone.
            StoreUnavailable: its bytes cannot be read now.
        """
        if file.content_type not in FORMATS:
            raise NotFound(f"there are no thumbnails of {file.content_type}", "file")
        # Several may ask for the same one: the first of them makes it for all.
        async with self._asked.setdefault(file.key, asyncio.Lock()):
            if (cached := await self._cached(file.key)) is not None:
                return cached
            async with self._turns:
                return await self._make(file)

    def forget(self, key: str) -> None:
        """The blob is gone."""
        self._total -= self._sizes.pop(key, 0)
        self._path(key).unlink(missing_ok=True)

    async def _cached(self, key: str) -> bytes | None:
        if key in self._refused:
            raise NotFound(NOTHING_SHOWN, "file")
        if key not in self._sizes:
            return None
        self._sizes.move_to_end(key)
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except OSError:
            # Somebody emptied the folder; it is made anew.
            return None

    async def _make(self, file: MediaFile) -> bytes:
        source = await self._source(file)
        with source:
            jpeg = await decoded(source, file.content_type)
        if jpeg is None:
            self._refused[file.key] = None
            if len(self._refused) > REFUSED_MAX:
                self._refused.popitem(last=False)
            raise NotFound(NOTHING_SHOWN, "file")
        try:
            await asyncio.to_thread(self._remember, file.key, jpeg)
        except OSError as error:
            log.warning("media: a thumbnail was made but not kept", reason=str(error))
        return jpeg

    async def _source(self, file: MediaFile) -> BinaryIO:
        """The file's bytes as an open file: its own, or a copy that has no name any more."""
        local = self._blobs.local(file.key)
        if local is not None:
            try:
                return await asyncio.to_thread(local.open, "rb")
            except FileNotFoundError as error:
                raise NotFound("it was removed meanwhile", "file") from error
        if file.size > SOURCE_BYTES_MAX:
            raise NotFound(
                f"the file has more than {SOURCE_BYTES_MAX} bytes, too many to fetch for this", "file"
            )
        path = self._folder / f"{secrets.token_hex(8)}.part"
        with contextlib.ExitStack() as stack:
            copy = stack.enter_context(path.open("xb+"))
            path.unlink()
            async for piece in self._blobs.read(file.key):
                await asyncio.to_thread(copy.write, piece)
            copy.seek(0)
            stack.pop_all()
        return copy

    def _remember(self, key: str, jpeg: bytes) -> None:
        """Keep it; not through to the disk, it can be made again."""
        part = self._folder / f"{secrets.token_hex(8)}.part"
        try:
            part.write_bytes(jpeg)
            part.replace(self._path(key))
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._total += len(jpeg) - self._sizes.pop(key, 0)
        self._sizes[key] = len(jpeg)
        while self._total > self._cache_bytes and len(self._sizes) > 1:
            self.forget(next(iter(self._sizes)))

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.jpg"


async def decoded(source: BinaryIO, content_type: str) -> bytes | None:
    """Have the decoder look at a file; None when it found nothing to show, or did not end in time or within limits."""
    decoder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "wayside.media.decoder", content_type),
        stdin=source,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        cwd=os.sep,
    )
    assert decoder.stdout is not None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            jpeg = await _read_at_most(decoder.stdout, JPEG_BYTES_MAX)
            ended = await decoder.wait() if jpeg is not None else None
    except TimeoutError:
        jpeg = ended = None
    finally:
        if decoder.returncode is None:
            decoder.kill()
            await decoder.wait()
    return jpeg if jpeg and ended == 0 else None


async def _read_at_most(stream: asyncio.StreamReader, limit: int) -> bytes | None:
    """All there is; None if that is more than the limit."""
    found = bytearray()
    while piece := await stream.read(64 * 1024):
        found += piece
        if len(found) > limit:
            return None
    return bytes(found)
