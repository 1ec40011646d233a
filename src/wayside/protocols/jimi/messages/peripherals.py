"""Tagged items: the peripherals packet 0xF2 and the extension packet 0x70 (sections 5.12, 5.13).

The packet is a struct whose last field holds the items; ``read_peripherals`` and ``read_modules`` take them
apart.  An item that is unknown, or whose content has not the documented size, is kept as ``OtherItem``.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from wayside.protocols.jimi.messages.moments import Altitude, Course, CourseWithIgnition, Moment
from wayside.wire.codec import Codec, codec_for
from wayside.wire.errors import DecodeError
from wayside.wire.fields import U8, U16, Items, Rest, i16, rest, u8, u16, u32
from wayside.wire.tlv import TlvFormat, TlvItem


class Peripherals(msgspec.Struct, frozen=True, gc=False):
    """Readings of what is attached to the terminal (section 5.12.1)."""

    unix_s: Annotated[u32, "when"]
    items: Annotated[bytes, Rest(), "id (2), length (1; of 0007 and 0009: 2), content"]


class CapacitiveFuel(msgspec.Struct, frozen=True, gc=False):
    """A capacitive fuel sensor (0001)."""

    centivolts: u16


class FuelGauge(msgspec.Struct, frozen=True, gc=False):
    """A fuel sensor of one of several kinds (0002)."""

    type: Annotated[u8, "0 ultrasonic, value in tenths; 1 capacitive, in hundredths"]
    path: Annotated[u8, "the tank, from 0"]
    value: u16
    unit: Annotated[u8, "1 cm, 2 %, 3 V, 4 L"]


class AdcVoltage(msgspec.Struct, frozen=True, gc=False):
    """The voltage at an analogue input (0003)."""

    input: Annotated[u8, "number of the input"]
    centivolts: u16


class Temperature(msgspec.Struct, frozen=True, gc=False):
    """A temperature sensor (0004); two's complement, FF97 is 10.5 below zero."""

    decidegrees: i16


class Rfid(msgspec.Struct, frozen=True, gc=False):
    """An RFID reader (0005)."""

    text: Annotated[bytes, Rest(), "ASCII"]


class PulseFuel(msgspec.Struct, frozen=True, gc=False):
    """A pulse fuel sensor, 0 to 12 V (0006)."""

    centivolts: u16


class ClimateReading(msgspec.Struct, frozen=True, gc=False):
    """Temperature and humidity at one time."""

    unix_s: u32
    decidegrees: i16
    humidity_permille: u16


class ClimateBatch(msgspec.Struct, frozen=True, gc=False):
    """Readings of a temperature and humidity sensor (0007)."""

    batch: u16
    readings: Annotated[tuple[ClimateReading, ...], Items()]


class CardEvent(msgspec.Struct, frozen=True, gc=False):
    """A driving licence went through the reader (0008)."""

    moment: Moment
    status: Annotated[u8, "0 logout, 1 login, 2 illegal card"]
    tracks: Annotated[bytes, Rest(), "ASCII: %…?;…?+…?"]


class Passthrough(msgspec.Struct, frozen=True, gc=False):
    """A peripheral whose data the document does not define (0009)."""

    peripheral: u8
    content: rest


class Place(msgspec.Struct, frozen=True, gc=False):
    """A position (000B)."""

    course: Course
    latitude: Annotated[u32, "1/1,800,000 degree"]
    longitude: Annotated[u32, "1/1,800,000 degree"]


class Extension(msgspec.Struct, frozen=True, gc=False):
    """A set of modules, each at most once (section 5.13.1)."""

    modules: Annotated[bytes, Rest(), "number (2), length (2), content"]


class PositionModule(msgspec.Struct, frozen=True, gc=False):
    """Where the vehicle is (0033).  Its time is Unix seconds, as the printed frame shows."""

    unix_s: u32
    satellites: u8
    altitude: Altitude
    latitude: Annotated[u32, "1/1,800,000 degree"]
    longitude: Annotated[u32, "1/1,800,000 degree"]
    speed_kmh: u8
    course: CourseWithIgnition


class SupplyModule(msgspec.Struct, frozen=True, gc=False):
    """The voltage of the external supply (0027)."""

    centivolts: u16


class UploadModule(msgspec.Struct, frozen=True, gc=False):
    """Whether the packet is live (0035)."""

    mode: Annotated[u8, "0 live, 4 sent again"]


class OtherItem(msgspec.Struct, frozen=True, gc=False):
    """An item that no rule describes, kept as it is."""

    tag: int
    content: bytes


PERIPHERALS = codec_for(Peripherals)
EXTENSION = codec_for(Extension)

PERIPHERAL_CODECS: Final[dict[int, Codec[Any]]] = {
    0x0001: codec_for(CapacitiveFuel),
    0x0002: codec_for(FuelGauge),
    0x0003: codec_for(AdcVoltage),
    0x0004: codec_for(Temperature),
    0x0005: codec_for(Rfid),
    0x0006: codec_for(PulseFuel),
    0x0007: codec_for(ClimateBatch),
    0x0008: codec_for(CardEvent),
    0x0009: codec_for(Passthrough),
    0x000B: codec_for(Place),
}
MODULE_CODECS: Final[dict[int, Codec[Any]]] = {
    0x0027: codec_for(SupplyModule),
    0x0033: codec_for(PositionModule),
    0x0035: codec_for(UploadModule),
}

# Behind an unknown id the length may have one byte or two, so nothing is read from there on.
PERIPHERAL_LENGTHS: Final = {tag: U16 if tag in {0x0007, 0x0009} else U8 for tag in PERIPHERAL_CODECS}
PERIPHERAL_ITEMS: Final = TlvFormat("Peripherals", tag=U16, default=None, special=PERIPHERAL_LENGTHS)
MODULE_ITEMS: Final = TlvFormat("Extension", tag=U16, default=U16)


def read_peripherals(message: Peripherals) -> list[msgspec.Struct]:
    """The items of a 0xF2 packet; one with an unknown id is the last, and holds all that is left.

    Raises:
        DecodeError: an item is cut short.
    """
    found: list[msgspec.Struct] = []
    left = memoryview(message.items)
    while left:
        tag = int.from_bytes(left[: U16.size])
        if len(left) >= U16.size and tag not in PERIPHERAL_CODECS:
            return [*found, OtherItem(tag, bytes(left[U16.size :]))]
        item = next(PERIPHERAL_ITEMS.items(left))
        found.append(_read(PERIPHERAL_CODECS, item))
        left = left[U16.size + PERIPHERAL_LENGTHS[tag].size + len(item.value) :]
    return found


def read_modules(message: Extension) -> list[msgspec.Struct]:
    """The modules of a 0x70 packet.

    Raises:
        DecodeError: a module is cut short.
    """
    return [_read(MODULE_CODECS, item) for item in MODULE_ITEMS.items(message.modules)]


def _read(codecs: dict[int, Codec[Any]], item: TlvItem) -> msgspec.Struct:
    codec = codecs.get(item.tag)
    try:
        return codec.decode(item.value) if codec else OtherItem(*item)
    except DecodeError:
        return OtherItem(*item)
