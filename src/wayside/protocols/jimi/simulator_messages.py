"""What a simulated camera says."""

from __future__ import annotations

from typing import Final

from wayside.model.instant import Instant
from wayside.protocols.jimi.drive import Car
from wayside.protocols.jimi.messages.basic import (
    ASCII,
    ENGLISH,
    HEARTBEAT,
    LOGIN,
    REPLY,
    REPLY_WITH_LANGUAGE,
    Heartbeat,
    Login,
    Reply,
    ReplyWithLanguage,
)
from wayside.protocols.jimi.messages.location import ALARM, Alarm, Location
from wayside.protocols.jimi.messages.modules import CAMERAS, Camera, Cameras
from wayside.protocols.jimi.messages.moments import Course, Moment
from wayside.protocols.jimi.messages.transfer import (
    DEVICE_IDENTITY,
    DEVICE_VERSION,
    IDENTITY_TYPE,
    VERSION_TYPE,
    DeviceIdentity,
    DeviceVersion,
)
from wayside.protocols.jimi.translate.common import CENTURY, UNITS_PER_DEGREE
from wayside.wire.civil import civil_from_instant

MODEL_CODE: Final = 0x7000
FIRMWARE: Final = "JC400P_SIM_V1.3.5_251128.0900"
ZONE_MINUTES: Final = 60
"""Berlin's winter time."""
HOUR_MINUTES: Final = 60

INTERVAL: Final = 0x00
CORNER: Final = 0x02
RECONNECTED: Final = 0x05

FILE_UPLOADING: Final = 0x69
# Acceleration, braking, turning, lane departure, headway, phone, yawn: what a camera sees in town.
ALARMS: Final = (0x90, 0x91, 0x92, 0xCD, 0xCE, 0x97, 0xA0)

GPS_BYTES: Final = 12
SATELLITES: Final = 11
MCC_GERMANY: Final = 262
SUPPLY_DV: Final = 138

_U32_COUNT: Final = 1 << 32


def login(imei: str, zone_minutes: int) -> bytes:
    """0x01, in English; the zone in minutes east of Greenwich."""
    hours, minutes = divmod(abs(zone_minutes), HOUR_MINUTES)
    zone = 100 * hours + minutes
    return LOGIN.encode(
        Login("0" + imei, MODEL_CODE, zone, zone_west=zone_minutes < 0, zone_undefined=0, language=2)
    )


def heartbeat() -> bytes:
    """0x13 of a camera in a running car."""
    return HEARTBEAT.encode(
        Heartbeat(
            extension_7=0,
            positioning=True,
            extension_3_5=0,
            charging=True,
            ignition=True,
            extension_0=0,
            voltage_level=6,
            signal=4,
            port=0,
            language=2,
            further=b"",
        )
    )


def cameras() -> bytes:
    """0xE0: one camera to the road, one to the cabin."""
    return CAMERAS.encode(Cameras(builtin=(Camera(1, 1), Camera(2, 1)), peripheral=()))


def identity(imei: str, number: int) -> bytes:
    """0x94 type 0A."""
    imsi = f"0{MCC_GERMANY}01{number:010d}"
    iccid = f"8949{number:015d}f"
    return DEVICE_IDENTITY.encode(
        DeviceIdentity(IDENTITY_TYPE, bytes.fromhex("0" + imei), bytes.fromhex(imsi), bytes.fromhex(iccid))
    )


def version() -> bytes:
    """0x94 type 08."""
    return DEVICE_VERSION.encode(DeviceVersion(VERSION_TYPE, FIRMWARE.encode()))


def _moment(at: Instant) -> Moment:
    year, *others = civil_from_instant(at)
    return Moment(year - CENTURY, *others)


def location(car: Car, at: Instant, mode: int) -> Location:
    """0x22 of a car, north and east as Berlin is."""
    moment = _moment(at)
    latitude, longitude = car.place
    return Location(
        year=moment.year,
        month=moment.month,
        day=moment.day,
        hour=moment.hour,
        minute=moment.minute,
        second=moment.second,
        gps_length=GPS_BYTES,
        satellites=SATELLITES,
        latitude=round(latitude * UNITS_PER_DEGREE),
        longitude=round(longitude * UNITS_PER_DEGREE),
        speed_kmh=round(car.speed_kmh),
        reserved=0,
        differential=False,
        fixed=True,
        west=False,
        north=True,
        course_deg=round(car.course_deg),
        mnc_is_wide=False,
        mcc=MCC_GERMANY,
        mnc=1,
        lac=0x1A2B,
        cell_id=round(longitude * 1000),
        ignition=1,
        upload_mode=mode,
        reuploaded=0,
        tail=(round(car.mileage_m) % _U32_COUNT).to_bytes(4),
    )


def alarm(car: Car, at: Instant, kind: int, files: str) -> bytes:
    """0x95."""
    latitude, longitude = car.place
    course = Course(
        reserved=0, differential=False, fixed=True, west=False, north=True, course_deg=round(car.course_deg)
    )
    return ALARM.encode(
        Alarm(
            mark=0xFFFF,
            version=1,
            moment=_moment(at),
            gps_length=GPS_BYTES,
            satellites=SATELLITES,
            latitude=round(latitude * UNITS_PER_DEGREE),
            longitude=round(longitude * UNITS_PER_DEGREE),
            course=course,
            speed_kmh=round(car.speed_kmh),
            supply_dv=SUPPLY_DV,
            kind=kind,
            value=0,
            files=files.encode(),
        )
    )


def reply(server_flag: int, text: str, *, with_language: bool) -> bytes:
    """0x21, in one of its two forms."""
    content = text.encode("ascii", "replace")
    if with_language:
        return REPLY_WITH_LANGUAGE.encode(ReplyWithLanguage(server_flag, ASCII, content, ENGLISH))
    return REPLY.encode(Reply(server_flag, ASCII, content))
