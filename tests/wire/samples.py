"""Messages that together use every kind of field, and strategies that fill them."""

from typing import Annotated

import msgspec
from hypothesis import strategies as st

from wayside.wire.codec import codec_for
from wayside.wire.fields import (
    U8,
    U16,
    Bcd,
    Bits,
    Counted,
    Items,
    Listed,
    OpenIntEnum,
    Raw,
    flag,
    i8,
    i16,
    i32,
    i64,
    rest,
    u2,
    u3,
    u4,
    u6,
    u7,
    u8,
    u10,
    u12,
    u16,
    u24,
    u32,
    u64,
)


class UploadMode(OpenIntEnum):
    INTERVAL = 0x00
    DISTANCE = 0x01
    FIXED_TIME = 0x0E


class Location(msgspec.Struct, frozen=True, gc=False):
    """The dashcam's location packet 0x22, section 5.3.1."""

    year: u8
    month: u8
    day: u8
    hour: u8
    minute: u8
    second: u8
    gps_length: u4
    satellites: Annotated[u4, "taking part in the fix"]
    latitude: u32
    longitude: u32
    speed_kmh: u8
    spare: u2
    differential: flag
    fixed: flag
    west: flag
    north: flag
    course_deg: u10
    mcc: u16
    mnc: u8
    lac: u16
    cell_id: u24
    acc: u8
    upload_mode: Annotated[UploadMode, U8]
    reuploaded: u8
    mileage: u32


class Camera(msgspec.Struct, frozen=True, gc=False):
    number: u8
    available: u8


class Cameras(msgspec.Struct, frozen=True, gc=False):
    """The dashcam's packet 0xE0, section 5.11: two lists, each behind its count."""

    built_in: Annotated[tuple[Camera, ...], Listed(U8)]
    peripheral: Annotated[tuple[Camera, ...], Listed(U8)]


class Numbers(msgspec.Struct, frozen=True, gc=False):
    """Every number, and every word that bits can fill."""

    byte: u8
    short: u16
    three: u24
    word: u32
    long: u64
    signed_byte: i8
    signed_short: i16
    signed_word: i32
    signed_long: i64
    low: u7
    top: flag
    narrow: u3
    pad: flag
    wide: u12
    half: Annotated[int, Bits(31)]
    last: flag
    mode: Annotated[UploadMode, U16]
    mode_bits: Annotated[UploadMode, Bits(6)]
    two: u2


class Clock(msgspec.Struct, frozen=True, gc=False):
    year: u8
    month: u8
    leap: flag
    zone: u7


class Reading(msgspec.Struct, frozen=True, gc=False):
    at: Clock
    serial: Annotated[str, Bcd(2)]
    quality: u6
    kind: Annotated[UploadMode, Bits(2)]
    value: i16


class Mixed(msgspec.Struct, frozen=True, gc=False):
    """Every field of varying size, between fields of fixed size."""

    imei: Annotated[str, Bcd(8)]
    name: Annotated[bytes, Counted(U8)]
    mac: Annotated[bytes, Raw(6)]
    at: Clock
    readings: Annotated[tuple[Reading, ...], Listed(U16)]
    blob: Annotated[bytes, Counted(U16)]
    more: Annotated[tuple[Reading, ...], Items()]
    cell: u24
    state: u8


class Command(msgspec.Struct, frozen=True, gc=False):
    """Text between fixed fields, as in the dashcam's 0x80, section 5.5.1."""

    length: u8
    server_flag: u32
    content: rest
    language: u16


class Empty(msgspec.Struct, frozen=True, gc=False):
    pass


LOCATION = codec_for(Location)
CAMERAS = codec_for(Cameras)
COMMAND = codec_for(Command)


def below(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << bits) - 1)


def signed(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)


def modes(bits: int) -> st.SearchStrategy[UploadMode]:
    return below(bits).map(UploadMode)


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


locations = st.builds(
    Location,
    *[below(8)] * 6,
    *[below(4)] * 2,
    *[below(32)] * 2,
    below(8),
    below(2),
    *[st.booleans()] * 4,
    below(10),
    below(16),
    below(8),
    below(16),
    below(24),
    below(8),
    modes(8),
    below(8),
    below(32),
)
numbers = st.builds(
    Numbers,
    *[below(bits) for bits in (8, 16, 24, 32, 64)],
    *[signed(bits) for bits in (8, 16, 32, 64)],
    below(7),
    st.booleans(),
    below(3),
    st.booleans(),
    below(12),
    below(31),
    st.booleans(),
    modes(16),
    modes(6),
    below(2),
)
clocks = st.builds(Clock, below(8), below(8), st.booleans(), below(7))
readings = st.builds(Reading, clocks, digits(4), below(6), modes(2), signed(16))
reading_lists = st.lists(readings, max_size=4).map(tuple)
mixed = st.builds(
    Mixed,
    digits(16),
    st.binary(max_size=255),
    st.binary(min_size=6, max_size=6),
    clocks,
    reading_lists,
    st.binary(max_size=300),
    reading_lists,
    below(24),
    below(8),
)
commands = st.builds(Command, below(8), below(32), st.binary(max_size=200), below(16))
cameras = st.builds(Camera, below(8), below(8))
camera_lists = st.lists(cameras, max_size=5).map(tuple)
camera_messages = st.builds(Cameras, camera_lists, camera_lists)

EVERY_MESSAGE = [
    (Location, locations),
    (Numbers, numbers),
    (Reading, readings),
    (Mixed, mixed),
    (Command, commands),
    (Cameras, camera_messages),
    (Empty, st.just(Empty())),
]
