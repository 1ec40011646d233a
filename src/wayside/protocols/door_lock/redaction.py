"""Frames without codes: those of 2C are the key that opens the 2D behind them."""

from __future__ import annotations

from typing import Final

from wayside.protocol.base import Side
from wayside.protocol.framing import BadFrame
from wayside.protocols.door_lock.frames import CRC_BYTES, DATA_AT, DoorLockFramer, Frame
from wayside.wire.checksums import crc16_modbus

CODES: Final = 0x2C
MASK: Final = b"*"


def redact(raw: bytes) -> bytes:
    """The same bytes, the codes replaced by asterisks and the CRC put right.

    Any bytes may be asked about.  Of what is no whole frame, everything behind a code's place is left out as well.
    """
    shown = bytearray()
    at = 0
    for frame in DoorLockFramer(Side.DEVICE).feed(raw):
        if isinstance(frame, BadFrame):
            continue
        start = raw.index(frame.raw, at)
        shown += _blanked(raw[at:start])
        shown += _redacted(frame)
        at = start + len(frame.raw)
    return bytes(shown + _blanked(raw[at:]))


def _redacted(frame: Frame) -> bytes:
    if frame.function != CODES:
        return frame.raw
    body = frame.raw[:DATA_AT] + MASK * len(frame.data)
    return body + crc16_modbus(body).to_bytes(CRC_BYTES, "little")


def _blanked(rest: bytes) -> bytes:
    """Bytes outside whole frames: a piece of a code may stand anywhere behind a frame's head."""
    return rest[:DATA_AT] + MASK * len(rest[DATA_AT:])
