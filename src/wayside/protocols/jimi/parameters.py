"""What each capability takes.  Patterns keep commas and blanks out: they would begin another argument."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

HOST: Final = r"^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$"
FILE_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
HTTP_URL: Final = r"^https?://[^\s,]+$"
RTMP_URL: Final = r"^rtmp://[^\s,]+$"
PRINTABLE: Final = r"^[ -~]+$"

# With its word and comma, an address of this length still fits a command; see TEXT_BYTES_MAX in commands.py.
URL_LENGTH_MAX: Final = 200

Camera = Annotated[Literal["in", "out", "inout"], Meta(description="in: cabin, out: road, inout: both")]
CameraNumber = Annotated[Literal[1, 2], Meta(description="as the terminal counts them")]
LocalTime = Annotated[
    datetime,
    Meta(
        tz=False,
        description="the camera's own local time, without a zone, as in the names of its files; whole seconds",
    ),
]
Arguments = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=r"^[ -~]*$",
        description="what stands behind the word, by the firmware's own list; empty asks for the present value",
    ),
]


class Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a picture and upload it."""

    camera: Camera = "inout"


class Video(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Record a short video and upload it."""

    camera: Camera = "inout"
    duration_s: Annotated[int, Meta(ge=3, le=10, description="seconds")] = 5


class LiveStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Push live video; the minutes bound what a forgotten stream costs."""

    camera: Camera = "out"
    minutes: Annotated[int, Meta(ge=2, le=180, description="the stream ends by itself after these")] = 5


class LiveStop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stop pushing live video."""

    camera: Camera = "out"


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Push recorded files, one after the other."""

    files: Annotated[
        list[Annotated[str, Meta(pattern=FILE_NAME)]],
        Meta(
            min_length=1,
            max_length=32,
            description="names from the file list; together 240 characters at most",
        ),
    ]


class HistoryVideo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Upload the recording of a time."""

    time: LocalTime
    camera: CameraNumber = 1


class EventVideo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cut a video out of the recording and upload it."""

    time: LocalTime
    camera: CameraNumber = 1
    duration_s: Annotated[int, Meta(ge=10, le=60, description="seconds")] = 10


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The server that the terminal connects to from now on."""

    host: Annotated[str, Meta(pattern=HOST, max_length=200, description="name or IPv4 address")]
    port: Annotated[int, Meta(ge=1, le=65535, description="TCP port")]


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On or off."""

    on: Annotated[bool, Meta(description="true: on, false: off")]


class HttpUrl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address that the terminal posts to."""

    url: Annotated[
        str, Meta(pattern=HTTP_URL, max_length=URL_LENGTH_MAX, description="http://host:port/path")
    ]


class RtmpUrl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address that the terminal streams to; it adds channel and IMEI."""

    url: Annotated[
        str, Meta(pattern=RTMP_URL, max_length=URL_LENGTH_MAX, description="rtmp://host:port/live")
    ]


class Raw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments as the firmware's list has them."""

    arguments: Arguments = ""


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the terminal's servers to try."""

    service: Annotated[
        Literal["TCP", "HTTP", "RTMP"],
        Meta(description="which one: for positions, for files or for live video"),
    ] = "TCP"


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any command, word for word."""

    text: Annotated[
        str,
        Meta(min_length=1, max_length=251, pattern=PRINTABLE, description="printable ASCII; case matters"),
    ]
