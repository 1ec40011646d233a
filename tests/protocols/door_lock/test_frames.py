from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.door_lock.printed import CLOCK, LOCK, OPENED, PHONE, PRINTED, Printed
from wayside.protocol.base import Side
from wayside.protocol.framing import BadFrame, Fault
from wayside.protocols.door_lock.frames import (
    DATA_BYTES_MAX,
    FRAME_BYTES_MAX,
    DoorLockFramer,
    Frame,
    seal,
)

RAWS = [printed.raw for printed in PRINTED]
STREAM = b"".join(RAWS)


def raws(found: list[Frame | BadFrame]) -> list[bytes]:
    return [frame.raw for frame in found if isinstance(frame, Frame)]


def faults(found: list[Frame | BadFrame]) -> list[Fault]:
    return [frame.fault for frame in found if isinstance(frame, BadFrame)]


@pytest.mark.parametrize("printed", PRINTED)
def test_every_captured_frame_is_one(printed: Printed) -> None:
    (frame,) = DoorLockFramer(printed.side).feed(printed.raw)
    assert isinstance(frame, Frame)
    assert frame.raw == printed.raw
    assert frame.mac == (PHONE if printed.side is Side.SERVER else LOCK)


def test_the_envelope_is_split() -> None:
    (frame,) = DoorLockFramer(Side.DEVICE).feed(OPENED.raw)
    data = bytes.fromhex("0000e30403160e3ae30000026c0ed2bb")
    assert frame == Frame(OPENED.raw, "unlock", LOCK, 0x07, 0x2D, data)


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_the_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    framer = DoorLockFramer(Side.DEVICE)
    found = [f for a, b in pairwise([0, *sorted(cuts), len(STREAM)]) for f in framer.feed(STREAM[a:b])]
    assert raws(found) == RAWS
    assert faults(found) == []


@given(st.lists(st.binary(max_size=40).map(lambda junk: junk.replace(b"\xef", b"")), max_size=len(RAWS)))
def test_garbage_between_frames_costs_no_frame(junk: list[bytes]) -> None:
    stream = b"".join((junk[n] if n < len(junk) else b"") + raw for n, raw in enumerate(RAWS))
    assert raws(DoorLockFramer(Side.DEVICE).feed(stream)) == RAWS


@pytest.mark.parametrize("at", range(2, len(CLOCK.raw)))
def test_a_flipped_bit_is_refused_and_the_next_frame_read(at: int) -> None:
    broken = bytearray(CLOCK.raw)
    broken[at] ^= 0x10
    padding = bytes(FRAME_BYTES_MAX)  # a longer length would swallow so much
    found = DoorLockFramer(Side.SERVER).feed(bytes(broken) + padding + CLOCK.raw)
    assert raws(found)[-1:] == [CLOCK.raw]
    assert faults(found)


def test_a_length_that_no_frame_has_is_refused() -> None:
    found = DoorLockFramer(Side.DEVICE).feed(b"\xef\x01" + LOCK + b"\x07\x02\x2d\x00" + OPENED.raw)
    assert faults(found)[0] is Fault.LENGTH
    assert raws(found) == [OPENED.raw]


@pytest.mark.parametrize("size", [0, 1, 16, DATA_BYTES_MAX])
def test_what_is_sealed_is_opened(size: int) -> None:
    (frame,) = DoorLockFramer(Side.DEVICE).feed(seal(Side.DEVICE, LOCK, 0x99, bytes(size)))
    assert isinstance(frame, Frame)
    assert (frame.name, frame.data) == ("unknown_99", bytes(size))


def test_what_does_not_fit_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        seal(Side.DEVICE, LOCK, 0x2D, bytes(DATA_BYTES_MAX + 1))
    with pytest.raises(ValueError, match="6 bytes"):
        seal(Side.DEVICE, LOCK[:5], 0x2D, b"")


def test_a_frame_that_claims_too_much_is_given_up() -> None:
    framer = DoorLockFramer(Side.DEVICE)
    found = framer.feed(b"\xef\x01" + LOCK + b"\x07\xff\x2d")
    assert faults(found)[0] is Fault.LENGTH
    assert framer.pending == 0
