"""A simulated lock and a session, without sockets."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.harness import Duet, Tamper, byte_by_byte, drop, duplicate
from wayside.model.commands import Command, NoParameters, State
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Side
from wayside.protocol.imei import is_valid
from wayside.protocol.session import Setup
from wayside.protocol.simulator import Behaviour
from wayside.protocols.parking_lock.frames import LineFramer
from wayside.protocols.parking_lock.session import ParkingLockSession
from wayside.protocols.parking_lock.simulator import ParkingLockSimulator


def duet(*, faults: float = 0.0, seed: int = 1) -> Duet:
    simulator = ParkingLockSimulator(Behaviour(7, faults=faults), random.Random(seed))
    duet = Duet(ParkingLockSession(Setup()), simulator, LineFramer(Side.DEVICE))
    duet.connect()
    return duet


def operation(kind: str, number: int = 1) -> Command:
    return Command(f"{kind}-{number}", number, kind, NoParameters())


def test_idents_are_different_and_valid() -> None:
    idents = {ParkingLockSimulator(Behaviour(n), random.Random(n)).ident for n in range(200)}
    assert len(idents) == 200
    assert all(is_valid(ident) for ident in idents)


@pytest.mark.parametrize("tamper", [byte_by_byte, duplicate])
def test_an_unlocking_over_a_bad_line(tamper: Tamper) -> None:
    pair = duet()
    pair.to_server.tamper = tamper
    pair.execute(operation("unlock"))
    pair.run(10)
    assert pair.state("unlock-1") is State.SUCCEEDED
    assert pair.events[-1].values.get("lock.state", "unlocked") == "unlocked"
    assert pair.bad == []


def test_everything_in_one_read() -> None:
    pair = duet()
    pair.to_server.hold()
    pair.execute(operation("unlock"))
    pair.run(15)
    pair.to_server.release(pair.now)
    pair.run(10)
    assert pair.state("unlock-1") is State.SUCCEEDED


def test_nothing_comes_back() -> None:
    pair = duet()
    pair.to_server.tamper = drop
    pair.execute(operation("unlock"))
    pair.run(60)
    assert pair.state("unlock-1") is State.TIMED_OUT


def test_the_order_to_move_is_lost() -> None:
    pair = duet()
    pair.to_device.tamper = lambda data: [] if b",L0," in data else [data]
    pair.execute(operation("unlock"))
    pair.run(150)
    assert pair.state("unlock-1") is State.UNKNOWN
    assert [send.message for send in pair.sent] == ["key", "unlock", "status"]


def test_a_result_that_got_lost_is_repeated_until_its_receipt() -> None:
    pair = duet()
    lost: list[bytes] = []

    def lose_first(data: bytes) -> list[bytes]:
        if b",L0," in data and not lost:
            lost.append(data)
            return []
        return [data]

    pair.to_server.tamper = lose_first
    pair.execute(operation("unlock"))
    pair.run(60)
    assert pair.state("unlock-1") is State.SUCCEEDED
    assert [event.message for event in pair.events].count("unlock") == 1


def test_a_delayed_result_is_late_and_true() -> None:
    pair = duet()
    pair.execute(operation("unlock"))
    pair.to_server.hold()
    pair.run(61)
    assert pair.state("unlock-1") is State.UNKNOWN
    pair.to_server.release(pair.now)
    pair.run(1)
    assert pair.state("unlock-1") is State.SUCCEEDED
    assert pair.settled[-1].late


def test_a_restart_is_confirmed_by_the_next_sign_in() -> None:
    pair = duet()
    pair.execute(operation("reboot"))
    pair.run(10)
    assert pair.closed == ["restart"]
    pair.reconnect(ParkingLockSession(Setup()), LineFramer(Side.DEVICE))
    assert pair.state("reboot-1") is State.SUCCEEDED


@pytest.mark.parametrize("seed", range(5))
def test_a_day_of_a_moody_lock(seed: int) -> None:
    pair = duet(faults=0.2, seed=seed)
    for number in range(0, 60, 2):
        pair.execute(operation("unlock", number))
        pair.run(900)
        pair.execute(operation("lock", number + 1))
        pair.run(500)
    assert (pair.bad, pair.undecodable, pair.closed) == ([], [], [])
    assert [problem for event in pair.events for problem in complaints(event.values)] == []
    ends = Counter(states[-1] for states in pair.states.values())
    assert set(ends) >= {State.SUCCEEDED, State.FAILED, State.TIMED_OUT}
    messages = Counter(event.message for event in pair.events)
    assert set(messages) >= {"sign_in", "heartbeat", "unlock", "lock", "alarm"}
    seen = {event.values.get("bay.occupied.status") for event in pair.events}
    assert seen == {None, False, True}
