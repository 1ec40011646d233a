"""Pieces that several packets share: the date and time, and the course and status word."""

from __future__ import annotations

from typing import Annotated

import msgspec

from wayside.wire.fields import flag, u2, u8, u10, u15


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A UTC date and time in plain binary (section 5.3.1)."""

    year: Annotated[u8, "years since 2000"]
    month: u8
    day: u8
    hour: u8
    minute: u8
    second: u8


class Course(msgspec.Struct, frozen=True, gc=False):
    """The course and status word (section 5.3.1)."""

    reserved: u2
    differential: flag
    fixed: Annotated[flag, "the receiver has a position"]
    west: flag
    north: flag
    course_deg: Annotated[u10, "clockwise from north"]


class CourseWithIgnition(msgspec.Struct, frozen=True, gc=False):
    """The course and status word of 0x70, whose first two bits are in use (table 5-1)."""

    ignition: flag
    ignition_valid: flag
    differential: flag
    fixed: Annotated[flag, "the receiver has a position"]
    west: flag
    north: flag
    course_deg: Annotated[u10, "clockwise from north"]


class Altitude(msgspec.Struct, frozen=True, gc=False):
    """Height as sign and magnitude (table 5-1)."""

    below: Annotated[flag, "below sea level"]
    metres: u15
