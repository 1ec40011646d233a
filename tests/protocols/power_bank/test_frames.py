from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.power_bank.printed import FROM_CABINET, IMEI, PRINTED, Printed, frame, modbus
from wayside.protocol.base import Side
from wayside.protocol.framing import BadFrame, Fault
from wayside.protocols.power_bank.crc import DEFAULT
from wayside.protocols.power_bank.frames import FRAME_BYTES_MAX, BraceFramer, Frame, seal
from wayside.wire.errors import EncodeError

FRAMES = [frame(printed.content) for printed in FROM_CABINET]
STREAM = b"".join(FRAMES)
RAWS = [sent.rstrip() for sent in FRAMES]


def feed(*pieces: bytes) -> list[Frame | BadFrame]:
    framer = BraceFramer(Side.DEVICE)
    return [found for piece in pieces for found in framer.feed(piece)]


def raws(found: list[Frame | BadFrame]) -> list[bytes]:
    return [one.raw for one in found if isinstance(one, Frame)]


def faults(found: list[Frame | BadFrame]) -> list[Fault]:
    return [one.fault for one in found if isinstance(one, BadFrame)]


def test_the_computation_of_the_tests() -> None:
    assert modbus(b"123456789") == 0x4B37


@pytest.mark.parametrize("printed", PRINTED)
def test_every_printed_frame_is_one(printed: Printed) -> None:
    sent = frame(printed.content)
    (found,) = BraceFramer(printed.side).feed(b"\r\n" + sent)
    assert isinstance(found, Frame)
    assert found.raw == sent.rstrip()
    assert (found.text, found.imei) == (f"{IMEI},{printed.content}", IMEI)
    assert DEFAULT.fits(found.text, found.crc)


def test_the_envelope_is_split() -> None:
    (found,) = feed(b'{"866262045678903,MC,BO,1,AB12,20BE"}\r\n')
    assert found == Frame(
        b'{"866262045678903,MC,BO,1,AB12,20BE"}',
        "borrowed",
        IMEI,
        "MC.BO",
        ["1", "AB12"],
        "866262045678903,MC,BO,1,AB12",
        "20BE",
    )


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (f"{IMEI},CH,C0DE", f"{IMEI},CH"),
        (f"{IMEI}, CH , C0DE", f"{IMEI}, CH "),
        (f" {IMEI},CH,C0DE ", f"{IMEI},CH"),
        (f"{IMEI},AQ,3.ER;, C0DE", f"{IMEI},AQ,3.ER;"),
        (f"{IMEI}.CH.C0DE", f"{IMEI}.CH"),
        (f"{IMEI},MQ,1,C0DE,C0DE", f"{IMEI},MQ,1,C0DE"),
        (f"{IMEI},CH C0DE", f"{IMEI},CH"),
    ],
)
def test_the_checked_text_ends_before_the_last_separator(inside: str, text: str) -> None:
    (found,) = feed(f'{{"{inside}"}}'.encode())
    assert isinstance(found, Frame)
    assert (found.text, found.crc) == (text, "C0DE")


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_the_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    found = feed(*(STREAM[a:b] for a, b in pairwise(edges)))
    assert raws(found) == RAWS
    assert not faults(found)


@given(st.lists(st.binary(max_size=40).map(lambda junk: junk.replace(b"{", b"")), max_size=len(FRAMES)))
def test_garbage_between_frames_costs_no_frame(junk: list[bytes]) -> None:
    stream = b"".join((junk[n] if n < len(junk) else b"") + sent for n, sent in enumerate(FRAMES))
    assert raws(feed(stream)) == RAWS


def test_a_frame_cut_short_does_not_take_the_next_one_with_it() -> None:
    found = feed(FRAMES[1][:20] + FRAMES[2])
    assert raws(found) == [RAWS[2]]
    assert faults(found) == [Fault.FRAMING]


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (b'{""}', Fault.MESSAGE),
        (b'{"866262045678903,CH"}', Fault.MESSAGE),
        (b'{"86626204567890,CH,C0DE"}', Fault.MESSAGE),
        (b'{"../../../../etc,CH,C0DE"}', Fault.MESSAGE),
        (b'{"86626204567890\xb3,CH,C0DE"}', Fault.MESSAGE),
        (b'{"866262045678903,C\x00H,C0DE"}', Fault.MESSAGE),
        (b'{"866262045678903,CHCHCH,C0DE"}', Fault.MESSAGE),
        (b'{"866262045678903,C-H,C0DE"}', Fault.MESSAGE),
        (b'{"866262045678903,CH,CRC16"}', Fault.CHECKSUM),
        (b'{"866262045678903,CH,0DE"}', Fault.CHECKSUM),
        (b'{"866262045678903,CH,C0DG"}', Fault.CHECKSUM),
    ],
)
def test_a_wrong_envelope_is_refused_and_the_next_frame_read(sent: bytes, fault: Fault) -> None:
    found = feed(sent + b"\r\n" + FRAMES[0])
    assert faults(found) == [fault]
    assert raws(found) == [RAWS[0]]


@pytest.mark.parametrize(("size", "accepted"), [(FRAME_BYTES_MAX, True), (FRAME_BYTES_MAX + 1, False)])
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_the_limit_of_a_frame(size: int, accepted: bool, piece: int) -> None:  # noqa: FBT001 - a parameter of the test
    head, tail = b'{"866262045678903,X9,', b',C0DE"}'
    sent = head + b"x" * (size - len(head) - len(tail)) + tail
    stream = sent + FRAMES[0]
    found = feed(*(stream[n : n + piece] for n in range(0, len(stream), piece)))
    assert raws(found) == ([sent, RAWS[0]] if accepted else [RAWS[0]])
    assert (Fault.LENGTH in faults(found)) is not accepted


def test_an_endless_frame_is_not_kept() -> None:
    framer = BraceFramer(Side.DEVICE)
    for _ in range(100):
        framer.feed(b'{"' + b"x" * 300)
        assert framer.pending <= FRAME_BYTES_MAX


def test_an_unknown_command_has_a_name() -> None:
    (word, kind) = feed(frame("Z9,1"), frame("MC,XX,1,AB"))
    assert isinstance(word, Frame)
    assert isinstance(kind, Frame)
    assert (word.name, kind.name) == ("unknown_Z9", "unknown_MC")
    assert kind.fields == ["XX", "1", "AB"]


def test_a_frame_is_written_as_the_document_has_it() -> None:
    assert seal(IMEI, "CH", DEFAULT) == frame("CH")
    with pytest.raises(EncodeError):
        seal(IMEI, "x" * FRAME_BYTES_MAX, DEFAULT)
