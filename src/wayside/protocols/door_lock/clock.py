"""Instants as the lock's own civil time, and back."""

from __future__ import annotations

from typing import Final

from wayside.model.instant import MINUTE, Instant
from wayside.protocols.door_lock.messages import CLOCK_MARK, Moment, OpenAnswer, SetClock
from wayside.wire.civil import civil_from_instant, instant_from_civil

CENTURY: Final = 2000

YEARS: Final = 0x100
"""The year has one byte.  A server whose own clock stands outside 2000 to 2255 sends something wrong, not nothing."""

# The answer to 2D has the low byte of the year (E3 of 07E3, 2019).  The high byte is 07 up to 2047, 08 from then on.
YEARS_LOW: Final = 0x0700
YEARS_HIGH: Final = 0x0800
YEAR_LOW_SPLIT: Final = 0x80


def set_clock(at: Instant, zone_min: int) -> SetClock:
    """2E with the time in the lock's zone, ``zone_min`` minutes east of UTC."""
    year, month, day, hour, minute, second = civil_from_instant(at + zone_min * MINUTE)
    return SetClock(CLOCK_MARK, (year - CENTURY) % YEARS, month, day, hour, minute, second)


def moment(at: Instant, zone_min: int) -> Moment:
    """The minute that ``at`` falls into, in the lock's zone."""
    year, month, day, hour, minute, _ = civil_from_instant(at + zone_min * MINUTE)
    return Moment((year - CENTURY) % YEARS, month, day, hour, minute)


def instant_of(answer: OpenAnswer, zone_min: int) -> Instant | None:
    """When the lock says that it answered; None where its clock shows nothing possible."""
    year = (YEARS_LOW if answer.year_low >= YEAR_LOW_SPLIT else YEARS_HIGH) + answer.year_low
    local = instant_from_civil(year, answer.month, answer.day, answer.hour, answer.minute, answer.second)
    return None if local is None else local - zone_min * MINUTE
