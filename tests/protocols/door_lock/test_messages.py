from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.door_lock.printed import LOCK, OPENED, PHONE, PRINTED, Printed
from wayside.protocol.base import Side
from wayside.protocols.door_lock import messages as m
from wayside.protocols.door_lock.frames import DoorLockFramer, Frame
from wayside.wire.errors import DecodeError

FUNCTIONS = [0x2E, 0x2C, 0x2D, 0x00, 0xFF]


def frame(function: int, data: bytes, kind: int = 0x07) -> Frame:
    return Frame(b"", "any", LOCK, kind, function, data)


@pytest.mark.parametrize("printed", PRINTED)
def test_a_captured_frame_is_read_and_written_alike(printed: Printed) -> None:
    (found,) = DoorLockFramer(printed.side).feed(printed.raw)
    assert isinstance(found, Frame)
    assert m.parse(found, printed.side) == printed.message
    mac = PHONE if printed.side is Side.SERVER else LOCK
    assert m.write(printed.message, mac) == printed.raw


@pytest.mark.parametrize("printed", PRINTED)
def test_the_other_sides_frame_is_not_taken(printed: Printed) -> None:
    (found,) = DoorLockFramer(printed.side).feed(printed.raw)
    assert isinstance(found, Frame)
    other = Side.DEVICE if printed.side is Side.SERVER else Side.SERVER
    with pytest.raises(DecodeError, match="type"):
        m.parse(found, other)


def test_an_unknown_function_is_kept() -> None:
    assert m.parse(frame(0x99, b"abc"), Side.DEVICE) == m.Unrecognised(b"abc")


def test_an_unknown_status_is_kept() -> None:
    data = b"\x02" + bytes(15)
    answer = m.parse(frame(0x2D, data), Side.DEVICE)
    assert isinstance(answer, m.OpenAnswer)
    assert not answer.status.known


@given(
    st.sampled_from(list(Side)), st.sampled_from(FUNCTIONS), st.sampled_from([1, 7]), st.binary(max_size=60)
)
def test_any_data_is_read_or_refused(side: Side, function: int, kind: int, data: bytes) -> None:
    try:
        message = m.parse(frame(function, data, kind), side)
    except DecodeError:
        return
    if not isinstance(message, m.Unrecognised):
        (again,) = DoorLockFramer(side).feed(m.write(message, LOCK))
        assert isinstance(again, Frame)
        assert again.data == data


def test_the_window_lies_as_the_note_says() -> None:
    window = m.Window(0x3456, 0x0102, m.Moment(19, 4, 3, 22, 14), m.Moment(19, 4, 3, 23, 0))
    assert m.WINDOW.encode(window).hex() == "34560102130403160e13040317000000"
    assert len(m.WINDOW.encode(window)) == m.CODE_BYTES


def test_the_captured_answer_ends_in_zeroes_or_in_more() -> None:
    assert isinstance(m.parse(frame(0x2D, OPENED.raw[11:-2]), Side.DEVICE), m.OpenAnswer)
    assert m.parse(frame(0x2D, b"\x03\x05" + bytes(14)), Side.DEVICE) == m.OpenAnswer(
        m.OpenStatus.LOCKED_OUT, 5, 0, 0, 0, 0, 0, 0, bytes(8)
    )
