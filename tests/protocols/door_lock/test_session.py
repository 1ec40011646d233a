"""Unlocking step by step, and everything that can come between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.door_lock.links import (
    CLOCK_SET,
    IDENT,
    LOCK_CODE,
    START,
    Door,
    opened,
    sent,
    settled,
)
from tests.protocols.door_lock.printed import PHONE
from wayside.model.commands import TRANSITIONS, NoParameters, State
from wayside.model.instant import seconds
from wayside.protocol.effects import Close, Effects, Emit, Identify, Send, Settle, WakeAt
from wayside.protocol.questions import OpenCommand
from wayside.protocol.session import Setup
from wayside.protocols.door_lock import messages as m
from wayside.protocols.door_lock.cipher import CIPHER_DEFAULT, cipher_named
from wayside.protocols.door_lock.options import CLOCK_INTERVAL_S
from wayside.protocols.door_lock.session import DoorLockSession
from wayside.protocols.door_lock.unlocking import OPENED_WITHIN_S, STEP_WITHIN_S, TABLE, Input, Step

SUCCEEDED, FAILED, UNKNOWN = (State.SUCCEEDED, False), (State.FAILED, False), (State.UNKNOWN, False)
TIMED_OUT, TAKEN, REJECTED = (State.TIMED_OUT, False), (State.ACKNOWLEDGED, False), (State.REJECTED, False)


def ready(**options: str) -> Door:
    door = Door(**options)
    door.connect()
    return door


def opening() -> Door:
    """A door that has been sent 2D."""
    door = ready()
    door.ask("unlock")
    door.say(CLOCK_SET)
    door.say(LOCK_CODE)
    return door


def test_connecting_sets_the_clock_and_the_answer_says_who_it_is() -> None:
    door = Door()
    asked = door.session.connected(START)
    assert sent(asked) == [m.SetClock(0x000A, 26, 11, 21, 10, 15, 42)]
    assert asked[-1] == WakeAt(START + seconds(CLOCK_INTERVAL_S))
    answered = door.say(CLOCK_SET)
    assert [type(effect) for effect in answered] == [Identify, Emit]
    assert answered[0] == Identify(IDENT)


def test_a_device_that_the_transport_knows_is_not_identified_again() -> None:
    door = Door()
    door.session = DoorLockSession(Setup(ident="AABBCCDDEEFF"))
    assert not any(isinstance(effect, Identify) for effect in door.connect())


def test_the_clock_is_local_time() -> None:
    door = Door(timezone_minutes="330")
    assert sent(door.session.connected(START)) == [m.SetClock(0x000A, 26, 11, 21, 15, 45, 42)]


def test_the_clock_is_set_again_and_again() -> None:
    door = ready()
    assert sent(door.wait(CLOCK_INTERVAL_S - 1)) == []
    assert len(sent(door.wait(1))) == 1
    assert len(sent(door.wait(CLOCK_INTERVAL_S))) == 1


def test_a_frame_of_another_lock_ends_the_connection() -> None:
    (effect,) = ready().say(CLOCK_SET, PHONE)
    assert isinstance(effect, Close)


def test_unlocking_from_clock_to_status() -> None:
    door = ready()
    asked = door.ask("unlock", number=0x10203, window_minutes=90)
    assert sent(asked) == [m.SetClock(0x000A, 26, 11, 21, 10, 15, 42)]
    assert [effect.command for effect in asked if isinstance(effect, Send)] == ["unlock"]

    taken = door.say(CLOCK_SET)
    assert settled(taken) == [TAKEN]
    (code,) = sent(taken)
    assert isinstance(code, m.AppCode)
    assert code.code[14:] == b"\x00\x01"
    assert len(set(code.code)) > 5

    (order,) = sent(door.say(LOCK_CODE))
    assert isinstance(order, m.Open)
    window = cipher_named(CIPHER_DEFAULT).decrypt(LOCK_CODE.code, order.block)
    assert window.hex() == "345602031a0b150a0f1a0b150b2d0000"

    done = door.say(opened(0))
    assert [type(effect) for effect in done] == [Emit, Settle, WakeAt]
    assert settled(done) == [SUCCEEDED]


def test_every_unlocking_has_a_fresh_code() -> None:
    door = opening()
    door.say(opened(0))
    first = sent(door.ask("unlock") + door.say(CLOCK_SET))[-1]
    door.say(LOCK_CODE)
    door.say(opened(0))
    assert sent(door.ask("unlock") + door.say(CLOCK_SET))[-1] != first


@pytest.mark.parametrize(("status", "state"), [(1, FAILED), (3, FAILED), (2, UNKNOWN), (0x77, UNKNOWN)])
def test_the_lock_says_no(status: int, state: tuple[State, bool]) -> None:
    refused = opening().say(opened(status))
    assert settled(refused) == [state]
    assert sent(refused) == []


def test_a_refused_order_is_not_repeated() -> None:
    door = opening()
    effects = door.say(opened(1))
    for _ in range(20):
        effects += door.wait(10)
    assert not any(isinstance(message, m.AppCode | m.Open) for message in sent(effects))


def test_a_lock_that_is_locked_out_is_left_alone_for_as_long_as_it_says() -> None:
    door = opening()
    (settle,) = [effect for effect in door.say(opened(3, 60)) if isinstance(effect, Settle)]
    assert settle.values == {"operation.kind": "unlock", "operation.result": "locked_out", "lock.wait": 60}
    door.wait(20)
    again = door.ask("unlock", "second")
    assert settled(again) == [REJECTED]
    assert sent(again) == []
    (refusal,) = [effect for effect in again if isinstance(effect, Settle)]
    assert "40 s" in refusal.detail
    door.wait(40)
    assert sent(door.ask("unlock", "third"))


def test_the_clock_may_be_set_while_it_is_locked_out() -> None:
    door = opening()
    door.say(opened(3, 60))
    assert sent(door.ask("set_clock"))


@pytest.mark.parametrize("answers", [[], [CLOCK_SET]])
def test_silence_before_the_order_means_that_nothing_was_opened(answers: list[m.ClockSet]) -> None:
    door = ready()
    door.ask("unlock")
    for answer in answers:
        door.say(answer)
    assert settled(door.wait(STEP_WITHIN_S - 1)) == []
    silent = door.wait(1)
    assert settled(silent) == [TIMED_OUT]
    assert isinstance(silent[1], Close)


def test_silence_after_the_order_is_unknown_and_a_late_answer_true() -> None:
    door = opening()
    silent = door.wait(OPENED_WITHIN_S)
    assert settled(silent) == [UNKNOWN]
    assert not any(isinstance(effect, Close) for effect in silent)
    assert settled(door.say(opened(0))) == [(State.SUCCEEDED, True)]
    assert settled(door.say(opened(0))) == []


def test_a_late_answer_is_not_taken_for_the_next_unlockings() -> None:
    door = opening()
    door.wait(OPENED_WITHIN_S)
    door.ask("unlock", "second")
    late = door.say(opened(1))
    assert [(e.command, e.state) for e in late if isinstance(e, Settle)] == [("unlock", State.FAILED)]
    door.say(CLOCK_SET)
    door.say(LOCK_CODE)
    done = door.say(opened(0))
    assert [(e.command, e.state) for e in done if isinstance(e, Settle)] == [("second", State.SUCCEEDED)]


def test_the_connection_ends() -> None:
    door = ready()
    door.ask("unlock")
    assert settled(door.lose()) == [FAILED]
    assert settled(opening().lose()) == [UNKNOWN]
    assert settled(ready().lose()) == []


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State.UNKNOWN, [(State.SUCCEEDED, True)]),
        (State.ACKNOWLEDGED, [(State.SUCCEEDED, True)]),
        (State.SENT, []),
        (State.TIMED_OUT, []),
    ],
)
def test_an_answer_after_a_reconnection(state: State, outcome: list[tuple[State, bool]]) -> None:
    door = Door(OpenCommand("unlock", 7, "unlock", NoParameters(), state))
    door.connect()
    assert settled(door.say(opened(0))) == outcome


def test_codes_that_nobody_asked_for_are_not_used() -> None:
    assert sent(ready().say(LOCK_CODE)) == []
    assert sent(opening().say(LOCK_CODE)) == []


def test_one_unlocking_at_a_time() -> None:
    refused = opening().ask("unlock", "second")
    assert settled(refused) == [REJECTED]
    assert sent(refused) == []


def test_nothing_can_be_asked_of_nobody() -> None:
    assert settled(Door().ask("unlock")) == [REJECTED]


def test_setting_the_clock() -> None:
    door = ready()
    assert len(sent(door.ask("set_clock"))) == 1
    assert settled(door.say(CLOCK_SET)) == [SUCCEEDED]
    door.ask("set_clock", "second")
    assert settled(door.wait(STEP_WITHIN_S)) == [TIMED_OUT]
    assert settled(door.say(CLOCK_SET)) == [(State.SUCCEEDED, True)]


def test_the_table_is_whole() -> None:
    assert {turn.step for turn in TABLE.values()} | {Step.CLOCK} == set(Step)
    for step in set(Step) - {Step.IDLE}:
        assert (step, Input.TIME_UP) in TABLE
        assert (step, Input.LOST) in TABLE
    for (step, happened), turn in TABLE.items():
        if happened in {Input.TIME_UP, Input.LOST}:
            assert (turn.state is State.UNKNOWN) is (step is Step.OPENING)


ANYTHING = st.sampled_from(
    [
        "unlock",
        "set_clock",
        "lose",
        CLOCK_SET,
        LOCK_CODE,
        *(opened(status, 9) for status in (0, 1, 2, 3)),
        2.0,
        6.0,
        11.0,
        61.0,
    ]
)


@given(st.lists(ANYTHING, max_size=40))
def test_whatever_happens_an_order_leaves_once_and_transitions_are_legal(inputs: list[object]) -> None:
    door, states, orders = ready(), dict[str, State](), 0
    for number, happening in enumerate(inputs):
        effects = _happen(door, happening, number, states)
        for effect in effects:
            if isinstance(effect, Settle):
                assert effect.state in TRANSITIONS[states[effect.command]]
                states[effect.command] = effect.state
        orders += sum(isinstance(message, m.Open) for message in sent(effects))
    assert orders <= sum(one == "unlock" for one in inputs)
    assert orders <= sum(one is LOCK_CODE for one in inputs)


def _happen(door: Door, happening: object, number: int, states: dict[str, State]) -> Effects:
    match happening:
        case float():
            return door.wait(happening)
        case "lose":
            return door.lose()
        case str():
            command = f"{happening}-{number}"
            states[command] = State.ACCEPTED
            effects = door.ask(happening, command, number)
            if any(isinstance(effect, Send) for effect in effects):
                states[command] = State.SENT
            return effects
        case m.ClockSet() | m.LockCode() | m.OpenAnswer():
            return door.say(happening)
    raise AssertionError(happening)
