"""Meanings worked out by hand from chapter 1."""

from __future__ import annotations

import pytest

from tests.protocols.parking_lock.ble.air import INFORMATION
from wayside.model.events import Event, Kind, Values
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Side
from wayside.protocols.parking_lock.ble import messages as m
from wayside.protocols.parking_lock.ble.information import (
    crc_fits,
    items_of,
    packets_of,
    text_of,
    whole_crc,
)
from wayside.protocols.parking_lock.ble.translate import events, information, verified


def status(flags: int) -> m.Status:
    data = (6018).to_bytes(2) + bytes((flags, 0, 6, 1, 9))
    message = m._CODECS[Side.DEVICE, 0x31, None].decode(data)
    assert isinstance(message, m.Status)
    return message


ALWAYS: Values = {"battery.voltage": 6.018, "device.firmware.version": "6.1.9"}


@pytest.mark.parametrize(
    ("flags", "values"),
    [
        (0x00, {"lock.state": "locked", "lock.arm.position": "up", "lock.auto.status": False}),
        (
            0x01,
            {
                "lock.state": "unlocked",
                "lock.arm.position": "down",
                "lock.auto.status": False,
                "bay.occupied.status": False,
            },
        ),
        (
            0x71,
            {
                "lock.state": "unlocked",
                "lock.arm.position": "down",
                "lock.auto.status": True,
                "bay.occupied.status": True,
            },
        ),
        # A car above means nothing while it is locked.
        (0x30, {"lock.state": "locked", "lock.arm.position": "up", "lock.auto.status": True}),
        (0x04, {"lock.state": "locked", "lock.arm.position": "other", "lock.auto.status": False}),
        (0x08, {"lock.state": "locked", "lock.arm.position": "other", "lock.auto.status": False}),
    ],
)
def test_the_bits_of_the_status(flags: int, values: Values) -> None:
    assert events(status(flags)) == (Event(Kind.REPORT, "status", ALWAYS | values),)


def test_a_lever_between_its_ends_moves_while_we_move_it() -> None:
    (event,) = events(status(0x04), moving=True)
    assert event.values["lock.state"] == "moving"
    (event,) = events(status(0x00), moving=True)
    assert event.values["lock.state"] == "locked"


@pytest.mark.parametrize(
    ("message", "kind", "values"),
    [
        (m.UnlockReport(m.Progress.STARTED, 1), Kind.REPORT, {"lock.state": "moving"}),
        (
            m.UnlockReport(m.Progress.DONE, 1),
            Kind.OPERATION,
            {"operation.kind": "unlock", "operation.result": "ok", "lock.state": "unlocked"},
        ),
        (
            m.UnlockReport(m.Progress.TIMED_OUT, 1),
            Kind.OPERATION,
            {"operation.kind": "unlock", "operation.result": "timeout"},
        ),
        (m.LockReport(m.Progress.STARTED, 1), Kind.REPORT, {"lock.state": "moving"}),
        (
            m.LockReport(m.Progress.DONE, 1),
            Kind.OPERATION,
            {"operation.kind": "lock", "operation.result": "ok", "lock.state": "locked"},
        ),
        (
            m.LockReport(m.Progress(9), 1),
            Kind.OPERATION,
            {"operation.kind": "lock", "operation.result.raw": 9},
        ),
        (m.Cover(b"\0"), Kind.REPORT, {"lock.cover.status": False}),
        (m.Cover(b"\1\x05"), Kind.REPORT, {"lock.cover.status": True}),
        (m.Cover(b"\x07\x05"), Kind.REPORT, {"module.data.raw": "0705"}),
        (m.Cover(b""), Kind.REPORT, {"module.data.raw": ""}),
        (
            m.Address(1, bytes.fromhex("e70fb7fda674")),
            Kind.REPORT,
            {"bluetooth.mac": "E7:0F:B7:FD:A6:74"},
        ),
        (m.Address(0, bytes(6)), Kind.REPORT, {}),
    ],
)
def test_what_a_message_says(message: m.Cover, kind: Kind, values: Values) -> None:
    (event,) = events(message)
    assert (event.kind, event.values, event.at) == (kind, values, None)
    assert complaints(event.values) == []


@pytest.mark.parametrize("message", [m.Verified(1, 2), m.Complaint(m.Reason.CRC), m.FindAnswer(b"\1")])
def test_what_only_serves_the_dialogue_says_nothing(message: m.Verified) -> None:
    assert events(message) == ()


@pytest.mark.parametrize("default", [True, False])
def test_the_factory_key_is_flagged(default: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert verified(by_default_key=default).values == {"device.key.default.status": default}


def test_the_printed_information() -> None:
    event = information(items_of(INFORMATION.encode() + bytes(9)))
    assert event == Event(
        Kind.REPORT,
        "information",
        {
            "device.imei": "862205059210080",
            "sim.iccid": "898604D5192291292808",
            "sim.apn": "CMNET",
            "device.firmware.version": "80_V6.1.9",
            "device.firmware.date": "Jan 27 2024",
            "device.module.version": "A011B14A7670M7",
            "gsm.signal.raw": 21,
            "battery.voltage": 6.018,
            "lock.calibrated.status": True,
            "lock.state": "unlocked",
            "lock.cover.status": True,
            "lock.arm.position": "down",
            "lock.auto.status": True,
        },
    )
    assert complaints(event.values) == []


def test_information_that_makes_no_sense_is_left_out() -> None:
    text = b"POWER:much,CSQ:12345678,AUTOLOCK:7,Cur_Position:9,IMEI:,KEY:OmniW4GX,no colon,:,VERSION:a\x07b,"
    assert information(items_of(text)).values == {"lock.arm.position.raw": 9}


def test_keys_are_not_told() -> None:
    event = information(items_of(b"KEY:12345678,UKEY:abc,PIN:0000,PW:secret,"))
    assert event.values == {}


def test_text_and_packets_are_each_others_reverse() -> None:
    items = {"APN": "CMNET", "IPMODE": "0", "PORT": "9666"}
    assert text_of(items) == b"APN:CMNET,IPMODE:0,PORT:9666,"
    packets = packets_of(text_of(items))
    assert [packet.index for packet in packets] == [0, 1]
    assert packets[1].data == b":0,PORT:9666,\0\0\0"
    data = b"".join(packet.data for packet in packets)
    assert items_of(data) == items
    assert crc_fits(whole_crc(packets), data)
    assert not crc_fits(whole_crc(packets) ^ 1, data)
