from __future__ import annotations

import msgspec
import pytest

from tests.protocols.jk_bms.line import command
from wayside.model.commands import Risk
from wayside.protocols.jk_bms import PROTOCOL
from wayside.protocols.jk_bms.commands import CAPABILITIES, WRITES, encoded, wanted
from wayside.protocols.jk_bms.identifiers import NAMED, TABLE, Number, Row, Secret
from wayside.protocols.jk_bms.translate import reading

WRITABLE = [row for row in TABLE if row.writable]


def test_every_identifier_that_can_be_written_has_one_capability() -> None:
    assert sorted(row.identifier for row in WRITES.values()) == [row.identifier for row in WRITABLE]
    assert len({capability.name for capability in CAPABILITIES}) == len(CAPABILITIES)


@pytest.mark.parametrize(
    ("name", "risk"),
    [
        ("charge_switch", Risk.ACTUATION),
        ("discharge_switch", Risk.ACTUATION),
        ("balancer_switch", Risk.SETTING),
        ("set_cell_overvoltage_protection", Risk.SETTING),
        ("restart", Risk.DANGEROUS),
        ("factory_reset", Risk.DANGEROUS),
        ("start_upgrade", Risk.DANGEROUS),
        ("read_all", Risk.QUERY),
        ("read", Risk.QUERY),
    ],
)
def test_how_risky_it_is(name: str, risk: Risk) -> None:
    capability = PROTOCOL.capability(name)
    assert capability is not None
    assert capability.risk is risk
    assert capability.expires_after_s <= 30 or risk is not Risk.ACTUATION


@pytest.mark.parametrize(
    ("capability", "parameters", "octets"),
    [
        ("set_pack_overvoltage_protection", {"value": 58.4}, "16d0"),
        ("set_cell_overvoltage_protection", {"value": 3.65}, "0e42"),
        ("set_cell_overvoltage_protection", {"value": 4}, "0fa0"),
        ("set_charge_undertemperature_protection", {"value": -45}, "ffd3"),
        ("set_nominal_capacity", {"value": 280}, "00000118"),
        ("set_current_calibration", {"value": 0.1}, "0064"),
        ("set_battery_type", {"value": "ternary"}, "01"),
        ("set_special_charger_switch", {"value": True}, "01"),
        ("set_manufacture_date", {"value": "2401"}, "32343031"),
        ("set_device_id", {"value": "van7"}, "76616e3700000000"),
        ("set_parameter_password", {"value": "123456"}, "31323334353600000000"),
        ("set_gps_off_voltage", {"value": 2.9}, "0b54"),
        ("charge_switch", {"on": True}, "01"),
        ("balancer_switch", {"on": False}, "00"),
        ("restart", {}, "01"),
    ],
)
def test_values_by_hand(capability: str, parameters: dict[str, object], octets: str) -> None:
    assert wanted(capability, command(capability, **parameters).parameters).hex() == octets


def bounds(row: Row) -> tuple[float, float]:
    schema = msgspec.json.schema(PROTOCOL.capability(f"set_{row.name}").parameters)  # type: ignore[union-attr]  # a missing one fails here
    [definition] = schema["$defs"].values()
    value = definition["properties"]["value"]
    return value["minimum"], value["maximum"]


@pytest.mark.parametrize(
    "row", [row for row in WRITABLE if isinstance(row.rule, Number)], ids=lambda row: row.name
)
def test_both_ends_of_a_range_can_be_written_and_nothing_beyond(row: Row) -> None:
    low, high = bounds(row)
    assert row.span is None or (low, high) == row.span
    assert isinstance(row.rule, Number)
    step = 1 / row.rule.per_unit
    for value in (low, high):
        parameters = command(f"set_{row.name}", value=value).parameters
        octets = wanted(f"set_{row.name}", parameters)
        assert reading(row, octets, 0) == {row.value_name: pytest.approx(value)}
    for value in (low - step, high + step):
        with pytest.raises(msgspec.ValidationError):
            command(f"set_{row.name}", value=int(value) if row.rule.per_unit == 1 else value)


@pytest.mark.parametrize(
    ("capability", "parameters"),
    [
        ("charge_switch", {}),
        ("charge_switch", {"on": 1}),
        ("charge_switch", {"on": True, "value": 1}),
        ("set_cells_in_series", {"value": 8.5}),
        ("set_battery_type", {"value": "lead"}),
        ("set_parameter_password", {"value": ""}),
        ("set_parameter_password", {"value": "12345678901"}),
        ("set_manufacture_date", {"value": "24-1"}),
        ("read", {"identifier": "parameter_password"}),
        ("read", {"identifier": "restart"}),
    ],
)
def test_what_is_refused(capability: str, parameters: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        command(capability, **parameters)


def test_a_reading_that_was_written_is_the_value() -> None:
    for value in range(2000, 4501):
        octets = encoded(NAMED["balance_start_voltage"], value / 1000)
        assert reading(NAMED["balance_start_voltage"], octets, 0) == {
            "setting.balance_start_voltage": value / 1000
        }


def test_a_password_is_marked_as_one() -> None:
    [row] = [row for row in TABLE if isinstance(row.rule, Secret)]
    schema = msgspec.json.schema(PROTOCOL.capability(f"set_{row.name}").parameters)  # type: ignore[union-attr]  # a missing one fails here
    [definition] = schema["$defs"].values()
    assert definition["properties"]["value"]["writeOnly"] is True
