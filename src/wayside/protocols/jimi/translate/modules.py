"""Attached modules as events: 0x9B, 0x9C, 0xE0, 0xF2 and 0x70 (sections 5.7, 5.10 to 5.13)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from wayside.model.events import Event, Kind, Values
from wayside.model.instant import Instant
from wayside.protocols.jimi.messages import peripherals as wire
from wayside.protocols.jimi.messages.modules import (
    Cameras,
    CardReading,
    ModuleOther,
    RecorderLine,
    TemperatureFrame,
    TemperatureText,
)
from wayside.protocols.jimi.translate.common import (
    COURSE_DEG_MAX,
    add_position,
    card,
    instant_of,
    instant_of_unix,
    raw_module,
    text_of,
)
from wayside.protocols.jimi.translate.tables import FUEL_SCALES, FUEL_UNITS

Events = tuple[Event, ...]

RECORDER_LIVE: Final = 0x32
RECORDER_AGAIN: Final = 0x33

UPLOAD_MODES: Final = {0: False, 4: True}

_DEGREES: Final = re.compile(r"[+-]?\d{1,4}(?:\.\d{1,4})?")


def temperature_frame(message: TemperatureFrame) -> Events:
    """0x9B type 03, the sensor's own frame: one probe for every two bytes."""
    values: Values = {"sensor.status.raw": message.status}
    data = message.data
    for number, at in enumerate(range(0, len(data) - 1, 2), start=1):
        values[f"sensor.temperature.{number}"] = int.from_bytes(data[at : at + 2], signed=True) / 10
    return (Event(Kind.REPORT, "module", values),)


def temperature_text(message: TemperatureText) -> Events:
    """0x9B type 03 as text; what is no number stays a text."""
    text = text_of(message.text)
    values: Values = (
        {"sensor.temperature.1": float(text)} if _DEGREES.fullmatch(text) else {"module.text": text}
    )
    return (Event(Kind.REPORT, "module", values),)


def card_reading(message: CardReading) -> Events:
    """0x9B type 05."""
    return (Event(Kind.REPORT, "module", card(message.status, message.tracks), instant_of(message.moment)),)


def module_other(message: ModuleOther) -> Events:
    """0x9B of a type that the document does not describe."""
    return (Event(Kind.REPORT, "module", raw_module(message.type, message.content)),)


def recorder_line(message: RecorderLine) -> Events:
    """0x9C: the line as it is; its fields belong to QCVN 31, not to this protocol."""
    values: Values = {"module.text": text_of(message.text), "module.type.raw": message.type}
    if message.type in {RECORDER_LIVE, RECORDER_AGAIN}:
        values["position.buffered"] = message.type == RECORDER_AGAIN
    return (Event(Kind.REPORT, "recorder", values),)


def cameras(message: Cameras) -> Events:
    """0xE0: which cameras there are, and whether they work."""
    values: Values = {
        f"camera.{place}.{camera.number}.status": camera.status == 1
        for place, found in (("builtin", message.builtin), ("peripheral", message.peripheral))
        for camera in found
    }
    return (Event(Kind.REPORT, "cameras", values),)


def peripherals(message: wire.Peripherals) -> Events:
    """0xF2: an event for every item, so that two of a kind do not hide each other; one without values if none.

    Raises:
        wayside.wire.DecodeError: an item is cut short.
    """
    at = instant_of_unix(message.unix_s)
    found = [event for item in wire.read_peripherals(message) for event in _peripheral(item, at)]
    return tuple(found) or (Event(Kind.REPORT, "peripherals", {}, at),)


def _peripheral(item: msgspec.Struct, at: Instant | None) -> list[Event]:
    if isinstance(item, wire.ClimateBatch):
        return [_climate(item.batch, reading) for reading in item.readings]
    if isinstance(item, wire.CardEvent):
        at = instant_of(item.moment)
    return [Event(Kind.REPORT, "peripherals", PERIPHERAL_VALUES[type(item)](item), at)]


def _climate(batch: int, reading: wire.ClimateReading) -> Event:
    values: Values = {
        "sensor.batch": batch,
        "sensor.temperature.1": reading.decidegrees / 10,
        "sensor.humidity.1": reading.humidity_permille / 10,
    }
    return Event(Kind.REPORT, "peripherals", values, instant_of_unix(reading.unix_s))


def _fuel_voltage(item: wire.CapacitiveFuel | wire.PulseFuel) -> Values:
    return {"fuel.level.1": item.centivolts / 100, "fuel.unit.1": "V"}


def _fuel_gauge(item: wire.FuelGauge) -> Values:
    number = item.path + 1
    values: Values = {f"fuel.sensor.{number}.type.raw": item.type}
    if scale := FUEL_SCALES.get(item.type):
        values[f"fuel.level.{number}"] = item.value / scale
    if unit := FUEL_UNITS.get(item.unit):
        values[f"fuel.unit.{number}"] = unit
    else:
        values[f"fuel.unit.{number}.raw"] = item.unit
    return values


def _place(item: wire.Place) -> Values:
    course = item.course
    values: Values = {"position.differential": course.differential}
    add_position(values, item.latitude, item.longitude, course.fixed, course.west, course.north)
    if course.fixed and course.course_deg <= COURSE_DEG_MAX:
        values["position.direction"] = course.course_deg
    return values


PERIPHERAL_VALUES: Final[dict[type[msgspec.Struct], Callable[[Any], Values]]] = {
    wire.CapacitiveFuel: _fuel_voltage,
    wire.FuelGauge: _fuel_gauge,
    wire.AdcVoltage: lambda item: {f"adc.voltage.{item.input}": item.centivolts / 100},
    wire.Temperature: lambda item: {"sensor.temperature.1": item.decidegrees / 10},
    wire.Rfid: lambda item: {"rfid.code": text_of(item.text)},
    wire.PulseFuel: _fuel_voltage,
    wire.CardEvent: lambda item: card(item.status, item.tracks),
    wire.Passthrough: lambda item: raw_module(item.peripheral, item.content),
    wire.Place: _place,
    wire.OtherItem: lambda item: raw_module(item.tag, item.content),
}


def extension(message: wire.Extension) -> Events:
    """0x70: the modules that are known as one event, each other module as one more.

    Raises:
        wayside.wire.DecodeError: a module is cut short.
    """
    values: Values = {}
    at: Instant | None = None
    others: list[Event] = []
    for module in wire.read_modules(message):
        match module:
            case wire.PositionModule():
                at = instant_of_unix(module.unix_s)
                values |= _position_module(module)
            case wire.SupplyModule(centivolts):
                values["external.powersource.voltage"] = centivolts / 100
            case wire.UploadModule(mode) if mode in UPLOAD_MODES:
                values["position.buffered"] = UPLOAD_MODES[mode]
            case wire.OtherItem(tag, content):
                others.append(Event(Kind.REPORT, "extension", raw_module(tag, content)))
    known = Event(Kind.REPORT, "extension", values, at)
    return (known, *others) if values or not others else tuple(others)


def _position_module(module: wire.PositionModule) -> Values:
    course, altitude = module.course, module.altitude
    values: Values = {
        "position.satellites": module.satellites,
        "position.differential": course.differential,
    }
    add_position(values, module.latitude, module.longitude, course.fixed, course.west, course.north)
    if course.fixed:
        values["position.altitude"] = -altitude.metres if altitude.below else altitude.metres
        values["position.speed"] = module.speed_kmh
        if course.course_deg <= COURSE_DEG_MAX:
            values["position.direction"] = course.course_deg
    if course.ignition_valid:
        values["engine.ignition.status"] = course.ignition
    return values
