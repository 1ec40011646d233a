"""Blobs: bytes under names of our own making, in a directory or in an object store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class Blobs(Protocol):
    """Every method may raise ``StoreUnavailable``.  A key is made by us alone: hexadecimal digits and ``/``."""

    async def put(self, key: str, file: Path) -> None:
        """Take the file over, whole and hashed by the caller: durable under ``key`` when this returns, or not there.

        The file is gone afterwards; where it could not be taken it is left as it was.
        """

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``end`` (None: to the last), in pieces of at most some hundred kilobytes.

        Raises:
            NotFound: there is no such blob.
        """

    def local(self, key: str) -> Path | None:
        """The file of this machine that it lies in, if it lies in one: to be read and nothing else."""

    async def delete(self, key: str) -> None:
        """Remove it; nothing happens when there is none."""

    async def healthy(self) -> str | None:
        """None, or why nothing can be written right now."""
