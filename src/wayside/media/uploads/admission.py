"""Whether a file is taken: one table of rules over what is known, without a clock, a store or a socket.

It is asked twice: before the first byte of the file, with what is known by then, and when all of it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec

from wayside.media.uploads.contents import Content, promised
from wayside.media.uploads.limits import UploadLimits
from wayside.ports.media import Usage
from wayside.ports.store import DeviceStatus


class Refusal(msgspec.Struct, frozen=True):
    """``reason`` is the metric's label; ``message`` is what the device and the log are told.

    ``temporary``: the same upload may be taken later.
    """

    reason: str
    message: str
    status: HTTPStatus = HTTPStatus.BAD_REQUEST
    temporary: bool = False


class Refused(Exception):
    """An upload is not taken."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Facts(msgspec.Struct, frozen=True):
    """What is known of an upload.

    ``devices``: every one that the form names (or that must be meant), ``status`` of the one, None if nobody knows it.
    ``sound_name``: the name is one that a file may have.  ``size``: of the whole file once it is ``whole``, before
    that at least so much, 0 if nothing is said.  ``clock_off_s``: None without a timestamp.
    """

    devices: frozenset[str]
    status: DeviceStatus | None
    name: str
    sound_name: bool
    expected: bool
    clock_off_s: float | None
    usage: Usage
    size: int = 0
    whole: bool = False
    content: Content | None = None


class Rule(msgspec.Struct, frozen=True):
    """``breaks(facts, limits)``: the upload is refused for this."""

    refusal: Refusal
    breaks: Callable[[Facts, UploadLimits], bool]


SEVERAL_DEVICES: Final = Refusal("several devices", "name, imei and command speak of different devices")
NOT_REGISTERED: Final = Refusal("not registered", "this device is not registered here", HTTPStatus.FORBIDDEN)
REJECTED: Final = Refusal("rejected", "this device is refused here", HTTPStatus.FORBIDDEN)


def judge_status(status: DeviceStatus | None) -> Refusal | None:
    """Why nothing is taken of a device that was decided on like this."""
    if status is None:
        return NOT_REGISTERED
    return None if status is DeviceStatus.ACCEPTED else REJECTED


def _misnamed(facts: Facts) -> bool:
    shot = promised(facts.name)
    return facts.content is not None and shot is not None and shot is not facts.content.shot


# The first that applies is told, so what concerns everybody else's devices comes first.
RULES: Final[tuple[Rule, ...]] = (
    Rule(
        Refusal("no device", "no device: neither name, imei nor an open command tells whose file this is"),
        lambda facts, _: not facts.devices,
    ),
    Rule(SEVERAL_DEVICES, lambda facts, _: len(facts.devices) > 1),
    Rule(NOT_REGISTERED, lambda facts, _: judge_status(facts.status) is NOT_REGISTERED),
    Rule(REJECTED, lambda facts, _: judge_status(facts.status) is REJECTED),
    Rule(
        Refusal(
            "name",
            "filename: 1 to 128 printable characters without a path, not beginning with a dot, are expected",
        ),
        lambda facts, _: not facts.sound_name,
    ),
    Rule(
        Refusal("too large", "file: larger than this server takes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        lambda facts, limits: facts.size > limits.file_bytes,
    ),
    Rule(Refusal("empty", "File content is empty"), lambda facts, _: facts.whole and not facts.size),
    Rule(
        Refusal("content", "file: neither a picture, a video nor a sound", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        lambda facts, _: facts.whole and facts.content is None,
    ),
    Rule(
        Refusal(
            "misnamed", "file: holds something else than its name says", HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        ),
        lambda facts, _: _misnamed(facts),
    ),
    Rule(
        Refusal("no timestamp", "timestamp: milliseconds since 1970 are expected"),
        lambda facts, _: not facts.expected and facts.clock_off_s is None,
    ),
    Rule(
        Refusal("timestamp", "timestamp: too far from the time it is"),
        lambda facts, limits: (
            not facts.expected and facts.clock_off_s is not None and abs(facts.clock_off_s) > limits.clock_s
        ),
    ),
    Rule(
        Refusal(
            "quota of files",
            "nobody expects this file, and the device has no more such files today",
            HTTPStatus.TOO_MANY_REQUESTS,
            temporary=True,
        ),
        lambda facts, limits: not facts.expected and facts.usage.unexpected >= limits.unexpected_files,
    ),
    Rule(
        Refusal(
            "quota of bytes",
            "nobody expects this file, and the device has no more such bytes today",
            HTTPStatus.TOO_MANY_REQUESTS,
            temporary=True,
        ),
        lambda facts, limits: (
            not facts.expected and facts.usage.unexpected_size + facts.size > limits.unexpected_bytes
        ),
    ),
)


def judge(facts: Facts, limits: UploadLimits) -> Refusal | None:
    """Why the file is refused; None: as far as is known, it is taken."""
    return next((rule.refusal for rule in RULES if rule.breaks(facts, limits)), None)
