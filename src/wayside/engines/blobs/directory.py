"""Blobs as files of a directory.

By hand and not with the object-store library that does the rest: its local store writes a temporary file and renames
it, but calls ``fsync`` neither for the file nor for the folder (seen with strace, obstore 0.12), and it has no switch
for that.  After a power failure a file whose receipt we had confirmed could be empty or gone.  Here the file's bytes
reach the disk first, then its new name, and only then anybody hears of it; as a rename, it also costs no copy.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from wayside.engines.blobs.keys import checked
from wayside.model.errors import NotFound, StoreUnavailable

PIECE_BYTES: Final = 256 * 1024
"""What one download holds in memory; a disk is not faster with more."""

SHARD_DIGITS: Final = 2
"""Files are spread over 256 folders: a million files make 4,000 in each, which every file system likes."""

PROBE_BYTES: Final = 64 * 1024
_PROBE: Final = "probe"

T = TypeVar("T")


class DirectoryBlobs:
    """``ports.blobs.Blobs`` in a folder.  Files that are put must lie on the same file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Make the folder if it is missing.

        Raises:
            OSError: it cannot be made or written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        _sync(self._folder.parent)
        self._probe()

    async def put(self, key: str, file: Path) -> None:
        await _in_thread(partial(self._take, self._path(key), file))

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        path = self._path(key)
        try:
            descriptor = await _in_thread(partial(os.open, path, os.O_RDONLY))
        except StoreUnavailable as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NotFound("no such blob", "key") from error
            raise
        try:
            while end is None or start < end:
                wanted = PIECE_BYTES if end is None else min(PIECE_BYTES, end - start)
                piece = await _in_thread(partial(os.pread, descriptor, wanted, start))
                if not piece:
                    return
                start += len(piece)
                yield piece
        finally:
            os.close(descriptor)

    def local(self, key: str) -> Path | None:
        return self._path(key)

    async def delete(self, key: str) -> None:
        # Not through to the disk: a blob that comes back after a power failure has no record, and is swept.
        await _in_thread(partial(self._path(key).unlink, missing_ok=True))

    async def healthy(self) -> str | None:
        try:
            await _in_thread(self._probe)
        except StoreUnavailable as error:
            return str(error)
        return None

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)[:SHARD_DIGITS] / key

    def _take(self, path: Path, file: Path) -> None:
        _sync(file)
        for folder in reversed((path.parent, *path.parent.parents)):
            if not folder.exists():
                folder.mkdir(exist_ok=True)
                _sync(folder.parent)
        file.replace(path)
        try:
            _sync(path.parent)
        except OSError:
            # The new name may not last: then it was not taken, and the caller has the file as before.
            with contextlib.suppress(OSError):
                path.replace(file)
            raise

    def _probe(self) -> None:
        """Take some room and give it back: fails when the disk is full or may not be written."""
        path = self._folder / _PROBE
        try:
            with path.open("wb") as file:
                file.write(bytes(PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _in_thread(work: Callable[[], T]) -> T:
    """Run what waits for the disk.

    Raises:
        StoreUnavailable: the disk is full or broken, or the folder is not ours to write.
    """
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise StoreUnavailable(f"media: {error.strerror or error}") from error
