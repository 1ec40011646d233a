"""Every message of the captured exchange, as sent; what only pads, or is not explained, is kept raw."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from wayside.protocol.base import Described, Side
from wayside.protocols.door_lock.frames import TYPES, Frame, name_of, seal
from wayside.wire.codec import Codec, codec_for
from wayside.wire.errors import DecodeError
from wayside.wire.fields import U8, U16, OpenIntEnum, Raw, rest, u8, u16

CLOCK_MARK: Final = 0x000A
"""Stands before the time in 2E, and comes back before the answer."""

WINDOW_MARK: Final = 0x3456
"""How the lock knows that it has decrypted 2D with the right key."""

CODE_BYTES: Final = 16


class OpenStatus(OpenIntEnum):
    """What the lock made of a 2D."""

    OK = 0
    REFUSED = 1
    LOCKED_OUT = 3


class SetClock(msgspec.Struct, frozen=True, gc=False):
    """2E to the lock: the time, in the lock's own zone."""

    mark: Annotated[int, U16, "000A"]
    year: Annotated[int, U8, "since 2000"]
    month: u8
    day: u8
    hour: u8
    minute: u8
    second: u8
    padding: Annotated[bytes, Raw(8)] = bytes(8)


class ClockSet(msgspec.Struct, frozen=True, gc=False):
    """2E from the lock: its MAC, and much that is not explained."""

    mark: u16
    state: Annotated[bytes, Raw(4), "not explained"]
    mac: Annotated[bytes, Raw(6)]
    tail: rest


class AppCode(msgspec.Struct, frozen=True, gc=False):
    """2C to the lock: a fresh code of ours."""

    code: Annotated[bytes, Raw(CODE_BYTES)]


class LockCode(msgspec.Struct, frozen=True, gc=False):
    """2C from the lock: 14 bytes of its own and two of ours.  All sixteen are the key for the 2D that follows."""

    code: Annotated[bytes, Raw(CODE_BYTES)]


class Open(msgspec.Struct, frozen=True, gc=False):
    """2D to the lock: one encrypted block, a ``Window`` once it is decrypted."""

    block: Annotated[bytes, Raw(CODE_BYTES)]


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A civil time to the minute."""

    year: Annotated[int, U8, "since 2000"]
    month: u8
    day: u8
    hour: u8
    minute: u8


class Window(msgspec.Struct, frozen=True, gc=False):
    """What a 2D says: open, but only within this time."""

    mark: u16
    packet: u16
    start: Moment
    end: Moment
    padding: Annotated[bytes, Raw(2)] = bytes(2)


class OpenAnswer(msgspec.Struct, frozen=True, gc=False):
    """2D from the lock, in clear.  The document has zeroes behind ``wait_s``; the captured frame has a clock there."""

    status: Annotated[OpenStatus, U8]
    wait_s: u8
    year_low: Annotated[int, U8, "low byte of the whole year"]
    month: u8
    day: u8
    hour: u8
    minute: u8
    second: u8
    tail: rest


class Unrecognised(msgspec.Struct, frozen=True, gc=False):
    """A function that the document does not have; kept as it came."""

    data: rest


def _row(
    side: Side, function: int, section: str, structure: type[msgspec.Struct]
) -> tuple[Described, Codec[Any], int]:
    codec = codec_for(structure)
    code = f"{function:02X}"
    return Described(name_of(function), code, side, section, structure, codec.layout), codec, function


ROWS: Final = (
    _row(Side.SERVER, 0x2E, "2E", SetClock),
    _row(Side.DEVICE, 0x2E, "2E", ClockSet),
    _row(Side.SERVER, 0x2C, "2C", AppCode),
    _row(Side.DEVICE, 0x2C, "2C", LockCode),
    _row(Side.SERVER, 0x2D, "2D", Open),
    _row(Side.DEVICE, 0x2D, "2D", OpenAnswer),
)

MESSAGES: Final = tuple(described for described, _, _ in ROWS)

WINDOW: Final = codec_for(Window)

_CODECS: Final = {(described.side, function): codec for described, codec, function in ROWS}
_ENVELOPES: Final = {described.structure: (described, codec, function) for described, codec, function in ROWS}
_UNRECOGNISED: Final = codec_for(Unrecognised)


def parse(frame: Frame, side: Side) -> msgspec.Struct:
    """The message in a frame that ``side`` sent.

    Raises:
        DecodeError: the frame's type is the other side's, or its data does not have the shape of its message.
    """
    if frame.type != TYPES[side]:
        raise DecodeError(f"{frame.name}: type {frame.type:02x}, {TYPES[side]:02x} wanted")
    message: msgspec.Struct = _CODECS.get((side, frame.function), _UNRECOGNISED).decode(frame.data)
    return message


def write(message: msgspec.Struct, mac: bytes) -> bytes:
    """The bytes of the frame that carries a message, from whichever side sends it; ``mac`` is the sender's.

    Raises:
        EncodeError: a value does not fit; names the field.
    """
    described, codec, function = _ENVELOPES[type(message)]
    return seal(described.side, mac, function, codec.encode(message))


def message_name(message: msgspec.Struct) -> str:
    """What a message is called in logs and lists."""
    return _ENVELOPES[type(message)][0].name
