"""Files with their records: the one place that puts, removes and tidies both.

The order is what makes it hold: a blob is durable before its record is written, and a record is gone before its blob
is.  Whatever a crash leaves is then a blob without a record, which nobody can see, and which is swept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import structlog

from wayside.media.thumbnails import Thumbnails
from wayside.model.errors import StoreUnavailable, WaysideError
from wayside.model.instant import Instant
from wayside.ports.blobs import Blobs
from wayside.ports.media import Kept, MediaFile, MediaStore

SLICE_FILES: Final = 200
"""What one step of retention or sweeping looks at."""

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
        try:
            await self._blobs.put(file.id, part)
            try:
                kept = await self._store.keep_file(file)
            except WaysideError:
                # Whether the record is there is not known after every failure: the sweep decides, not we.
                await self._drop_unless_recorded(file.id)
                raise
            if not kept.fresh:
                await self._drop(file.id)
            return kept
        finally:
            self._under_way.discard(file.id)

    async def remove(self, file: str) -> bool:
        if not await self._store.forget_file(file):
            return False
        await self._bury([file])
        return True

    def read(self, file: MediaFile, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        return self._blobs.read(file.id, start, end)

    async def thumbnail(self, file: MediaFile) -> bytes:
        return await self._thumbnails.of(file)

    async def prune(self, now: Instant, age_s: float | None, device_bytes: int | None) -> int:
        """Remove a slice of what is too old or too much; how many files."""
        surplus = await self._store.surplus(now, age_s, device_bytes, SLICE_FILES)
        for file in surplus:
            await self._store.forget_file(file.id)
        return len(surplus)

    async def clear(self) -> int:
        """Remove a slice of the blobs whose record is gone; how many."""
        return await self._bury(await self._store.orphans(SLICE_FILES))

    async def sweep(self) -> int:
        """Remove every blob that a crash left without a record; how many.  Files may arrive meanwhile."""
        swept = 0
        found: list[str] = []
        async for key in self._blobs.all_keys():
            found.append(key)
            if len(found) == SLICE_FILES:
                swept += await self._sweep(found)
                found = []
        return swept + await self._sweep(found)

    async def _sweep(self, found: list[str]) -> int:
        # Asked in this order: what was listed and is under way no longer has its record by now, or never gets one.
        settled = [key for key in found if key not in self._under_way]
        for key in (lost := await self._store.without_record(settled)):
            await self._blobs.delete(key)
        return len(lost)

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

    async def _drop_unless_recorded(self, key: str) -> None:
        try:
            lost = await self._store.without_record([key])
        except StoreUnavailable:
            return
        if lost:
            await self._drop(key)

    async def _drop(self, key: str) -> None:
        """Remove a blob that has no record; where that fails, the next start sweeps it."""
        try:
            await self._blobs.delete(key)
        except StoreUnavailable as error:
            log.warning("media: a blob stays until the next start", reason=str(error))
