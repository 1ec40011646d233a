"""Framers: bounded, deaf to nonsense, and indifferent to how the bytes are cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.rig import LINKS, Rig, kinds_of_frames, recording
from wayside.protocol.base import Side
from wayside.protocol.framing import BAD_FRAME_SAMPLE_BYTES_MAX, BadFrame, Framer

STREAM_BYTES_MAX = 2500
"""Enough for a dozen frames and more, and short enough to be cut at every single offset."""

SIDES = list(Side)


def stream(rig: Rig, side: Side) -> bytes:
    """Whole writes, as many as fit."""
    writes, size = [], 0
    for write in recording(rig).of(side):
        size += len(write)
        if size > STREAM_BYTES_MAX:
            break
        writes.append(write)
    return b"".join(writes)


def good(framer: Framer[Any], *pieces: bytes) -> list[bytes]:
    found = [frame for piece in pieces for frame in framer.feed(piece)]
    assert not any(isinstance(frame, BadFrame) for frame in found)
    return [frame.raw for frame in found]


@pytest.mark.parametrize("side", SIDES)
def test_a_recorded_conversation_is_all_good_frames(rig: Rig, side: Side) -> None:
    data = b"".join(recording(rig).of(side))
    framer = rig.framer(side)
    raws = good(framer, data)
    assert framer.pending == 0
    assert raws
    assert all(raw in data for raw in raws)
    assert max(map(len, raws)) <= framer.frame_bytes_max


@pytest.mark.parametrize("side", SIDES)
def test_cut_at_every_offset_it_gives_the_same_frames(rig: Rig, side: Side) -> None:
    data = stream(rig, side)
    whole = good(rig.framer(side), data)
    for cut in range(len(data) + 1):
        assert good(rig.framer(side), data[:cut], data[cut:]) == whole


@pytest.mark.parametrize("side", SIDES)
def test_byte_by_byte_it_gives_the_same_frames(rig: Rig, side: Side) -> None:
    data = stream(rig, side)
    assert good(rig.framer(side), *(data[n : n + 1] for n in range(len(data)))) == good(
        rig.framer(side), data
    )


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("rig", LINKS, ids=[one.protocol.name for one in LINKS])
@given(pieces=st.lists(st.binary(max_size=2000), max_size=10))
def test_random_bytes_neither_raise_nor_pile_up(rig: Rig, side: Side, pieces: list[bytes]) -> None:
    _stays_bounded(rig.framer(side), pieces)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("rig", LINKS, ids=[one.protocol.name for one in LINKS])
def test_damaged_frames_neither_raise_nor_pile_up(rig: Rig, side: Side) -> None:
    # Recorded before Hypothesis begins: the recording draws its commands from Hypothesis too.
    raws = st.sampled_from([frame.raw for frame in kinds_of_frames(rig, side)])
    damaged = st.builds(
        lambda raw, at, junk: raw[: at % len(raw)] + junk + raw[at % len(raw) :],
        raws,
        st.integers(0, 10_000),
        st.binary(max_size=8),
    )
    beginnings = st.builds(lambda raw, at: raw[: at % len(raw)], raws, st.integers(0, 10_000))

    @given(st.lists(st.one_of(raws, damaged, beginnings), max_size=12))
    def check(pieces: list[bytes]) -> None:
        _stays_bounded(rig.framer(side), pieces)

    check()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("rig", LINKS, ids=[one.protocol.name for one in LINKS])
def test_the_short_way_finds_nothing_that_the_long_way_does_not(rig: Rig, side: Side) -> None:
    raws = st.sampled_from([frame.raw for frame in kinds_of_frames(rig, side)])
    wrong_byte = st.builds(
        lambda raw, at, byte: raw[: at % len(raw)] + bytes((byte,)) + raw[at % len(raw) + 1 :],
        raws,
        st.integers(0, 10_000),
        st.integers(0, 255),
    )

    @given(st.one_of(raws, wrong_byte, st.tuples(raws, raws).map(b"".join)))
    def check(data: bytes) -> None:
        alone = rig.framer(side).one(data)
        if alone is not None:
            thorough = rig.framer(side)
            assert thorough.cut(data) == [alone]
            assert thorough.pending == 0

    check()


def _stays_bounded(framer: Framer[Any], pieces: list[bytes]) -> None:
    for piece in pieces:
        for frame in framer.feed(piece):
            if isinstance(frame, BadFrame):
                assert len(frame.raw) <= BAD_FRAME_SAMPLE_BYTES_MAX
                assert frame.size >= len(frame.raw)
        assert framer.pending <= framer.frame_bytes_max


@pytest.mark.parametrize("side", SIDES)
def test_an_endless_frame_is_given_up(rig: Rig, side: Side) -> None:
    start = max((frame.raw for frame in kinds_of_frames(rig, side)), key=len)[:-1]
    framer = rig.framer(side)
    framer.feed(start)
    for _ in range(200):
        framer.feed(b"\x01" * 100)
        assert framer.pending <= framer.frame_bytes_max


@pytest.mark.parametrize("rig", LINKS, ids=[one.protocol.name for one in LINKS])
@given(junk=st.binary(max_size=60))
def test_after_nonsense_the_next_good_frames_come_through(rig: Rig, junk: bytes) -> None:
    """Nonsense may look like the beginning of a frame and swallow what follows, up to one frame's length; no more."""
    raws = [frame.raw for frame in kinds_of_frames(rig)]
    framer = rig.framer()
    padding = framer.frame_bytes_max // len(raws[0]) + 2
    found = framer.feed(junk + raws[0] * padding + b"".join(raws))
    assert [frame.raw for frame in found if not isinstance(frame, BadFrame)][-len(raws) :] == raws
