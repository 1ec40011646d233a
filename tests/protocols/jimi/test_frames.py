from __future__ import annotations

from binascii import crc_hqx

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.jimi.printed import (
    DAMAGED,
    FROM_DEVICE,
    LOCATION,
    LOCATION_ANSWER,
    LOGIN,
    SOUND,
    Printed,
)
from wayside.protocol.base import Side
from wayside.protocol.framing import BAD_FRAME_SAMPLE_BYTES_MAX, BadFrame, Fault
from wayside.protocols.jimi.frames import FRAME_BYTES_MAX, Frame, JimiFramer, acknowledge, seal

STREAM = b"".join(printed.raw for printed in FROM_DEVICE)

bodies = st.binary(max_size=600)
frames = st.builds(
    lambda code, body, serial, long: seal(code, body, serial, long=long),
    st.integers(0, 0xFF),
    bodies,
    st.integers(0, 0xFFFF),
    st.booleans(),
)


def framer() -> JimiFramer:
    return JimiFramer(Side.DEVICE)


def good(found: list[Frame | BadFrame]) -> list[bytes]:
    return [frame.raw for frame in found if isinstance(frame, Frame)]


def faults(found: list[Frame | BadFrame]) -> list[Fault]:
    return [frame.fault for frame in found if isinstance(frame, BadFrame)]


def crc_by_bits(data: bytes) -> int:
    """CRC-16/X.25 by another road than our own: CCITT over reversed bits."""
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    return int(f"{crc_hqx(mirrored, 0xFFFF) ^ 0xFFFF:016b}"[::-1], 2)


@pytest.mark.parametrize("printed", SOUND, ids=lambda printed: f"{printed.section} {printed.name}")
def test_a_printed_frame_opens(printed: Printed) -> None:
    (frame,) = JimiFramer(printed.side).feed(printed.raw)
    assert isinstance(frame, Frame)
    assert frame.raw == printed.raw
    assert (frame.name, frame.serial) == (printed.name, printed.serial)


@pytest.mark.parametrize("printed", SOUND, ids=lambda printed: f"{printed.section} {printed.name}")
def test_a_printed_frame_is_built_as_printed(printed: Printed) -> None:
    (frame,) = JimiFramer(printed.side).feed(printed.raw)
    assert isinstance(frame, Frame)
    long = printed.raw.startswith(b"\x79\x79")
    assert seal(frame.code, frame.body, frame.serial, long=long) == printed.raw


@pytest.mark.parametrize("damaged", DAMAGED, ids=["0x22", "0x95", "0xF2"])
def test_a_damaged_printed_frame_is_refused_and_the_next_one_read(damaged: str) -> None:
    found = framer().feed(bytes.fromhex(damaged) + LOGIN.raw)
    assert good(found) == [LOGIN.raw]
    assert faults(found)[0] is Fault.FRAMING


@pytest.mark.parametrize("length", [0, 1, 36, 250])
def test_a_frame_with_the_short_start_mark_is_taken_apart_in_one_step(length: int) -> None:
    data = seal(0x22, bytes(range(length)), 7)
    assert framer().one(data) == Frame(data, "location", 0x22, bytes(range(length)), 7)
    assert framer().one(data + b"x") is framer().one(data[:-1]) is framer().one(b"") is None


@pytest.mark.parametrize("damaged", DAMAGED, ids=["0x22", "0x95", "0xF2"])
def test_a_damaged_printed_frame_alone_is_not_taken_for_a_frame(damaged: str) -> None:
    reader = framer()
    assert reader.feed(bytes.fromhex(damaged)) == []
    assert reader.pending == len(damaged) // 2


def test_a_stream_may_be_cut_anywhere() -> None:
    for cut in range(len(STREAM) + 1):
        reader = framer()
        found = reader.feed(STREAM[:cut]) + reader.feed(STREAM[cut:])
        assert good(found) == [printed.raw for printed in FROM_DEVICE]
        assert not faults(found)
        assert reader.pending == 0


def test_a_stream_may_come_byte_by_byte() -> None:
    reader = framer()
    found = [frame for byte in STREAM for frame in reader.feed(bytes((byte,)))]
    assert good(found) == [printed.raw for printed in FROM_DEVICE]


@given(st.lists(st.tuples(st.binary(max_size=20), frames), max_size=4))
def test_garbage_without_a_start_mark_costs_no_frame(parts: list[tuple[bytes, bytes]]) -> None:
    parts = [(noise.replace(b"\x78", b"").replace(b"\x79", b""), frame) for noise, frame in parts]
    found = framer().feed(b"".join(noise + frame for noise, frame in parts))
    assert good(found) == [frame for _, frame in parts]
    assert faults(found) == [Fault.FRAMING for noise, _ in parts if noise]


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_upset_the_framer_or_fill_it(pieces: list[bytes]) -> None:
    reader = framer()
    for piece in pieces:
        for frame in reader.feed(piece):
            assert isinstance(frame, Frame) or len(frame.raw) <= BAD_FRAME_SAMPLE_BYTES_MAX
        assert reader.pending <= FRAME_BYTES_MAX


@given(frames)
def test_what_is_sealed_opens_and_has_the_right_crc(raw: bytes) -> None:
    (frame,) = framer().feed(raw)
    assert isinstance(frame, Frame)
    assert seal(frame.code, frame.body, frame.serial, long=raw[0] == 0x79) == raw
    assert int.from_bytes(raw[-4:-2]) == crc_by_bits(raw[2:-4])


@given(frames, st.data())
def test_one_wrong_bit_never_passes(raw: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    wrong = bytearray(raw)
    wrong[bit // 8] ^= 1 << bit % 8
    assert raw not in good(framer().feed(bytes(wrong)))


def test_a_wrong_crc_drops_that_packet_only() -> None:
    wrong = LOCATION.raw[:-3] + bytes((LOCATION.raw[-3] ^ 1,)) + LOCATION.raw[-2:]
    found = framer().feed(LOGIN.raw + wrong + LOGIN.raw)
    assert good(found) == [LOGIN.raw, LOGIN.raw]
    assert faults(found) == [Fault.CHECKSUM]


def test_a_stop_mark_inside_does_not_end_a_frame() -> None:
    raw = seal(0x9B, b"\x05\x0d\x0a\x78\x78\x0d\x0a", 1, long=True)
    assert good(framer().feed(raw + LOGIN.raw)) == [raw, LOGIN.raw]


@pytest.mark.parametrize(
    "short", ["787800010d0a", "787804010005120d0a", "797900000d0a", "7979000401000512790d0a"]
)
def test_a_length_that_holds_no_envelope_is_refused(short: str) -> None:
    found = framer().feed(bytes.fromhex(short) + LOGIN.raw)
    assert faults(found)[0] is Fault.LENGTH
    assert good(found) == [LOGIN.raw]


def test_the_longest_frame_passes_and_one_byte_more_does_not() -> None:
    longest = seal(0x21, bytes(FRAME_BYTES_MAX - 11), 1)
    assert len(longest) == FRAME_BYTES_MAX
    assert good(framer().feed(longest)) == [longest]
    too_long = b"\x79\x79" + (FRAME_BYTES_MAX - 5).to_bytes(2) + b"\x21"
    found = framer().feed(too_long)
    assert faults(found)[0] is Fault.LENGTH
    with pytest.raises(ValueError, match="do not fit"):
        seal(0x21, bytes(FRAME_BYTES_MAX - 10), 1)


def test_the_short_form_is_used_as_far_as_it_goes() -> None:
    assert seal(0x80, bytes(250), 1).startswith(b"\x78\x78\xff")
    assert seal(0x80, bytes(251), 1).startswith(b"\x79\x79\x01\x00")


@given(st.integers(0, 0xFF), st.integers(0, 0xFFFF))
def test_an_acknowledgement_is_the_empty_packet(code: int, serial: int) -> None:
    assert acknowledge(code, serial) == seal(code, b"", serial)


def test_a_serial_number_has_sixteen_bits() -> None:
    with pytest.raises(ValueError, match="65536"):
        seal(0x01, b"", 0x10000)


def test_the_side_decides_the_name() -> None:
    (answer,) = JimiFramer(Side.SERVER).feed(LOCATION_ANSWER.raw)
    (location,) = JimiFramer(Side.DEVICE).feed(LOCATION_ANSWER.raw)
    (unknown,) = framer().feed(seal(0xA5, b"\x01", 7))
    assert [frame.name for frame in (answer, location, unknown) if isinstance(frame, Frame)] == [
        "location_answer",
        "location",
        "unknown_a5",
    ]
