"""Time as one number: microseconds since 1970-01-01T00:00:00Z.

An integer costs nothing to compare, store or pass to a session, and carries no time zone to get wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

Instant = int

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(duration_s: float) -> int:
    """A duration in seconds as microseconds, to be added to an instant."""
    return round(duration_s * SECOND)


def to_rfc3339(instant: Instant) -> str:
    """``1596161064000000`` → ``2020-07-31T02:04:24Z``; a fraction only where there is one."""
    text = (EPOCH + timedelta(microseconds=instant)).isoformat()
    return text.removesuffix("+00:00") + "Z"


def from_rfc3339(text: str) -> Instant:
    """The reverse; an offset is honoured, a time without one is refused.

    Raises:
        ValueError: the text is no RFC 3339 time, or names no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"{text!r} names no time zone: end it with Z or an offset such as +02:00"
        raise ValueError(message)
    return (moment - EPOCH) // timedelta(microseconds=1)
