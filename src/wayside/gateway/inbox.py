"""What came in, until its group is complete: reads of many connections are worked through together.

Between two reads the kernel and the loop drive the interpreter, the session and the codec out of the processor's
caches.  In groups they stay: measured over sockets, a tenth less in all.  A group ends with the turn of the loop, so
nothing waits longer than its neighbours take to be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from wayside.model.instant import Instant

READS_MAX: Final = 256
"""In a group; with more, what was read first is out of the caches again.  Also bounds what is held."""

READ_BYTES_MAX: Final = 16 * 1024
"""A longer read ends its group at once: it is work enough by itself, and 4 MiB are the most that is held."""

log = structlog.get_logger("wayside.gateway")


class Reader(Protocol):
    """Who reads."""

    def take(self, data: bytes, at: Instant) -> None:
        """Work through what came in."""

    def abort(self, reason: str) -> None:
        """Close, whatever is not written."""


class Inbox:
    """One per gateway.  ``then`` is called after each group."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Callable[[], Instant], then: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._then = then
        self._reads: list[tuple[Reader, bytes]] = []

    def put(self, reader: Reader, data: bytes) -> None:
        """For this turn's group."""
        reads = self._reads
        reads.append((reader, data))
        if len(data) > READ_BYTES_MAX or len(reads) >= READS_MAX:
            self.work()
        elif len(reads) == 1:
            self._loop.call_soon(self.work)

    def work(self) -> None:
        """Do the group now, in the order in which it was read."""
        reads, self._reads = self._reads, []
        if not reads:
            return
        at = self._clock()
        for reader, data in reads:
            try:
                reader.take(data, at)
            except Exception:
                log.exception("connection failed")
                reader.abort("internal error")
        self._then()
