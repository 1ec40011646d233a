"""How long a peer is waited for.  Pure: only the time spent waiting counts, not what our own disk takes."""

from __future__ import annotations

from typing import Final

GRACE_S: Final = 30.0
"""Before an average says anything: mobile lines begin slowly."""


class Patience:
    """``idle_s`` without a byte, ``total_s`` in all, and on average ``least_bytes_per_s`` (0: no average)."""

    def __init__(self, idle_s: float, total_s: float, least_bytes_per_s: float = 0.0) -> None:
        self._idle_s = idle_s
        self._total_s = total_s
        self._least = least_bytes_per_s
        self._waited_s = 0.0
        self._received = 0

    @property
    def left_s(self) -> float:
        """How long to wait for the next byte; 0 or less: no more."""
        allowed_s = self._total_s
        if self._least:
            allowed_s = min(allowed_s, GRACE_S + self._received / self._least)
        return min(self._idle_s, allowed_s - self._waited_s)

    def waited(self, duration_s: float) -> None:
        """So long the peer was waited for."""
        self._waited_s += duration_s

    def received(self, size: int) -> None:
        """So many bytes came."""
        self._received += size
