"""One clock for whoever watches, whatever the publishers' clocks do."""

from __future__ import annotations

from typing import Final

_MASK: Final = 0xFFFFFFFF
_HALF: Final = 0x80000000

# Audio may come a little behind the video that it belongs to; what lies further back is another clock.
BACK_MS_MAX: Final = 2_000

# A camera may send nothing while its network is away; after a minute its clock is not believed any more.
AHEAD_MS_MAX: Final = 60_000

# From the last moment of one clock to the first of the next: one picture at 25 per second.
STEP_MS: Final = 40


class Timeline:
    """Gives times that go on from each other, in milliseconds of 32 bits, as FLV has them."""

    def __init__(self) -> None:
        self._before: int | None = None
        """What the publisher called the last tag; None: the next one is the first of its clock."""
        self._now = self._furthest = -STEP_MS

    def restart(self) -> None:
        """Another publisher: its clock says nothing about the one before."""
        self._before = None

    def at(self, timestamp_ms: int) -> int:
        """The moment of a tag that its publisher calls ``timestamp_ms`` (32 bits, which may run over)."""
        step = None if self._before is None else (timestamp_ms - self._before + _HALF & _MASK) - _HALF
        if step is not None and -BACK_MS_MAX <= step <= AHEAD_MS_MAX:
            self._now = max(0, self._now + step)
        else:
            self._now = self._furthest + STEP_MS
        self._before = timestamp_ms
        self._furthest = max(self._furthest, self._now)
        return self._now & _MASK
