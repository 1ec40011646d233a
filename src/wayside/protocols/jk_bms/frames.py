"""The envelope (section 4.2): start mark, length, terminal, command, source, transfer, data, record, end, checksum."""

from __future__ import annotations

from struct import Struct
from typing import Final

import msgspec

from wayside.protocol.framing import MORE, Fault, FrameError, Framer
from wayside.protocols.jk_bms.codes import NAMES, REPORT_NAME, Source, Transfer
from wayside.wire.checksums import sum16

START: Final = b"\x4e\x57"
END: Final = 0x68

# What the length does not count: the start mark (section 4.2.2).
UNCOUNTED_BYTES: Final = len(START)

# Length, terminal, command, source, transfer, record, end mark and checksum: a frame without any data.
LENGTH_MIN: Final = 18

# The length byte of the cell voltages has room for 85 cells, which makes a full reply of 498 bytes.  Every byte
# above is waiting time after a false start mark: the less, the sooner the next real frame is seen.
FRAME_BYTES_MAX: Final = 512

CHECKSUM_BYTES: Final = 4
"""Two for a CRC that is not in use, two for the sum."""

_REPORT: Final = Transfer.REPORT.value
_HEAD: Final = Struct(">2xHIBBB")
_TAIL: Final = Struct(">IBHH")
_LENGTH_END: Final = 4


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame whose length, end mark and checksum are right.  ``data`` is what stands before the record number."""

    raw: bytes
    name: str
    terminal: int
    command: int
    source: int
    transfer: int
    data: bytes
    record: int


class BatteryFramer(Framer[Frame]):
    """Frames by length and checksum, for both directions: start and end mark may both stand inside data."""

    frame_bytes_max = FRAME_BYTES_MAX

    def find(self, buffer: bytes, position: int) -> int:
        """The next ``4E 57``, or its first byte at the very end."""
        start = buffer.find(START, position)
        if start >= 0:
            return start
        return len(buffer) - buffer.endswith(START[:1], position)

    def measure(self, buffer: bytes, start: int) -> int:
        """By the length field; one that is too short is refused by ``open``."""
        if len(buffer) - start < _LENGTH_END:
            return MORE
        return (buffer[start + 2] << 8 | buffer[start + 3]) + UNCOUNTED_BYTES

    def open(self, raw: bytes) -> Frame:
        """Check length, end mark and checksum, in this order.

        Nothing that fails proves that the length was right, so the search goes on just behind the start mark.
        The two bytes before the checksum are kept for a CRC that is not in use (section 4.2.9): not looked at.
        """
        if len(raw) < LENGTH_MIN + UNCOUNTED_BYTES:
            detail = (
                f"length {len(raw) - UNCOUNTED_BYTES} is too short for any frame, {LENGTH_MIN} is the least"
            )
            raise FrameError(Fault.LENGTH, detail, in_step=False)
        record, mark, _, checksum = _TAIL.unpack_from(raw, len(raw) - _TAIL.size)
        if mark != END:
            raise FrameError(Fault.FRAMING, f"{mark:02x} where the end mark 68 should be", in_step=False)
        if (right := sum16(raw[:-CHECKSUM_BYTES])) != checksum:
            raise FrameError(Fault.CHECKSUM, f"sum is {checksum:04x}, should be {right:04x}", in_step=False)
        _, terminal, command, source, transfer = _HEAD.unpack_from(raw)
        data = raw[_HEAD.size : -_TAIL.size]
        return Frame(raw, name_of(command, transfer), terminal, command, source, transfer, data, record)


def name_of(command: int, transfer: int) -> str:
    """The message's name; a frame that the device sends by itself has one of its own, whatever its command."""
    if transfer == _REPORT:
        return REPORT_NAME
    return NAMES.get(command) or f"unknown_{command:02x}"


def seal(
    command: int,
    data: bytes,
    *,
    source: int = Source.PC,
    transfer: int = Transfer.REQUEST,
    terminal: int = 0,
    record: int = 0,
) -> bytes:
    """The whole frame.

    Raises:
        ValueError: the data is longer than a frame may be.
    """
    length = LENGTH_MIN + len(data)
    if length + UNCOUNTED_BYTES > FRAME_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes of data do not fit a frame of {FRAME_BYTES_MAX}")
    head = START + _HEAD.pack(length, terminal, command, source, transfer)[UNCOUNTED_BYTES:]
    summed = head + data + record.to_bytes(4) + bytes((END,))
    return summed + sum16(summed).to_bytes(CHECKSUM_BYTES)
