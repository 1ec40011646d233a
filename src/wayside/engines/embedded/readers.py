"""Reading beside the writer: a few threads, each with a connection of its own, each query on one snapshot."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import apsw

from wayside.engines.embedded.connection import open_reader, unavailable

T = TypeVar("T")

THREADS: Final = 2
"""One long list must not keep everybody waiting; more would only take turns."""


class Readers:
    """A pool of read-only connections."""

    def __init__(self, folder: Path, vfs: str | None) -> None:
        self._folder = folder
        self._vfs = vfs
        self._mine = threading.local()
        self._connections: list[apsw.Connection] = []
        self._pool = ThreadPoolExecutor(THREADS, "wayside-read")

    async def read(self, query: Callable[[apsw.Connection], T]) -> T:
        """Run a query on a snapshot.

        Raises:
            StoreUnavailable: the file cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, query)

    async def close(self) -> None:
        """Wait for the queries that run, then close the connections."""
        await asyncio.to_thread(self._pool.shutdown)
        for db in self._connections:
            db.close()

    def _read(self, query: Callable[[apsw.Connection], T]) -> T:
        try:
            db = self._connection()
            db.execute("BEGIN")
            try:
                return query(db)
            finally:
                db.execute("COMMIT")
        except apsw.Error as error:
            raise unavailable(error) from error

    def _connection(self) -> apsw.Connection:
        db: apsw.Connection | None = getattr(self._mine, "db", None)
        if db is None:
            db = self._mine.db = open_reader(self._folder, self._vfs)
            self._connections.append(db)
        return db
