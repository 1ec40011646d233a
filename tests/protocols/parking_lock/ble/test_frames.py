from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.parking_lock.ble.air import VERIFIED, VERIFY, crc8, on_air, packet
from wayside.protocol.base import Side
from wayside.protocol.framing import BadFrame, Fault
from wayside.protocol.session import ATT_MTU_DEFAULT
from wayside.protocols.parking_lock.ble.frames import (
    DATA_BYTES_MAX,
    FRAME_BYTES_MAX,
    BleFramer,
    Frame,
    seal,
    seal_packet,
)
from wayside.protocols.parking_lock.ble.messages import ROWS
from wayside.wire.checksums import crc16_modbus

PACKETS = [packet(0, b"APN:CMNET,IP:a.b"), packet(1, bytes.fromhex("a3a405b0277f7f271a")), packet(2, b"x")]
RAWS = [VERIFIED, *PACKETS, on_air(0x31, "17830000060109"), on_air(0x10, "03"), *reversed(PACKETS)]
STREAM = b"".join(RAWS)


def raws(found: list[Frame | BadFrame]) -> list[bytes]:
    return [frame.raw for frame in found if isinstance(frame, Frame)]


def faults(found: list[Frame | BadFrame]) -> list[Fault]:
    return [frame.fault for frame in found if isinstance(frame, BadFrame)]


def test_appendix_i_is_opened() -> None:
    (request,) = BleFramer(Side.SERVER).feed(VERIFY)
    assert request == Frame(VERIFY, "verify", 0x1E, 0x00, 0x01, b"OmniW4GX")
    (answer,) = BleFramer(Side.DEVICE).feed(VERIFIED)
    assert answer == Frame(VERIFIED, "verify", 0x7E, 0x59, 0x01, bytes.fromhex("0159"))


def test_appendix_i_is_sealed() -> None:
    assert seal(0x01, b"OmniW4GX", 0x00, 0x1E) == VERIFY
    assert seal(0x01, bytes.fromhex("0159"), 0x59, 0x7E) == VERIFIED


def test_appendix_ii_begins_so() -> None:
    assert [crc8(bytes((n,))) for n in range(8)] == [0, 94, 188, 226, 97, 63, 221, 131]


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=DATA_BYTES_MAX))
def test_what_is_sealed_is_opened(command: int, key: int, rand: int, data: bytes) -> None:
    raw = seal(command, data, key, rand)
    assert raw == on_air(command, data.hex(), key=key, rand=rand)
    (frame,) = BleFramer(Side.DEVICE).feed(raw)
    assert isinstance(frame, Frame)
    assert (frame.rand, frame.key, frame.command, frame.data) == (rand, key, command, data)


def test_a_packet_has_its_own_crc() -> None:
    (frame,) = BleFramer(Side.DEVICE).feed(PACKETS[0])
    assert frame == Frame(PACKETS[0], "packet", 0, 0, None, b"\0\0APN:CMNET,IP:a.b")
    assert seal_packet(b"\0\0APN:CMNET,IP:a.b") == PACKETS[0]


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_notifications_may_hold_parts_of_frames_and_several(cuts: list[int]) -> None:
    framer = BleFramer(Side.DEVICE)
    found = [f for a, b in pairwise([0, *sorted(cuts), len(STREAM)]) for f in framer.feed(STREAM[a:b])]
    assert raws(found) == RAWS
    assert faults(found) == []


@given(st.lists(st.binary(max_size=40).map(lambda junk: junk.replace(b"\xa3", b"")), max_size=len(RAWS)))
def test_garbage_between_frames_costs_no_frame(junk: list[bytes]) -> None:
    framer = BleFramer(Side.DEVICE)
    found = []
    for number, raw in enumerate(RAWS):
        if number < len(junk):
            found += framer.feed(junk[number])
        found += framer.feed(raw)
    assert raws(found) == RAWS


def test_a_frame_behind_noise_is_not_kept_waiting() -> None:
    found = BleFramer(Side.DEVICE).feed(b"\x0d\x0a" + VERIFIED)
    assert raws(found) == [VERIFIED]
    assert faults(found) == [Fault.FRAMING]


def test_the_end_of_a_lost_packet_does_not_hide_the_next_frame() -> None:
    found = BleFramer(Side.DEVICE).feed(PACKETS[0][7:] + VERIFIED)
    assert raws(found) == [VERIFIED]


def test_a_packet_that_begins_like_a_frame() -> None:
    """Once in 65536 packets: one notification holds it whole, and then it is known by its CRC."""
    content = next(n.to_bytes(18) for n in range(1 << 20) if crc16_modbus(n.to_bytes(18)) == 0xA3A4)
    raw = seal_packet(content)
    assert raw[:2] == b"\xa3\xa4"
    assert raws(BleFramer(Side.DEVICE).feed(raw + VERIFIED)) == [raw, VERIFIED]


@pytest.mark.parametrize("at", range(2, len(VERIFY)))
def test_a_flipped_bit_is_refused_and_the_next_frame_read(at: int) -> None:
    broken = bytearray(VERIFY)
    broken[at] ^= 0x04
    found = BleFramer(Side.SERVER).feed(bytes(broken) + bytes(FRAME_BYTES_MAX) + VERIFY)
    assert raws(found)[-1:] == [VERIFY]
    assert faults(found)


def test_a_wrong_crc_is_called_so() -> None:
    found = BleFramer(Side.DEVICE).feed(VERIFIED[:-1] + b"\x1b" + VERIFIED)
    assert faults(found)[0] is Fault.CHECKSUM


@pytest.mark.parametrize(
    ("command", "data", "claimed"),
    [(0x31, "01", 7), (0x33, "4142434445464748", 1), (0x70, "0102", 1), (0xFA, "", 1)],
)
@pytest.mark.parametrize("piece", [1, 3, 100])
def test_requests_with_the_printed_slips_are_understood(
    command: int, data: str, claimed: int, piece: int
) -> None:
    raw = on_air(command, data, length=claimed)
    framer = BleFramer(Side.SERVER)
    stream = raw + VERIFY
    found = [f for n in range(0, len(stream), piece) for f in framer.feed(stream[n : n + piece])]
    assert raws(found) == [raw, VERIFY]
    assert isinstance(found[0], Frame)
    assert found[0].data == bytes.fromhex(data)


def test_an_answer_has_no_slips() -> None:
    assert raws(BleFramer(Side.DEVICE).feed(on_air(0x31, "01", length=7) + VERIFIED)) == [VERIFIED]


@pytest.mark.parametrize(("size", "accepted"), [(DATA_BYTES_MAX, True), (DATA_BYTES_MAX + 1, False)])
@pytest.mark.parametrize("piece", [1, 7, 100])
def test_the_limit_of_a_frame(size: int, accepted: bool, piece: int) -> None:  # noqa: FBT001 - a parameter of the test
    raw = on_air(0x31, "00" * size)
    framer = BleFramer(Side.DEVICE)
    stream = raw + VERIFIED
    found = [f for n in range(0, len(stream), piece) for f in framer.feed(stream[n : n + piece])]
    assert raws(found) == ([raw, VERIFIED] if accepted else [VERIFIED])
    assert (Fault.LENGTH in faults(found)) is not accepted


def test_what_does_not_fit_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        seal(0x31, bytes(DATA_BYTES_MAX + 1), 0, 0)


def test_everything_fits_the_smallest_mtu() -> None:
    fixed = [codec.size for _, codec, key in ROWS if key[1] is not None]
    assert max(fixed) + 7 <= ATT_MTU_DEFAULT - 3
    assert {len(raw) for raw in PACKETS} == {ATT_MTU_DEFAULT - 3}
