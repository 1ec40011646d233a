"""Unlocking and locking, step by step (sections 2.4 to 2.6), and everything that can come between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.parking_lock.lines import (
    HEARTBEAT,
    SIGN_IN,
    START,
    Lock,
    emitted,
    left_open,
    sent,
    settled,
)
from wayside.model.commands import TRANSITIONS, Command, NoParameters, State
from wayside.protocol.effects import Effect, Effects, Emit, Send, Settle, WakeAt
from wayside.protocols.parking_lock.attempts import QUERY_WITHIN_S
from wayside.protocols.parking_lock.operation import (
    KEY_VALID_S,
    KEY_WITHIN_S,
    RESULT_WITHIN_S,
    TABLE,
    Input,
    Step,
)

T = START // 1_000_000
SUCCEEDED, FAILED, UNKNOWN = (State.SUCCEEDED, False), (State.FAILED, False), (State.UNKNOWN, False)
LATE_SUCCEEDED, LATE_FAILED = (State.SUCCEEDED, True), (State.FAILED, True)
TIMED_OUT, GRANTED = (State.TIMED_OUT, False), (State.ACKNOWLEDGED, False)


def signed_in() -> Lock:
    lock = Lock()
    lock.say(SIGN_IN)
    return lock


def moving(kind: str = "unlock", number: int = 7) -> Lock:
    """A lock that has been sent L0 or L1 with key 55."""
    lock = signed_in()
    lock.ask(kind, number)
    lock.say(f"R0,{int(kind == 'lock')},55,{number},{T}")
    return lock


def test_unlocking_from_key_to_receipt() -> None:
    lock = signed_in()
    asked = lock.ask("unlock", 20)
    assert sent(asked) == [f"R0,0,{KEY_VALID_S},20,{T}"]
    assert [effect.command for effect in asked if isinstance(effect, Send)] == ["unlock"]
    granted = lock.say(f"R0,0,55,20,{T}")
    assert settled(granted) == [GRANTED]
    assert sent(granted) == [f"L0,55,20,{T}"]
    done = lock.say(f"L0,0,20,{T}")
    assert [type(effect) for effect in done] == [Emit, Settle, Send, WakeAt]
    assert settled(done) == [SUCCEEDED]
    assert sent(done) == ["Re,L0"]
    assert done[-1] == WakeAt(None)


def test_locking_whose_report_echoes_the_last_unlocking() -> None:
    lock = signed_in()
    assert sent(lock.ask("lock", 21)) == [f"R0,1,{KEY_VALID_S},21,{T}"]
    assert sent(lock.say(f"R0,1,66,21,{T}")) == ["L1,66"]
    done = lock.say("L1,0,1234,1497689816,5")
    assert settled(done) == [SUCCEEDED]
    assert sent(done) == ["Re,L1"]


def test_the_key_is_committed_before_it_is_used() -> None:
    lock = signed_in()
    lock.ask("unlock")
    kinds = [type(effect) for effect in lock.say(f"R0,0,55,7,{T}")]
    assert kinds.index(Settle) < kinds.index(Send)


def test_heartbeats_between_all_steps_change_nothing() -> None:
    lock = signed_in()
    assert settled(lock.say(HEARTBEAT)) == []
    lock.ask("unlock")
    assert sent(lock.say(HEARTBEAT)) == []
    assert sent(lock.say(f"R0,0,55,7,{T}")) == [f"L0,55,7,{T}"]
    assert settled(lock.say("H0,0,6023,31,0,1,1,1,1")) == []
    assert settled(lock.say(f"L0,0,7,{T}")) == [SUCCEEDED]


def test_another_user_in_the_echo_does_not_matter() -> None:
    lock = signed_in()
    lock.ask("unlock", 20)
    assert sent(lock.say("R0,0,55,1234,1")) == [f"L0,55,20,{T}"]
    assert settled(lock.say("L0,0,4321,2")) == [SUCCEEDED]


def test_a_key_for_the_other_operation_is_not_used() -> None:
    lock = signed_in()
    lock.ask("unlock")
    assert sent(lock.say(f"R0,1,55,7,{T}")) == []


def test_a_repeated_key_is_not_used_twice() -> None:
    assert sent(moving().say(f"R0,0,55,7,{T}")) == []


@pytest.mark.parametrize("kind", ["unlock", "lock"])
def test_the_lock_reports_a_failure(kind: str) -> None:
    word = "L0" if kind == "unlock" else "L1"
    failed = moving(kind).say(f"{word},1,7,{T}")
    assert settled(failed) == [FAILED]
    assert sent(failed) == [f"Re,{word}"]


def test_a_refused_key_is_asked_for_once_more() -> None:
    lock = moving()
    refused = lock.say(f"L0,2,7,{T}")
    assert settled(refused) == []
    assert sent(refused) == ["Re,L0", f"R0,0,{KEY_VALID_S},7,{T}"]
    again = lock.say(f"R0,0,56,7,{T}")
    assert settled(again) == []
    assert sent(again) == [f"L0,56,7,{T}"]
    assert settled(lock.say(f"L0,0,7,{T}")) == [SUCCEEDED]


def test_two_refused_keys_are_a_failure() -> None:
    lock = moving("lock")
    lock.say("L1,2,0,0,0")
    lock.say(f"R0,1,56,7,{T}")
    refused = lock.say("L1,2,0,0,0")
    assert settled(refused) == [FAILED]
    assert sent(refused) == ["Re,L1"]


def test_no_key_in_time_means_that_nothing_was_moved() -> None:
    lock = signed_in()
    lock.ask("unlock")
    assert settled(lock.wait(KEY_WITHIN_S - 1)) == []
    assert settled(lock.wait(1)) == [TIMED_OUT]
    assert sent(lock.say(f"R0,0,55,7,{T}")) == []
    # Somebody with a phone: not our command.
    over_ble = lock.say("L0,0,99,1")
    assert settled(over_ble) == []
    assert emitted(over_ble) == ["unlock"]


def test_no_result_in_time_is_unknown_and_the_state_is_asked_for() -> None:
    lock = moving()
    silent = lock.wait(RESULT_WITHIN_S)
    assert settled(silent) == [UNKNOWN]
    assert sent(silent) == ["S5"]


@pytest.mark.parametrize(("result", "outcome"), [(0, LATE_SUCCEEDED), (1, LATE_FAILED), (2, LATE_FAILED)])
def test_a_late_result_is_true(result: int, outcome: tuple[State, bool]) -> None:
    lock = moving()
    lock.wait(RESULT_WITHIN_S)
    late = lock.say(f"L0,{result},7,{T}")
    assert emitted(late) == ["unlock"]
    assert settled(late) == [outcome]
    assert sent(late) == ["Re,L0"]
    assert settled(lock.say(f"L0,{result},7,{T}")) == []


def test_the_state_soon_after_confirms_an_unknown_outcome() -> None:
    lock = moving()
    lock.wait(RESULT_WITHIN_S)
    assert settled(lock.say("S5,6028,48,30,0,0,1,8986,CMIOT,E7:0F:B7:FD:A6:74,1")) == [LATE_SUCCEEDED]
    assert settled(lock.say(f"L0,0,7,{T}")) == []


@pytest.mark.parametrize(
    "state", ["H0,1,6023,31,0,2,1,1,1", "H0,0,6023,31,0,3,1,1,1", "H0,1,6023,31,0,1,1,1,1"]
)
def test_a_state_that_contradicts_proves_nothing(state: str) -> None:
    lock = moving()
    lock.wait(RESULT_WITHIN_S)
    assert settled(lock.say(state)) == []
    assert settled(lock.say(f"L0,0,7,{T}")) == [LATE_SUCCEEDED]


def test_the_state_much_later_proves_nothing() -> None:
    lock = moving()
    lock.wait(RESULT_WITHIN_S)
    lock.wait(QUERY_WITHIN_S + 1)
    assert settled(lock.say("H0,0,6023,31,0,1,1,1,1")) == []


def test_a_late_result_is_not_taken_for_the_next_operation() -> None:
    lock = moving(number=7)
    lock.wait(RESULT_WITHIN_S)
    lock.session.execute(_command(8), lock.now)
    now = lock.now // 1_000_000
    lock.say(f"R0,0,57,8,{now}")
    first = lock.say(f"L0,1,7,{T}")
    assert [effect.command for effect in first if isinstance(effect, Settle)] == ["unlock"]
    second = lock.say(f"L0,0,8,{now}")
    assert [effect.command for effect in second if isinstance(effect, Settle)] == ["second"]


def test_a_repeated_report_is_not_taken_for_the_next_operation() -> None:
    lock = moving(number=7)
    assert settled(lock.say(f"L0,1,7,{T}")) == [FAILED]
    lock.session.execute(_command(8), lock.now)
    lock.say("R0,0,57,8,1")
    repeated = lock.say(f"L0,1,7,{T}")
    assert settled(repeated) == []
    assert sent(repeated) == ["Re,L0"]
    assert settled(lock.say("L0,0,8,2")) == [SUCCEEDED]


@pytest.mark.parametrize("earlier", [T - 1, T - 3600, T + 5])
def test_a_result_of_another_order_is_not_taken_for_this_one(earlier: int) -> None:
    """As after a receipt that was lost with the connection, or with the server."""
    lock = moving(number=8)
    repeated = lock.say(f"L0,0,7,{earlier}")
    assert settled(repeated) == []
    assert sent(repeated) == ["Re,L0"]
    assert settled(lock.say(f"L0,0,8,{T}")) == [SUCCEEDED]


def test_nor_for_one_that_an_earlier_connection_left() -> None:
    acknowledged_at = START - 90 * 1_000_000
    lock = Lock(left_open("unlock", State.UNKNOWN, number=7, acknowledged_at=acknowledged_at))
    lock.say(SIGN_IN)
    assert settled(lock.say(f"L0,0,8,{T - 60}")) == []
    assert settled(lock.say(f"L0,0,1234,{T - 90}")) == [LATE_SUCCEEDED]


def test_the_other_kind_of_result_is_somebody_elses() -> None:
    lock = moving("unlock")
    assert settled(lock.say("L1,0,1,2,3")) == []
    assert settled(lock.say(f"L0,0,7,{T}")) == [SUCCEEDED]


def test_the_connection_ends_before_anything_was_moved() -> None:
    lock = signed_in()
    lock.ask("unlock")
    assert settled(lock.lose()) == [FAILED]


def test_the_connection_ends_while_the_lever_may_move() -> None:
    assert settled(moving().lose()) == [UNKNOWN]


def test_the_connection_ends_after_the_first_key_was_refused() -> None:
    lock = moving()
    lock.say(f"L0,2,7,{T}")
    assert settled(lock.lose()) == [FAILED]


@pytest.mark.parametrize("state", [State.UNKNOWN, State.ACKNOWLEDGED])
def test_a_result_after_a_reconnection_is_the_open_commands(state: State) -> None:
    lock = Lock(left_open("unlock", state, acknowledged_at=START))
    lock.say(SIGN_IN)
    assert settled(lock.say(f"L0,0,99,{T}")) == [LATE_SUCCEEDED]


@pytest.mark.parametrize("kind", ["unlock", "lock"])
def test_what_was_never_acknowledged_is_known_by_its_number_only(kind: str) -> None:
    """A restart makes *unknown* of all that was sent; if it went over BLE, it may have moved all the same."""
    lock = Lock(left_open(kind, State.UNKNOWN, number=8, sent_at=START))
    lock.say(SIGN_IN)
    word = "L0" if kind == "unlock" else "L1"
    assert settled(lock.say(f"{word},0,7,{T},5" if kind == "lock" else f"{word},0,7,{T}")) == []
    if kind == "unlock":
        assert settled(lock.say(f"L0,0,8,{T}")) == [LATE_SUCCEEDED]


@pytest.mark.parametrize("state", [State.SENT, State.TIMED_OUT])
def test_a_result_after_a_reconnection_cannot_belong_to_what_never_moved(state: State) -> None:
    lock = Lock(left_open("unlock", state))
    lock.say(SIGN_IN)
    assert settled(lock.say(f"L0,0,99,{T}")) == []


def test_one_operation_at_a_time() -> None:
    refused = moving().ask("lock", 9)
    assert settled(refused) == [(State.REJECTED, False)]
    assert sent(refused) == []


def test_the_table_is_whole() -> None:
    ends = {turn.step for turn in TABLE.values()} | {Step.ASKING}
    assert ends == set(Step)
    for step in set(Step) - {Step.IDLE}:
        assert (step, Input.TIME_UP) in TABLE
        assert (step, Input.LOST) in TABLE
    assert not any(step is Step.IDLE for step, _ in TABLE)


def test_nothing_is_called_unknown_before_it_could_move_nor_known_after() -> None:
    for (step, happened), turn in TABLE.items():
        if happened in {Input.TIME_UP, Input.LOST}:
            may_have_moved = step in {Step.MOVING, Step.MOVING_AGAIN}
            assert (turn.state is State.UNKNOWN) is may_have_moved


ANYTHING = st.sampled_from(
    [
        "unlock",
        "lock",
        "lose",
        HEARTBEAT,
        "H0,0,6023,31,0,1,1,1,1",
        *(f"R0,{kind},{key},7,1" for kind in (0, 1) for key in (5, 6)),
        *(f"L{kind},{result},{user},1" for kind in (0, 1) for result in (0, 1, 2, 3) for user in (1, 2)),
        5.0,
        25.0,
        61.0,
    ]
)


@given(st.lists(ANYTHING, max_size=30))
def test_whatever_happens_a_key_is_used_once_and_transitions_are_legal(inputs: list[str | float]) -> None:
    lock, log, states = signed_in(), list[Effect](), dict[str, State]()
    for number, happening in enumerate(inputs):
        effects = _happen(lock, happening, number, states)
        for effect in effects:
            if isinstance(effect, Settle):
                assert effect.state in TRANSITIONS[states[effect.command]]
                states[effect.command] = effect.state
        log += effects
    moves = [effect for effect in log if isinstance(effect, Send) and effect.message in {"unlock", "lock"}]
    keys = sum(isinstance(one, str) and one.startswith("R0") for one in inputs)
    refusals = sum(isinstance(one, str) and one[2:4] == ",2" for one in inputs)
    asked = sum(one in {"unlock", "lock"} for one in inputs)
    assert len(moves) <= min(keys, asked + refusals)
    receipts = [effect for effect in log if isinstance(effect, Send) and effect.message == "receipt"]
    assert len(receipts) == sum(isinstance(one, str) and one[0] == "L" for one in inputs)


def _happen(lock: Lock, happening: str | float, number: int, states: dict[str, State]) -> Effects:
    if isinstance(happening, float):
        return lock.wait(happening)
    if happening == "lose":
        return lock.lose()
    if happening in {"unlock", "lock"}:
        command = _command(number, happening, f"{happening}-{number}")
        states[command.id] = State.ACCEPTED
        effects = lock.session.execute(command, lock.now)
        if any(isinstance(effect, Send) for effect in effects):
            states[command.id] = State.SENT
        return effects
    return lock.say(happening)


def _command(number: int, kind: str = "unlock", command: str = "second") -> Command:
    return Command(command, number, kind, NoParameters())
