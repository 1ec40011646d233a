from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.jk_bms.byhand import (
    ACTIVATE,
    CHARGE_ON,
    FULL,
    PASSWORD,
    READ_ALL,
    READ_VOLTAGE,
    one,
    sealed,
)
from wayside.protocol.base import Side
from wayside.protocols.jk_bms import messages as m
from wayside.protocols.jk_bms.identifiers import ROWS, TABLE
from wayside.wire.errors import DecodeError

PASSWORD_FRAME = sealed(5, b"\xb2" + PASSWORD + bytes(4), source=3, transfer=0)
PASSWORD_WRITTEN = sealed(2, b"\xb2" + PASSWORD + bytes(4), source=3, transfer=0)


@pytest.mark.parametrize(
    ("raw", "side", "message"),
    [
        (ACTIVATE, Side.SERVER, m.Activate(0, b"")),
        (CHARGE_ON, Side.SERVER, m.Write(0xAB, b"\x01")),
        (READ_VOLTAGE, Side.SERVER, m.Read(0x83, b"")),
        (READ_ALL, Side.SERVER, m.ReadAll(0, b"")),
        # Our own words, as an echo brings them back.
        (READ_ALL, Side.DEVICE, m.ReadAll(0, b"")),
        (PASSWORD_FRAME, Side.SERVER, m.Password(0xB2, "(hidden)")),
        (PASSWORD_WRITTEN, Side.SERVER, m.Write(0xB2, b"(hidden)")),
        (sealed(1, b"\x00"), Side.DEVICE, m.Activated(b"\x00")),
        (sealed(2, b"\xab"), Side.DEVICE, m.Written(0xAB, b"")),
        (sealed(5, b"\x00"), Side.DEVICE, m.PasswordTaken(b"\x00")),
        (sealed(3, b"\x83\x05\x46"), Side.DEVICE, m.OneReading((m.Reading(0x83, "voltage", 1350),))),
        (
            sealed(3, b"\xa5\xff\xfb"),
            Side.DEVICE,
            m.OneReading((m.Reading(0xA5, "charge_undertemperature_protection", -5),)),
        ),
        (
            sealed(3, b"\x79\x01\x0d\x2a"),
            Side.DEVICE,
            m.OneReading((m.Reading(0x79, "cell_voltages", (m.CellVoltage(1, 3370),)),)),
        ),
        (
            sealed(6, b"\x85\x3b\xb2" + PASSWORD + bytes(4) + b"\x88\x01"),
            Side.DEVICE,
            m.AllReadings(
                (m.Reading(0x85, "charge_level", 59), m.Reading(0xB2, "parameter_password", "(hidden)")),
                b"\x88\x01",
            ),
        ),
        (sealed(6, b"\x85\x3b", transfer=2), Side.DEVICE, m.Report((m.Reading(0x85, "charge_level", 59),))),
    ],
)
def test_by_hand(raw: bytes, side: Side, message: msgspec.Struct) -> None:
    assert m.parse(one(raw), side) == message


def test_a_full_reply_shows_every_identifier_but_not_the_password() -> None:
    message = m.parse(one(FULL), Side.DEVICE)
    assert isinstance(message, m.AllReadings)
    assert [reading.identifier for reading in message.readings] == [
        row.identifier for row in TABLE if row.readable
    ]
    assert message.rest == b""
    shown = msgspec.json.encode(message)
    assert PASSWORD not in shown
    assert b"van7" in shown


@pytest.mark.parametrize(
    ("raw", "side"),
    [
        (sealed(6, b""), Side.DEVICE),
        (sealed(2, b""), Side.DEVICE),
        (sealed(1, b"", transfer=0), Side.SERVER),
        (sealed(9, b"\x00"), Side.DEVICE),
        (sealed(9, b"\x00"), Side.SERVER),
    ],
)
def test_what_has_no_meaning_is_refused(raw: bytes, side: Side) -> None:
    with pytest.raises(DecodeError):
        m.parse(one(raw), side)


@given(st.integers(0, 255), st.integers(0, 3), st.binary(max_size=200), st.sampled_from(Side))
def test_random_frames_raise_nothing_else(command: int, transfer: int, data: bytes, side: Side) -> None:
    try:
        message = m.parse(one(sealed(command, data, transfer=transfer)), side)
    except DecodeError:
        return
    msgspec.json.encode(message)


@pytest.mark.parametrize(("side", "command"), list(m.PLAIN))
def test_plain_messages_go_both_ways(side: Side, command: int) -> None:
    codec = m.PLAIN[side, command]
    data = b"\xab\x01\x02"
    assert codec.encode(codec.decode(data)) == data


def test_the_tables_row_for_every_identifier() -> None:
    [described] = [message for message in m.MESSAGES if message.structure is m.AllReadings]
    assert len(described.layout) == len(ROWS)
    by_name = {row.name: row for row in described.layout}
    assert by_name["8E pack_overvoltage_protection"].doc == (
        "RW; `setting.pack_overvoltage_protection`; 1/100 V; 10 to 150 may be written; cells times 90, by itself"
    )
    assert by_name["B2 parameter_password"].width_bits == 80
