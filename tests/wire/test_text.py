from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayside.wire.errors import DecodeError, EncodeError
from wayside.wire.fields import OpenIntEnum, u8
from wayside.wire.text import line_for
from wayside.wire.textfields import TextInt, TextRest, TextStr


class Locked(OpenIntEnum):
    UNLOCKED = 0
    LOCKED = 1


class Heartbeat(msgspec.Struct, frozen=True, gc=False):
    """The parking lock's H0, section 2.2; the last field came with a later version."""

    locked: Annotated[Locked, TextInt(0, 9)]
    voltage_mv: Annotated[int, TextInt(0, 65_535), "battery"]
    signal: Annotated[int, TextInt(0, 99)]
    fault: Annotated[int, TextInt(0, 9)]
    online: Annotated[int, TextInt(0, 9)]
    car_above: Annotated[int, TextInt(0, 9)]
    autolock: Annotated[int | None, TextInt(0, 9)] = None


class Everything(msgspec.Struct, frozen=True, gc=False):
    mode: Annotated[Locked, TextInt(-1, 99)]
    offset: Annotated[int, TextInt(-500, 500)]
    iccid: Annotated[str, TextStr(20, "[0-9A-F]", min_length=2)]
    name: Annotated[str, TextStr(8)]
    level: Annotated[int, TextInt(0, 9)] = 3
    count: Annotated[int | None, TextInt(0, 9)] = None
    note: Annotated[str | None, TextStr(5)] = None
    more: Annotated[tuple[str, ...], TextRest(3, 4)] = ()


class Nothing(msgspec.Struct, frozen=True, gc=False):
    pass


HEARTBEAT = line_for(Heartbeat, reserved="*#")
EVERYTHING = line_for(Everything, ",", "*#")
PLAIN = Everything(Locked.LOCKED, 0, "89", "x")


def printable(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(
        st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=",*#"),
        min_size=least,
        max_size=most,
    )


@st.composite
def everything(draw: st.DrawFn) -> Everything:
    count = draw(st.none() | st.integers(0, 9))
    note = None if count is None else draw(st.none() | printable(0, 5))
    more = [] if note is None else draw(st.lists(printable(0, 4), max_size=3))
    return Everything(
        draw(st.integers(-1, 99).map(Locked)),
        draw(st.integers(-500, 500)),
        draw(st.text("0123456789ABCDEF", min_size=2, max_size=20)),
        draw(printable(0, 8)),
        draw(st.integers(0, 9)),
        count,
        note,
        tuple(more),
    )


def test_a_heartbeat_as_the_lock_sends_it() -> None:
    line = "1,6023,31,0,1,1,1"
    message = HEARTBEAT.decode(line.split(","))
    assert message == Heartbeat(Locked.LOCKED, 6023, 31, 0, 1, 1, autolock=1)
    assert HEARTBEAT.encode(message) == line


def test_an_older_lock_leaves_the_last_field_out() -> None:
    message = HEARTBEAT.decode(["0", "3330", "20", "0", "1", "0"])
    assert message.autolock is None
    assert HEARTBEAT.encode(message) == "0,3330,20,0,1,0"


def test_an_unknown_code_is_kept() -> None:
    message = HEARTBEAT.decode(["7", "6023", "31", "0", "1", "1"])
    assert (message.locked.name, message.locked.value) == ("UNKNOWN_0x7", 7)
    assert HEARTBEAT.encode(message) == "7,6023,31,0,1,1"


def test_numbers_lose_leading_zeros_and_text_loses_nothing() -> None:
    message = EVERYTHING.decode(["01", "-007", "0089", " 0x "])
    assert message == Everything(Locked.LOCKED, -7, "0089", " 0x ")
    assert EVERYTHING.encode(message) == "1,-7,0089, 0x ,3"


def test_a_message_without_fields() -> None:
    codec = line_for(Nothing)
    assert codec.decode([]) == Nothing()
    assert codec.encode(Nothing()) == ""
    with pytest.raises(DecodeError, match=r"^Nothing: 0 fields wanted, 1 there$"):
        codec.decode([""])


@given(everything())
def test_what_is_encoded_decodes_to_the_same(message: Everything) -> None:
    assert EVERYTHING.decode(EVERYTHING.encode(message).split(",")) == message


@given(st.lists(st.text(max_size=6) | st.integers(-600, 600).map(str), max_size=10))
def test_any_fields_are_read_or_refused(fields: list[str]) -> None:
    try:
        message = EVERYTHING.decode(fields)
    except DecodeError:
        return
    assert EVERYTHING.decode(EVERYTHING.encode(message).split(",")) == message


@pytest.mark.parametrize("count", [0, 5, 8, 100])
def test_missing_and_surplus_fields_are_refused(count: int) -> None:
    with pytest.raises(DecodeError, match=f"^Heartbeat: 6 to 7 fields wanted, {count} there$"):
        HEARTBEAT.decode(["1"] * count)


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "+1", "1_0", "1.0", "0x1", "--1", "\u0663", "65536", "-1", "9" * 5000]
)
def test_a_number_is_plain_digits_within_its_range(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        HEARTBEAT.decode(["1", text, "31", "0", "1", "1"])
    assert str(caught.value).startswith("Heartbeat.voltage_mv: ")
    assert str(caught.value).endswith(" is not an integer from 0 to 65535")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text", ["a,b", "a#", "*", "a\r", "a\n", "\x00", "\x7f", "\xe9", "\u2028", "123456789"]
)
@pytest.mark.parametrize("field", ["name", "note", "more"])
def test_text_stays_printable_short_and_clear_of_the_frame(field: str, text: str) -> None:
    at_hand: dict[str, Any] = {"count": 1, "note": "", field: (text,) if field == "more" else text}
    with pytest.raises(EncodeError) as caught:
        EVERYTHING.encode(msgspec.structs.replace(PLAIN, **at_hand))
    assert caught.value.field == field
    line = ["1", "0", "89", "x", "3", "1", "", ""]
    line[{"name": 3, "note": 6, "more": 7}[field]] = text
    with pytest.raises(DecodeError, match=f"^Everything.{field}: "):
        EVERYTHING.decode(line)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", -2),
        ("mode", "1"),
        ("offset", 501),
        ("offset", -501),
        ("offset", 1.5),
        ("offset", None),
        ("iccid", "8"),
        ("iccid", "8" * 21),
        ("iccid", "8f"),
        ("iccid", b"89"),
        ("iccid", None),
        ("level", None),
        ("count", 10),
        ("more", ("a", "b", "c", "d")),
        ("more", "ab"),
        ("more", (1,)),
        ("more", None),
    ],
)
def test_what_does_not_fit_is_refused_by_name(field: str, value: object) -> None:
    message = msgspec.structs.replace(PLAIN, **{"count": 1, "note": "", field: value})
    with pytest.raises(EncodeError) as caught:
        EVERYTHING.encode(message)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"Everything.{field}: ")


@pytest.mark.parametrize(
    ("gap", "later"),
    [
        ("count", {"note": "x"}),
        ("count", {"note": "x", "more": ("y",)}),
        ("note", {"count": 1, "more": ("y",)}),
    ],
)
def test_nothing_follows_a_missing_field(gap: str, later: dict[str, object]) -> None:
    with pytest.raises(EncodeError, match="None, though a later field has a value") as caught:
        EVERYTHING.encode(msgspec.structs.replace(PLAIN, **later))
    assert caught.value.field == gap


def test_the_layout_has_a_row_for_every_field() -> None:
    rows = {row.name: row for row in HEARTBEAT.layout}
    assert list(rows) == list(Heartbeat.__struct_fields__)
    assert rows["locked"].type == "integer 0-9, Locked"
    assert rows["voltage_mv"] == ("voltage_mv", "integer 0-65535", None, "battery")
    assert rows["autolock"].type == "integer 0-9, may be missing"


@pytest.mark.parametrize("separator", [".", "]", "^", "-", "|"])
def test_any_character_can_separate(separator: str) -> None:
    class Pair(msgspec.Struct, frozen=True, gc=False):
        kind: Annotated[str, TextStr(2)]
        bank: Annotated[str, TextStr(10)]

    codec = line_for(Pair, separator)
    assert codec.encode(Pair("BO", "A1,2")) == f"BO{separator}A1,2"
    with pytest.raises(EncodeError):
        codec.encode(Pair("BO", separator))


def test_a_pattern_may_be_an_alternative() -> None:
    class Odd(msgspec.Struct, frozen=True, gc=False):
        mac: Annotated[str, TextStr(3, "[0-9]|:")]

    codec = line_for(Odd)
    assert codec.decode(["1:2"]) == Odd("1:2")
    with pytest.raises(DecodeError):
        codec.decode(["1:x"])


@pytest.mark.parametrize("text", ["\n", "\x00", "\x7f", "\xe9", ","])
def test_a_pattern_cannot_let_in_what_no_line_may_hold(text: str) -> None:
    class Loose(msgspec.Struct, frozen=True, gc=False):
        anything: Annotated[str, TextStr(3, r"[\s\S]")]

    codec = line_for(Loose)
    with pytest.raises(DecodeError):
        codec.decode([text])
    with pytest.raises(EncodeError):
        codec.encode(Loose(text))


class BinaryMark(msgspec.Struct):
    byte: u8


class NullableWithoutDefault(msgspec.Struct):
    byte: Annotated[int | None, TextInt(0, 1)]


class FieldAfterNullable(msgspec.Struct):
    first: Annotated[int | None, TextInt(0, 1)] = None
    second: Annotated[int, TextInt(0, 1)] = 0


class FieldAfterRest(msgspec.Struct):
    first: Annotated[tuple[str, ...], TextRest(1, 1)]
    second: Annotated[int, TextInt(0, 1)]


class NumberAsText(msgspec.Struct):
    first: Annotated[str, TextInt(0, 1)]


class TextAsNumber(msgspec.Struct):
    first: Annotated[int, TextStr(1)]


class ListOfRest(msgspec.Struct):
    first: Annotated[list[str], TextRest(1, 1)]


@pytest.mark.parametrize(
    "message",
    [
        BinaryMark,
        NullableWithoutDefault,
        FieldAfterNullable,
        FieldAfterRest,
        NumberAsText,
        TextAsNumber,
        ListOfRest,
    ],
)
def test_a_class_that_is_no_line_is_refused_at_import(message: type[Any]) -> None:
    with pytest.raises(TypeError, match=r"first|byte"):
        line_for(message)
