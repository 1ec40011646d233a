"""The checks themselves, on evidence that is made up."""

import random
from pathlib import Path

from tests.proof.diary import Diary
from tests.proof.locks import Lock
from tests.proof.world import World
from torture.checks import ONCE, Invariant, Verdict, actuated_once, audited, legal, stored_once
from torture.crowd import Crowd, Load
from torture.evidence import Evidence
from torture.report import ending, line
from torture.run import Outcome
from torture.scenario import Claim
from torture.scenarios import SCENARIOS
from wayside.model.commands import CommandRecord, State, Transition
from wayside.ports.store import AuditRecord, audit_of


def diary(*lines: list[bytes]) -> Diary:
    found = Diary()
    for frames in lines:
        line = found.connected()
        for raw in frames:
            line.said(raw)
    return found


def test_of_each_connection_a_beginning_is_stored_in_order() -> None:
    found = diary([b"in", b"a", b"b"], [b"in", b"c", b"d"], [b"in"], [b"in", b"e"])
    for stored in (
        [],
        [b"in", b"a", b"b", b"in", b"c", b"d", b"in", b"in", b"e"],
        [b"in", b"in", b"c", b"in"],
        [b"in", b"e\r\n"],
    ):
        assert found.out_of_order(stored) == []
    for stored in (
        [b"a", b"in"],
        [b"in", b"b"],
        [b"in", b"c", b"in", b"a"],
        [b"in", b"a", b"in", b"d"],
        [b"in", b"a", b"a"],
        [b"in"] * 5,
    ):
        assert len(found.out_of_order(stored)) == 1


def test_receipts_and_what_was_said_are_bounds() -> None:
    found = diary([b"a\r\n", b"b", b"a"])
    found.acknowledged(b"a")
    assert found.not_once([b"a", b"b", b"a"]) == []
    assert found.not_once([b"a"]) == []
    assert found.not_once([b"b"]) == ["acknowledged and lost: b'a'"]
    assert found.not_once([b"a", b"b", b"b"]) == ["stored more often than said: b'b'"]


def command(number: int, *states: State, key: str | None = None) -> CommandRecord:
    steps = tuple(Transition(f"c{number}", state, at) for at, state in enumerate(states))
    device = Lock(1).device
    return CommandRecord(
        f"c{number}", number, device, "unlock", {}, states[-1], 0, 1, "ann", key, transitions=steps
    )


def crowd(world: World) -> Crowd:
    return Crowd(world, Load(cameras=0, locks=1, cabinets=0), random.Random(1))


ACCEPTED, SENT, ACKNOWLEDGED, SUCCEEDED = State.ACCEPTED, State.SENT, State.ACKNOWLEDGED, State.SUCCEEDED


def test_illegal_steps_and_broken_keys_are_violations(tmp_path: Path) -> None:
    people = crowd(World(tmp_path))
    good = command(1, ACCEPTED, SENT, SUCCEEDED, key="k")
    people.shown["k"] = {"c1"}
    assert legal([people], Evidence({}, [good], [])).holds
    for bad in (
        command(1, SENT, SUCCEEDED, key="k"),
        command(1, ACCEPTED, SUCCEEDED, key="k"),
        command(1, ACCEPTED, SENT, key="other"),
    ):
        assert not legal([people], Evidence({}, [bad], [])).holds
    people.refused.add("k")
    assert not legal([people], Evidence({}, [good], [])).holds


def test_movements_and_commands_must_agree(tmp_path: Path) -> None:
    people = crowd(World(tmp_path))
    (lock,) = people.locks
    done = command(1, ACCEPTED, SENT, ACKNOWLEDGED, SUCCEEDED)
    assert not actuated_once([people], Evidence({}, [done], [])).holds  # succeeded, and nothing moved
    lock.requests[1] = lock.moves[1] = 1
    assert actuated_once([people], Evidence({}, [done], [])).holds
    lock.moves[1] = 2
    assert "2 times" in actuated_once([people], Evidence({}, [done], [])).violations[0]
    lock.moves[1] = 1
    assert not actuated_once([people], Evidence({}, [command(1, ACCEPTED)], [])).holds  # never sent


def test_every_command_has_one_row_of_audit() -> None:
    done = command(1, ACCEPTED, SENT, SUCCEEDED)
    row = audit_of(done)
    assert audited([], Evidence({}, [done], [row])).holds
    for rows in ([], [row, row], [row, AuditRecord(0, "ann", row.action, "c9")]):
        assert not audited([], Evidence({}, [done], rows)).holds


def test_nothing_acknowledged_is_no_success(tmp_path: Path) -> None:
    assert not stored_once([crowd(World(tmp_path))], Evidence({}, [], [])).holds


def test_the_table_says_what_did_not_hold() -> None:
    scenario = SCENARIOS[0]
    verdicts = {ONCE.name: Verdict("7 movements", ["lever 3 moved twice"] * 9)}
    outcome = Outcome(scenario, "done | well", verdicts, [Claim("it goes on", holds=False, seen="0")], 1.0)
    assert not outcome.holds
    assert r"done \| well" in line(outcome)
    assert "**✗** 7 movements" in line(outcome)
    said = ending([outcome])
    assert said.count("lever 3 moved twice") == 5
    assert "and 4 more" in said
    assert "not so: it goes on (0)" in said


def test_scenarios_have_names_of_their_own_and_ask_for_something() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert all(
        isinstance(invariant, Invariant) for scenario in SCENARIOS for invariant in scenario.invariants
    )
