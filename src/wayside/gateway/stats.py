"""What the gateway counts, for metrics and for the status page.  Plain numbers: reading them costs nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

from wayside.model.commands import State

OTHER: Final = "other"
"""Where everything is counted once there are too many names."""

BATCH_BOUNDS: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)
COMMIT_BOUNDS_S: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Histogram:
    """Counts per bucket; ``counts[i]`` holds what was ≤ ``bounds[i]``, the last one everything above."""

    __slots__ = ("bounds", "count", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.count = 0
        self.total = 0.0

    def observe(self, value: float) -> None:
        """One more value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.count += 1
        self.total += value


class NameCounts:
    """Counts by a name; at most ``room`` names, since peers can invent some."""

    __slots__ = ("counts", "room")

    def __init__(self, room: int) -> None:
        self.counts: dict[str, int] = {}
        self.room = room

    def add(self, name: str) -> None:
        """One more of that name."""
        counts = self.counts
        if name in counts:
            counts[name] += 1
        elif len(counts) < self.room:
            counts[name] = 1
        else:
            counts[OTHER] = counts.get(OTHER, 0) + 1


class Stats:
    """All counters since the start."""

    def __init__(self, message_names: int) -> None:
        self._message_names = message_names
        self.frames: dict[str, NameCounts] = {}
        """By protocol, then by message."""
        self.bad_frames: Counter[tuple[str, str]] = Counter()
        """By protocol and fault; ``unidentified``: an event of a device that has not said who it is."""
        self.connections = 0
        """Open now."""
        self.connections_accepted = 0
        self.connections_refused: Counter[str] = Counter()
        """By reason: too many, too many of one address, no descriptors."""
        self.connections_closed = NameCounts(message_names)
        """By reason."""
        self.commits = 0
        self.commit_failures = 0
        self.entries_refused = 0
        """Entries that the store could not take although it works (each of them is logged)."""
        self.batch_entries = Histogram(BATCH_BOUNDS)
        self.commit_seconds = Histogram(COMMIT_BOUNDS_S)
        self.commands: Counter[State] = Counter()
        """How often a command came to each state."""

    def messages(self, protocol: str) -> NameCounts:
        """The counter of one protocol's frames."""
        return self.frames.setdefault(protocol, NameCounts(self._message_names))
