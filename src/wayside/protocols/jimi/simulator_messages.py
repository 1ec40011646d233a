"""What a simulated camera says, and how it does what it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from wayside.model.instant import MINUTE, Instant
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
LOCAL_TIME_MINUTES: Final = 60
"""Berlin's winter time; names of files carry it."""

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


class Settings:
    """What commands can change."""

    __slots__ = ("file_list_url", "interval_s", "rtmp", "server", "upload")

    def __init__(self) -> None:
        self.interval_s: float | None = None
        self.server = "0,127.0.0.1,21100"
        self.upload = ""
        self.rtmp = ""
        self.file_list_url = ""


def login(imei: str) -> bytes:
    """0x01, one hour east of Greenwich, English."""
    return LOGIN.encode(Login("0" + imei, MODEL_CODE, 100, zone_west=False, zone_undefined=0, language=2))


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


def event_files(imei: str, at: Instant, suffix: str) -> str:
    """The names of both cameras' files, in local time."""
    local = civil_from_instant(at + LOCAL_TIME_MINUTES * MINUTE)
    stem = "_".join(f"{part:02d}" for part in local)
    return ",".join(f"EVENT_{imei}_00000000_{stem}_{number:02d}.{suffix}" for number in (1, 2))


def reply(server_flag: int, text: str, *, with_language: bool) -> bytes:
    """0x21, in one of its two forms."""
    content = text.encode("ascii", "replace")
    if with_language:
        return REPLY_WITH_LANGUAGE.encode(ReplyWithLanguage(server_flag, ASCII, content, ENGLISH))
    return REPLY.encode(Reply(server_flag, ASCII, content))


class Action(NamedTuple):
    """What comes of a command: a reply, perhaps a file, perhaps a restart."""

    reply: str
    file_suffix: str = ""
    reboots: bool = False


class Told(NamedTuple):
    """A command's arguments, and what they may change."""

    arguments: list[str]
    settings: Settings
    car: Car
    imei: str

    @property
    def text(self) -> str:
        """The arguments as they came."""
        return ",".join(self.arguments)


def obey(text: str, settings: Settings, car: Car, imei: str) -> Action:
    """Do what a command says; case matters, as it does to the real ones."""
    word, *arguments = text.split(",")
    action = ACTIONS.get(word)
    return action(Told(arguments, settings, car, imei)) if action else Action("Error: unknown command")


def _timer(told: Told) -> Action:
    if told.arguments and told.arguments[0].isdecimal() and int(told.arguments[0]) > 0:
        told.settings.interval_s = float(told.arguments[0])
    interval = told.settings.interval_s
    return Action(f"[TIMER] {f'{interval:g}' if interval else 'OFF'},10")


def _relay(told: Told) -> Action:
    if told.arguments not in (["0"], ["1"]):
        return Action("[RELAY] Error: 0 or 1")
    told.car.relay_cut = told.arguments == ["1"]
    return Action(f"[RELAY] {told.arguments[0]} OK!")


def _status(told: Told) -> Action:
    return Action(
        "[STATUS] Battery:4.10V,charging; GPRS:Link Up; GSM Signal Level:Strong; "
        f"GPS:Successful positioning,SVS Used in fix:{SATELLITES}; ACC:ON; "
        f"Relay:{'cut' if told.car.relay_cut else 'closed'}; Speed:{told.car.speed_kmh:.0f}km/h"
    )


def _parameters(told: Told) -> Action:
    settings = told.settings
    return Action(
        f"[PARAM] IMEI:{told.imei}; SERVER:{settings.server}; UPLOAD:{settings.upload}; "
        f"RSERVICE:{settings.rtmp}; FILELIST:{settings.file_list_url}; TIMER:{settings.interval_s or 'OFF'}"
    )


def _setting(word: str, name: str) -> Callable[[Told], Action]:
    """A command that sets one text, or tells it when nothing stands behind the word."""

    def act(told: Told) -> Action:
        if told.text:
            setattr(told.settings, name, told.text)
            return Action(f"[{word}] OK!")
        return Action(f"[{word}] {getattr(told.settings, name)}")

    return act


def _echo(word: str) -> Callable[[Told], Action]:
    return lambda told: Action(f"[{word}] {told.text} OK!".replace("  ", " "))


ACTIONS: Final[dict[str, Callable[[Told], Action]]] = {
    "VERSION": lambda _: Action(f"[VERSION]{FIRMWARE}"),
    "STATUS": _status,
    "PARAM": _parameters,
    "TIMER": _timer,
    "SPEED": _echo("SPEED"),
    "RELAY": _relay,
    "REBOOT": lambda _: Action("[REBOOT] OK!", reboots=True),
    "Picture": lambda _: Action("picture", file_suffix="jpg"),
    "Video": lambda _: Action("video", file_suffix="mp4"),
    "HVIDEO": lambda _: Action("video", file_suffix="mp4"),
    "EVIDEO": lambda _: Action("video", file_suffix="mp4"),
    "RTMP": _echo("RTMP"),
    "REPLAYLIST": _echo("REPLAYLIST"),
    "PING": _echo("PING"),
    "COREKITSW": _echo("COREKITSW"),
    "SERVER": _setting("SERVER", "server"),
    "UPLOAD": _setting("UPLOAD", "upload"),
    "RSERVICE": _setting("RSERVICE", "rtmp"),
    "FILELIST": _setting("FILELIST", "file_list_url"),
}
