"""A simulated lock and a session, without a radio."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.harness import START, Duet, Tamper, byte_by_byte, drop, duplicate
from wayside.model.commands import Command, State
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Side
from wayside.protocol.session import ATT_MTU_DEFAULT, Setup
from wayside.protocol.simulator import Behaviour
from wayside.protocols.door_lock.commands import UnlockParameters
from wayside.protocols.door_lock.frames import DoorLockFramer
from wayside.protocols.door_lock.session import DoorLockSession
from wayside.protocols.door_lock.simulator import LOCKED_OUT_S, TRIES_MAX, DoorLockSimulator

WRITE_BYTES_MAX = ATT_MTU_DEFAULT - 3


def by_mtu(data: bytes) -> list[bytes]:
    return [data[n : n + WRITE_BYTES_MAX] for n in range(0, len(data), WRITE_BYTES_MAX)]


def session(seed: int = 1, options: dict[str, str] | None = None) -> DoorLockSession:
    return DoorLockSession(Setup(random_bytes=random.Random(seed).randbytes, options=options or {}))


def duet(*, faults: float = 0.0, seed: int = 1, **options: str) -> tuple[Duet, DoorLockSimulator]:
    simulator = DoorLockSimulator(Behaviour(7, faults=faults), random.Random(seed))
    pair = Duet(session(options=options), simulator, DoorLockFramer(Side.DEVICE))
    pair.to_device.tamper = pair.to_server.tamper = by_mtu
    pair.connect()
    return pair, simulator


def unlock(number: int = 1) -> Command:
    return Command(f"unlock-{number}", number, "unlock", UnlockParameters())


@pytest.mark.parametrize("tamper", [by_mtu, byte_by_byte])
def test_a_door_opens_however_its_frames_are_cut(tamper: Tamper) -> None:
    pair, lock = duet()
    pair.to_device.tamper = pair.to_server.tamper = tamper
    pair.execute(unlock())
    assert pair.state("unlock-1") is State.SUCCEEDED
    assert [send.message for send in pair.sent] == ["clock", "clock", "codes", "unlock"]
    assert pair.events[-1].at == START
    assert (lock.opened, pair.bad) == (1, [])


def test_a_lock_in_another_zone() -> None:
    pair, lock = duet(timezone_minutes="480")
    pair.execute(unlock())
    assert lock.opened == 1
    assert pair.events[-1].at == START


def test_the_same_answer_twice_opens_once() -> None:
    pair, lock = duet()
    pair.to_server.tamper = duplicate
    pair.execute(unlock())
    pair.run(30)
    assert pair.state("unlock-1") is State.SUCCEEDED
    assert lock.opened == 1
    assert [send.message for send in pair.sent].count("unlock") == 1


def test_the_order_is_lost_on_its_way() -> None:
    pair, lock = duet()
    pair.to_device.tamper = lambda data: [] if data[10] == 0x2D else [data]
    pair.execute(unlock())
    pair.run(30)
    assert pair.state("unlock-1") is State.UNKNOWN
    assert lock.opened == 0


def test_the_status_is_lost_on_its_way() -> None:
    pair, lock = duet()
    pair.to_server.tamper = lambda data: [] if data[10] == 0x2D else [data]
    pair.execute(unlock())
    pair.run(30)
    assert pair.state("unlock-1") is State.UNKNOWN
    assert lock.opened == 1
    assert [send.message for send in pair.sent].count("unlock") == 1


def test_nothing_comes_back() -> None:
    pair, lock = duet()
    pair.to_server.tamper = drop
    pair.execute(unlock())
    pair.run(6)
    assert pair.state("unlock-1") is State.TIMED_OUT
    assert pair.closed == ["the lock does not answer"]
    pair.to_server.tamper = by_mtu
    pair.reconnect(session(), DoorLockFramer(Side.DEVICE))
    pair.execute(unlock(2))
    assert pair.state("unlock-2") is State.SUCCEEDED
    assert lock.opened == 1


def test_five_wrong_tries_lock_it_out_and_it_is_left_alone() -> None:
    pair, lock = duet()
    lock._cipher = _Wrong()
    for number in range(TRIES_MAX):
        pair.execute(unlock(number))
    assert [pair.settled[-1].values.get("operation.result"), lock.wrong] == ["locked_out", 0]
    before = len(pair.sent)
    pair.execute(unlock(TRIES_MAX))
    assert pair.state(f"unlock-{TRIES_MAX}") is State.REJECTED
    assert len(pair.sent) == before
    pair.run(LOCKED_OUT_S)
    lock._cipher = DoorLockSimulator(Behaviour(7), random.Random(1))._cipher
    pair.execute(unlock(99))
    assert pair.state("unlock-99") is State.SUCCEEDED


def test_a_new_connection_hears_of_the_lock_out_from_the_lock() -> None:
    pair, lock = duet()
    lock._cipher = _Wrong()
    for number in range(TRIES_MAX):
        pair.execute(unlock(number))
    pair.reconnect(session(2), DoorLockFramer(Side.DEVICE))
    pair.run(10)
    pair.execute(unlock(9))
    assert pair.state("unlock-9") is State.FAILED
    assert pair.events[-1].values["operation.result"] == "locked_out"
    assert pair.events[-1].values["lock.wait"] == LOCKED_OUT_S - 10


def test_an_order_that_comes_after_its_window_is_refused() -> None:
    pair, lock = duet()
    held: list[bytes] = []

    def hold_the_order(data: bytes) -> list[bytes]:
        if data[10] != 0x2D:
            return [data]
        held.append(data)
        return []

    pair.to_device.tamper = hold_the_order
    pair.execute(unlock())
    pair.run(7 * 60)
    lock.received(held[0], pair.now)
    assert (lock.opened, lock.wrong) == (0, 1)


@pytest.mark.parametrize("seed", range(5))
def test_a_day_with_a_moody_lock(seed: int) -> None:
    pair, lock = duet(faults=0.1, seed=seed)
    for number in range(100):
        if not pair.connected:
            pair.reconnect(session(number), DoorLockFramer(Side.DEVICE))
            pair.run(1)
        pair.execute(unlock(number))
        pair.run(120)
    ends = Counter(states[-1] for states in pair.states.values())
    assert set(ends) >= {State.SUCCEEDED, State.FAILED, State.TIMED_OUT, State.UNKNOWN}
    assert ends[State.SUCCEEDED] <= lock.opened <= ends[State.SUCCEEDED] + ends[State.UNKNOWN]
    assert (pair.bad, pair.undecodable) == ([], [])
    assert [problem for event in pair.events for problem in complaints(event.values)] == []


class _Wrong:
    """A lock of a make whose cipher we do not know."""

    def encrypt(self, key: bytes, block: bytes) -> bytes:
        raise NotImplementedError

    def decrypt(self, key: bytes, block: bytes) -> bytes:
        return bytes(left ^ right for left, right in zip(key, block, strict=True))
