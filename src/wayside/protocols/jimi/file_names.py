"""Names of a camera's files: who, when by its own clock, which camera; and which of them a command waits for.

``EVENT_353376110008882_000000_2020_08_11_14_17_36_24.mp4`` (5.4.1) is a file made because of something: an alarm, a
command.  ``2021_06_10_18_50_17_01.mp4`` (6.2.1) is a recording from the card.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from wayside.model.instant import MINUTE, Instant, seconds
from wayside.protocol.questions import OpenCommand
from wayside.protocol.uploads import FileName, Shot, Wanted
from wayside.wire.civil import instant_from_civil

_EVENT: Final = re.compile(r"EVENT_(?P<imei>[0-9]{15})_")
_TIME: Final = re.compile(
    r"(?<![0-9])([0-9]{4})_([0-9]{2})_([0-9]{2})_([0-9]{2})_([0-9]{2})_([0-9]{2})"
    r"(?:_(?P<camera>[A-Za-z0-9]{1,8}))?(?=[._]|\Z)"
)

ROAD: Final = "road"
CABIN: Final = "cabin"
CHANNELS: Final = {"01": ROAD, "02": CABIN}
"""As HVIDEO and EVIDEO count them; another mark is kept as it is."""

CAMERAS: Final = {"out": (ROAD,), "in": (CABIN,), "inout": (ROAD, CABIN), 1: (ROAD,), 2: (CABIN,)}

# A card holds files of one to a few minutes, and a name is the time of the beginning.
RECORDING_US: Final = 10 * MINUTE
# Cuts are made at key frames, and clocks are read in whole seconds.
CUT_US: Final = MINUTE


def ident_in(name: str) -> str:
    """The IMEI that the name begins with; "": none."""
    found = _EVENT.match(name)
    return found["imei"] if found else ""


def read_name(name: str) -> FileName:
    """What the name says; a time that no clock shows is none."""
    found = _TIME.search(name)
    if found is None:
        return FileName(ident_in(name))
    local = instant_from_civil(*(int(part) for part in found.groups()[:6]))
    camera = found["camera"] or ""
    return FileName(ident_in(name), local, CHANNELS.get(camera, camera))


def wanted(command: OpenCommand) -> Wanted | None:
    """What the command waits for; None: no file."""
    parameters: Any = command.parameters
    match command.capability:
        case "picture":
            return Wanted(Shot.PICTURE, CAMERAS[parameters.camera])
        case "video":
            return Wanted(Shot.VIDEO, CAMERAS[parameters.camera])
        case "history_video":
            begin = _local(parameters.time)
            return Wanted(Shot.VIDEO, CAMERAS[parameters.camera], (begin - RECORDING_US, begin + CUT_US))
        case "event_video":
            begin = _local(parameters.time)
            end = begin + seconds(parameters.duration_s) + CUT_US
            return Wanted(Shot.VIDEO, CAMERAS[parameters.camera], (begin - CUT_US, end))
        case "file_list":
            return Wanted()
    return None


def _local(time: datetime) -> Instant:
    instant = instant_from_civil(time.year, time.month, time.day, time.hour, time.minute, time.second)
    assert instant is not None, "a datetime is a date and a time"
    return instant
