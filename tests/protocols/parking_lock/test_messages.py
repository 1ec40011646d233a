from __future__ import annotations

from contextlib import suppress
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.parking_lock.printed import PRINTED, Printed
from wayside.protocol.base import Side
from wayside.protocols.parking_lock import messages as m
from wayside.protocols.parking_lock.frames import NAMES, Frame, LineFramer
from wayside.wire.errors import DecodeError, EncodeError
from wayside.wire.fields import OpenIntEnum
from wayside.wire.layout import Field, fields_of
from wayside.wire.textfields import TextInt, TextRest, TextStr

WORDS = [(described.side, described.code) for described in m.MESSAGES]
LETTERS = st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=",*#")


def frame_of(text: str, side: Side = Side.DEVICE) -> Frame:
    (frame,) = LineFramer(side).feed(text.encode())
    assert isinstance(frame, Frame)
    return frame


@pytest.mark.parametrize("printed", PRINTED)
def test_printed_lines_say_what_the_document_says(printed: Printed) -> None:
    assert m.parse(frame_of(printed.text, printed.side), printed.side) == printed.message


@pytest.mark.parametrize("printed", PRINTED)
def test_printed_lines_are_written_as_printed(printed: Printed) -> None:
    before = b"\xff\xff" if printed.side is Side.SERVER else b""
    written = m.write(printed.message, "OM", printed.text.split(",")[2])
    assert written == before + printed.text.encode() + b"\n"


def test_every_printed_message_kind_is_declared_and_the_other_way_round() -> None:
    assert {type(printed.message) for printed in PRINTED} == {row.structure for row in m.MESSAGES}


@pytest.mark.parametrize("old", ["*BGCR,OM,866266066379439,H0,1,6023,31,0,1,1,1#"])
def test_a_heartbeat_from_before_auto_lock(old: str) -> None:
    heartbeat = m.parse(frame_of(old), Side.DEVICE)
    assert isinstance(heartbeat, m.Heartbeat)
    assert heartbeat.auto_lock is None


def test_fields_of_a_newer_firmware_are_kept() -> None:
    heartbeat = m.parse(frame_of("*BGCR,OM,866266066379439,H0,1,6023,31,0,1,1,1,1,77,x#"), Side.DEVICE)
    assert isinstance(heartbeat, m.Heartbeat)
    assert heartbeat.more == ("77", "x")


def test_an_unknown_word_is_kept() -> None:
    message = m.parse(frame_of("*BGCR,OM,866266066379439,Z9,1,two,#"), Side.DEVICE)
    assert message == m.Unrecognised(("1", "two", ""))


def value_of(field: Field) -> st.SearchStrategy[object]:
    kinds = [kind for kind in (get_args(field.kind) or (field.kind,)) if kind is not type(None)]
    match field.mark:
        case TextInt(low, high):
            numbers = st.integers(low, high)
            return numbers.map(kinds[0]) if issubclass(kinds[0], OpenIntEnum) else numbers
        case TextStr(most, character, least):
            return st.from_regex(f"(?:(?![,*#]){character}){{{least},{most}}}", fullmatch=True)
        case TextRest(count, length):
            return st.lists(st.text(LETTERS, max_size=length), max_size=count).map(tuple)
        case _:
            raise AssertionError(field)


@pytest.mark.parametrize("structure", [row.structure for row in m.MESSAGES])
@given(data=st.data())
def test_what_is_written_is_read_again(structure: type[msgspec.Struct], data: st.DataObject) -> None:
    side = next(row.side for row in m.MESSAGES if row.structure is structure)
    message = structure(*(data.draw(value_of(field)) for field in fields_of(structure)))
    try:
        (frame,) = LineFramer(side).feed(m.write(message, "OM", "866266066379439"))
    except EncodeError as error:
        assert "at most" in str(error)  # noqa: PT017 - too long a line is the one refusal there is
        return
    assert isinstance(frame, Frame)
    assert m.parse(frame, side) == message


@given(st.sampled_from(WORDS), st.lists(st.text(max_size=12), max_size=12))
def test_nonsense_raises_nothing_but_decode_error(word: tuple[Side, str], fields: list[str]) -> None:
    side, code = word
    with suppress(DecodeError):
        m.parse(Frame(b"", NAMES[code], "OM", "866266066379439", code, fields), side)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("*BGCR,OM,866266066379439,Q0,6023#", "SignIn: 5"),
        ("*BGCR,OM,866266066379439,H0,1,70000,31,0,1,1,1,1#", "Heartbeat.voltage_mv"),
        ("*BGCR,OM,866266066379439,W0,one#", "Alarm.code"),
        ("*BGCR,OM,866266066379439,L0,0,4294967296,1#", "UnlockResult.user"),
        ("*BGCR,OM,866266066379439,W0,1\n#", "Alarm.code"),
    ],
)
def test_the_complaint_names_the_field(text: str, complaint: str) -> None:
    with pytest.raises(DecodeError, match=complaint):
        m.parse(frame_of(text), Side.DEVICE)
