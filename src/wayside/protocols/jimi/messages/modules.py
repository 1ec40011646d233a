"""What attached modules send through the terminal: 0x9B, 0x9C, and the list of cameras 0xE0 (5.7, 5.10, 5.11)."""

from __future__ import annotations

from typing import Annotated

import msgspec

from wayside.protocols.jimi.messages.moments import Moment
from wayside.wire.checksums import xor8
from wayside.wire.codec import codec_for
from wayside.wire.errors import DecodeError
from wayside.wire.fields import U8, Listed, Raw, Rest, rest, u8

TEMPERATURE_TYPE = 0x03
CARD_TYPE = 0x05

TEMPERATURE_START = 0x3C
TEMPERATURE_STOP = 0x0D


class TemperatureFrame(msgspec.Struct, frozen=True, gc=False):
    """A temperature sensor's own frame (type 03)."""

    type: Annotated[u8, "03"]
    start: Annotated[u8, "3C"]
    length: Annotated[u8, "of status and data"]
    status: u8
    data: Annotated[bytes, Rest(), "tenths of a degree, two bytes each"]
    checksum: Annotated[u8, "XOR from start to data"]
    stop: Annotated[u8, "0D"]


class TemperatureText(msgspec.Struct, frozen=True, gc=False):
    """A temperature as text (type 03)."""

    type: Annotated[u8, "03"]
    text: Annotated[bytes, Rest(), "ASCII, degrees"]
    checksum: Annotated[bytes, Raw(2), "by a rule that is not documented"]


class CardReading(msgspec.Struct, frozen=True, gc=False):
    """A driving licence went through the reader (type 05)."""

    type: Annotated[u8, "05"]
    moment: Moment
    status: Annotated[u8, "0 logout, 1 login, 2 illegal card"]
    tracks: Annotated[bytes, Rest(), "ASCII: %…?;…?+…?"]


class ModuleOther(msgspec.Struct, frozen=True, gc=False):
    """Any other module, kept as it is."""

    type: u8
    content: rest


class RecorderLine(msgspec.Struct, frozen=True, gc=False):
    """A line of a QCVN 31 recorder (section 5.10)."""

    type: Annotated[u8, "32 live, 33 sent again"]
    text: Annotated[bytes, Rest(), "ASCII"]


class Camera(msgspec.Struct, frozen=True, gc=False):
    """A camera and whether it works."""

    number: u8
    status: Annotated[u8, "0 unavailable, 1 available"]


class Cameras(msgspec.Struct, frozen=True, gc=False):
    """The cameras of the terminal (section 5.11.1)."""

    builtin: Annotated[tuple[Camera, ...], Listed(U8)]
    peripheral: Annotated[tuple[Camera, ...], Listed(U8)]


TEMPERATURE_FRAME = codec_for(TemperatureFrame)
TEMPERATURE_TEXT = codec_for(TemperatureText)
CARD_READING = codec_for(CardReading)
MODULE_OTHER = codec_for(ModuleOther)
RECORDER_LINE = codec_for(RecorderLine)
CAMERA = codec_for(Camera)
CAMERAS = codec_for(Cameras)

Module = TemperatureFrame | TemperatureText | CardReading | ModuleOther


def decode_module(body: bytes) -> Module:
    """0x9B, by the type in the first byte."""
    if not body:
        raise DecodeError("Module: no type")
    if body[0] == TEMPERATURE_TYPE:
        return _decode_temperature(body)
    return CARD_READING.decode(body) if body[0] == CARD_TYPE else MODULE_OTHER.decode(body)


def _decode_temperature(body: bytes) -> TemperatureFrame | TemperatureText:
    """Two forms share a type; only the sensor's own frame begins with its start byte (no digit is 3C)."""
    if body[1:2] != bytes((TEMPERATURE_START,)):
        return TEMPERATURE_TEXT.decode(body)
    message = TEMPERATURE_FRAME.decode(body)
    if message.length != len(message.data) + 1:
        raise DecodeError(f"TemperatureFrame.length: {message.length}, {len(message.data) + 1} bytes there")
    if message.stop != TEMPERATURE_STOP:
        raise DecodeError(f"TemperatureFrame.stop: {message.stop:02x} is not {TEMPERATURE_STOP:02x}")
    if (right := xor8(body[1:-2])) != message.checksum:
        raise DecodeError(f"TemperatureFrame.checksum: {message.checksum:02x}, should be {right:02x}")
    return message
