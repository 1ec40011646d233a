"""The framer's walk, on the smallest protocol that has everything: ``<``, a length digit, that many bytes, ``>``."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from wayside.protocol.framing import (
    BAD_FRAME_SAMPLE_BYTES_MAX,
    BAD_FRAMES_PER_FEED_MAX,
    MORE,
    NOT_HERE,
    BadFrame,
    Fault,
    FrameError,
    Framer,
)


class Toy(msgspec.Struct, frozen=True):
    raw: bytes
    name: str = "toy"


class ToyFramer(Framer[Toy]):
    frame_bytes_max = 9

    def find(self, buffer: bytes, position: int) -> int:
        found = buffer.find(b"<", position)
        return len(buffer) if found < 0 else found

    def measure(self, buffer: bytes, start: int) -> int:
        if len(buffer) - start < 2:
            return MORE
        digit = buffer[start + 1] - 0x30
        return digit + 3 if 0 <= digit <= 9 else NOT_HERE

    def open(self, raw: bytes) -> Toy:
        if not raw.endswith(b">"):
            raise FrameError(Fault.FRAMING, "no >", in_step=False)
        if b"!" in raw:
            raise FrameError(Fault.CHECKSUM, "a !", in_step=True)
        return Toy(raw)


def fed(*pieces: bytes) -> tuple[list[bytes], list[tuple[Fault, bytes]], int]:
    framer = ToyFramer()
    found = [one for piece in pieces for one in framer.feed(piece)]
    good = [one.raw for one in found if isinstance(one, Toy)]
    return good, [(one.fault, one.raw) for one in found if isinstance(one, BadFrame)], framer.pending


def test_frames_come_out_in_order() -> None:
    assert fed(b"<1a><0><2bc>") == ([b"<1a>", b"<0>", b"<2bc>"], [], 0)


def test_half_a_frame_waits() -> None:
    assert fed(b"<3ab") == ([], [], 4)
    assert fed(b"<3ab", b"c>") == ([b"<3abc>"], [], 0)


def test_noise_is_reported_once_and_skipped() -> None:
    assert fed(b"xx<1a>y") == ([b"<1a>"], [(Fault.FRAMING, b"xx"), (Fault.FRAMING, b"y")], 0)


def test_a_false_start_is_noise() -> None:
    assert fed(b"<x<1a>") == ([b"<1a>"], [(Fault.FRAMING, b"<x")], 0)


def test_a_bad_checksum_costs_that_frame_alone() -> None:
    assert fed(b"<1!><1a>") == ([b"<1a>"], [(Fault.CHECKSUM, b"<1!>")], 0)


def test_a_lost_byte_does_not_swallow_the_next_frame() -> None:
    good, bad, _ = fed(b"<3ab><1a><2bc>")
    assert good == [b"<1a>", b"<2bc>"]
    assert bad[0] == (Fault.FRAMING, b"<3ab><")


def test_a_frame_over_the_cap_is_refused_and_one_at_the_cap_is_not() -> None:
    assert fed(b"<6abcdef>") == ([b"<6abcdef>"], [], 0)
    good, bad, _ = fed(b"<7abcdefg><0>")
    assert good == [b"<0>"]
    assert bad[0][0] is Fault.LENGTH


def test_refusals_per_read_are_bounded_and_carry_bounded_samples() -> None:
    _, bad, pending = fed(b"<1!>" * 1000)
    assert len(bad) == BAD_FRAMES_PER_FEED_MAX
    assert pending == 0
    _, bad, _ = fed(b"x" * 10_000)
    assert [len(raw) for _, raw in bad] == [BAD_FRAME_SAMPLE_BYTES_MAX]


@given(st.lists(st.sampled_from([b"<1a>", b"<0>", b"<2bc>", b"<1!>", b"xx", b"<6abcdef>"])), st.data())
def test_cuts_never_change_the_frames(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert (
        fed(*parts)[0]
        == fed(whole)[0]
        == [piece for piece in pieces if piece[:1] == b"<" and b"!" not in piece]
    )


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_are_survived_with_bounded_memory(pieces: list[bytes]) -> None:
    framer = ToyFramer()
    for piece in pieces:
        framer.feed(piece)
        assert framer.pending <= ToyFramer.frame_bytes_max
