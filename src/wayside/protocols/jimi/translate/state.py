"""Login, heartbeat, replies and what the terminal says of itself, as events (sections 5.1, 5.2, 5.5.2, 5.6)."""

from __future__ import annotations

from typing import Final

from wayside.model.events import Event, Kind, Values
from wayside.protocol.imei import IMEI_DIGITS, is_valid
from wayside.protocols.jimi.messages.basic import (
    UTF_16_BE,
    Heartbeat,
    Login,
    Reply,
    ReplyWithLanguage,
)
from wayside.protocols.jimi.messages.transfer import (
    DeviceIdentity,
    DeviceUuid,
    DeviceVersion,
    FuelSensor,
    TransferOther,
)
from wayside.protocols.jimi.translate.common import raw_module, text_of
from wayside.protocols.jimi.translate.tables import FUEL_UNITS

Events = tuple[Event, ...]

VOLTAGE_LEVEL_MAX: Final = 6
SIGNAL_MAX: Final = 4
SIGNAL_STEP_PERCENT: Final = 25

HOUR_MINUTES: Final = 60
# Kiribati has the widest offset there is, UTC+14.
ZONE_MINUTES_MAX: Final = 14 * HOUR_MINUTES

# F is the digit of padding in a number that does not fill its bytes (3GPP TS 31.102, 4.2.2).
_PADDING: Final = "f"


def login(message: Login) -> Events:
    """0x01: who it is."""
    imei = imei_of_terminal(message.terminal_id)
    values: Values = {
        "device.model.code": f"{message.model:04x}",
        "device.language.raw": message.language,
    }
    if imei:
        values |= {"device.imei": imei, "device.imei.valid": is_valid(imei)}
    if (zone := zone_minutes(message.zone_hundredths, west=message.zone_west)) is not None:
        values["device.timezone"] = zone
    return (Event(Kind.REPORT, "login", values),)


def imei_of_terminal(terminal_id: str) -> str | None:
    """The fifteen digits behind the 0; None where the first of the sixteen is another."""
    imei = terminal_id.removeprefix("0")
    return imei if len(imei) == IMEI_DIGITS else None


def zone_minutes(hundredths: int, *, west: bool) -> int | None:
    """``1245``, west: 765 minutes west, ``-765``; None for what is no time zone."""
    hours, minutes = divmod(hundredths, 100)
    total = hours * HOUR_MINUTES + minutes
    if minutes >= HOUR_MINUTES or total > ZONE_MINUTES_MAX:
        return None
    return -total if west else total


def heartbeat(message: Heartbeat) -> Events:
    """0x13: battery, signal, ignition.  A level outside its scale is left out, or stays raw."""
    values: Values = {
        "position.valid": message.positioning,
        "battery.charging.status": message.charging,
        "engine.ignition.status": message.ignition,
        "gsm.signal.raw": message.signal,
        "device.language.raw": message.language,
    }
    if message.voltage_level <= VOLTAGE_LEVEL_MAX:
        values["battery.level.step"] = message.voltage_level
    if message.signal <= SIGNAL_MAX:
        values["gsm.signal.level"] = message.signal * SIGNAL_STEP_PERCENT
    return (Event(Kind.REPORT, "heartbeat", values),)


def reply_text(message: Reply | ReplyWithLanguage) -> str:
    """What the terminal wrote, ASCII or UTF-16BE; another encoding's number is read as ASCII."""
    if message.encoding == UTF_16_BE:
        return message.content.decode("utf-16-be", "replace").replace("\0", "").strip()
    return text_of(message.content)


def reply(message: Reply | ReplyWithLanguage) -> Events:
    """0x21: the answer to a command, in the terminal's own words."""
    return (Event(Kind.REPLY, "reply", {"reply.text": reply_text(message)}),)


def device_uuid(message: DeviceUuid) -> Events:
    """0x94 type 07."""
    return (Event(Kind.REPORT, "transfer", {"device.uuid": text_of(message.text)}),)


def device_version(message: DeviceVersion) -> Events:
    """0x94 type 08."""
    return (Event(Kind.REPORT, "transfer", {"device.firmware.version": text_of(message.text)}),)


def device_identity(message: DeviceIdentity) -> Events:
    """0x94 type 0A: a number that is missing (no SIM card: zeros or padding) is left out."""
    imei = imei_of_terminal(message.imei.hex())
    values: Values = {}
    if imei and imei.isdigit():
        values |= {"device.imei": imei, "device.imei.valid": is_valid(imei)}
    imsi = message.imsi.hex().rstrip(_PADDING).removeprefix("0")
    iccid = message.iccid.hex().rstrip(_PADDING)
    for name, number in (("sim.imsi", imsi), ("sim.iccid", iccid)):
        if number.isdigit() and number.strip("0"):
            values[name] = number
    return (Event(Kind.REPORT, "transfer", values),)


def fuel_sensor(message: FuelSensor) -> Events:
    """0x94 type 0E: the sensor's own number is its place in the names."""
    number = message.sensor
    values: Values = {
        f"fuel.level.{number}": message.value / 100,
        f"fuel.sensor.{number}.type.raw": message.data_type,
    }
    if unit := FUEL_UNITS.get(message.unit):
        values[f"fuel.unit.{number}"] = unit
    else:
        values[f"fuel.unit.{number}.raw"] = message.unit
    return (Event(Kind.REPORT, "transfer", values),)


def transfer_other(message: TransferOther) -> Events:
    """0x94 of a type that the document does not describe."""
    return (Event(Kind.REPORT, "transfer", raw_module(message.type, message.content)),)
