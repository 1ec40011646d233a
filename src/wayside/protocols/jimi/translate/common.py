"""What several translations share: positions, times, texts."""

from __future__ import annotations

from typing import Final

from wayside.model.events import Values
from wayside.model.instant import SECOND, Instant
from wayside.protocols.jimi.messages.moments import Moment
from wayside.protocols.jimi.translate.tables import CARD_STATUSES
from wayside.wire.civil import instant_from_civil

CENTURY: Final = 2000

# 30,000 units to the minute (5.3.1).
UNITS_PER_DEGREE: Final = 1_800_000
LATITUDE_MAX: Final = 90 * UNITS_PER_DEGREE
LONGITUDE_MAX: Final = 180 * UNITS_PER_DEGREE
COURSE_DEG_MAX: Final = 360

_TRACK_STARTS: Final = "%;+"
_TRACK_END: Final = "?"


def is_place(latitude: int, longitude: int, fixed: bool) -> bool:  # noqa: FBT001 - as in add_position
    """Whether two raw numbers name a place.

    Without a fix the terminal repeats the last place it knew, and ``position.valid`` says so; all zeros mean
    that it knows none.
    """
    known = fixed or latitude or longitude
    return bool(known) and latitude <= LATITUDE_MAX and longitude <= LONGITUDE_MAX


def add_position(  # noqa: PLR0917 - the order in which the packets have them
    values: Values,
    latitude: int,
    longitude: int,
    fixed: bool,  # noqa: FBT001 - bits of the course word, in its order
    west: bool,  # noqa: FBT001 - likewise
    north: bool,  # noqa: FBT001 - likewise
) -> None:
    """Latitude and longitude with their signs, where they name a place, and whether there was a fix."""
    values["position.valid"] = fixed
    if is_place(latitude, longitude, fixed):
        values["position.latitude"] = (latitude if north else -latitude) / UNITS_PER_DEGREE
        values["position.longitude"] = (-longitude if west else longitude) / UNITS_PER_DEGREE


def leave_out(values: Values, *names: str) -> None:
    """Take back what the device cannot know."""
    for name in names:
        del values[name]


def instant_of(moment: Moment) -> Instant | None:
    """The UTC time of a packet; None where there is no such date or time."""
    return instant_from_civil(
        CENTURY + moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second
    )


def instant_of_unix(unix_s: int) -> Instant | None:
    """Seconds since 1970; None for 0, which a clock that was never set sends."""
    return unix_s * SECOND if unix_s else None


def text_of(data: bytes) -> str:
    """ASCII as the device sent it, without padding; a byte that is no ASCII becomes an escape with its number."""
    return data.replace(b"\0", b"").decode("ascii", "backslashreplace").strip()


def raw_module(number: int, content: bytes) -> Values:
    """A module that no rule describes."""
    return {"module.type.raw": number, "module.data.raw": content.hex()}


def card(status: int, tracks: bytes) -> Values:
    """A reading of a card: what happened, and the three tracks.

    Tracks begin with ``%``, ``;`` and ``+`` and end with ``?`` (ISO 7811); blanks inside are part of the
    data.  A track that was not read is an empty text.  Without any start mark the whole text is one track.
    """
    name = CARD_STATUSES.get(status)
    values: Values = {"card.status": name} if name else {"card.status.raw": status}
    text = text_of(tracks)
    if any(start in text for start in _TRACK_STARTS):
        values["card.tracks"] = split_tracks(text)
    elif text:
        values["card.tracks"] = [text]
    return values


def split_tracks(text: str) -> list[str]:
    """The content of the three tracks, without start and end marks."""
    tracks = []
    for start in _TRACK_STARTS:
        _, mark, behind = text.partition(start)
        track, end, rest = behind.partition(_TRACK_END)
        tracks.append(track if mark else "")
        text = rest if end else text
    return tracks
