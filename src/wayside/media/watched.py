"""Blobs, and whether any can be kept: known from what was tried, so that whoever asks never waits for a bucket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import structlog

from wayside.model.errors import StoreUnavailable
from wayside.ports.blobs import Blobs

LOOK_EVERY_S: Final = 60.0
"""How long a store that is down, or back, can go unnoticed while no device uploads anything."""

ANSWERS_WITHIN_S: Final = 30.0
"""A try that takes longer counts as failed until it ends: a network file system may hang for hours."""

log = structlog.get_logger(__name__)


class WatchedBlobs:
    """A ``ports.blobs.Blobs``.  ``trouble``: None, or why nothing could be put when it was last tried.

    ``failures``: blobs that could not be put, since the start.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.trouble: str | None = None
        self.failures = 0

    async def put(self, key: str, file: Path) -> None:
        try:
            await self._blobs.put(key, file)
        except StoreUnavailable as error:
            self.failures += 1
            self._found(str(error))
            raise
        self._found(None)

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        return self._blobs.read(key, start, end)

    def local(self, key: str) -> Path | None:
        return self._blobs.local(key)

    async def delete(self, key: str) -> None:
        await self._blobs.delete(key)

    async def healthy(self) -> str | None:
        """One try at a time: what hangs is waited for, and not tried again beside it."""
        trying = asyncio.ensure_future(self._blobs.healthy())
        try:
            done, _ = await asyncio.wait({trying}, timeout=ANSWERS_WITHIN_S)
            if not done:
                self._found(f"media: no answer within {ANSWERS_WITHIN_S:.0f} s")
            self._found(await trying)
        finally:
            trying.cancel()
        return self.trouble

    async def watch_forever(self) -> None:
        """Try round after round until cancelled."""
        while True:
            await self.healthy()
            await asyncio.sleep(LOOK_EVERY_S)

    def _found(self, trouble: str | None) -> None:
        before, self.trouble = self.trouble, trouble
        if trouble is not None and before is None:
            log.error("media: no file can be kept right now", reason=trouble)
        elif trouble is None and before is not None:
            log.info("media: files can be kept again")
