"""From data to values: by hand, and the two ways of reading against each other."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.jk_bms.byhand import CAPTURED, FULL_DATA, FULL_VALUES, one
from wayside.model.events import Kind, Values
from wayside.model.vocabulary import complaints
from wayside.protocols.jk_bms.identifiers import TABLE, WARNINGS
from wayside.protocols.jk_bms.items import blanked, walk
from wayside.protocols.jk_bms.layouts import LAYOUTS_MAX, Layouts
from wayside.protocols.jk_bms.pack import Pack
from wayside.protocols.jk_bms.translate import alarms, values_of


def said(hex_data: str, version: int = 0, *, single: bool = False) -> Values:
    return values_of(walk(bytes.fromhex(hex_data), single=single), version)


def test_a_full_reply_by_hand() -> None:
    assert values_of(walk(FULL_DATA), 0) == FULL_VALUES
    layouts = Layouts()
    assert [layouts.read(FULL_DATA, 0) for _ in range(3)] == [FULL_VALUES] * 3
    assert complaints(FULL_VALUES) == []


@pytest.mark.parametrize(
    ("hex_data", "version", "name", "value"),
    [
        ("80 0000", 0, "battery.mosfet.temperature", 0),
        ("80 0063", 0, "battery.mosfet.temperature", 99),
        ("81 0064", 0, "battery.box.temperature", 0),
        ("81 0065", 0, "battery.box.temperature", -1),
        ("82 008C", 0, "battery.temperature.2", -40),
        ("82 008D", 0, "battery.temperature.2", None),
        ("82 FFFF", 0, "battery.temperature.2", None),
        # Version 0: 10000 is nothing, less is charging.
        ("84 2710", 0, "battery.current", 0.0),
        ("84 2AF8", 0, "battery.current", -10.0),
        ("84 251C", 0, "battery.current", 5.0),
        # Version 1: the highest bit is charging.
        ("84 07D0", 1, "battery.current", -20.0),
        ("84 87D0", 1, "battery.current", 20.0),
        ("84 0000", 1, "battery.current", 0.0),
        ("84 8000", 1, "battery.current", 0.0),
        # A version that nobody knows: no current rather than a wrong one.
        ("84 87D0", 2, "battery.current", None),
        ("84 2AF8 C0 00", 1, "battery.current", -10.0),
        ("84 87D0 C0 01", 0, "battery.current", 20.0),
        ("83 0DAC", 0, "battery.voltage", 35.0),
        ("A5 FFD3", 0, "setting.charge_undertemperature_protection", -45),
        ("A8 0019", 0, "setting.discharge_undertemperature_recovery", 25),
        ("98 012C", 0, "setting.discharge_overcurrent_delay", 300),
        ("AF 02", 0, "setting.battery_type", "lithium_titanate"),
        ("AF 03", 0, "setting.battery_type", None),
        ("AF 03", 0, "setting.battery_type_raw", 3),
        ("9D 02", 0, "setting.balancer_switch", None),
        ("9D 02", 0, "setting.balancer_switch_raw", 2),
        ("B5 32303034", 0, "device.manufacture.date", "2004"),
        ("B7 4E575F315F305F305F323030343238", 0, "device.firmware.version", "NW_1_0_0_200428"),
        ("B4 0000000000000000", 0, "setting.device_id", None),
        ("B4 41FF42C3A4000A1B", 0, "setting.device_id", "A B"),
        ("8B C000", 0, "battery.warning.raw", 0xC000),
        ("8B C000", 0, "battery.warning.low_capacity", False),
        ("8B 2000", 0, "battery.warning.protection_309_b", True),
        ("8C 0008", 0, "battery.status.raw", 8),
        ("8C 0008", 0, "battery.mosfet.charge.status", False),
    ],
)
def test_one_identifier_by_hand(hex_data: str, version: int, name: str, value: object) -> None:
    values = said(hex_data, version)
    assert values.get(name) == value
    assert type(values.get(name)) is type(value)
    assert complaints(values) == []


@pytest.mark.parametrize("hex_data", ["79 06 01 0D2A 02 0D2C", "79 01 0D2A 02 0D2C"])
def test_a_single_reading_of_the_cells_with_and_without_length_byte(hex_data: str) -> None:
    assert said(hex_data, single=True) == {
        "battery.cell.1.voltage": 3.37,
        "battery.cell.2.voltage": 3.372,
        "battery.cell.voltage_delta": 0.002,
    }


def test_a_pack_that_answers_a_reading_with_everything() -> None:
    """It says command word 03, as for a single reading."""
    frame = one(CAPTURED)
    assert frame.name == "read"
    values = values_of(walk(frame.data, single=True), 1)
    assert complaints(values) == []
    assert [values[f"battery.cell.{number}.voltage"] for number in (1, 7, 14)] == [3.984, 3.985, 3.981]
    assert "battery.cell.15.voltage" not in values
    assert (values["battery.voltage"], values["battery.level"], values["battery.current"]) == (
        55.78,
        100,
        4.53,
    )


@given(cells=st.lists(st.integers(0, 65535), min_size=1, max_size=85), lead=st.booleans())
def test_the_length_byte_of_the_cells_is_never_taken_for_a_cell(cells: list[int], *, lead: bool) -> None:
    value = b"".join(bytes((number,)) + voltage.to_bytes(2, "big") for number, voltage in enumerate(cells, 1))
    [item] = walk(b"\x79" + (bytes((len(value),)) if lead else b"") + value, single=True).items
    assert item.value == value


@pytest.mark.parametrize(
    "rest", ["88 0001 85 3C", "8D 01", "00", "FF", "B2 736563726574", "79", "79 00", "79 04 01020304"]
)
def test_what_cannot_be_cut_is_kept_behind_what_can(rest: str) -> None:
    values = said("85 3B" + rest)
    assert values["battery.level"] == 59
    assert bytes.fromhex(str(values["module.data.raw"])) == blanked(bytes.fromhex(rest))


def test_the_password_is_in_no_value() -> None:
    assert said("B2 73336372337400000000") == {}
    assert said("88 00 B2 73336372337400000000 85 3B") == {
        "module.data.raw": (b"\x88\x00\xb2" + b"*" * 10).hex() + "853b"
    }


def test_an_alarm_for_each_named_warning() -> None:
    [low, high] = alarms("read_all", 0b1110_0000_0000_0001 & ~0b1100_0000_0000_0000)
    assert low.kind is Kind.ALARM
    assert low.values == {"alarm.kind": "low_capacity", "alarm.code": 0}
    assert high.values == {"alarm.kind": "protection_309_b", "alarm.code": 13}
    assert alarms("read_all", 0xC000) == []
    assert len(alarms("read_all", 0xFFFF)) == len(WARNINGS)


@given(st.integers(0, 2**16), st.integers(1, 32), st.sampled_from(["modern", "old"]), st.data())
def test_both_ways_of_reading_say_the_same(seed: int, cells: int, firmware: str, data: st.DataObject) -> None:
    """Whatever stands between the bytes that make a layout."""
    plain = Pack(random.Random(seed), seed, cells, modern=firmware == "modern").data(0)
    layouts = Layouts()
    layouts.read(plain, 0)
    items = walk(plain).items
    drawn = [data.draw(st.binary(min_size=len(value), max_size=len(value))) for _, value in items]
    other = b"".join(
        bytes((row.identifier,)) + value for (row, _), value in zip(items[1:], drawn[1:], strict=True)
    )
    other = plain[: 2 + 3 * cells] + other
    version = data.draw(st.integers(0, 2))
    assert layouts.read(other, version) == values_of(walk(other), version)
    assert complaints(layouts.read(other, version)) == []


@given(st.lists(st.sampled_from([row for row in TABLE if row.size]), max_size=60), st.data())
def test_any_composition_is_read(rows: list[Any], data: st.DataObject) -> None:
    octets = b"".join(
        bytes((row.identifier,)) + data.draw(st.binary(min_size=row.size, max_size=row.size)) for row in rows
    )
    layouts = Layouts()
    found = walk(octets)
    assert [item.row for item in found.items] == rows
    assert layouts.read(octets, 1) == layouts.read(octets, 1) == values_of(found, 1)


@given(st.binary(max_size=400))
def test_random_data_never_raises_and_loses_nothing(octets: bytes) -> None:
    for single in (False, True):
        found = walk(octets, single=single)
        assert blanked(octets).endswith(found.rest)
        assert complaints(values_of(found, 1)) == []
    assert complaints(Layouts().read(octets, 0)) == []


def test_layouts_are_bounded_and_do_without_when_there_is_no_room() -> None:
    layouts = Layouts()
    packs = [Pack(random.Random(cells), 1, 1 + cells % 32, modern=True) for cells in range(LAYOUTS_MAX * 2)]
    for number, pack in enumerate(packs):
        # Another number of the first cell makes another layout.
        octets = bytearray(pack.data(0))
        octets[2] = number % 256
        assert layouts.read(bytes(octets), 0) == values_of(walk(bytes(octets)), 0)
    assert sum(len(known) for known in layouts._by_length.values()) == LAYOUTS_MAX


def test_numbers_of_cells_are_part_of_the_layout() -> None:
    layouts = Layouts()
    layouts.read(FULL_DATA, 0)
    other = FULL_DATA[:2] + b"\x07" + FULL_DATA[3:]
    assert layouts.read(other, 0)["battery.cell.7.voltage"] == 3.37
