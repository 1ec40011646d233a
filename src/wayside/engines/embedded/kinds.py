"""The numbers that stand for kinds of events in the file; they never change their meaning."""

from __future__ import annotations

from typing import Final

from wayside.model.events import Kind

NO_EVENT: Final = 0
"""A row that holds frames only."""

CODES: Final[dict[Kind, int]] = {
    Kind.REPORT: 1,
    Kind.ALARM: 2,
    Kind.OPERATION: 3,
    Kind.MEDIA: 4,
    Kind.REPLY: 5,
    Kind.PRESENCE: 6,
}
KINDS: Final[dict[int, Kind]] = {code: kind for kind, code in CODES.items()}

EVENT_CODES: Final = tuple(KINDS)
ALL_CODES: Final = (NO_EVENT, *KINDS)

RARE: Final = frozenset(code for kind, code in CODES.items() if kind is not Kind.REPORT)
"""Kinds that have an index over all devices; reports are found by reading the log itself."""
