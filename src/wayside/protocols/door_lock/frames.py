"""The envelope: ``EF 01``, MAC, type, length, function, data, CRC.  Nothing in it is encrypted."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.protocol.base import Side
from wayside.protocol.framing import MORE, Fault, FrameError, Framer
from wayside.wire.checksums import crc16_modbus

START: Final = b"\xef\x01"

MAC_BYTES: Final = 6
TYPE_AT: Final = 8
LENGTH_AT: Final = 9
DATA_AT: Final = 11
CRC_BYTES: Final = 2

# The length counts from the function byte to the end, both included: function, no data, CRC.
UNCOUNTED_BYTES: Final = 10
LENGTH_MIN: Final = 1 + CRC_BYTES

# Captured frames have 29 and 31 bytes.  Every byte more is waiting time after a false start mark.
FRAME_BYTES_MAX: Final = 64
DATA_BYTES_MAX: Final = FRAME_BYTES_MAX - UNCOUNTED_BYTES - LENGTH_MIN

TYPES: Final = {Side.SERVER: 0x01, Side.DEVICE: 0x07}
"""Request and answer."""

NAMES: Final = {0x2E: "clock", 0x2C: "codes", 0x2D: "unlock"}
"""What the functions are called in logs, events and lists."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame whose CRC is right.  ``mac`` is its sender's, ``type`` says whether it asks or answers."""

    raw: bytes
    name: str
    mac: bytes
    type: int
    function: int
    data: bytes


class DoorLockFramer(Framer[Frame]):
    """Frames by length and CRC; ``side`` makes no difference, since both sides frame alike."""

    frame_bytes_max = FRAME_BYTES_MAX

    def __init__(self, side: Side) -> None:  # noqa: ARG002 - every framer is made for a side
        super().__init__()

    def find(self, buffer: bytes, position: int) -> int:
        """The next ``EF 01``, or its first byte at the very end."""
        start = buffer.find(START, position)
        if start >= 0:
            return start
        return len(buffer) - buffer.endswith(START[:1], position)

    def measure(self, buffer: bytes, start: int) -> int:
        """By the length byte; one that is too short is refused by ``open``."""
        if len(buffer) - start <= LENGTH_AT:
            return MORE
        return buffer[start + LENGTH_AT] + UNCOUNTED_BYTES

    def open(self, raw: bytes) -> Frame:
        """Check length and CRC.

        The CRC covers the whole frame from its first byte on, as in every captured one; the document says
        otherwise.  Its low byte comes first.
        """
        if len(raw) < UNCOUNTED_BYTES + LENGTH_MIN:
            detail = f"length {raw[LENGTH_AT]} is too short for any frame, {LENGTH_MIN} is the least"
            raise FrameError(Fault.LENGTH, detail, in_step=False)
        there = int.from_bytes(raw[-CRC_BYTES:], "little")
        if (right := crc16_modbus(raw[:-CRC_BYTES])) != there:
            raise FrameError(Fault.CHECKSUM, f"CRC is {there:04x}, should be {right:04x}", in_step=False)
        function = raw[DATA_AT - 1]
        return Frame(raw, name_of(function), raw[2:TYPE_AT], raw[TYPE_AT], function, raw[DATA_AT:-CRC_BYTES])


def name_of(function: int) -> str:
    """The message's name; question and answer share it."""
    return NAMES.get(function) or f"unknown_{function:02x}"


def seal(side: Side, mac: bytes, function: int, data: bytes) -> bytes:
    """The bytes of one frame from ``side``; ``mac`` is the sender's.

    Raises:
        ValueError: the MAC does not have six bytes, or the data is longer than a frame may be.
    """
    if len(mac) != MAC_BYTES:
        raise ValueError(f"a MAC has {MAC_BYTES} bytes, not {len(mac)}")
    if len(data) > DATA_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes of data do not fit a frame of {FRAME_BYTES_MAX}")
    counted = bytes((TYPES[side], LENGTH_MIN + len(data), function))
    body = START + mac + counted + data
    return body + crc16_modbus(body).to_bytes(CRC_BYTES, "little")
