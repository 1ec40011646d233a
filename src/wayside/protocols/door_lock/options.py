"""What an operator may set for a door lock: its cipher, its time zone, and who we say we are."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from wayside.model.errors import ConfigError
from wayside.protocols.door_lock.cipher import CIPHER_DEFAULT, Cipher, cipher_named

# The lock says nothing by itself: its clock is set now and then, which also proves that it is still there.  Once a
# minute, so that a link which died without a word is noticed within minutes; a lock's battery does not feel it.
CLOCK_INTERVAL_S: Final = 60.0

CENTRAL_MAC: Final = "020000000000"
"""Locally administered, and nobody's: the captured lock answers a phone whose MAC it cannot know."""

# The farthest zones in use: UTC-12 and UTC+14.
ZONE_MIN: Final = -12 * 60
ZONE_MAX: Final = 14 * 60

_MAC: Final = re.compile(r"[0-9A-Fa-f]{12}")


class Options(msgspec.Struct, frozen=True):
    """``cipher``, ``timezone_minutes`` (east of UTC) and ``central_mac`` of ``Setup.options``."""

    cipher: Cipher
    timezone_minutes: int
    central_mac: bytes


def options_from(texts: dict[str, str]) -> Options:
    """Read them; other options are somebody else's.

    Raises:
        ConfigError: a cipher that there is not, no number or no zone, no MAC.
    """
    return Options(
        cipher_named(texts.get("cipher", CIPHER_DEFAULT)),
        _zone(texts.get("timezone_minutes", "0")),
        _mac(texts.get("central_mac", CENTRAL_MAC)),
    )


def _zone(text: str) -> int:
    try:
        minutes = int(text)
    except ValueError:
        raise ConfigError(f"timezone_minutes: {text!r} is not a whole number") from None
    if not ZONE_MIN <= minutes <= ZONE_MAX:
        raise ConfigError(f"timezone_minutes: {minutes}, but {ZONE_MIN} to {ZONE_MAX} wanted")
    return minutes


def _mac(text: str) -> bytes:
    digits = text.replace(":", "")
    if not _MAC.fullmatch(digits):
        raise ConfigError(f"central_mac: {text!r} is not twelve hexadecimal digits")
    return bytes.fromhex(digits)
