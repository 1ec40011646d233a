"""The data transfer packet 0x94: what the terminal is, and its fuel sensor (section 5.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from wayside.wire.codec import codec_for
from wayside.wire.errors import DecodeError
from wayside.wire.fields import Raw, Rest, rest, u8, u16

UUID_TYPE = 0x07
VERSION_TYPE = 0x08
IDENTITY_TYPE = 0x0A
FUEL_TYPE = 0x0E


class DeviceUuid(msgspec.Struct, frozen=True, gc=False):
    """The terminal's UUID (type 07)."""

    type: Annotated[u8, "07"]
    text: Annotated[bytes, Rest(), "ASCII"]


class DeviceVersion(msgspec.Struct, frozen=True, gc=False):
    """The terminal's version (type 08)."""

    type: Annotated[u8, "08"]
    text: Annotated[bytes, Rest(), "ASCII"]


class DeviceIdentity(msgspec.Struct, frozen=True, gc=False):
    """The numbers of modem and SIM (type 0A), two digits to a byte; a short one is padded with F."""

    type: Annotated[u8, "0A"]
    imei: Annotated[bytes, Raw(8), "behind a 0"]
    imsi: Annotated[bytes, Raw(8), "behind a 0"]
    iccid: Annotated[bytes, Raw(10)]


class FuelSensor(msgspec.Struct, frozen=True, gc=False):
    """A reading of a fuel sensor (type 0E)."""

    type: Annotated[u8, "0E"]
    data_type: Annotated[u8, "00 fuel data"]
    sensor: Annotated[u8, "number of the sensor"]
    value: Annotated[u16, "hundredths of the unit"]
    unit: Annotated[u8, "1 height, 2 percentage, 3 voltage"]


class TransferOther(msgspec.Struct, frozen=True, gc=False):
    """Any other type, kept as it is."""

    type: u8
    content: rest


DEVICE_UUID = codec_for(DeviceUuid)
DEVICE_VERSION = codec_for(DeviceVersion)
DEVICE_IDENTITY = codec_for(DeviceIdentity)
FUEL_SENSOR = codec_for(FuelSensor)
TRANSFER_OTHER = codec_for(TransferOther)

Transfer = DeviceUuid | DeviceVersion | DeviceIdentity | FuelSensor | TransferOther

_DECODERS: Final[dict[int, Callable[[bytes], Transfer]]] = {
    UUID_TYPE: DEVICE_UUID.decode,
    VERSION_TYPE: DEVICE_VERSION.decode,
    IDENTITY_TYPE: DEVICE_IDENTITY.decode,
    FUEL_TYPE: FUEL_SENSOR.decode,
}


def decode_transfer(body: bytes) -> Transfer:
    """By the type in the first byte."""
    if not body:
        raise DecodeError("Transfer: no type")
    return _DECODERS.get(body[0], TRANSFER_OTHER.decode)(body)
