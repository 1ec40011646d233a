from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.parking_lock.ble.air import on_air, packet
from wayside.protocol.base import Side
from wayside.protocols.parking_lock.ble import messages as m
from wayside.protocols.parking_lock.ble.frames import NAMES, BleFramer, Frame
from wayside.wire.errors import DecodeError

TO, FROM = Side.SERVER, Side.DEVICE
STATUS = m.Status(
    6019,
    reserved_7=False,
    old_data=True,
    auto_lock=True,
    occupied=False,
    reverse=False,
    centre=True,
    reserved_1=False,
    unlocked=True,
    status_2=0xA0,
    major=6,
    minor=1,
    edition=9,
)

# Worked out from the tables of chapter 1: side, command, data, what it says.
BY_HAND = [
    (TO, 0x01, "4f6d6e6957344758", m.Verify(b"OmniW4GX")),
    (FROM, 0x01, "0159", m.Verified(1, 0x59)),
    (FROM, 0x10, "03", m.Complaint(m.Reason.WRONG_KEY)),
    (TO, 0x05, "0100000014655cb94800", m.Unlock(1, 20, 1700575560)),
    (FROM, 0x05, "01655cb948", m.UnlockReport(m.Progress.DONE, 1700575560)),
    (TO, 0x05, "02", m.UnlockConfirmed()),
    (TO, 0x15, "01", m.Lock()),
    (FROM, 0x15, "02655cb94800000000", m.LockReport(m.Progress.TIMED_OUT, 1700575560)),
    (TO, 0x15, "02", m.LockConfirmed()),
    (TO, 0x03, "01", m.AddressRequest()),
    (FROM, 0x06, "01e70fb7fda674", m.Address(1, bytes.fromhex("e70fb7fda674"))),
    (TO, 0x31, "01", m.StatusRequest()),
    (FROM, 0x31, "178365a0060109", STATUS),
    (TO, 0x32, "01", m.CoverRequest()),
    (FROM, 0x32, "0142", m.Cover(b"\1B")),
    (TO, 0x33, "4142434445464748", m.SetDeviceKey(b"ABCDEFGH")),
    (TO, 0x40, "02", m.SetAlarmSound(m.AlarmSound.THREE_TIMES)),
    (TO, 0x41, "01", m.SetAutoLock(1)),
    (TO, 0x43, "01", m.Find()),
    (TO, 0x44, "01", m.Reboot()),
    (TO, 0x70, "01fe", m.SetBusAddress(1, 254)),
    (FROM, 0x70, "01fe", m.SetBusAddressAnswer(b"\1\xfe")),
    (TO, 0xFA, "", m.InformationRequest()),
    # Section 1.8.4.
    (FROM, 0xFB, "010016c0988000000000", m.Transfer(m.Content.INFORMATION, 22, 0xC098, 0x80, 0)),
    (TO, 0xFC, "000080", m.PacketRequest(0, 0x80)),
    (TO, 0xFB, "00010012348600000ffd", m.Transfer(m.Content.FIRMWARE, 256, 0x1234, 0x86, 4093)),
    (FROM, 0xFC, "010286", m.PacketRequest(0x102, 0x86)),
]


def only(raw: bytes, side: Side) -> Frame:
    (frame,) = BleFramer(side).feed(raw)
    assert isinstance(frame, Frame)
    return frame


@pytest.mark.parametrize(("side", "command", "data", "message"), BY_HAND)
def test_a_message_lies_as_its_table_says(
    side: Side, command: int, data: str, message: msgspec.Struct
) -> None:
    raw = on_air(command, data)
    assert m.parse(only(raw, side), side) == message
    assert m.write(message, 0x59, 0x7E) == raw


def test_every_message_is_worked_out_or_only_bytes() -> None:
    told = {type(message) for *_, message in BY_HAND} | {m.Packet}
    assert {row.structure for row in m.MESSAGES if row.structure.__struct_fields__ != ("data",)} <= told


@pytest.mark.parametrize("side", list(Side))
def test_a_packet(side: Side) -> None:
    raw = packet(0x0102, b"KEY:12345678,")
    message = m.Packet(0x0102, b"KEY:12345678,\0\0\0")
    assert m.parse(only(raw, side), side) == message
    assert m.write(message, 0x59, 0x7E) == raw


def test_the_address_may_answer_under_its_own_command() -> None:
    raw = on_air(0x03, "01e70fb7fda674")
    assert isinstance(m.parse(only(raw, FROM), FROM), m.Address)


@pytest.mark.parametrize(
    ("side", "command", "data"), [(FROM, 0x99, "01"), (TO, 0x99, ""), (TO, 0x05, "07"), (TO, 0x05, "")]
)
def test_what_the_document_does_not_have_is_kept(side: Side, command: int, data: str) -> None:
    frame = only(on_air(command, data), side)
    assert m.parse(frame, side) == m.Unrecognised(bytes.fromhex(data))


def test_a_newer_firmware_may_add_something() -> None:
    status = m.parse(only(on_air(0x31, "178365a0060109beef"), FROM), FROM)
    assert status == msgspec.structs.replace(STATUS, more=b"\xbe\xef")


@given(
    st.sampled_from(list(Side)),
    st.sampled_from([None, *NAMES, 0x99]),
    st.binary(max_size=32),
    st.integers(0, 255),
)
def test_any_data_is_read_and_written_alike_or_refused(
    side: Side, command: int | None, data: bytes, rand: int
) -> None:
    try:
        message = m.parse(Frame(b"", "any", 0, 0, command, data), side)
    except DecodeError:
        return
    if isinstance(message, m.Unrecognised):
        return
    again = only(m.write(message, 1, rand), side)
    assert again.data == data
    assert m.parse(again, side) == message
