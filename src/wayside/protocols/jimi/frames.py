"""The envelope (section 4): start mark, length, protocol number, content, serial number, CRC, stop mark."""

from __future__ import annotations

import re
from struct import Struct
from typing import Final

import msgspec

from wayside.protocol.base import Side
from wayside.protocol.framing import MORE, Fault, FrameError, Framer
from wayside.protocols.jimi.codes import NAMES, name_of
from wayside.wire.checksums import crc16_x25

SHORT_START: Final = b"\x78\x78"
LONG_START: Final = b"\x79\x79"
STARTS: Final = (SHORT_START, LONG_START)
STOP: Final = b"\x0d\x0a"

# Protocol number, serial number and CRC: what the length counts besides the content (section 4.2).
COUNTED_BYTES: Final = 5
SHORT_LENGTH_MAX: Final = 0xFF
# Start mark and length stand before what is counted, the stop mark after it.
SHORT_HEAD_BYTES: Final = 3
LONG_HEAD_BYTES: Final = 4
SHORT_OUTSIDE_BYTES: Final = SHORT_HEAD_BYTES + len(STOP)
LONG_OUTSIDE_BYTES: Final = LONG_HEAD_BYTES + len(STOP)

# The longest real packets (parameter lists, batches of temperatures, lists of file names) stay below 1.5 KiB;
# the length field could announce 64 KiB, for which a connection with one damaged length would wait for hours.
FRAME_BYTES_MAX: Final = 4096

_SERIAL_MAX: Final = 0xFFFF
_START_OR_ITS_BEGINNING: Final = re.compile(rb"\x78\x78|\x79\x79|[\x78\x79]\Z")
_LONG_LENGTH: Final = Struct(">H")
_TAIL: Final = Struct(">HH2s")
_TAIL_BYTES: Final = _TAIL.size
_SHORT_FORMS: Final = {
    length + SHORT_OUTSIDE_BYTES: (
        SHORT_START + bytes((length,)),
        Struct(f">{SHORT_HEAD_BYTES}sB{length - COUNTED_BYTES}sHH{len(STOP)}s").unpack,
    )
    for length in range(COUNTED_BYTES, SHORT_LENGTH_MAX + 1)
}
"""By the length of the whole frame: how it begins, and what takes it apart."""
_EMPTY: Final = Struct(">BBH")
_EMPTY_SEALED: Final = Struct(">2s4sH2s")


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One packet whose length, CRC and stop mark are right.  ``body`` is the content before the serial number."""

    raw: bytes
    name: str
    code: int
    body: bytes
    serial: int


class JimiFramer(Framer[Frame]):
    """Frames by length: content may hold the stop mark (5.7, 5.12).  Either start mark may carry any packet."""

    frame_bytes_max = FRAME_BYTES_MAX

    def __init__(self, side: Side) -> None:
        super().__init__()
        self._side = side
        self._names = NAMES[side]

    def one(self, data: bytes) -> Frame | None:
        """With the short start mark; taken apart in one step, because nothing is done as often."""
        form = _SHORT_FORMS.get(len(data))
        if form is None:
            return None
        right_head, unpack = form
        head, code, body, serial, crc, stop = unpack(data)
        if head != right_head or stop != STOP or crc16_x25(data[2:-4]) != crc:
            return None
        return Frame(data, self._names.get(code) or name_of(code, self._side), code, body, serial)

    def find(self, buffer: bytes, position: int) -> int:
        """The next ``78 78`` or ``79 79``, or one such byte at the very end."""
        if buffer.startswith(STARTS, position):
            return position
        match = _START_OR_ITS_BEGINNING.search(buffer, position)
        return match.start() if match else len(buffer)

    def measure(self, buffer: bytes, start: int) -> int:
        """By the start mark, never by the protocol number; a length that is too short is refused by ``open``."""
        there = len(buffer) - start
        if buffer[start] == SHORT_START[0]:
            return buffer[start + 2] + SHORT_OUTSIDE_BYTES if there > len(SHORT_START) else MORE
        if there < len(LONG_START) + _LONG_LENGTH.size:
            return MORE
        length: int = _LONG_LENGTH.unpack_from(buffer, start + len(LONG_START))[0]
        return length + LONG_OUTSIDE_BYTES

    def open(self, raw: bytes) -> Frame:
        """Check length, stop mark and CRC, in this order."""
        at = SHORT_HEAD_BYTES if raw[0] == SHORT_START[0] else LONG_HEAD_BYTES
        length = len(raw) - at - len(STOP)
        if length < COUNTED_BYTES:
            detail = f"length {length} is too short for any packet, {COUNTED_BYTES} is the least"
            raise FrameError(Fault.LENGTH, detail, in_step=False)
        serial, crc, stop = _TAIL.unpack(raw[-_TAIL_BYTES:])
        if stop != STOP:
            raise FrameError(Fault.FRAMING, f"{stop.hex()} where the stop mark 0d0a should be", in_step=False)
        if (right := crc16_x25(raw[2:-4])) != crc:
            raise FrameError(Fault.CHECKSUM, f"CRC is {crc:04x}, should be {right:04x}", in_step=True)
        code = raw[at]
        name = self._names.get(code) or name_of(code, self._side)
        return Frame(raw, name, code, raw[at + 1 : -_TAIL_BYTES], serial)


def acknowledge(code: int, serial: int) -> bytes:
    """``seal`` for the empty packet, which answers most of what comes in."""
    counted = _EMPTY.pack(COUNTED_BYTES, code, serial)
    return _EMPTY_SEALED.pack(SHORT_START, counted, crc16_x25(counted), STOP)


def seal(code: int, body: bytes, serial: int, *, long: bool = False) -> bytes:
    """The whole frame; with the two-byte length where the content needs it, or where ``long`` asks for it.

    Raises:
        ValueError: the content is longer than a frame may be, or the serial number has more than 16 bits.
    """
    length = len(body) + COUNTED_BYTES
    if length + LONG_OUTSIDE_BYTES > FRAME_BYTES_MAX:
        raise ValueError(f"{len(body)} bytes of content do not fit a frame of {FRAME_BYTES_MAX}")
    if serial not in range(_SERIAL_MAX + 1):
        raise ValueError(f"serial number {serial} has more than 16 bits")
    short = length <= SHORT_LENGTH_MAX and not long
    counted = length.to_bytes(1 if short else 2) + bytes((code,)) + body + serial.to_bytes(2)
    return (SHORT_START if short else LONG_START) + counted + crc16_x25(counted).to_bytes(2) + STOP
