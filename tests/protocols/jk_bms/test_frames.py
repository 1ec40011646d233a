from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.jk_bms.byhand import ACTIVATE, CHARGE_ON, FULL, READ_ALL, READ_VOLTAGE, one, sealed
from wayside.protocol.framing import BadFrame, Fault
from wayside.protocols.jk_bms.frames import FRAME_BYTES_MAX, LENGTH_MIN, BatteryFramer, Frame, seal

REQUESTS = [
    (CHARGE_ON, 0x02, b"\xab\x01", "write"),
    (ACTIVATE, 0x01, b"\x00", "activate"),
    (READ_ALL, 0x06, b"\x00", "read_all"),
    (READ_VOLTAGE, 0x03, b"\x83", "read"),
]

frames = st.builds(
    lambda command, data, transfer, terminal: sealed(command, data, transfer=transfer, terminal=terminal),
    st.integers(0, 255),
    # The marks inside the data: what a search for them would stumble over.
    st.lists(
        st.sampled_from([b"NW", b"h", b"N", b"\x4e\x57\x00\x13", b"\x00\x01", b"\xff"]), max_size=30
    ).map(b"".join),
    st.integers(0, 2),
    st.integers(0, 2**32 - 1),
)


def whole(found: list[Frame | BadFrame]) -> list[bytes]:
    return [frame.raw for frame in found if isinstance(frame, Frame)]


@pytest.mark.parametrize(("raw", "command", "data", "name"), REQUESTS)
def test_known_requests(raw: bytes, command: int, data: bytes, name: str) -> None:
    frame = one(raw)
    assert (frame.command, frame.data, frame.name) == (command, data, name)
    assert (frame.source, frame.transfer, frame.terminal, frame.record) == (3, 0, 0, 0)
    assert seal(command, data) == raw


def test_a_reply() -> None:
    frame = one(sealed(0x06, b"\x85\x64", terminal=0x01020304))
    assert (frame.name, frame.data, frame.source, frame.transfer) == ("read_all", b"\x85\x64", 0, 1)
    assert frame.terminal == 0x01020304


def test_what_the_bms_sends_by_itself_has_a_name_of_its_own() -> None:
    assert one(sealed(0x06, b"\x85\x64", transfer=2)).name == "report"
    assert one(sealed(0x07, b"")).name == "unknown_07"


@given(st.lists(frames, min_size=1, max_size=4), st.data())
def test_frames_cut_anywhere_come_out_whole(sent: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(sent)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(stream) - 1)), max_size=8)))
    framer = BatteryFramer()
    found = [
        frame
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for frame in framer.feed(stream[start:end])
    ]
    assert whole(found) == sent
    assert framer.pending == 0


def test_every_byte_alone() -> None:
    framer = BatteryFramer()
    assert whole([frame for octet in FULL for frame in framer.feed(bytes((octet,)))]) == [FULL]


@given(st.binary(max_size=60).filter(lambda noise: b"N" not in noise), frames, st.binary(max_size=60))
def test_a_frame_behind_noise(noise: bytes, frame: bytes, behind: bytes) -> None:
    assert frame in whole(BatteryFramer().feed(noise + frame + behind))


@given(st.binary(max_size=40), frames)
def test_after_any_noise_frames_are_found_again(noise: bytes, frame: bytes) -> None:
    """A false start mark may hide what comes, for no longer than the longest frame."""
    framer = BatteryFramer()
    framer.feed(noise)
    repeats = FRAME_BYTES_MAX // len(frame) + 2
    assert frame in whole([found for _ in range(repeats) for found in framer.feed(frame)])


@given(st.binary(max_size=1500))
def test_random_bytes_never_raise_and_never_pile_up(noise: bytes) -> None:
    framer = BatteryFramer()
    framer.feed(noise)
    assert framer.pending <= FRAME_BYTES_MAX


@given(st.integers(4, len(FULL) - 1), st.integers(1, 255))
def test_one_wrong_byte_is_noticed(place: int, flip: int) -> None:
    unused = range(len(FULL) - 4, len(FULL) - 2)
    damaged = bytearray(FULL)
    damaged[place] ^= flip
    assert whole(BatteryFramer().feed(bytes(damaged))) == ([bytes(damaged)] if place in unused else [])


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (READ_ALL[:-1] + b"\x2a", Fault.CHECKSUM),
        (READ_ALL[:-5] + b"\x69" + READ_ALL[-4:], Fault.FRAMING),
        (b"NW\x00\x11" + bytes(20), Fault.LENGTH),
        (b"NW\x7f\xff" + bytes(20), Fault.LENGTH),
        (b"\x01\x02\x03" + READ_ALL, Fault.FRAMING),
    ],
)
def test_what_is_wrong_is_said(raw: bytes, fault: Fault) -> None:
    first = BatteryFramer().feed(raw)[0]
    assert isinstance(first, BadFrame)
    assert first.fault is fault


def test_a_sum_without_the_end_mark_is_wrong() -> None:
    summed = READ_ALL[:-5]
    assert not whole(BatteryFramer().feed(summed + b"\x68\x00\x00" + sum(summed).to_bytes(2, "big")))


def test_the_bounds_of_the_length() -> None:
    assert whole(BatteryFramer().feed(sealed(0x01, b""))) == [sealed(0x01, b"")]
    longest = sealed(0x06, bytes(FRAME_BYTES_MAX - LENGTH_MIN - 2))
    assert whole(BatteryFramer().feed(longest)) == [longest]
    assert seal(0x06, bytes(FRAME_BYTES_MAX - LENGTH_MIN - 2), source=0, transfer=1) == longest
    assert not whole(BatteryFramer().feed(sealed(0x06, bytes(FRAME_BYTES_MAX - LENGTH_MIN - 1))))
    with pytest.raises(ValueError, match="do not fit"):
        seal(0x06, bytes(FRAME_BYTES_MAX))
