"""What came in, until its group is complete: reads of many connections are worked through together.

Between two reads the kernel and the loop drive the interpreter, the session and the codec out of the processor's
caches.  In groups they stay: measured over sockets, a tenth less in all.  A group ends with the turn of the loop, so
nothing waits longer than its neighbours take to be read.

Comings and goings are the exception.  When a fleet loses its network and comes back, thousands of them fall into one
turn, and whoever reports meanwhile would wait for all of them.  So each turn has room for some; the others wait in a
line of their own, in the order in which they came: a device's goodbye is dealt with before its next login.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from wayside.model.instant import Instant

READS_MAX: Final = 256
"""In a group; with more, what was read first is out of the caches again.  Also bounds what is held."""

READ_BYTES_MAX: Final = 16 * 1024
"""A longer read ends its group at once: it is work enough by itself, and 4 MiB are the most that is held."""

STRANGERS_PER_TURN: Final = 64
"""Logins, whatever else strangers say, and goodbyes: two or three milliseconds of a turn."""

STRANGER_BYTES_MAX: Final = 1024
"""More of one stranger is not held: it is longer than any login, and would be 16 MiB of a fleet."""

log = structlog.get_logger("wayside.gateway")


class Reader(Protocol):
    """Who reads.  ``device``: None as long as it is a stranger."""

    @property
    def device(self) -> object | None:
        """Whose line it is."""

    def take(self, data: bytes, at: Instant) -> None:
        """Work through what came in."""

    def part(self, at: Instant) -> None:
        """Tell everybody that it is gone."""

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
        self._line: OrderedDict[Reader, bytes | None] = OrderedDict()
        """Strangers with what they said so far; those who left, with None."""
        self._leaving = 0
        """Of those in line."""
        self._let_through = 0
        """Of either, in this turn."""

    @property
    def crowded(self) -> bool:
        """Whether somebody who left still has a place: nobody need come in before it is free.

        This ends, whatever strangers say: no more can leave than have come in.
        """
        return self._leaving > 0

    def put(self, reader: Reader, data: bytes) -> None:
        """For this turn's group, or for the line."""
        if reader.device is None or (self._line and reader in self._line):
            before = self._line.get(reader)
            if before is not None:
                data = before + data
            if len(data) <= STRANGER_BYTES_MAX and (before is not None or not self._room()):
                self._line[reader] = data
                return
            self._line.pop(reader, None)
        reads = self._reads
        reads.append((reader, data))
        count = len(reads)
        if count == 1:
            self._loop.call_soon(self.work)
        if count == READS_MAX or len(data) > READ_BYTES_MAX:
            self.work()

    def work(self) -> None:
        """Do the group now, in the order in which it was read."""
        reads, self._reads = self._reads, []
        if reads:
            self._do(reads)

    def hear_out(self, reader: Reader) -> None:
        """Do what this one has said so far: it is gone."""
        self.work()
        if reader in self._line:
            said = self._line.pop(reader)
            if said is None:
                self._leaving -= 1
            else:
                self._do([(reader, said)])

    def leave(self, reader: Reader) -> None:
        """Have it part, now or when those who came before it have had their turn."""
        if reader in self._line:
            self.hear_out(reader)
        if self._room():
            self.work()
            self._do([(reader, None)])
        else:
            self._line[reader] = None
            self._leaving += 1

    def empty(self) -> None:
        """Do all that waits."""
        self.work()
        line, self._line = self._line, OrderedDict()
        self._leaving = 0
        self._do(list(line.items()))

    def _room(self) -> bool:
        """Whether one more may pass in this turn; if so, it counts."""
        if self._line or self._let_through == STRANGERS_PER_TURN:
            return False
        if not self._let_through:
            self._loop.call_soon(self._next_turn)
        self._let_through += 1
        return True

    def _next_turn(self) -> None:
        self.work()  # what they said before they had to wait
        line = self._line
        self._let_through = min(len(line), STRANGERS_PER_TURN)
        if self._let_through:
            self._loop.call_soon(self._next_turn)
            turns = [line.popitem(last=False) for _ in range(self._let_through)]
            self._leaving -= sum(said is None for _, said in turns)
            self._do(turns)

    def _do(self, reads: Sequence[tuple[Reader, bytes | None]]) -> None:
        at = self._clock()
        for reader, said in reads:
            try:
                if said is None:
                    reader.part(at)
                else:
                    reader.take(said, at)
            except Exception:
                log.exception("connection failed")
                reader.abort("internal error")
        self._then()
