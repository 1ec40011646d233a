from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.parking_lock.printed import FROM_LOCK, PRINTED, Printed
from wayside.protocol.base import Side
from wayside.protocol.framing import BadFrame, Fault
from wayside.protocols.parking_lock.frames import FRAME_BYTES_MAX, Frame, LineFramer, seal
from wayside.wire.errors import EncodeError

STREAM = b"".join(printed.text.encode() + b"\n" for printed in FROM_LOCK)
TEXTS = [printed.text.encode() for printed in FROM_LOCK]


def raws(found: list[Frame | BadFrame]) -> list[bytes]:
    return [frame.raw for frame in found if isinstance(frame, Frame)]


def faults(found: list[Frame | BadFrame]) -> list[Fault]:
    return [frame.fault for frame in found if isinstance(frame, BadFrame)]


@pytest.mark.parametrize("printed", PRINTED)
@pytest.mark.parametrize("before", [b"", b"\xff\xff", b"\r\n", b" \x0c\xff\xff"])
def test_every_printed_line_is_one_frame(printed: Printed, before: bytes) -> None:
    found = LineFramer(printed.side).feed(before + printed.text.encode() + b"\n")
    assert raws(found) == [printed.text.encode()]
    assert not faults(found)


def test_the_envelope_is_split() -> None:
    (frame,) = LineFramer(Side.DEVICE).feed(b"*BGCR,OM,123456789123456,L0,0,1234,1497689816#")
    assert frame == Frame(
        b"*BGCR,OM,123456789123456,L0,0,1234,1497689816#",
        "unlock",
        "OM",
        "123456789123456",
        "L0",
        ["0", "1234", "1497689816"],
    )


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_the_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    framer = LineFramer(Side.DEVICE)
    edges = [0, *sorted(cuts), len(STREAM)]
    found = [f for a, b in pairwise(edges) for f in framer.feed(STREAM[a:b])]
    assert raws(found) == TEXTS
    assert not faults(found)


@given(st.lists(st.binary(max_size=40).map(lambda junk: junk.replace(b"*", b"")), max_size=len(TEXTS)))
def test_garbage_between_frames_costs_no_frame(junk: list[bytes]) -> None:
    stream = b"".join((junk[n] if n < len(junk) else b"") + text for n, text in enumerate(TEXTS))
    assert raws(LineFramer(Side.DEVICE).feed(stream)) == TEXTS


def test_a_line_cut_short_does_not_take_the_next_one_with_it() -> None:
    found = LineFramer(Side.DEVICE).feed(TEXTS[0][:30] + TEXTS[1])
    assert raws(found) == [TEXTS[1]]
    assert faults(found) == [Fault.FRAMING]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"*BGCS,OM,866266066379439,Q0#", Fault.FRAMING),
        (b"*SCOR,OM,866266066379439,Q0#", Fault.FRAMING),
        (b"*BGCR,OM,866266066379439#", Fault.MESSAGE),
        (b"*BGCR,,866266066379439,Q0#", Fault.MESSAGE),
        (b"*BGCR,LONGVENDOR,866266066379439,Q0#", Fault.MESSAGE),
        (b"*BGCR,O M,866266066379439,Q0#", Fault.MESSAGE),
        (b"*BGCR,OM,86626606637943,Q0#", Fault.MESSAGE),
        (b"*BGCR,OM,../../../../../etc,Q0#", Fault.MESSAGE),
        (b"*BGCR,OM,8662660663794\xb2\xb2,Q0#", Fault.MESSAGE),
        (b"*BGCR,OM,866266066379439,#", Fault.MESSAGE),
        (b"*BGCR,OM,866266066379439,Q0Q0Q0#", Fault.MESSAGE),
        (b"*BGCR,OM,866266066379439,\n0#", Fault.MESSAGE),
    ],
)
def test_a_wrong_envelope_is_refused_and_the_next_line_read(line: bytes, fault: Fault) -> None:
    found = LineFramer(Side.DEVICE).feed(line + b"\n" + TEXTS[0])
    assert faults(found) == [fault]
    assert raws(found) == [TEXTS[0]]


@pytest.mark.parametrize(("size", "accepted"), [(FRAME_BYTES_MAX, True), (FRAME_BYTES_MAX + 1, False)])
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_the_limit_of_a_line(size: int, accepted: bool, piece: int) -> None:  # noqa: FBT001 - a parameter of the test
    head = b"*BGCR,OM,866266066379439,X9,"
    line = head + b"x" * (size - len(head) - 1) + b"#"
    framer = LineFramer(Side.DEVICE)
    stream = line + TEXTS[0]
    found = [f for n in range(0, len(stream), piece) for f in framer.feed(stream[n : n + piece])]
    assert raws(found) == ([line, TEXTS[0]] if accepted else [TEXTS[0]])
    assert (Fault.LENGTH in faults(found)) is not accepted
    assert framer.pending == 0


def test_an_endless_line_is_not_kept() -> None:
    framer = LineFramer(Side.DEVICE)
    for _ in range(100):
        framer.feed(b"*" + b"x" * 300)
        assert framer.pending <= FRAME_BYTES_MAX


def test_an_unknown_command_has_a_name() -> None:
    (frame,) = LineFramer(Side.DEVICE).feed(b"*BGCR,OM,866266066379439,Z9,1#")
    assert isinstance(frame, Frame)
    assert frame.name == "unknown_Z9"


def test_what_the_server_sends_begins_with_two_raw_bytes() -> None:
    assert seal(Side.SERVER, "OM", "123456789123456", "S5") == b"\xff\xff*BGCS,OM,123456789123456,S5#\n"
    assert seal(Side.DEVICE, "OM", "123456789123456", "W0", "1") == b"*BGCR,OM,123456789123456,W0,1#\n"


def test_a_line_too_long_for_a_lock_is_not_written() -> None:
    room = FRAME_BYTES_MAX - len("*BGCS,OM,123456789123456,U0,#")
    assert len(seal(Side.SERVER, "OM", "123456789123456", "U0", "x" * room)) == FRAME_BYTES_MAX + 3
    with pytest.raises(EncodeError, match="512 at most"):
        seal(Side.SERVER, "OM", "123456789123456", "U0", "x" * (room + 1))
