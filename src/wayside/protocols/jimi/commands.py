"""What can be asked of a camera, and the text that asks for it (section 5.5.1 and the vendor's command list)."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, Final

from wayside.model.commands import Capability, NoParameters, Risk, State
from wayside.model.errors import CommandError
from wayside.protocols.jimi import parameters as takes

# The inner length has one byte and counts the four of the server flag.
TEXT_BYTES_MAX: Final = 0xFF - 4

# Taking, cutting or streaming video starts hardware first; the terminal answers when that is done.
MEDIA_ANSWER_S: Final = 60.0
# How long a file may be on its way after the reply.  A poor mobile uplink of a megabit a second moves some 7 MB in
# a minute; a camera that failed tries again, and what it uploads besides comes first.
SMALL_FILE_S: Final = 180.0
"""Pictures of some hundred kilobytes, or a list of thousands of names: seconds, and a few tries."""
CLIP_S: Final = 600.0
"""Two clips of ten seconds, some 10 MB each, tried twice."""
RECORDING_S: Final = 1800.0
"""Minutes of video, tens of megabytes, which the camera cuts out of its card first; tried twice."""

FILE_WITHIN_S: Final = {
    "picture": SMALL_FILE_S,
    "video": CLIP_S,
    "file_list": SMALL_FILE_S,
    "history_video": RECORDING_S,
    "event_video": RECORDING_S,
}
"""The capabilities whose result is a file: the reply only says that the camera begins (section 5.5.2)."""

# What moves something must not come as a surprise later.
ACTUATION_EXPIRES_S: Final = 30.0

COMMAND_SECTION: Final = "5.5.1"


def line(word: str, **arguments: str) -> str:
    """``Picture`` and ``camera="in"`` → ``Picture,in``; an empty argument is left out.

    Raises:
        CommandError: an argument would begin another one, or cannot be sent; names the parameter.
    """
    for name, value in arguments.items():
        if "," in value or not (value.isascii() and (value.isprintable() or not value)):
            raise CommandError(
                "commas, control characters and non-ASCII cannot be sent", f"parameters.{name}"
            )
    longest = max(arguments, key=lambda name: len(arguments[name]), default="")
    return bounded(",".join((word, *filter(None, arguments.values()))), longest)


def bounded(text: str, name: str) -> str:
    """The text, if it fits a command.

    Raises:
        CommandError: it does not, or holds what cannot be sent; names the parameter ``name``.
    """
    if not (text.isascii() and text.isprintable()):
        raise CommandError("control characters and non-ASCII cannot be sent", f"parameters.{name}")
    if len(text) > TEXT_BYTES_MAX:
        detail = f"the command would have {len(text)} characters, {TEXT_BYTES_MAX} are the most"
        raise CommandError(detail, f"parameters.{name}")
    return text


def _server(wanted: takes.Server) -> str:
    return line(f"SERVER,{int(not _is_address(wanted.host))}", host=wanted.host, port=str(wanted.port))


def _is_address(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _replay(wanted: takes.Replay) -> str:
    for name in wanted.files:
        line("", files=name)
    return bounded(",".join(("REPLAYLIST", *wanted.files)), "files")


def _raw(word: str) -> Callable[[takes.Raw], str]:
    return lambda wanted: bounded(f"{word},{wanted.arguments}" if wanted.arguments else word, "arguments")


def _text(wanted: takes.Text) -> str:
    word = wanted.text.partition(",")[0].strip().upper()
    if capability := CONFIRMED_WORDS.get(word):
        raise CommandError(f"{word} needs a confirmation: use {capability}", "parameters.text")
    return bounded(wanted.text, "text")


CONFIRMED_WORDS: Final = {"SERVER": "set_server", "COREKITSW": "set_core_kit"}
"""Words that free text refuses, because it would go around the confirmation that their capabilities want."""

WORDING: Final[dict[str, Callable[[Any], str]]] = {
    "picture": lambda p: line("Picture", camera=p.camera),
    "video": lambda p: line("Video", camera=p.camera, duration_s=f"{p.duration_s}s"),
    "live_start": lambda p: line("RTMP,ON", camera=p.camera.upper(), minutes=str(p.minutes)),
    "live_stop": lambda p: line("RTMP,OFF", camera=p.camera.upper()),
    "file_list": lambda _: "FILELIST",
    "replay": _replay,
    "replay_stop": lambda _: "REPLAYLIST,OFF",
    "history_video": lambda p: line("HVIDEO", time=f"{p.time:%Y_%m_%d_%H_%M_%S}", camera=str(p.camera)),
    "event_video": lambda p: line(
        "EVIDEO", time=f"{p.time:%Y-%m-%d %H:%M:%S}", camera=str(p.camera), duration_s=str(p.duration_s)
    ),
    "status": lambda _: "STATUS",
    "parameters": lambda _: "PARAM",
    "version": lambda _: "VERSION",
    "ping": lambda p: line("PING", service=p.service),
    "timer": _raw("TIMER"),
    "speed_alarm": _raw("SPEED"),
    "set_upload": lambda p: line("UPLOAD", url=p.url),
    "set_rtmp": lambda p: line("RSERVICE", url=p.url),
    "set_file_list_url": lambda p: line("FILELIST", url=p.url),
    "relay": lambda p: line("RELAY", on=str(int(p.on))),
    "reboot": lambda _: "REBOOT",
    "set_core_kit": lambda p: line("COREKITSW", on=str(int(p.on))),
    "set_server": _server,
    "text": _text,
}


def _capability(
    name: str, title: str, risk: Risk, parameters: type[Any] = NoParameters, answer_within_s: float = 30.0
) -> Capability:
    return Capability(
        name,
        title,
        risk,
        parameters,
        answer_within_s=answer_within_s,
        expires_after_s=ACTUATION_EXPIRES_S if risk is Risk.ACTUATION else 60.0,
        section=COMMAND_SECTION,
        file_within_s=FILE_WITHIN_S.get(name),
    )


# Reboot is an actuation, not dangerous: the camera comes back by itself to the same server, but twice is one
# interruption of the recording too many.  Free text is an actuation for the same reason: nobody knows what a
# firmware's own word does when it is sent twice or late.  The words that can cut a terminal off have
# capabilities of their own, which want a confirmation, and free text refuses them (CONFIRMED_WORDS).
CAPABILITIES: Final[tuple[Capability, ...]] = (
    _capability("picture", "Take a picture and upload it", Risk.QUERY, takes.Picture, MEDIA_ANSWER_S),
    _capability("video", "Record a short video and upload it", Risk.QUERY, takes.Video, MEDIA_ANSWER_S),
    _capability("live_start", "Start live video", Risk.SETTING, takes.LiveStart, MEDIA_ANSWER_S),
    _capability("live_stop", "Stop live video", Risk.SETTING, takes.LiveStop),
    _capability("file_list", "Upload the names of the recordings", Risk.QUERY),
    _capability("replay", "Stream recordings", Risk.SETTING, takes.Replay, MEDIA_ANSWER_S),
    _capability("replay_stop", "Stop streaming recordings", Risk.SETTING),
    _capability(
        "history_video", "Upload the recording of a time", Risk.QUERY, takes.HistoryVideo, MEDIA_ANSWER_S
    ),
    _capability(
        "event_video", "Cut and upload a video of a time", Risk.QUERY, takes.EventVideo, MEDIA_ANSWER_S
    ),
    _capability("status", "Ask how the terminal is", Risk.QUERY),
    _capability("parameters", "Ask for the settings", Risk.QUERY),
    _capability("version", "Ask for the firmware's version", Risk.QUERY),
    _capability("ping", "Have the terminal try one of its servers", Risk.QUERY, takes.Ping, MEDIA_ANSWER_S),
    _capability("timer", "Set how often the position is sent", Risk.SETTING, takes.Raw),
    _capability("speed_alarm", "Set the overspeed alarm", Risk.SETTING, takes.Raw),
    _capability("set_upload", "Set where files are uploaded to", Risk.SETTING, takes.HttpUrl),
    _capability("set_rtmp", "Set where video is streamed to", Risk.SETTING, takes.RtmpUrl),
    _capability("set_file_list_url", "Set where name lists are posted to", Risk.SETTING, takes.HttpUrl),
    _capability("relay", "Switch the relay (as a rule it cuts the fuel)", Risk.ACTUATION, takes.Switch),
    _capability("reboot", "Restart the terminal", Risk.ACTUATION),
    _capability("set_core_kit", "Switch the vendor's own platform on or off", Risk.DANGEROUS, takes.Switch),
    _capability("set_server", "Send the terminal to another server", Risk.DANGEROUS, takes.Server),
    _capability("text", "Send any text command", Risk.ACTUATION, takes.Text),
)

BY_NAME: Final = {capability.name: capability for capability in CAPABILITIES}

# What silence leaves of a command: nobody knows whether the relay clicked, but a query changed nothing.
SILENCE: Final = {
    Risk.QUERY: State.TIMED_OUT,
    Risk.SETTING: State.TIMED_OUT,
    Risk.ACTUATION: State.UNKNOWN,
    Risk.DANGEROUS: State.UNKNOWN,
}

# The document says nothing of refusals, and each firmware words them its own way.  Only a reply that begins like
# one of these (behind the echoed word in brackets, if there is one) is taken for one; every other is a success
# whose text the caller can read.
REFUSALS: Final = (
    "error",
    "fail",
    "unknown command",
    "invalid",
    "illegal",
    "unsupported",
    "not support",
    "command error",
    "command format error",
    "format error",
    "parameter error",
    "param error",
)


def text_for(capability: str, parameters: Any) -> str:  # noqa: ANN401 - a Struct of the capability's own type
    """The command's text.

    Raises:
        CommandError: no such capability, or its parameters cannot be put into words; names the field.
    """
    wording = WORDING.get(capability)
    if wording is None:
        raise CommandError(f"a camera cannot {capability!r}", "capability")
    return wording(parameters)


def is_refusal(reply: str) -> bool:
    """Whether a reply says that the command was not carried out."""
    text = reply.strip()
    if text.startswith("["):
        text = text.partition("]")[2].lstrip()
    return text.lower().startswith(REFUSALS)
