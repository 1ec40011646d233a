"""What travels over BLE: frames ``A3 A4 | LEN | RAND | KEY | CMD | DATA | CRC8`` (1.2), and raw packets of 20 bytes.

On the air RAND is 0x32 more than it was, and KEY, CMD and DATA are each XORed with what it was (1.3, appendix I).
That hides nothing from anybody who has read this line.
"""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.protocol.base import Side
from wayside.protocol.framing import MORE, NOT_HERE, Fault, FrameError, Framer
from wayside.wire.checksums import crc8_maxim_dow, crc16_modbus

START: Final = b"\xa3\xa4"
RAND_SHIFT: Final = 0x32

HEAD_BYTES: Final = 6
CRC_BYTES: Final = 1
AROUND_BYTES: Final = HEAD_BYTES + CRC_BYTES

# Ten bytes are the most that the document has in one frame, thirteen the most that fit an MTU of 23.  Some room for
# newer firmware; every byte more is waiting time after a false start mark.
DATA_BYTES_MAX: Final = 32
FRAME_BYTES_MAX: Final = AROUND_BYTES + DATA_BYTES_MAX

PACKET_BYTES: Final = 20
PACKET_DATA_BYTES: Final = 16
PACKET_CRC_BYTES: Final = 2

PACKET_NAME: Final = "packet"

NAMES: Final = {
    0x01: "verify",
    0x03: "address",
    0x05: "unlock",
    0x06: "address",
    0x10: "complaint",
    0x15: "lock",
    0x31: "status",
    0x32: "cover",
    0x33: "set_device_key",
    0x40: "alarm_sound",
    0x41: "auto_lock",
    0x43: "find",
    0x44: "reboot",
    0x70: "set_bus_address",
    0xFA: "information",
    0xFB: "transfer",
    0xFC: "packet_request",
}
"""What the commands are called in logs, events and lists.  The answer to 0x03 is printed as 0x06."""

SLIPS: Final = {0x31: 1, 0x33: 8, 0x70: 2, 0xFA: 0}
"""Requests that the document prints with a wrong LEN, and how much data they really have.  Whoever followed it to the
letter is understood, too."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame, opened.  ``command`` None: a raw packet, whose ``data`` is the index and its 16 bytes."""

    raw: bytes
    name: str
    rand: int
    key: int
    command: int | None
    data: bytes


class BleFramer(Framer[Frame]):
    """Cuts notifications, or writes, into frames and raw packets, however they were split.

    Frames have a start mark and CRC-8.  Packets have only a CRC-16, so any byte may be the first of one: as long as
    fewer than twenty are there, they are taken for its beginning, unless a whole frame stands behind them.
    """

    frame_bytes_max = FRAME_BYTES_MAX

    def __init__(self, side: Side) -> None:
        super().__init__()
        self._slips = SLIPS if side is Side.SERVER else {}

    def find(self, buffer: bytes, position: int) -> int:  # noqa: ARG002 - the Framer's signature
        """Here: every byte may begin a packet."""
        return position

    def measure(self, buffer: bytes, start: int) -> int:
        """A good frame before a good packet before what may still become one of them."""
        marked = buffer.startswith(START, start)
        length = self._frame_bytes(buffer, start) if marked else None
        if length:
            return length
        if len(buffer) - start >= PACKET_BYTES:
            if _is_packet(buffer[start : start + PACKET_BYTES]):
                return PACKET_BYTES
        elif not marked:
            return NOT_HERE if self._frame_follows(buffer, start) else MORE
        if length == MORE:
            return MORE
        return AROUND_BYTES + buffer[start + 2] if marked else NOT_HERE

    def open(self, raw: bytes) -> Frame:
        """Check the CRC, and undo the XOR."""
        if raw.startswith(START) and crc8_maxim_dow(raw[:-CRC_BYTES]) == raw[-1]:
            rand = raw[3] - RAND_SHIFT & 0xFF
            plain = _xored(raw[4:-CRC_BYTES], rand)
            return Frame(raw, name_of(plain[1]), rand, plain[0], plain[1], plain[2:])
        if _is_packet(raw):
            return Frame(raw, PACKET_NAME, 0, 0, None, raw[PACKET_CRC_BYTES:])
        right = crc8_maxim_dow(raw[:-CRC_BYTES])
        raise FrameError(Fault.CHECKSUM, f"CRC is {raw[-1]:02x}, should be {right:02x}", in_step=False)

    def _frame_bytes(self, buffer: bytes, start: int) -> int | None:
        """How long the good frame here is; ``MORE`` if one may still become of it, None if it cannot."""
        if len(buffer) - start < HEAD_BYTES:
            return MORE
        command = buffer[start + 5] ^ (buffer[start + 3] - RAND_SHIFT & 0xFF)
        length: int | None = None
        for size in (buffer[start + 2], self._slips.get(command)):
            if size is None or size > DATA_BYTES_MAX:
                continue
            crc_at = start + HEAD_BYTES + size
            if crc_at >= len(buffer):
                length = MORE
            elif crc8_maxim_dow(buffer[start:crc_at]) == buffer[crc_at]:
                return AROUND_BYTES + size
        return length

    def _frame_follows(self, buffer: bytes, start: int) -> bool:
        mark = buffer.find(START, start)
        while mark >= 0:
            if self._frame_bytes(buffer, mark):
                return True
            mark = buffer.find(START, mark + 1)
        return False


def name_of(command: int) -> str:
    """The message's name; a request and its answer share it."""
    return NAMES.get(command) or f"unknown_{command:02x}"


def seal(command: int, data: bytes, key: int, rand: int) -> bytes:
    """The bytes of one frame.

    Raises:
        ValueError: the data is longer than a frame may be.
    """
    if len(data) > DATA_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes of data do not fit a frame, {DATA_BYTES_MAX} do")
    head = START + bytes((len(data), rand + RAND_SHIFT & 0xFF))
    body = head + _xored(bytes((key, command)) + data, rand)
    return body + bytes((crc8_maxim_dow(body),))


def seal_packet(content: bytes) -> bytes:
    """The bytes of a raw packet; ``content`` is the index (two bytes) and its 16 bytes of data."""
    assert len(content) == PACKET_BYTES - PACKET_CRC_BYTES
    return crc16_modbus(content).to_bytes(PACKET_CRC_BYTES) + content


def _is_packet(raw: bytes) -> bool:
    return len(raw) == PACKET_BYTES and int.from_bytes(raw[:PACKET_CRC_BYTES]) == crc16_modbus(
        raw[PACKET_CRC_BYTES:]
    )


def _xored(data: bytes, rand: int) -> bytes:
    return bytes(byte ^ rand for byte in data)
