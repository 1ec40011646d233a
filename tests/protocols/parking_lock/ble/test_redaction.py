from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.parking_lock.ble.air import VERIFIED, VERIFY, on_air, packet
from tests.protocols.parking_lock.printed import PRINTED
from wayside.protocol.base import Side
from wayside.protocol.framing import BadFrame
from wayside.protocols.parking_lock import PROTOCOL
from wayside.protocols.parking_lock.ble.frames import BleFramer, Frame
from wayside.protocols.parking_lock.ble.redaction import redact


def opened(raw: bytes) -> list[bytes]:
    found = BleFramer(Side.SERVER).feed(raw)
    assert not any(isinstance(frame, BadFrame) for frame in found)
    return [frame.data for frame in found if isinstance(frame, Frame)]


def test_keys_are_not_shown_and_frames_stay_frames() -> None:
    assert PROTOCOL.redact is redact
    assert opened(redact(VERIFY)) == [b"********"]
    assert opened(redact(on_air(0x33, "4142434445464748") + VERIFIED)) == [b"********", b"\1\x59"]
    assert opened(redact(on_air(0x33, "4142434445464748", length=1))) == [b"********"]


def test_a_key_cut_in_two_by_packets_is_not_shown() -> None:
    raw = packet(4, b"example.net,KEY:") + packet(5, b"12345678,UKEY:,")
    assert opened(redact(raw)) == [b"\0\4" + b"*" * 16, b"\0\5" + b"*" * 16]


def test_everything_else_is_shown() -> None:
    order = on_air(0x05, "0100000014655cb94800")
    assert redact(order + VERIFIED) == order + VERIFIED


def test_lines_of_tcp_are_shown() -> None:
    for printed in PRINTED:
        assert redact(printed.text.encode()) == printed.text.encode()
        assert redact(b"\xff\xff" + printed.text.encode()) == b"\xff\xff" + printed.text.encode()


@given(st.binary(max_size=120))
def test_anything_can_be_asked_about(raw: bytes) -> None:
    assert len(redact(raw)) <= len(raw) + 8
    assert redact(redact(raw)) == redact(raw)


@given(st.integers(1, len(VERIFY) - 1))
def test_of_a_part_nothing_is_shown(end: int) -> None:
    assert redact(VERIFY[:end]) == b"*" * end
