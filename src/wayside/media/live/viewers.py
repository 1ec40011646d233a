"""Viewers: what waits for each, and what becomes of those who cannot keep up."""

from __future__ import annotations

import asyncio
from typing import Protocol

from wayside.media.flv import Role
from wayside.media.live.limits import LiveLimits

TOO_SLOW = "too slow for this stream"


class Headed(Protocol):
    """What a viewer asks of its stream."""

    @property
    def has_video(self) -> bool: ...

    def header_data(self) -> list[bytes]:
        """The tags that a decoder needs before anything else."""


class Viewer:
    """One who watches.  ``offer`` never waits; ``piece`` is awaited by whoever writes to the network.

    ``closed``: why it has to end, once it has to.
    """

    def __init__(self, limits: LiveLimits) -> None:
        self._limits = limits
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._first: list[bytes] = []
        self._await_key = True
        self._headers_due = False
        self._skipped_at_s = 0.0
        self._in_a_row = 0
        self._wake = asyncio.Event()
        self.skips = 0
        self.sent = 0
        self.closed: str | None = None

    @property
    def held(self) -> int:
        """Bytes that wait, beside those it begins with."""
        return self._bytes

    def begin(self, first: list[bytes], *, await_key: bool) -> None:
        """What it gets before anything else."""
        self._first = first
        self._await_key = await_key
        self._wake.set()

    def await_key(self) -> None:
        """Nothing can be shown before the next key frame."""
        self._await_key = True

    def offer(self, role: Role, data: bytes, stream: Headed, now_s: float) -> None:
        """Let it have a tag, unless it waits for a key frame, or has too much to read already."""
        if self.closed is not None:
            return
        if self._await_key and role not in _AT_ONCE:
            if role is not Role.KEY and stream.has_video:
                return
            self._await_key = False
            if self._headers_due:
                self._headers_due = False
                self._put(stream.header_data())
        elif self._bytes and self._bytes + len(data) > self._limits.viewer_bytes:
            self._skip(now_s)
            if role is not Role.KEY:
                return
            self.offer(role, data, stream, now_s)
            return
        self._put([data])

    def close(self, reason: str) -> None:
        """No more."""
        self.closed = self.closed or reason
        self._wake.set()

    async def piece(self) -> bytes:
        """What is next to be written; empty: this was all."""
        while self.closed is None and not (self._first or self._waiting):
            self._wake.clear()
            await self._wake.wait()
        if self.closed is not None:
            return b""
        piece = self._next()
        self.sent += len(piece)
        return piece

    def _next(self) -> bytes:
        """As many tags as fit a piece, or one that is longer."""
        source = self._first or self._waiting
        size = count = 0
        for data in source:
            size += len(data)
            if count and size > self._limits.piece_bytes:
                size -= len(data)
                break
            count += 1
        piece = source[0] if count == 1 else b"".join(source[:count])
        if source is self._waiting:
            self._bytes -= size
        del source[:count]
        return piece

    def _put(self, tags: list[bytes]) -> None:
        self._waiting += tags
        self._bytes += sum(map(len, tags))
        self._wake.set()

    def _skip(self, now_s: float) -> None:
        """Leave out everything up to the next key frame."""
        self._in_a_row = self._in_a_row + 1 if now_s - self._skipped_at_s < self._limits.calm_s else 1
        self._skipped_at_s = now_s
        self.skips += 1
        self._waiting.clear()
        self._bytes = 0
        self._await_key = self._headers_due = True
        if self._in_a_row > self._limits.skips:
            self.close(TOO_SLOW)


_AT_ONCE = frozenset({Role.METADATA, Role.VIDEO_HEADER, Role.AUDIO_HEADER})
"""What is handed on before a key frame, too."""
