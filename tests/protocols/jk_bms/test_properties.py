"""Whatever happens on the line: pauses are kept, questions stay single, and what is told of a write is true."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import START, byte_by_byte, drop, duplicate, pass_on
from tests.protocols.jk_bms.byhand import one, sealed
from tests.protocols.jk_bms.line import CALM, Line, emitted
from wayside.model.commands import IN_FLIGHT, WAITING, State
from wayside.model.instant import seconds
from wayside.model.vocabulary import complaints
from wayside.protocol.effects import Identify
from wayside.protocol.session import Setup
from wayside.protocols.jk_bms.commands import WRITES, wanted
from wayside.protocols.jk_bms.identity import IDENT
from wayside.protocols.jk_bms.session import PACKET_GAP, BatterySession
from wayside.wire.errors import DecodeError

SAFE = {State.SUCCEEDED, State.FAILED, State.TIMED_OUT, State.UNKNOWN, State.REJECTED, State.UNCONFIRMED}

writes: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.tuples(st.sampled_from(["charge_switch", "discharge_switch", "balancer_switch"]), st.booleans()).map(
        lambda drawn: (drawn[0], {"on": drawn[1]})
    ),
    st.integers(1000, 4500).map(lambda value: ("set_cell_overvoltage_protection", {"value": value / 1000})),
    st.integers(-45, 25).map(lambda value: ("set_charge_undertemperature_recovery", {"value": value})),
    st.text(st.sampled_from("abc 123-"), max_size=8).map(lambda value: ("set_device_id", {"value": value})),
    st.just(("restart", {})),
)
others = st.sampled_from([("read_all", {}), ("activate", {}), ("read", {"identifier": "current"})])
tampers: st.SearchStrategy[Callable[[bytes], list[bytes]]] = st.sampled_from(
    [pass_on, pass_on, drop, duplicate, byte_by_byte]
)
steps = st.lists(st.tuples(writes | others, tampers, tampers, st.floats(0, 40)), max_size=8)


def line_with(*, echo: bool, password: bool, reports: bool, asleep: bool) -> Line:
    options = {"password": "s3cr3t"} if password else {}
    line = Line(Setup(options=options), CALM, echo=echo, reports=reports, asleep=asleep)
    line.connect()
    line.run(20)
    assert line.identified
    return line


@settings(max_examples=60)
@given(
    st.fixed_dictionaries({name: st.booleans() for name in ("echo", "password", "reports", "asleep")}), steps
)
def test_what_is_told_of_a_write_is_true(kinds: dict[str, bool], script: list[Any]) -> None:
    line = line_with(**kinds)
    done: list[tuple[str, str, dict[int, bytes]]] = []
    for (capability, parameters), there, back, pause_s in script:
        line.to_device.tamper, line.to_server.tamper = there, back
        # One at a time, as the lane has it.
        line.run(120 if done and line.state(done[-1][0]) in WAITING | IN_FLIGHT else 0)
        before = dict(line.battery.pack.settings)
        done.append((line.command(capability, **parameters), capability, before))
        line.run(pause_s)
    line.to_device.tamper = line.to_server.tamper = pass_on
    line.run(120)
    assert all(line.state(command) in SAFE for command, _, _ in done)
    for command, capability, _ in done:
        sends = [send for send in line.sent if send.command == command]
        if line.state(command) is State.REJECTED:
            assert sends == []
        elif capability in WRITES:
            assert len(sends) == 1
    if done and done[-1][1] in WRITES and WRITES[done[-1][1]].readable:
        command, capability, before = done[-1]
        row = WRITES[capability]
        there = line.battery.pack.settings[row.identifier]
        parameters = line._commands[command].parameters
        if line.state(command) is State.SUCCEEDED:
            assert there == wanted(capability, parameters)
        if line.state(command) is State.FAILED:
            assert there != wanted(capability, parameters)
        if line.state(command) is State.REJECTED:
            assert there == before[row.identifier]
    times = [at for at, _ in line.departures]
    assert all(after - earlier >= PACKET_GAP for earlier, after in pairwise(times))


@settings(max_examples=40)
@given(st.lists(writes | others, min_size=1, max_size=6), st.booleans())
def test_commands_at_once_are_carried_out_one_after_the_other(wanted_ones: list[Any], echo: bool) -> None:  # noqa: FBT001 - drawn
    line = line_with(echo=echo, password=False, reports=False, asleep=False)
    done = [line.command(capability, **parameters) for capability, parameters in wanted_ones]
    line.run(60)
    ends = {
        State.UNCONFIRMED if capability == "restart" else State.SUCCEEDED for capability, _ in wanted_ones
    }
    assert {line.state(command) for command in done} <= ends | {State.TIMED_OUT, State.UNKNOWN, State.FAILED}
    first = wanted_ones[0][0]
    assert line.state(done[0]) is (State.UNCONFIRMED if first == "restart" else State.SUCCEEDED)


@given(st.binary(max_size=300), st.booleans())
def test_nonsense_on_the_line_stops_nothing(noise: bytes, echo: bool) -> None:  # noqa: FBT001 - drawn
    line = line_with(echo=echo, password=False, reports=False, asleep=False)
    line.hear(noise)
    events = len(line.events)
    line.run(150)
    assert len(line.events) >= events + 2
    assert line.now - line.departures[-1][0] <= seconds(31)


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 3), st.binary(max_size=120)), max_size=6),
    st.sampled_from([None, "cellar"]),
)
def test_random_frames_raise_nothing_but_decode_errors(
    frames: list[tuple[int, int, bytes]], ident: str | None
) -> None:
    session = BatterySession(Setup(ident=ident))
    session.connected(START)
    for command, transfer, data in frames:
        try:
            effects = session.receive(one(sealed(command, data, transfer=transfer)), START)
        except DecodeError:
            continue
        assert all(complaints(event.values) == [] for event in emitted(effects))
        assert all(re.fullmatch(IDENT, effect.ident) for effect in effects if isinstance(effect, Identify))
