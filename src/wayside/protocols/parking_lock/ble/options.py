"""What an operator may set for parking locks over BLE: the device key, and how often the state is asked for."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from wayside.model.errors import ConfigError
from wayside.protocols.parking_lock.ble.messages import DEVICE_KEY_BYTES

DEVICE_KEY_DEFAULT: Final = b"OmniW4GX"
"""Section 1.7.1: every lock's until somebody changes it, and known to anybody who has read the document."""

POLL_INTERVAL_S: Final = 60.0
"""The lock says nothing by itself: as often as over TCP somebody would hear of it within minutes, and no link is
dead for longer without being noticed."""

POLL_INTERVAL_MIN_S: Final = 5.0
POLL_INTERVAL_MAX_S: Final = 300.0

IDLE_TIMEOUT_S: Final = 3 * POLL_INTERVAL_MAX_S


class Options(msgspec.Struct, frozen=True):
    """``device_key`` and ``poll_interval_s`` of ``Setup.options``."""

    device_key: bytes = DEVICE_KEY_DEFAULT
    poll_interval_s: float = POLL_INTERVAL_S


def options_from(texts: dict[str, str]) -> Options:
    """Read them; other options are somebody else's.

    Raises:
        ConfigError: a key that is not eight characters, or an interval that is no number or out of range.
    """
    options = Options()
    if (text := texts.get("device_key")) is not None:
        options = msgspec.structs.replace(options, device_key=device_key_of(text))
    if (text := texts.get("poll_interval_s")) is not None:
        options = msgspec.structs.replace(options, poll_interval_s=_interval(text))
    return options


def device_key_of(text: str) -> bytes:
    """``OmniW4GX`` → its bytes.

    Raises:
        ConfigError: not eight printable ASCII characters.
    """
    if len(text) != DEVICE_KEY_BYTES or not (text.isascii() and text.isprintable()):
        raise ConfigError(f"device_key: {DEVICE_KEY_BYTES} printable ASCII characters wanted")
    return text.encode("ascii")


def _interval(text: str) -> float:
    try:
        interval_s = float(text)
    except ValueError:
        interval_s = math.nan
    # Written so that NaN, which compares false with everything, is refused as well.
    if not POLL_INTERVAL_MIN_S <= interval_s <= POLL_INTERVAL_MAX_S:
        limits = f"{POLL_INTERVAL_MIN_S:g} to {POLL_INTERVAL_MAX_S:g}"
        raise ConfigError(f"poll_interval_s: {text!r}, but {limits} seconds wanted")
    return interval_s
