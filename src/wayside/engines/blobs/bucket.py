"""Blobs as objects of a bucket: Amazon's S3, or one of the many stores that speak as it does.

An object is there whole or not at all, and an answer to a put means that it is durable: that is S3's promise, and what
ours rests on.  Requests are signed with a hash of their bytes, so that a byte that changed on the way is refused.

The library's blocking calls are used, in threads of our own.  Its asynchronous ones come back on a thread of its
runtime, and when the interpreter ends at that moment, the process aborts (1 in 40, obstore 0.12 on Python 3.11).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from wayside.engines.blobs.keys import checked
from wayside.model.errors import NotFound, StoreUnavailable

if TYPE_CHECKING:
    from obstore.store import S3Config  # only there for type checkers

PART_BYTES: Final = 8 * 1024 * 1024
"""Bigger files go in parts of this size.  S3 takes 10,000 parts, so that 80 GB fit; it wants at least 5 MiB."""

PARTS_AT_ONCE: Final = 2
"""With the part that is being read, 24 MiB per file that is put."""

PUTS_AT_ONCE: Final = 4
"""Files that go up at the same time: 100 MiB in all.  Others wait on the disk, where they are already."""

THREADS: Final = 2 * PUTS_AT_ONCE
"""As many for reading as for putting, so that neither waits for the other."""

PIECE_BYTES: Final = 512 * 1024
"""One request each: a reader who is slow then holds no connection, and no more than this in memory."""

RETRIES_MAX: Final = 3
RETRY_WITHIN: Final = timedelta(seconds=20)
"""A device waits for the answer meanwhile, and asks again by itself when it is told that there is no room now."""

REQUEST_WITHIN: Final = timedelta(seconds=60)
"""A part of 8 MiB at 1 Mbit/s."""

CONNECT_WITHIN: Final = timedelta(seconds=5)

PROBE: Final = "probe"

T = TypeVar("T")


class S3(msgspec.Struct, frozen=True):
    """How to reach a bucket.  ``endpoint`` None: Amazon's of the region.  Without keys the machine's role is asked.

    ``prefix`` stands before every key, so that others may have the rest of the bucket.
    """

    bucket: str
    endpoint: str | None = None
    region: str = "us-east-1"
    prefix: str = ""
    access_key: str | None = None
    secret_key: str | None = None


class BucketBlobs:
    """``ports.blobs.Blobs`` in a bucket."""

    def __init__(self, s3: S3) -> None:
        self._store = _connected(s3)
        self._puts = asyncio.Semaphore(PUTS_AT_ONCE)
        self._pool = ThreadPoolExecutor(THREADS, "wayside-bucket")

    async def put(self, key: str, file: Path) -> None:
        async with self._puts:
            await self._do(
                partial(
                    obstore.put,
                    *(self._store, checked(key), file),
                    chunk_size=PART_BYTES,
                    max_concurrency=PARTS_AT_ONCE,
                )
            )
        # Where that fails, the file is a leftover that the next start removes; the blob is there.
        with contextlib.suppress(OSError):
            await asyncio.to_thread(file.unlink)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = await self._size(checked(key))
        end = size if end is None else min(end, size)
        while start < end:
            upto = min(start + PIECE_BYTES, end)
            piece = await self._do(partial(obstore.get_range, self._store, key, start=start, end=upto))
            start = upto
            yield bytes(piece)

    def local(self, key: str) -> Path | None:
        checked(key)
        return None

    async def delete(self, key: str) -> None:
        checked(key)

        def delete() -> None:
            with contextlib.suppress(FileNotFoundError):
                obstore.delete(self._store, key)

        await self._do(delete)

    async def healthy(self) -> str | None:
        try:
            await self._do(partial(obstore.put, self._store, PROBE, b""))
        except StoreUnavailable as error:
            return str(error)
        return None

    async def _size(self, key: str) -> int:
        try:
            return (await self._do(partial(obstore.head, self._store, key)))["size"]
        except StoreUnavailable as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NotFound("no such blob", "key") from error
            raise

    async def _do(self, work: Callable[[], T]) -> T:
        """Run a call to the object store.

        Raises:
            StoreUnavailable: it did not succeed.  The library's texts run over many lines; the first says what it is.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except (BaseError, OSError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise StoreUnavailable(f"media: the object store: {reason}") from error


def _connected(s3: S3) -> S3Store:
    """Nothing is asked of the bucket yet."""
    config: S3Config = {"bucket": s3.bucket, "region": s3.region}
    if s3.endpoint is not None:
        config["endpoint"] = s3.endpoint
    if s3.access_key is not None:
        config["access_key_id"] = s3.access_key
    if s3.secret_key is not None:
        config["secret_access_key"] = s3.secret_key
    return S3Store(
        prefix=s3.prefix or None,
        config=config,
        client_options={
            "allow_http": s3.endpoint is not None and s3.endpoint.startswith("http://"),
            "connect_timeout": CONNECT_WITHIN,
            "timeout": REQUEST_WITHIN,
        },
        retry_config={"max_retries": RETRIES_MAX, "retry_timeout": RETRY_WITHIN},
    )
