"""Where the vehicle is: 0x22, 0x37, and the alarm 0x95 (sections 5.3, 5.9, 5.4).

0x22 and 0x37 have one layout.  Bit 15 of the MCC says how wide the MNC is, and what stands at the end is told
by the bytes left: four are the mileage, none means that the model has none, anything else is a module's data.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from wayside.protocols.jimi.messages.moments import Course, Moment
from wayside.wire.codec import codec_for
from wayside.wire.errors import DecodeError
from wayside.wire.fields import Rest, flag, rest, u2, u4, u8, u10, u15, u16, u24, u32

MILEAGE_BYTES = 4

# Where the MCC's first byte stands in both widths, and its bit 15 there.
MCC_OFFSET = 18
WIDE_MNC_BIT = 0x80

ALARM_HEAD = b"\xff\xff\x01"
"""The special mark and the version; another head means another layout."""


class Fix(msgspec.Struct, frozen=True, gc=False):
    """A position with its time, flat, because nothing is decoded as often (section 5.3.1)."""

    year: Annotated[u8, "years since 2000, UTC"]
    month: u8
    day: u8
    hour: u8
    minute: u8
    second: u8
    gps_length: Annotated[u4, "bytes of GPS information"]
    satellites: u4
    latitude: Annotated[u32, "1/1,800,000 degree"]
    longitude: Annotated[u32, "1/1,800,000 degree"]
    speed_kmh: u8
    reserved: u2
    differential: flag
    fixed: Annotated[flag, "the receiver has a position"]
    west: flag
    north: flag
    course_deg: Annotated[u10, "clockwise from north"]
    mnc_is_wide: flag
    mcc: u15


class Location(Fix, frozen=True, gc=False):
    """Position, cell and ignition, with an MNC of one byte (sections 5.3.1, 5.9)."""

    mnc: u8
    lac: u16
    cell_id: u24
    ignition: u8
    upload_mode: Annotated[u8, "why this was sent"]
    reuploaded: Annotated[u8, "0 live, 1 sent again"]
    tail: Annotated[bytes, Rest(), "mileage (4 bytes), an extension module, or nothing"]


class LocationWide(Fix, frozen=True, gc=False):
    """The same with an MNC of two bytes (section 5.9)."""

    mnc: u16
    lac: u16
    cell_id: u24
    ignition: u8
    upload_mode: Annotated[u8, "why this was sent"]
    reuploaded: Annotated[u8, "0 live, 1 sent again"]
    tail: Annotated[bytes, Rest(), "mileage (4 bytes), an extension module, or nothing"]


class AdditionalLocation(Location, frozen=True, gc=False):
    """A position for a particular reason (section 5.9)."""


class AdditionalLocationWide(LocationWide, frozen=True, gc=False):
    """The same with an MNC of two bytes (section 5.9)."""


class Alarm(msgspec.Struct, frozen=True, gc=False):
    """Something happened; also which files the terminal is going to upload (section 5.4.1)."""

    mark: Annotated[u16, "FFFF"]
    version: Annotated[u8, "1"]
    moment: Moment
    gps_length: Annotated[u4, "bytes of GPS information"]
    satellites: u4
    latitude: Annotated[u32, "1/1,800,000 degree"]
    longitude: Annotated[u32, "1/1,800,000 degree"]
    course: Course
    speed_kmh: u16
    supply_dv: Annotated[u16, "external supply, tenths of a volt"]
    kind: Annotated[u8, "alarm number"]
    value: Annotated[u16, "depends on the kind"]
    files: Annotated[bytes, Rest(), "ASCII: names by comma, or FILENAME:…;DRIVERID:…"]


class AlarmOther(msgspec.Struct, frozen=True, gc=False):
    """An alarm whose head is not FFFF 01: another model's layout, kept as it is."""

    content: rest


LOCATION = codec_for(Location)
LOCATION_WIDE = codec_for(LocationWide)
ADDITIONAL_LOCATION = codec_for(AdditionalLocation)
ADDITIONAL_LOCATION_WIDE = codec_for(AdditionalLocationWide)
ALARM = codec_for(Alarm)
ALARM_OTHER = codec_for(AlarmOther)


def decode_location(body: bytes) -> Location | LocationWide:
    """0x22, by the width of its MNC."""
    if len(body) > MCC_OFFSET and body[MCC_OFFSET] & WIDE_MNC_BIT:
        return LOCATION_WIDE.decode(body)
    return LOCATION.decode(body)


def decode_additional_location(body: bytes) -> AdditionalLocation | AdditionalLocationWide:
    """0x37, by the width of its MNC."""
    if len(body) > MCC_OFFSET and body[MCC_OFFSET] & WIDE_MNC_BIT:
        return ADDITIONAL_LOCATION_WIDE.decode(body)
    return ADDITIONAL_LOCATION.decode(body)


def decode_alarm(body: bytes) -> Alarm | AlarmOther:
    """0x95, by its head."""
    if not body:
        raise DecodeError("Alarm: no content")
    return ALARM.decode(body) if body.startswith(ALARM_HEAD) else ALARM_OTHER.decode(body)
