"""How a simulated camera does what it is told (section 5.5.1 and the vendor's command list)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from wayside.model.instant import MINUTE, Instant
from wayside.protocol.simulator import SAMPLE_CLIP_S, Behaviour
from wayside.protocols.jimi.drive import Car
from wayside.protocols.jimi.simulator_messages import FIRMWARE, SATELLITES
from wayside.wire.civil import civil_from_instant

ROAD: Final = 1
CABIN: Final = 2
CAMERAS: Final = {"OUT": (ROAD,), "IN": (CABIN,), "INOUT": (ROAD, CABIN)}
CHANNELS: Final = {(ROAD,): ("/0",), (CABIN,): ("/1",), (ROAD, CABIN): ("/0", "/1", "/pip")}
"""Where they stream to (section 5.8): both of them also as one picture in the other."""
PLAYBACK: Final = ""
"""Recordings stream without a channel."""

RECORDED_MINUTES: Final = 20 * 60
"""What the card holds, a file for each minute and camera: thousands of names."""
REPEATED: Final = 10
"""So many names of the list come twice, as from real ones."""

STREAM_MINUTES: Final = 2.0
"""The shortest that may be asked for, where nothing is said."""


class Settings:
    """What commands can change."""

    __slots__ = ("file_list_url", "interval_s", "rtmp", "server", "upload")

    def __init__(self, behaviour: Behaviour) -> None:
        self.interval_s: float | None = None
        self.server = "0,127.0.0.1,21100"
        self.upload = behaviour.upload_url
        self.rtmp = behaviour.stream_url
        self.file_list_url = behaviour.upload_url


class Action(NamedTuple):
    """What comes of a command.

    ``files`` are the names of what is uploaded, ``listing`` those that are told; ``streams`` begin or go on for
    ``stream_s``, with 0 they end.
    """

    reply: str
    files: tuple[str, ...] = ()
    listing: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    stream_s: float = 0.0
    reboots: bool = False


class Told(NamedTuple):
    """A command's arguments, when they came by the camera's own clock, and what they may change."""

    arguments: list[str]
    local: Instant
    settings: Settings
    car: Car
    imei: str

    @property
    def text(self) -> str:
        """The arguments as they came."""
        return ",".join(self.arguments)

    @property
    def cameras(self) -> tuple[int, ...]:
        """Which ones are meant; both, where nothing is said."""
        words = (word.upper() for word in self.arguments)
        return next((CAMERAS[word] for word in words if word in CAMERAS), CAMERAS["INOUT"])


def event_names(imei: str, local: Instant, cameras: tuple[int, ...], suffix: str) -> tuple[str, ...]:
    """What files are called that were made because of something: an alarm, a command (section 5.4)."""
    return tuple(f"EVENT_{imei}_00000000_{stamp(local)}_{camera:02d}.{suffix}" for camera in cameras)


def stamp(local: Instant) -> str:
    """``2023_11_14_23_13_20``."""
    return "_".join(f"{part:02d}" for part in civil_from_instant(local))


def obey(text: str, local: Instant, settings: Settings, car: Car, imei: str) -> Action:
    """Do what a command says; case matters, as it does to the real ones."""
    word, *arguments = text.split(",")
    action = ACTIONS.get(word)
    if action is None:
        return Action("Error: unknown command")
    return action(Told(arguments, local, settings, car, imei))


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


def _taken(word: str, suffix: str) -> Callable[[Told], Action]:
    """Something is taken now, and uploaded."""
    return lambda told: Action(word, event_names(told.imei, told.local, told.cameras, suffix))


def _history(told: Told) -> Action:
    """``2025_01_02_03_04_05,1``: the recording of that time."""
    match told.arguments:
        case [time, camera] if camera.isdecimal():
            return Action("video", (f"{time}_{int(camera):02d}.mp4",))
    return Action("[HVIDEO] Error: time and camera")


def _event(told: Told) -> Action:
    """``2025-01-02 03:04:05,1,10``: a piece of it."""
    match told.arguments:
        case [time, camera, _] if camera.isdecimal():
            when = "_".join(time.replace("-", " ").replace(":", " ").split())
            return Action("video", (f"EVENT_{told.imei}_00000000_{when}_{int(camera):02d}.mp4",))
    return Action("[EVIDEO] Error: time, camera and seconds")


def _file_list(told: Told) -> Action:
    """The names on the card, newest first, some of them twice; or, with an address, where to post them to."""
    if told.arguments:
        return _setting("FILELIST", "file_list_url")(told)
    last = told.local - told.local % MINUTE
    minutes = (stamp(last - ago * MINUTE) for ago in range(1, RECORDED_MINUTES + 1))
    names = tuple(f"{minute}_{camera:02d}.mp4" for minute in minutes for camera in (ROAD, CABIN))
    return Action("[FILELIST] OK!", listing=names + names[:REPEATED])


def _live(told: Told) -> Action:
    """``ON,OUT,5`` and ``OFF,OUT``."""
    reply = _echo("RTMP")(told).reply
    streams = CHANNELS[told.cameras]
    match told.arguments:
        case ["ON", _, minutes] if minutes.isdecimal():
            return Action(reply, streams=streams, stream_s=60 * float(minutes))
        case ["ON", *_]:
            return Action(reply, streams=streams, stream_s=60 * STREAM_MINUTES)
        case ["OFF", *_]:
            return Action(reply, streams=streams)
    return Action("[RTMP] Error: ON or OFF")


def _replay(told: Told) -> Action:
    """Names of recordings, one after the other, or ``OFF``."""
    names = [] if told.arguments == ["OFF"] else told.arguments
    return Action(_echo("REPLAYLIST")(told).reply, streams=(PLAYBACK,), stream_s=SAMPLE_CLIP_S * len(names))


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
    "Picture": _taken("picture", "jpg"),
    "Video": _taken("video", "mp4"),
    "HVIDEO": _history,
    "EVIDEO": _event,
    "RTMP": _live,
    "REPLAYLIST": _replay,
    "PING": _echo("PING"),
    "COREKITSW": _echo("COREKITSW"),
    "SERVER": _setting("SERVER", "server"),
    "UPLOAD": _setting("UPLOAD", "upload"),
    "RSERVICE": _setting("RSERVICE", "rtmp"),
    "FILELIST": _file_list,
}
