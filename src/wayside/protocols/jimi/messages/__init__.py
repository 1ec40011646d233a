"""Every packet of chapter 5, one declaration each, and the tables that find it by its protocol number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from wayside.protocol.base import Described, Side
from wayside.protocols.jimi import codes
from wayside.protocols.jimi.frames import Frame
from wayside.protocols.jimi.messages import basic, location, modules, peripherals, transfer
from wayside.wire.codec import Codec

Decoder = Callable[[bytes], msgspec.Struct]

DEVICE_DECODERS: Final[dict[int, Decoder]] = {
    codes.LOGIN: basic.LOGIN.decode,
    codes.HEARTBEAT: basic.HEARTBEAT.decode,
    codes.REPLY: basic.decode_reply,
    codes.LOCATION: location.decode_location,
    codes.ADDITIONAL_LOCATION: location.decode_additional_location,
    codes.EXTENSION: peripherals.EXTENSION.decode,
    codes.TRANSFER: transfer.decode_transfer,
    codes.ALARM: location.decode_alarm,
    codes.MODULE: modules.decode_module,
    codes.RECORDER: modules.RECORDER_LINE.decode,
    codes.CAMERAS: modules.CAMERAS.decode,
    codes.PERIPHERALS: peripherals.PERIPHERALS.decode,
}

SERVER_DECODERS: Final[dict[int, Decoder]] = dict.fromkeys(codes.ANSWERED, basic.ANSWER.decode) | {
    codes.COMMAND: basic.COMMAND.decode
}

_UNKNOWN: Final[Decoder] = basic.UNKNOWN.decode

DECODERS: Final = {Side.DEVICE: DEVICE_DECODERS, Side.SERVER: SERVER_DECODERS}


def parse(frame: Frame, side: Side) -> msgspec.Struct:
    """The message in a frame; one with an unknown protocol number is kept as ``Unknown``.

    Raises:
        wayside.wire.DecodeError: the content does not have the shape of its packet.
    """
    return DECODERS[side].get(frame.code, _UNKNOWN)(frame.body)


def parse_device(frame: Frame) -> msgspec.Struct:
    """``parse`` for what a device sent: the session's path."""
    return DEVICE_DECODERS.get(frame.code, _UNKNOWN)(frame.body)


def _described(
    codec: Codec[Any], code: int, section: str, *, item: str = "", side: Side = Side.DEVICE
) -> Described:
    name = codes.name_of(code, side)
    return Described(name, f"0x{code:02X}{item}", side, section, codec.message, codec.layout)


def _items(codecs: dict[int, Codec[Any]], code: int, section: str) -> tuple[Described, ...]:
    return tuple(_described(codec, code, section, item=f" {tag:04X}") for tag, codec in codecs.items())


MESSAGES: Final[tuple[Described, ...]] = (
    _described(basic.LOGIN, codes.LOGIN, "5.1.1"),
    _described(basic.HEARTBEAT, codes.HEARTBEAT, "5.2.1"),
    *(
        _described(basic.ANSWER, code, section, side=Side.SERVER)
        for code, section in (
            (codes.LOGIN, "5.1.2"),
            (codes.HEARTBEAT, "5.2.2"),
            (codes.LOCATION, "5.3.2"),
            (codes.CAMERAS, "5.11.2"),
            (codes.PERIPHERALS, "5.12.2"),
            (codes.EXTENSION, "5.13.2"),
        )
    ),
    _described(location.LOCATION, codes.LOCATION, "5.3.1"),
    _described(location.LOCATION_WIDE, codes.LOCATION, "5.3.1"),
    _described(location.ADDITIONAL_LOCATION, codes.ADDITIONAL_LOCATION, "5.9"),
    _described(location.ADDITIONAL_LOCATION_WIDE, codes.ADDITIONAL_LOCATION, "5.9"),
    _described(location.ALARM, codes.ALARM, "5.4.1"),
    _described(location.ALARM_OTHER, codes.ALARM, "5.4.1"),
    _described(basic.COMMAND, codes.COMMAND, "5.5.1", side=Side.SERVER),
    _described(basic.COMMAND_DETAIL, codes.COMMAND, "5.5.1", item=" detail", side=Side.SERVER),
    _described(basic.REPLY, codes.REPLY, "5.5.2"),
    _described(basic.REPLY_WITH_LANGUAGE, codes.REPLY, "5.5.2"),
    _described(transfer.DEVICE_UUID, codes.TRANSFER, "5.6", item=" 07"),
    _described(transfer.DEVICE_VERSION, codes.TRANSFER, "5.6", item=" 08"),
    _described(transfer.DEVICE_IDENTITY, codes.TRANSFER, "5.6", item=" 0A"),
    _described(transfer.FUEL_SENSOR, codes.TRANSFER, "5.6", item=" 0E"),
    _described(transfer.TRANSFER_OTHER, codes.TRANSFER, "5.6"),
    _described(modules.TEMPERATURE_FRAME, codes.MODULE, "5.7", item=" 03"),
    _described(modules.TEMPERATURE_TEXT, codes.MODULE, "5.7", item=" 03"),
    _described(modules.CARD_READING, codes.MODULE, "5.7", item=" 05"),
    _described(modules.MODULE_OTHER, codes.MODULE, "5.7"),
    _described(modules.RECORDER_LINE, codes.RECORDER, "5.10"),
    _described(modules.CAMERAS, codes.CAMERAS, "5.11.1"),
    _described(modules.CAMERA, codes.CAMERAS, "5.11.1", item=" item"),
    _described(peripherals.PERIPHERALS, codes.PERIPHERALS, "5.12.1"),
    *_items(peripherals.PERIPHERAL_CODECS, codes.PERIPHERALS, "5.12.3"),
    _described(peripherals.EXTENSION, codes.EXTENSION, "5.13.1"),
    *_items(peripherals.MODULE_CODECS, codes.EXTENSION, "5.13.1"),
)
