"""Civil UTC dates and instants: what devices send as year, month, day, hour, minute, second.

An instant is a whole number of microseconds since 1970-01-01 00:00:00 UTC.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

SECOND_US: Final = 1_000_000
DAY_S: Final = 86_400
HOURS: Final = 24
MINUTES: Final = 60
SECONDS: Final = 60
EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()

MINUTES_KEPT: Final = 4096
"""Live packets carry this minute and a few before it, re-uploads some hundred; with random ones all are forgotten."""

DAYS_KEPT: Final = 1024
"""Of the way back, which simulators and searches go: a few days as a rule."""

# A dictionary is asked in a quarter of the time of a cached function, and every position has a time.
_minutes_us: Final[dict[tuple[int, int, int, int, int], int]] = {}


def _minute_us(year: int, month: int, day: int, hour: int, minute: int) -> int | None:
    """When that minute began, for `_minutes_us` to know from now on."""
    if not (0 <= hour < HOURS and 0 <= minute < MINUTES):
        return None
    try:
        ordinal = date(year, month, day).toordinal()
    except (ValueError, OverflowError):
        return None
    if len(_minutes_us) >= MINUTES_KEPT:
        _minutes_us.clear()
    begun = ((ordinal - EPOCH_ORDINAL) * DAY_S + hour * 3600 + minute * 60) * SECOND_US
    _minutes_us[year, month, day, hour, minute] = begun
    return begun


@lru_cache(maxsize=DAYS_KEPT)
def _day(number: int) -> tuple[int, int, int]:
    found = date.fromordinal(EPOCH_ORDINAL + number)
    return found.year, found.month, found.day


def instant_from_civil(  # noqa: PLR0917 - a civil moment has six parts, in an order that everybody knows
    year: int, month: int, day: int, hour: int, minute: int, second: int
) -> int | None:
    """The instant of a UTC date and time, or None where the calendar or the clock has no such moment.

    A leap second (`second` 60) has no instant of its own and gives None.
    """
    begun = _minutes_us.get((year, month, day, hour, minute))
    if begun is None:
        begun = _minute_us(year, month, day, hour, minute)
    if begun is None or not 0 <= second < SECONDS:
        return None
    return begun + second * SECOND_US


def civil_from_instant(instant_us: int) -> tuple[int, int, int, int, int, int]:
    """Year, month, day, hour, minute, second in UTC; a part of a second is dropped.

    Raises ValueError or OverflowError outside the years 1 to 9999.
    """
    days, second = divmod(instant_us // SECOND_US, DAY_S)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return (*_day(days), hour, minute, second)
