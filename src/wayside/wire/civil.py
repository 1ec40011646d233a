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

DAYS_KEPT: Final = 1024
"""Live packets carry one or two dates; re-uploads some hundred. A device that sends random dates fills no more."""


@lru_cache(maxsize=DAYS_KEPT)
def _midnight_us(year: int, month: int, day: int) -> int | None:
    try:
        ordinal = date(year, month, day).toordinal()
    except (ValueError, OverflowError):
        return None
    return (ordinal - EPOCH_ORDINAL) * DAY_S * SECOND_US


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
    midnight = _midnight_us(year, month, day)
    if midnight is None or not (0 <= hour < HOURS and 0 <= minute < MINUTES and 0 <= second < SECONDS):
        return None
    return midnight + (hour * 3600 + minute * 60 + second) * SECOND_US


def civil_from_instant(instant_us: int) -> tuple[int, int, int, int, int, int]:
    """Year, month, day, hour, minute, second in UTC; a part of a second is dropped.

    Raises ValueError or OverflowError outside the years 1 to 9999.
    """
    days, second = divmod(instant_us // SECOND_US, DAY_S)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return (*_day(days), hour, minute, second)
