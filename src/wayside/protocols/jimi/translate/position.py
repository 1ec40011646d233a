"""Locations and alarms as events (sections 5.3, 5.9, 5.4)."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.model.events import Event, Kind, Values
from wayside.protocols.jimi.messages.location import (
    MILEAGE_BYTES,
    AdditionalLocation,
    AdditionalLocationWide,
    Alarm,
    AlarmOther,
    Location,
    LocationWide,
)
from wayside.protocols.jimi.translate.common import (
    CENTURY,
    COURSE_DEG_MAX,
    UNITS_PER_DEGREE,
    add_position,
    instant_of,
    is_place,
    leave_out,
    text_of,
)
from wayside.protocols.jimi.translate.tables import ALARMS, FILE_UPLOADING, REPORT_REASONS
from wayside.wire.civil import instant_from_civil

Events = tuple[Event, ...]

# At hand without a search: no packet is as frequent as these.
_REPORT: Final = Kind.REPORT
_REASON_OF: Final = REPORT_REASONS.get
_NUMBER: Final = int.from_bytes

# "Cannot be used" (5.3.1): what a terminal sends that sees no cell.
_LACS_OF_NO_CELL: Final = frozenset({0x0000, 0xFFFF})


def additional_location(message: AdditionalLocation | AdditionalLocationWide) -> Events:
    """0x37: one report."""
    return location(message, "additional_location")


def location(message: Location | LocationWide, name: str = "location") -> Events:
    """0x22: one report.

    Everything first, in one dict of its final size; then what means nothing just now is left out again.
    """
    latitude, longitude = message.latitude, message.longitude
    fixed, course_deg = message.fixed, message.course_deg
    mode, tail = message.upload_mode, message.tail
    values: Values = {
        "position.valid": fixed,
        "position.latitude": (latitude if message.north else -latitude) / UNITS_PER_DEGREE,
        "position.longitude": (-longitude if message.west else longitude) / UNITS_PER_DEGREE,
        "position.speed": message.speed_kmh,
        "position.direction": course_deg,
        "position.satellites": message.satellites,
        "position.differential": message.differential,
        "position.buffered": message.reuploaded == 1,
        "gsm.mcc": message.mcc,
        "gsm.mnc": message.mnc,
        "gsm.lac": message.lac,
        "gsm.cellid": message.cell_id,
        "engine.ignition.status": message.ignition == 1,
    }
    if not is_place(latitude, longitude, fixed):
        leave_out(values, "position.latitude", "position.longitude")
    if not fixed:
        leave_out(values, "position.speed", "position.direction")
    elif course_deg > COURSE_DEG_MAX:
        leave_out(values, "position.direction")
    if not message.mcc:
        leave_out(values, "gsm.mcc", "gsm.mnc")
    if message.lac in _LACS_OF_NO_CELL:
        leave_out(values, "gsm.lac", "gsm.cellid")
    if message.ignition > 1:
        leave_out(values, "engine.ignition.status")
    if message.reuploaded > 1:
        leave_out(values, "position.buffered")
    reason = _REASON_OF(mode)
    values["report.reason" if reason else "report.reason.raw"] = reason or mode
    if len(tail) == MILEAGE_BYTES:
        values["vehicle.mileage.raw"] = _NUMBER(tail)
    elif tail:
        values["module.data.raw"] = tail.hex()
    at = instant_from_civil(
        CENTURY + message.year, message.month, message.day, message.hour, message.minute, message.second
    )
    return (Event(_REPORT, name, values, at),)


def alarm(message: Alarm) -> Events:
    """0x95: the alarm, and the files it announces once more, as media, so that both can be looked for."""
    values: Values = {"alarm.code": message.kind, "alarm.value": message.value}
    if name := ALARMS.get(message.kind):
        values["alarm.kind"] = name
    course = message.course
    values["position.satellites"] = message.satellites
    values["position.differential"] = course.differential
    add_position(values, message.latitude, message.longitude, course.fixed, course.west, course.north)
    if course.fixed:
        values["position.speed"] = message.speed_kmh
        if course.course_deg <= COURSE_DEG_MAX:
            values["position.direction"] = course.course_deg
    values["external.powersource.voltage"] = message.supply_dv / 10
    at = instant_of(message.moment)
    files = announced(text_of(message.files))
    if message.kind == FILE_UPLOADING:
        return (Event(Kind.MEDIA, "alarm", values | files, at),)
    event = Event(Kind.ALARM, "alarm", values | files, at)
    if "media.files" not in files:
        return (event,)
    return event, Event(Kind.MEDIA, "alarm", {"media.files": files["media.files"]}, at)


def uploading(message: msgspec.Struct) -> list[str]:
    """The names in a 0x69, which is the camera's word about an upload; none in what is no such packet."""
    if isinstance(message, Alarm) and message.kind == FILE_UPLOADING:
        names = announced(text_of(message.files)).get("media.files", [])
        return names if isinstance(names, list) else []
    return []


def announced(text: str) -> Values:
    """The alarm's file field: names by comma, or ``FILENAME:…;DRIVERID:id-name``.  A name may hold dashes."""
    values: Values = {}
    for part in text.split(";"):
        key, colon, content = part.partition(":")
        if colon and key == "DRIVERID":
            number, _, driver = content.partition("-")
            values |= {name: text for name, text in (("driver.id", number), ("driver.name", driver)) if text}
        elif names := [name for name in (content if key == "FILENAME" else part).split(",") if name]:
            values["media.files"] = names
    return values


def alarm_other(message: AlarmOther) -> Events:
    """0x95 of another layout: that there was an alarm, and its bytes."""
    return (Event(Kind.ALARM, "alarm", {"module.data.raw": message.content.hex()}),)
