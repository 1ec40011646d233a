from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness import START
from tests.protocols.jk_bms.byhand import ACTIVATE, READ_ALL, one
from tests.protocols.jk_bms.line import CALM, connected
from wayside.model.instant import seconds
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Transport
from wayside.protocol.effects import Send
from wayside.protocol.simulator import Behaviour
from wayside.protocols.jk_bms import PROTOCOL
from wayside.protocols.jk_bms.identifiers import TABLE
from wayside.protocols.jk_bms.pack import Pack
from wayside.protocols.jk_bms.simulator import BatterySimulator


def answer(battery: BatterySimulator, request: bytes) -> bytes:
    battery.received(request, START)
    return b"".join(
        reaction.data for reaction in battery.wake(START + seconds(0.1)) if isinstance(reaction, Send)
    )


@given(st.integers(1, 32), st.integers(0, 1000))
def test_the_lengths_are_those_of_real_ones(cells: int, number: int) -> None:
    behaviour = Behaviour(number, faults=0)
    modern = one(answer(BatterySimulator(behaviour, random.Random(number), cells=cells), READ_ALL))
    assert int.from_bytes(modern.raw[2:4], "big") == 241 + 3 * cells == len(modern.raw) - 2
    old = one(answer(BatterySimulator(behaviour, random.Random(number), cells=cells, modern=False), READ_ALL))
    assert int.from_bytes(old.raw[2:4], "big") == 207 + 3 * cells


def test_it_sleeps_until_it_is_activated() -> None:
    battery = BatterySimulator(CALM, random.Random(1), asleep=True)
    assert answer(battery, READ_ALL) == b""
    assert one(answer(battery, ACTIVATE)).name == "activate"
    assert one(answer(battery, READ_ALL)).name == "read_all"


def test_a_day_of_charging_and_discharging() -> None:
    """Every value has a name, charge goes both ways, and now and then something warns."""
    line = connected(None, Behaviour(3, interval_s=60, faults=0.01), reports=True)
    line.run(24 * 3600)
    assert all(complaints(event.values) == [] for event in line.events)
    assert line.bad == []
    assert line.undecodable == []
    reports = [event.values for event in line.events if event.kind == "report"]
    currents = [current for report in reports if isinstance(current := report["battery.current"], float)]
    assert min(currents) < 0 < max(currents)
    assert {event.values["alarm.kind"] for event in line.events if event.kind == "alarm"} >= {
        "battery_overtemperature"
    }
    levels = [level for report in reports if isinstance(level := report.get("battery.level"), int)]
    assert max(levels) > 90
    assert min(levels) < 20


def test_a_switched_off_pack_lets_nothing_through() -> None:
    line = connected()
    line.command("charge_switch", on=False)
    line.run(1)
    line.command("discharge_switch", on=False)
    line.run(60)
    values = line.events[-1].values
    assert values["battery.current"] == 0
    assert values["battery.mosfet.charge.status"] is False
    assert values["battery.mosfet.discharge.status"] is False


def test_old_firmware_says_the_same_currents_in_its_own_way() -> None:
    [event] = connected(modern=False).events
    current = event.values["battery.current"]
    assert isinstance(current, float)
    assert current < 0
    assert "battery.protocol.version" not in event.values


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.SERIAL])
def test_each_number_is_another_battery(transport: Transport) -> None:
    link = PROTOCOL.link(transport)
    assert link is not None
    idents = {link.simulator(Behaviour(number), random.Random(number)).ident for number in range(100)}
    assert len(idents) == 100


def test_a_factory_reset_forgets_what_was_set() -> None:
    pack = Pack(random.Random(1), 1, 8, modern=True)
    before = dict(pack.settings)
    for row in TABLE:
        if row.writable and row.readable:
            assert pack.write(row, b"\x01" * row.size)
    assert pack.settings != before
    pack.reset()
    assert pack.settings == before
