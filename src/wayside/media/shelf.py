"""Files with their records: the one place that puts, removes and tidies both.

The order is what makes it hold: a blob is expected before it is put, durable before its record is written, and there
until its record is gone.  Whatever a crash leaves is then a blob without a record, which nobody can see, and of which
the store knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import structlog

from wayside.media.thumbnails import Thumbnails
from wayside.model.errors import StoreUnavailable
from wayside.model.instant import Instant
from wayside.ports.blobs import Blobs
from wayside.ports.media import Kept, MediaFile, MediaStore

SLICE_FILES: Final = 200
"""What one step of retention looks at."""

PART: Final = ".part"

log = structlog.get_logger(__name__)


class Shelf:
    """A ``ports.media.MediaShelf``."""

    def __init__(self, store: MediaStore, blobs: Blobs, incoming: Path, thumbnails: Thumbnails) -> None:
        self._store = store
        self._blobs = blobs
        self._incoming = incoming
        self._thumbnails = thumbnails
        self._under_way: set[str] = set()
        self._touched: set[str] = set()

    def open(self) -> None:
        """Make the folders, and remove what was arriving when the server ended.

        Raises:
            OSError: a folder cannot be made, read or written.
        """
        self._incoming.mkdir(parents=True, exist_ok=True)
        for path in self._incoming.glob(f"*{PART}"):
            path.unlink()
        self._thumbnails.open()

    @property
    def incoming(self) -> Path:
        return self._incoming

    async def keep(self, part: Path, file: MediaFile) -> Kept:
        self._under_way.add(file.id)
        self._touched.add(file.id)
        try:
            await self._store.expect_blob(file.id)
            await self._blobs.put(file.id, part)
            kept = await self._store.keep_file(file)
        finally:
            # What failed stays expected, and so it is removed with the orphans; unless it was kept all the same.
            self._under_way.discard(file.id)
        if kept.file.key != file.id:
            await self._bury([file.id])
        return kept

    async def remove(self, file: str) -> bool:
        gone = await self._store.forget_file(file)
        if gone is None:
            return False
        if gone.blob is not None:
            await self._bury([gone.blob])
        return True

    def read(self, file: MediaFile, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        return self._blobs.read(file.key, start, end)

    async def thumbnail(self, file: MediaFile) -> bytes:
        return await self._thumbnails.of(file)

    async def prune(self, now: Instant, age_s: float | None, device_bytes: int | None) -> int:
        """Remove a slice of what is too old or too much; how many files."""
        surplus = await self._store.surplus(now, age_s, device_bytes, SLICE_FILES)
        for file in surplus:
            await self._store.forget_file(file.id)
        return len(surplus)

    async def clear(self) -> int:
        """Remove a slice of the blobs without a record; how many.  Files may arrive meanwhile; one caller at a time."""
        # Also what arrives and is kept while the store is asked: the answer may be older than that.
        self._touched = set(self._under_way)
        noted = await self._store.orphans(SLICE_FILES + len(self._touched))
        return await self._bury([key for key in noted if key not in self._touched])

    async def _bury(self, gone: list[str]) -> int:
        """Remove blobs, then the note that they are to be removed; how many.  What fails is tried again later."""
        buried = []
        try:
            for key in gone:
                await self._blobs.delete(key)
                await asyncio.to_thread(self._thumbnails.forget, key)
                buried.append(key)
        except StoreUnavailable as error:
            log.warning("media: a blob stays for now", reason=str(error))
        if buried:
            await self._store.bury(buried)
        return len(buried)
