"""The last value of every name, folded from a device's events; the same for every engine.

A fold of the log is a function of the events and their order alone, so that memory, a checkpoint and a replay
after a crash agree.
"""

from __future__ import annotations

from typing import Final

from wayside.model.events import Latest, Values
from wayside.model.instant import MINUTE, Instant

CLOCK_AHEAD_MAX: Final = 5 * MINUTE
"""A device whose clock is further ahead of ours than this is wrong about the time: ours is taken."""

LONG_AGO: Final = -(2**63)

Names = tuple[str, ...]


class DeviceState:
    """One device.  ``values`` and ``times`` have the same names; ``newest`` is no earlier than any of the times.

    Most reports have the names of the one before, and replace it whole: so the newest one is kept beside the rest
    as it came, and only merged when a different one follows, or somebody asks.
    """

    __slots__ = ("_last", "_names", "_times", "_values", "newest")

    def __init__(self, values: Values | None = None, times: dict[str, Instant] | None = None) -> None:
        self._values = {} if values is None else values
        self._times = {} if times is None else times
        self._last: Values = {}
        self._names: Names = ()
        self.newest = max(self._times.values(), default=LONG_AGO)

    @property
    def values(self) -> Values:
        """The last value of every name."""
        self._merge()
        return self._values

    @property
    def times(self) -> dict[str, Instant]:
        """Since when each of them is known."""
        self._merge()
        return self._times

    def fold(
        self, values: Values, at: Instant | None, received_at: Instant, names: Names | None = None
    ) -> None:
        """Take in one event: it counts from the device's own time where that is plausible, else from ours.

        ``names`` are those of the values, where the caller has them.
        """
        latest = received_at + CLOCK_AHEAD_MAX
        time = received_at if at is None or at > latest else at
        if time < self.newest:
            self._merge()
            self._fold_late(values, time, latest)
            return
        if names is None:
            names = tuple(values)
        if names is not self._names and names != self._names:
            self._merge()
            self._names = names
        self._last = values
        self.newest = time

    def _merge(self) -> None:
        """Put the newest report, which came at ``newest``, in with the rest."""
        if self._last:
            self._values.update(self._last)
            self._times.update(dict.fromkeys(self._last, self.newest))
            self._last, self._names = {}, ()

    def _fold_late(self, values: Values, time: Instant, latest: Instant) -> None:
        """A buffered report fills gaps but replaces nothing newer.

        What is held from later than ``latest`` was stored while our own clock was wrong, and gives way.
        """
        times = self._times
        for name, value in values.items():
            held = times.get(name, LONG_AGO)
            if held <= time or held > latest:
                self._values[name] = value
                times[name] = time
        if self.newest > latest:
            self.newest = max(times.values(), default=LONG_AGO)

    def latest(self) -> dict[str, Latest]:
        """For those who ask."""
        times = self.times
        return {name: Latest(value, times[name]) for name, value in self.values.items()}
