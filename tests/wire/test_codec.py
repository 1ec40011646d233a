import traceback
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.samples import (
    CAMERAS,
    COMMAND,
    EVERY_MESSAGE,
    LOCATION,
    Camera,
    Cameras,
    Clock,
    Command,
    Location,
    Mixed,
    Numbers,
    Reading,
    UploadMode,
)
from wayside.wire.codec import codec_for
from wayside.wire.errors import DecodeError
from wayside.wire.fields import Bcd, Bits, Items, Raw, flag, rest, u2, u3, u4, u7, u8, u16, u24, u32

Order = Literal[">", "<"]
ORDERS: tuple[Order, Order] = (">", "<")

every_message = pytest.mark.parametrize(
    ("message", "values"), EVERY_MESSAGE, ids=[message.__name__ for message, _ in EVERY_MESSAGE]
)
both_orders = pytest.mark.parametrize("order", ORDERS)


# The dashcam's own bytes: content of the printed frames (0x22 as repaired, 0xE0, 0x80).


def test_a_location_as_the_dashcam_sends_it() -> None:
    data = bytes.fromhex("160208092b1ecf026c15930c398a1000140001cc0b77060776a4010e0000000000")
    expected = Location(
        *(22, 2, 8, 9, 43, 30),
        gps_length=12,
        satellites=15,
        latitude=0x026C1593,
        longitude=0x0C398A10,
        speed_kmh=0,
        spare=0,
        differential=False,
        fixed=True,
        west=False,
        north=True,
        course_deg=0,
        mcc=460,
        mnc=11,
        lac=0x7706,
        cell_id=0x0776A4,
        acc=1,
        upload_mode=UploadMode.FIXED_TIME,
        reuploaded=0,
        mileage=0,
    )
    assert LOCATION.decode(data) == expected
    assert LOCATION.encode(expected) == data
    assert (LOCATION.size, LOCATION.fixed) == (33, True)


def test_two_camera_lists_as_the_dashcam_sends_them() -> None:
    data = bytes.fromhex("01010101 0201".replace(" ", ""))
    expected = Cameras(built_in=(Camera(1, 1),), peripheral=(Camera(2, 1),))
    assert CAMERAS.decode(data) == expected
    assert CAMERAS.encode(expected) == data


def test_a_command_as_the_document_prints_it() -> None:
    data = bytes.fromhex("0b0000000056455253494f4e0002")
    expected = Command(length=11, server_flag=0, content=b"VERSION", language=2)
    assert COMMAND.decode(data) == expected
    assert COMMAND.encode(expected) == data
    assert (COMMAND.size, COMMAND.fixed) == (7, False)


# Layouts written out by hand, both byte orders.


@pytest.mark.parametrize(
    ("order", "data"),
    [
        (">", "01 0203 040506 0708090a 0102030405060708 ff fffe fffffffd fffffffffffffffc"),
        ("<", "01 0302 060504 0a090807 0807060504030201 ff feff fdffffff fcffffffffffffff"),
    ],
)
def test_numbers_lie_in_the_byte_order_of_the_codec(order: Order, data: str) -> None:
    words = {">": "81 9abc 00000003 1234 0d", "<": "81 bc9a 03000000 3412 0d"}[order]
    message = codec_for(Numbers, order).decode(bytes.fromhex(data + words))
    assert message == Numbers(
        *(0x01, 0x0203, 0x040506, 0x0708090A, 0x0102030405060708, -1, -2, -3, -4),
        low=0x40,
        top=True,
        narrow=4,
        pad=True,
        wide=0xABC,
        half=1,
        last=True,
        mode=UploadMode(0x1234),
        mode_bits=UploadMode(3),
        two=1,
    )


def test_a_nested_message_lies_in_place() -> None:
    codec = codec_for(Reading)
    data = bytes.fromhex("1a0b 85 1234 fe ff97")
    assert codec.decode(data) == Reading(Clock(26, 11, True, 5), "1234", 63, UploadMode(2), -105)
    assert codec.encode(codec.decode(data)) == data


def test_a_message_that_starts_behind_its_header() -> None:
    data = bytes.fromhex("78780b") + bytes.fromhex("0b0000000056455253494f4e0002")
    assert COMMAND.decode(data, 3).content == b"VERSION"
    with pytest.raises(DecodeError, match=r"^Location: 33 bytes wanted, 32 there$"):
        LOCATION.decode(bytes(36), 4)


# Round trips.


@every_message
@both_orders
@given(data=st.data())
def test_what_is_encoded_decodes_to_the_same(
    message: type[Any], values: st.SearchStrategy[Any], order: Order, data: st.DataObject
) -> None:
    codec = codec_for(message, order)
    value = data.draw(values)
    written = codec.encode(value)
    assert codec.decode(written) == value
    assert codec.decode(b"\xff\xff" + written, 2) == value
    assert len(written) >= codec.size
    assert len(written) == codec.size or not codec.fixed


@given(data=st.binary(min_size=33, max_size=33))
def test_no_bit_of_a_packet_is_lost(data: bytes) -> None:
    assert LOCATION.encode(LOCATION.decode(data)) == data


@given(data=st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    codec = codec_for(Mixed)
    try:
        message = codec.decode(data)
    except DecodeError:
        return
    assert codec.encode(message) == data


# Refusals.


@every_message
@given(data=st.data())
def test_a_message_cut_anywhere_is_refused_or_reads_as_a_shorter_one(
    message: type[Any], values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    codec = codec_for(message)
    written = codec.encode(data.draw(values))
    for cut in range(len(written)):
        try:
            shorter = codec.decode(written[:cut])
        except DecodeError as error:
            assert message.__name__ in str(error)  # noqa: PT017 - a shorter message may also be a right one
        else:
            assert not codec.fixed
            assert codec.encode(shorter) == written[:cut]


@pytest.mark.parametrize("message", [Location, Numbers, Reading])
def test_a_fixed_message_refuses_every_other_size(message: type[Any]) -> None:
    codec = codec_for(message)
    for there in [*range(codec.size), codec.size + 1, codec.size + 7]:
        with pytest.raises(
            DecodeError, match=f"^{message.__name__}: {codec.size} bytes wanted, {there} there$"
        ):
            codec.decode(bytes(there))


def test_a_varying_message_refuses_surplus_bytes_and_says_how_many_it_took() -> None:
    with pytest.raises(DecodeError, match=r"^Cameras: 6 bytes wanted, 7 there$"):
        CAMERAS.decode(bytes.fromhex("01010101020100"))


def test_an_announced_length_beyond_the_end_is_refused() -> None:
    with pytest.raises(DecodeError, match=r"^Cameras.built_in: 255 items of 2 bytes wanted, 3 bytes there$"):
        CAMERAS.decode(bytes.fromhex("ff01010100"))
    codec = codec_for(Mixed)
    with pytest.raises(DecodeError, match=r"^Mixed.name: 200 bytes wanted, 0 bytes there$"):
        codec.decode(b"\x12" * 8 + b"\xc8" + bytes(codec.size - 9))
    with pytest.raises(DecodeError, match=r"^Mixed: at least 26 bytes wanted, 25 there$"):
        codec.decode(bytes(25))


def test_items_that_do_not_come_out_even_are_refused() -> None:
    class Log(msgspec.Struct, frozen=True, gc=False):
        batch: u16
        entries: Annotated[tuple[Camera, ...], Items()]

    codec = codec_for(Log)
    assert codec.decode(b"\0\7\1\1\2\0").entries == (Camera(1, 1), Camera(2, 0))
    assert codec.decode(b"\0\7").entries == ()
    with pytest.raises(DecodeError, match=r"^Log.entries: 2 items of 2 bytes wanted, 3 bytes there$"):
        codec.decode(b"\0\7\1\1\2")


@pytest.mark.parametrize("packed", ["0123456789abcdef", "123456789012345f"])
def test_packed_digits_above_nine_are_refused(packed: str) -> None:
    class Login(msgspec.Struct, frozen=True, gc=False):
        imei: Annotated[str, Bcd(8)]

    codec = codec_for(Login)
    assert codec.decode(bytes.fromhex("0752533678900242")).imei == "0752533678900242"
    with pytest.raises(DecodeError, match=f"^Login.imei: {packed} is not packed decimal digits$"):
        codec.decode(bytes.fromhex(packed))


# What a codec tells about itself.


def test_the_layout_has_a_row_for_every_field() -> None:
    rows = {row.name: row for row in codec_for(Mixed).layout}
    assert list(rows) == list(Mixed.__struct_fields__)
    assert (rows["imei"].type, rows["imei"].width_bits) == ("BCD, 16 digits", 64)
    assert (rows["name"].type, rows["name"].width_bits) == ("u8 length, then bytes", None)
    assert (rows["at"].type, rows["at"].width_bits) == ("Clock", 24)
    assert rows["readings"].type == "u16 count, then items: Reading"
    places = {row.name: row for row in LOCATION.layout}
    assert places["satellites"] == ("satellites", "4 bits", 4, "taking part in the fix")
    assert places["upload_mode"].type == "u8, UploadMode"
    assert sum(row.width_bits or 0 for row in LOCATION.layout) == 8 * LOCATION.size


def test_a_traceback_shows_the_generated_line() -> None:
    class Fragile(msgspec.Struct, frozen=True, gc=False):
        first: u8
        second: u8

        def __post_init__(self) -> None:
            raise RuntimeError

    codec = codec_for(Fragile)
    with pytest.raises(RuntimeError) as caught:
        codec.decode(b"\1\2")
    shown = "".join(traceback.format_exception(caught.value))
    assert "Fragile>" in shown
    assert "\n    return _message(\n" in shown
    assert "    return _message(\n" in codec.source


# Classes that cannot be laid out.


class NotAStruct:
    byte: u8


class NoMark(msgspec.Struct):
    byte: int


class TwoMarks(msgspec.Struct):
    byte: Annotated[u8, Bits(4)]


class HalfAByte(msgspec.Struct):
    low: u4
    next: u8


class BitsAtTheEnd(msgspec.Struct):
    low: u7


class BitsBeforeRest(msgspec.Struct):
    low: u7
    tail: rest


class TooWide(msgspec.Struct):
    first: u3
    second: Annotated[int, Bits(30)]


class TwoRests(msgspec.Struct):
    first: rest
    second: rest


class VaryingItem(msgspec.Struct):
    items: Annotated[tuple[Command, ...], Items()]


class BoolInTwoBits(msgspec.Struct):
    a: Annotated[bool, Bits(2)]
    b: Annotated[int, Bits(6)]


class BytesAsDigits(msgspec.Struct):
    digits: Annotated[bytes, Bcd(2)]


class ListOfItems(msgspec.Struct):
    items: Annotated[list[Camera], Items()]


class Shadowing(msgspec.Struct):
    len: u8


class Hidden(msgspec.Struct):
    _data: u8


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (NotAStruct, "NotAStruct"),
        (NoMark, "NoMark.byte"),
        (TwoMarks, "TwoMarks.byte"),
        (HalfAByte, "bits of low"),
        (BitsAtTheEnd, "bits of low"),
        (BitsBeforeRest, "bits of low"),
        (TooWide, "bits of first, second"),
        (TwoRests, "TwoRests.second"),
        (VaryingItem, "VaryingItem.items"),
        (BoolInTwoBits, "BoolInTwoBits.a"),
        (BytesAsDigits, "BytesAsDigits.digits"),
        (ListOfItems, "ListOfItems.items"),
        (Shadowing, "Shadowing.len"),
        (Hidden, "Hidden._data"),
    ],
)
def test_a_class_that_cannot_be_laid_out_is_refused_at_import(message: type[Any], field: str) -> None:
    with pytest.raises(TypeError, match=field):
        codec_for(message)


def test_names_of_nested_and_derived_values_do_not_collide() -> None:
    class Tricky(msgspec.Struct, frozen=True, gc=False):
        at: Clock
        at_year: u8
        data: Annotated[bytes, Raw(1)]
        offset: u8
        cell: u24
        cell_high: u8
        m: u2
        message: Annotated[int, Bits(6)]
        end: rest
        stop: u32
        on: flag
        off: u7

    codec = codec_for(Tricky)
    data = bytes(range(1, 30))
    assert codec.encode(codec.decode(data)) == data
    assert codec.decode(data).at_year == 4
