"""What an operator may set for a battery: how often it is polled, and its password."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.model.errors import ConfigError
from wayside.protocols.jk_bms.identifiers import PASSWORD

# A warning is seen within half a minute, and a poll and its reply, some 400 bytes with their TCP headers, make 35 MB a
# month: what a cheap SIM card has.  On a serial line nothing speaks against fewer seconds.
POLL_INTERVAL_S: Final = 30.0

# A BMS whose "GPS heartbeat" is on may switch charging and discharging off when nobody asks; and the gateway takes a
# line that is silent for three of the longest intervals for dead.
POLL_INTERVAL_MAX_S: Final = 300.0

# The packets' own minimum distance, tenfold: a command must find its turn between two polls.
POLL_INTERVAL_MIN_S: Final = 1.0

IDLE_TIMEOUT_S: Final = 3 * POLL_INTERVAL_MAX_S


class Options(msgspec.Struct, frozen=True):
    """``poll_interval_s`` and ``password`` of ``Setup.options``; other options are somebody else's."""

    poll_interval_s: float = POLL_INTERVAL_S
    password: str | None = None


def options_from(texts: dict[str, str]) -> Options:
    """Read them.

    Raises:
        ConfigError: not a number, out of range, or a password that cannot be sent.
    """
    return Options(_interval(texts.get("poll_interval_s")), _password(texts.get("password")))


def _interval(text: str | None) -> float:
    if text is None:
        return POLL_INTERVAL_S
    try:
        interval_s = float(text)
    except ValueError:
        raise ConfigError(f"poll_interval_s: {text!r} is not a number of seconds") from None
    # Written so that NaN, which compares false with everything, is refused as well.
    if not POLL_INTERVAL_MIN_S <= interval_s <= POLL_INTERVAL_MAX_S:
        raise ConfigError(
            f"poll_interval_s: {text}, but {POLL_INTERVAL_MIN_S:g} to {POLL_INTERVAL_MAX_S:g} seconds wanted"
        )
    return interval_s


def _password(text: str | None) -> str | None:
    if not text:
        return None
    if len(text) > PASSWORD.size or not (text.isascii() and text.isprintable()):
        raise ConfigError(f"password: at most {PASSWORD.size} printable ASCII characters wanted")
    return text
