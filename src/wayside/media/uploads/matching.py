"""Which open command a file belongs to.  Pure.

A form of 6.3 says it.  Else the camera may have named the file when it answered; else kind, channel and time decide,
and where two commands are the same, the one that was sent last before the file was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from wayside.model.commands import IN_FLIGHT
from wayside.model.instant import MINUTE, Instant
from wayside.protocol.questions import OpenCommand
from wayside.protocol.uploads import Shot, Wanted

CLOCK_US: Final = 2 * MINUTE
"""How far a camera's clock may be behind ours when we ask whether a picture was taken after it was asked for."""

LONG_AGO: Final = -(2**62)

_BETWEEN_NAMES: Final = re.compile(r"[\s,;:/\"'()\[\]]+")


class Arrival(msgspec.Struct, frozen=True):
    """What is known of a file that came.

    ``shot``: by its content, or before that by its name; ``channel``, ``local`` (the device's clock) and ``taken_at``
    (UTC) by its name; ``number`` is that of a command, where the form has it; ``at``: when it came.
    """

    name: str
    shot: Shot | None
    channel: str
    local: Instant | None
    taken_at: Instant | None
    number: int | None
    at: Instant


class Awaited(msgspec.Struct, frozen=True):
    """An open command, what it waits for, and the words in which the device answered it."""

    device: str
    command: OpenCommand
    wanted: Wanted
    reply: str = ""


def told(arrival: Arrival, awaited: Iterable[Awaited], within_us: int) -> Awaited | None:
    """The command that the form's number means, or in whose reply the file is named.

    A command is over ``within_us`` after it was sent.
    """
    live = [each for each in awaited if _sent(each) + within_us >= arrival.at]
    if arrival.number is not None:
        return next((each for each in live if each.command.number == arrival.number), None)
    return _likeliest(arrival, [each for each in live if arrival.name in _BETWEEN_NAMES.split(each.reply)])


def guessed(arrival: Arrival, awaited: Iterable[Awaited], within_us: int) -> Awaited | None:
    """The command that the file fits by what it holds, its channel and its time."""
    if arrival.number is not None:  # it is said which one, and that one waits no more
        return None
    live = [each for each in awaited if _sent(each) + within_us >= arrival.at]
    return _likeliest(arrival, [each for each in live if fits(arrival, each)])


def _likeliest(arrival: Arrival, awaited: list[Awaited]) -> Awaited | None:
    return max(awaited, key=lambda each: _likelihood(arrival, each), default=None)


def fits(arrival: Arrival, awaited: Awaited) -> bool:
    """Whether the file can be what this command waits for."""
    wanted = awaited.wanted
    if wanted.shot is None or arrival.shot not in {wanted.shot, None}:
        return False
    if arrival.channel in ROAD_AND_CABIN and wanted.channels and arrival.channel not in wanted.channels:
        return False
    if wanted.local is not None:
        begin, end = wanted.local
        return arrival.local is not None and begin <= arrival.local <= end
    return arrival.taken_at is None or arrival.taken_at >= _sent(awaited) - CLOCK_US


def _likelihood(arrival: Arrival, awaited: Awaited) -> tuple[bool, bool, Instant]:
    sent = _sent(awaited)
    before = arrival.taken_at is None or sent <= arrival.taken_at
    return before, awaited.command.state in IN_FLIGHT, sent if before else -sent


def _sent(awaited: Awaited) -> Instant:
    return awaited.command.sent_at if awaited.command.sent_at is not None else LONG_AGO


ROAD_AND_CABIN: Final = frozenset({"road", "cabin"})
"""The channels that commands know; another mark in a name may mean either."""
