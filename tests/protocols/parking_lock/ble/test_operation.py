"""Unlocking and locking, step by step (1.7.3, 1.7.4), and everything that can come between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.parking_lock.ble.links import (
    BETWEEN,
    LOCKED,
    START,
    UNLOCKED,
    Lock,
    emitted,
    sent,
    settled,
    status,
)
from wayside.model.commands import TRANSITIONS, NoParameters, State
from wayside.protocol.effects import Effects, Emit, Send, Settle, WakeAt
from wayside.protocol.questions import OpenCommand
from wayside.protocols.parking_lock.attempts import QUERY_WITHIN_S
from wayside.protocols.parking_lock.ble import messages as m
from wayside.protocols.parking_lock.ble.operation import (
    RESULT_WITHIN_S,
    STARTED_WITHIN_S,
    TABLE,
    Input,
    Step,
)

T = START // 1_000_000
SUCCEEDED, FAILED, UNKNOWN = (State.SUCCEEDED, False), (State.FAILED, False), (State.UNKNOWN, False)
LATE_SUCCEEDED, LATE_FAILED = (State.SUCCEEDED, True), (State.FAILED, True)
MOVING = (State.ACKNOWLEDGED, False)


def report(kind: str, progress: int, time: int = T) -> m.UnlockReport | m.LockReport:
    return (m.UnlockReport if kind == "unlock" else m.LockReport)(m.Progress(progress), time)


def ready() -> Lock:
    lock = Lock()
    lock.connect()
    return lock


def moving(kind: str = "unlock") -> Lock:
    lock = ready()
    lock.ask(kind)
    lock.say(report(kind, 0))
    return lock


@pytest.mark.parametrize(
    ("kind", "order", "confirmation", "state"),
    [
        ("unlock", m.Unlock(1, 7, T), m.UnlockConfirmed(), "unlocked"),
        ("lock", m.Lock(), m.LockConfirmed(), "locked"),
    ],
)
def test_from_order_to_confirmation(
    kind: str, order: m.Lock, confirmation: m.LockConfirmed, state: str
) -> None:
    lock = ready()
    asked = lock.ask(kind)
    assert sent(asked) == [order]
    assert [effect.command for effect in asked if isinstance(effect, Send)] == [kind]
    begun = lock.say(report(kind, 0))
    assert settled(begun) == [MOVING]
    assert sent(begun) == []
    done = lock.say(report(kind, 1))
    assert [type(effect) for effect in done] == [Emit, Settle, Send, WakeAt]
    assert settled(done) == [SUCCEEDED]
    assert sent(done) == [confirmation]
    (settle,) = [effect for effect in done if isinstance(effect, Settle)]
    assert settle.values == {"operation.kind": kind, "operation.result": "ok", "lock.state": state}


def test_a_lever_that_does_not_arrive_is_a_failure_and_confirmed() -> None:
    failed = moving().say(report("unlock", 2))
    assert settled(failed) == [FAILED]
    assert sent(failed) == [m.UnlockConfirmed()]


def test_the_beginning_need_not_be_heard() -> None:
    lock = ready()
    lock.ask("unlock")
    assert settled(lock.say(report("unlock", 1))) == [SUCCEEDED]


@pytest.mark.parametrize("begun", [False, True])
def test_silence_is_unknown_and_the_state_is_asked_for(begun: bool) -> None:  # noqa: FBT001 - a parameter of the test
    lock = moving() if begun else ready()
    if not begun:
        lock.ask("unlock")
    silent = lock.wait(RESULT_WITHIN_S if begun else STARTED_WITHIN_S)
    assert settled(silent) == [UNKNOWN]
    assert sent(silent) == [m.StatusRequest()]
    assert not any(isinstance(message, m.Unlock) for message in sent(lock.wait(60)))


@pytest.mark.parametrize(("progress", "outcome"), [(1, LATE_SUCCEEDED), (2, LATE_FAILED)])
@pytest.mark.parametrize("kind", ["unlock", "lock"])
def test_a_late_result_is_true(kind: str, progress: int, outcome: tuple[State, bool]) -> None:
    lock = moving(kind)
    lock.wait(RESULT_WITHIN_S)
    late = lock.say(report(kind, progress))
    assert emitted(late) == [kind]
    assert settled(late) == [outcome]
    assert len(sent(late)) == 1
    assert settled(lock.say(report(kind, progress))) == []


def test_the_state_soon_after_confirms_an_unknown_outcome() -> None:
    lock = moving()
    lock.wait(RESULT_WITHIN_S)
    assert settled(lock.say(status(UNLOCKED))) == [LATE_SUCCEEDED]


@pytest.mark.parametrize("flags", [LOCKED, UNLOCKED | BETWEEN])
def test_a_state_that_contradicts_proves_nothing(flags: int) -> None:
    lock = moving()
    lock.wait(RESULT_WITHIN_S)
    assert settled(lock.say(status(flags))) == []
    assert settled(lock.say(report("unlock", 1))) == [LATE_SUCCEEDED]


def test_the_state_much_later_proves_nothing() -> None:
    lock = moving()
    lock.wait(RESULT_WITHIN_S)
    lock.wait(QUERY_WITHIN_S + 1)
    assert settled(lock.say(status(UNLOCKED))) == []


def test_a_repeated_result_is_confirmed_again_and_not_taken_for_the_next_operations() -> None:
    lock = moving()
    lock.say(report("unlock", 2))
    lock.wait(3)
    lock.ask("unlock", "second")
    repeated = lock.say(report("unlock", 2))
    assert settled(repeated) == []
    assert sent(repeated) == [m.UnlockConfirmed()]
    assert settled(lock.say(report("unlock", 1, T + 3))) == [SUCCEEDED]


def test_a_result_of_an_order_before_the_connection_is_not_taken_for_this_one() -> None:
    lock = moving()
    assert settled(lock.say(report("unlock", 1, T - 40))) == []
    assert settled(lock.say(report("unlock", 1))) == [SUCCEEDED]


def test_somebody_elses_operation_is_an_event_and_confirmed() -> None:
    done = ready().say(report("unlock", 1))
    assert emitted(done) == ["unlock"]
    assert settled(done) == []
    assert sent(done) == [m.UnlockConfirmed()]


def test_the_other_kind_of_result_is_somebody_elses() -> None:
    lock = moving("unlock")
    assert settled(lock.say(report("lock", 1))) == []
    assert settled(lock.say(report("unlock", 1))) == [SUCCEEDED]


def test_a_progress_that_is_not_explained_settles_nothing() -> None:
    strange = moving().say(report("unlock", 9))
    assert settled(strange) == []
    assert sent(strange) == []


@pytest.mark.parametrize("begun", [False, True])
def test_the_connection_ends(begun: bool) -> None:  # noqa: FBT001 - a parameter of the test
    lock = moving() if begun else ready()
    if not begun:
        lock.ask("unlock")
    assert settled(lock.lose()) == [UNKNOWN]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [(State.UNKNOWN, [LATE_SUCCEEDED]), (State.ACKNOWLEDGED, [LATE_SUCCEEDED]), (State.TIMED_OUT, [])],
)
def test_a_result_after_a_reconnection(state: State, outcome: list[tuple[State, bool]]) -> None:
    lock = Lock(OpenCommand("unlock", 7, "unlock", NoParameters(), state))
    lock.connect()
    assert settled(lock.say(report("unlock", 1))) == outcome


def test_one_operation_at_a_time() -> None:
    refused = moving().ask("lock", "second")
    assert settled(refused) == [(State.REJECTED, False)]
    assert sent(refused) == []


@pytest.mark.parametrize("reason", [m.Reason.NO_KEY, m.Reason.WRONG_KEY])
def test_an_order_with_a_bad_key_moved_nothing_and_a_new_key_is_asked_for(reason: m.Reason) -> None:
    lock = ready()
    lock.ask("unlock")
    refused = lock.say(m.Complaint(reason))
    assert settled(refused) == [FAILED]
    assert sent(refused) == [m.Verify(b"OmniW4GX")]


def test_a_complaint_about_something_else_says_nothing_about_the_order() -> None:
    lock = ready()
    lock.ask("unlock")
    lock.ask("status")
    assert (State.FAILED, False) in settled(lock.say(m.Complaint(m.Reason.WRONG_KEY)))
    assert lock.session._operations.step is Step.ORDERED
    assert settled(moving().say(m.Complaint(m.Reason.WRONG_KEY))) == []
    assert settled(moving().say(m.Complaint(m.Reason.CRC))) == []


def test_the_table_is_whole() -> None:
    assert {turn.step for turn in TABLE.values()} | {Step.ORDERED} == set(Step)
    for step in set(Step) - {Step.IDLE}:
        for happened in (Input.TIME_UP, Input.LOST):
            assert TABLE[step, happened].state is State.UNKNOWN


ANYTHING = st.sampled_from(
    [
        "unlock",
        "lock",
        "lose",
        *(
            report(kind, progress, T + more)
            for kind in ("unlock", "lock")
            for progress in range(4)
            for more in (0, 5)
        ),
        status(LOCKED),
        status(UNLOCKED),
        m.Complaint(m.Reason.WRONG_KEY),
        m.Verified(1, 0x59),
        2.0,
        6.0,
        31.0,
    ]
)


@given(st.lists(ANYTHING, max_size=30))
def test_whatever_happens_an_order_leaves_once_and_transitions_are_legal(inputs: list[object]) -> None:
    lock, states, orders = ready(), dict[str, State](), list[str | None]()
    for number, happening in enumerate(inputs):
        effects = _happen(lock, happening, number, states)
        for effect in effects:
            if isinstance(effect, Send) and effect.command is not None and effect.message != "verify":
                orders.append(effect.command)
            if isinstance(effect, Settle):
                assert effect.state in TRANSITIONS[states[effect.command]]
                states[effect.command] = effect.state
    assert len(orders) == len(set(orders))


def _happen(lock: Lock, happening: object, number: int, states: dict[str, State]) -> Effects:
    match happening:
        case float():
            effects = lock.wait(happening)
        case "lose":
            effects = lock.lose()
        case str():
            states[f"{happening}-{number}"] = State.ACCEPTED
            effects = lock.ask(happening, f"{happening}-{number}", number)
        case m.UnlockReport() | m.LockReport() | m.Status() | m.Complaint() | m.Verified():
            effects = lock.say(happening)
    for effect in effects:
        if isinstance(effect, Send) and effect.command and states[effect.command] is State.ACCEPTED:
            states[effect.command] = State.SENT
    return effects
