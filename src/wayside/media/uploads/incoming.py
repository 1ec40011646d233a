"""Files on their way to the disk: written and hashed in threads of our own, piece by piece, under random names."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final, TypeVar

from wayside.media.uploads.contents import HEAD_BYTES

THREADS: Final = 4
"""For all uploads: a disk is not faster with more, and nobody else's threads are kept busy by a slow one."""

PIECE_BYTES: Final = 128 * 1024
"""Gathered before a thread is asked to write: what one upload holds in memory, besides what is being read."""

T = TypeVar("T")


class NoRoom(Exception):
    """The disk is as full as uploads may make it, or does not take any more."""


class Part:
    """One file that is arriving.  Close it, then hand ``path`` on, or discard it."""

    def __init__(self, incoming: Incoming, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.size = 0
        self.head = b""
        self._incoming = incoming
        self._file = file
        self._pieces: list[bytes] = []
        self._gathered = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    async def write(self, piece: bytes) -> None:
        """Raises ``NoRoom``."""
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        self.size += len(piece)
        self._pieces.append(piece)
        self._gathered += len(piece)
        if self._gathered >= PIECE_BYTES:
            await self._flush()

    async def close(self) -> None:
        """No more will come.  Whoever keeps it sees to it that it reaches the disk.  Raises ``NoRoom``."""
        await self._flush()
        await self._incoming.in_thread(self._file.close)

    def discard(self) -> None:
        """Nobody wants it: it is removed soon; nothing happens if it was handed on."""
        self._pieces.clear()
        self._incoming.soon(self._remove)

    @property
    def sha256(self) -> str:
        """Of what was written, hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str:
        """Likewise."""
        return self._md5.hexdigest()

    async def _flush(self) -> None:
        pieces, self._pieces, self._gathered = self._pieces, [], 0
        await self._incoming.in_thread(lambda: self._write(pieces))

    def _write(self, pieces: list[bytes]) -> None:
        self._incoming.check_room()
        for piece in pieces:
            self._file.write(piece)
            self._sha256.update(piece)
            self._md5.update(piece)

    def _remove(self) -> None:
        self._file.close()
        with contextlib.suppress(OSError):  # the next start removes it
            self.path.unlink(missing_ok=True)


class Incoming:
    """The folder, which whoever owns it empties at each start.  ``free_bytes`` stay free on its disk."""

    def __init__(self, folder: Path, free_bytes: int) -> None:
        self._folder = folder
        self._free_bytes = free_bytes
        self._threads = ThreadPoolExecutor(THREADS, "wayside-uploads")

    async def begin(self) -> Part:
        """A new file.  Raises ``NoRoom``."""
        path = self._folder / f"{os.urandom(16).hex()}.part"
        return Part(self, path, await self.in_thread(lambda: self._create(path)))

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do it in a thread of these.  Raises ``NoRoom`` for everything that a disk can say."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except OSError as error:
            raise NoRoom(error.strerror or str(error)) from error

    def soon(self, work: Callable[[], None]) -> None:
        """The same, without waiting for it, which also works while its caller is being cancelled."""
        self._threads.submit(work)

    def check_room(self) -> None:
        """Raises ``NoRoom``."""
        if shutil.disk_usage(self._folder).free < self._free_bytes:
            raise NoRoom("the disk is as full as uploads may make it")

    def close(self) -> None:
        """Wait for what is being written."""
        self._threads.shutdown()

    def _create(self, path: Path) -> IO[bytes]:
        self.check_room()
        return path.open("xb", buffering=0)
