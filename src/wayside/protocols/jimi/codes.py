"""Protocol numbers (section 4.3) and the names of the packets that carry them."""

from __future__ import annotations

from typing import Final

from wayside.protocol.base import Side

LOGIN: Final = 0x01
HEARTBEAT: Final = 0x13
REPLY: Final = 0x21
LOCATION: Final = 0x22
ADDITIONAL_LOCATION: Final = 0x37
EXTENSION: Final = 0x70
COMMAND: Final = 0x80
TRANSFER: Final = 0x94
ALARM: Final = 0x95
MODULE: Final = 0x9B
RECORDER: Final = 0x9C
CAMERAS: Final = 0xE0
PERIPHERALS: Final = 0xF2

# The packets that the document has the server answer: 5.1.2, 5.2.2, 5.3.2, 5.11.2, 5.12.2, 5.13.2.
# The others (0x37, 0x94, 0x95, 0x9B, 0x9C, 0x21) have no answer defined, and get none.
ANSWERED: Final = frozenset({LOGIN, HEARTBEAT, LOCATION, CAMERAS, PERIPHERALS, EXTENSION})

# Answers that promise nothing: rule (6) of section 3 wants them for terminals that nobody registered, too.
COURTESY: Final = frozenset({LOGIN, HEARTBEAT})

DEVICE_NAMES: Final = {
    LOGIN: "login",
    HEARTBEAT: "heartbeat",
    REPLY: "reply",
    LOCATION: "location",
    ADDITIONAL_LOCATION: "additional_location",
    EXTENSION: "extension",
    TRANSFER: "transfer",
    ALARM: "alarm",
    MODULE: "module",
    RECORDER: "recorder",
    CAMERAS: "cameras",
    PERIPHERALS: "peripherals",
}

SERVER_NAMES: Final = {code: f"{DEVICE_NAMES[code]}_answer" for code in ANSWERED} | {COMMAND: "command"}

NAMES: Final = {Side.DEVICE: DEVICE_NAMES, Side.SERVER: SERVER_NAMES}


def name_of(code: int, side: Side) -> str:
    """``location``, or ``unknown_a5`` for a number that the document does not have."""
    return NAMES[side].get(code) or f"unknown_{code:02x}"
