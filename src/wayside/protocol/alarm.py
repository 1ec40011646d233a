"""A session's alarm clock: set for the earliest of what it waits for, and set again only when that has changed."""

from __future__ import annotations

from wayside.model.instant import Instant
from wayside.protocol.effects import Effects, WakeAt


class Alarm:
    """One per session, as ``WakeAt`` has it."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: Instant | None = None

    def set(self, *deadlines: Instant | None) -> Effects:
        """Ring at the earliest, or never if all are None; nothing to do if that is so already."""
        earliest = min((deadline for deadline in deadlines if deadline is not None), default=None)
        if earliest == self._at:
            return []
        self._at = earliest
        return [WakeAt(earliest)]

    def rang(self) -> None:
        """It did, or will not any more: it is not set."""
        self._at = None
