"""A simulated lock and a session, without a radio."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest

from tests.harness import Duet, Tamper, byte_by_byte, drop, duplicate
from wayside.model.commands import Command, NoParameters, State
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Side
from wayside.protocol.questions import FirmwareOffer, Question
from wayside.protocol.session import ATT_MTU_DEFAULT, Setup
from wayside.protocol.simulator import Behaviour
from wayside.protocols.parking_lock import PROTOCOL
from wayside.protocols.parking_lock.ble.frames import BleFramer
from wayside.protocols.parking_lock.ble.session import BleParkingLockSession
from wayside.protocols.parking_lock.ble.simulator import BleParkingLockSimulator

WRITE_BYTES_MAX = ATT_MTU_DEFAULT - 3
FIRMWARE = bytes(range(256)) * 8 + b"the end"
PACKET_BYTES = 20


def by_mtu(data: bytes) -> list[bytes]:
    assert len(data) <= WRITE_BYTES_MAX, "every frame is one write, even with the smallest MTU"
    return [data]


def answer(_: Question) -> FirmwareOffer:
    return FirmwareOffer("http://files.example/1", len(FIRMWARE), sum(FIRMWARE), FIRMWARE)


def session(seed: int = 1, **options: str) -> BleParkingLockSession:
    return BleParkingLockSession(Setup(random_bytes=random.Random(seed).randbytes, options=options))


def duet(*, faults: float = 0.0, seed: int = 1) -> tuple[Duet, BleParkingLockSimulator]:
    lock = BleParkingLockSimulator(Behaviour(7, faults=faults), random.Random(seed))
    pair = Duet(session(), lock, BleFramer(Side.DEVICE), answer=answer)
    pair.to_device.tamper = pair.to_server.tamper = by_mtu
    pair.connect()
    return pair, lock


def order(capability: str, number: int = 1, **parameters: object) -> Command:
    known = PROTOCOL.capability(capability)
    assert known is not None
    return Command(
        f"{capability}-{number}", number, capability, msgspec.convert(parameters, known.parameters)
    )


def test_a_lock_is_known_by_what_it_tells() -> None:
    pair, lock = duet()
    assert pair.identified == [lock.ident]
    told = {name for event in pair.events for name in event.values}
    assert told >= {"device.imei", "bluetooth.mac", "battery.voltage", "device.key.default.status"}


@pytest.mark.parametrize("tamper", [by_mtu, byte_by_byte, duplicate])
@pytest.mark.parametrize(("capability", "state"), [("unlock", "unlocked"), ("lock", "locked")])
def test_an_operation_over_a_bad_line(tamper: Tamper, capability: str, state: str) -> None:
    pair, lock = duet()
    pair.to_server.tamper = tamper
    pair.execute(order(capability))
    pair.run(10)
    assert pair.state(f"{capability}-1") is State.SUCCEEDED
    assert pair.settled[-1].values["lock.state"] == state
    assert not lock.unconfirmed
    assert pair.bad == []


def test_several_frames_in_one_notification() -> None:
    pair, _ = duet()
    pair.to_server.hold()
    pair.execute(order("unlock"))
    pair.run(20)
    pair.to_server.release(pair.now)
    pair.run(1)
    assert pair.settled[-1].late
    assert pair.state("unlock-1") is State.SUCCEEDED


def test_the_order_is_lost() -> None:
    pair, lock = duet()
    pair.to_device.tamper = drop
    pair.execute(order("unlock"))
    pair.run(10)
    pair.to_device.tamper = by_mtu
    pair.run(60)
    assert pair.state("unlock-1") is State.UNKNOWN
    assert lock.bay.locked
    assert [send.message for send in pair.sent].count("unlock") == 1


def test_the_result_is_lost_and_the_state_says_so() -> None:
    pair, lock = duet()
    lost: list[bytes] = []

    def lose_reports(data: bytes) -> list[bytes]:
        (frame,) = BleFramer(Side.DEVICE).feed(data)
        if getattr(frame, "name", "") == "unlock":
            lost.append(data)
            return []
        return [data]

    pair.to_server.tamper = lose_reports
    pair.execute(order("unlock"))
    pair.run(20)
    assert len(lost) == 2
    assert pair.states["unlock-1"][-2:] == [State.UNKNOWN, State.SUCCEEDED]
    assert lock.unconfirmed


def test_no_device_key_in_time() -> None:
    lock = BleParkingLockSimulator(Behaviour(7), random.Random(1))
    pair = Duet(session(), lock, BleFramer(Side.DEVICE))
    pair.to_device.tamper = drop
    pair.connect()
    pair.run(6)
    assert len(pair.closed) == 1


def test_another_device_key() -> None:
    pair, lock = duet()
    pair.execute(order("set_device_key", device_key="s3cret!!"))
    assert pair.state("set_device_key-1") is State.SUCCEEDED
    pair.reconnect(session(), BleFramer(Side.DEVICE))
    assert pair.closed == ["the lock refuses the device key"]
    pair.reconnect(session(device_key="s3cret!!"), BleFramer(Side.DEVICE))
    assert pair.identified == [lock.ident] * 2
    flags = [event.values.get("device.key.default.status") for event in pair.events]
    assert [flag for flag in flags if flag is not None] == [True, False]


@pytest.mark.parametrize("faults", [0.0, 0.2])
def test_an_upgrade_brings_the_whole_file(faults: float) -> None:
    pair, lock = duet()
    lock._behaviour = Behaviour(7, faults=faults)
    pair.execute(order("upgrade", firmware="fw-1"))
    pair.run(300)
    assert lock.firmware == FIRMWARE
    assert pair.states["upgrade-1"] == [
        State.ACCEPTED,
        State.SENT,
        State.ACKNOWLEDGED,
        State.UNCONFIRMED,
    ]
    assert pair.closed == ["restart"]


def test_packets_are_single_writes() -> None:
    pair, _ = duet()
    pair.execute(order("upgrade", firmware="fw-1"))
    packets = [send.data for send in pair.sent if send.message == "packet"]
    assert {len(data) for data in packets} == {PACKET_BYTES}


def test_another_server_is_written_and_read_back() -> None:
    pair, lock = duet()
    pair.execute(order("set_server", host="new.example.net", port=9000))
    pair.run(30)
    assert pair.state("set_server-1") is State.SUCCEEDED
    assert (lock.items["IP"], lock.items["PORT"], lock.items["APN"]) == ("new.example.net", "9000", "CMNET")


def test_automatic_locking_is_read_back() -> None:
    pair, lock = duet()
    pair.execute(order("auto_lock", enabled=False))
    assert pair.state("auto_lock-1") is State.SUCCEEDED
    assert not lock.bay.auto_lock


def test_a_restart_is_confirmed_by_the_next_connection() -> None:
    pair, _ = duet()
    pair.execute(order("reboot"))
    pair.run(5)
    assert pair.closed == ["restart"]
    pair.reconnect(session(2), BleFramer(Side.DEVICE))
    assert pair.state("reboot-1") is State.SUCCEEDED


def test_an_operation_that_outlives_its_connection() -> None:
    pair, lock = duet()
    pair.execute(order("unlock"))
    pair.disconnect()
    assert pair.state("unlock-1") is State.UNKNOWN
    lock.wake(pair.now + 10_000_000)
    assert not lock.bay.locked


def test_a_damaged_frame_is_complained_about() -> None:
    pair, lock = duet()
    reactions = lock.received(pair.sent[0].data[:-1] + b"\0", pair.now)
    assert reactions[0].message == "complaint"  # type: ignore[union-attr]  # the first is a Send


@pytest.mark.parametrize("seed", range(4))
def test_a_day_of_a_moody_lock(seed: int) -> None:
    pair, _ = duet(faults=0.2, seed=seed)
    for number in range(0, 80, 2):
        for kind, pause_s in (("unlock", 600), ("lock", 400)):
            if not pair.connected:
                pair.reconnect(session(number), BleFramer(Side.DEVICE))
            pair.execute(Command(f"{kind}-{number}", number, kind, NoParameters()))
            pair.run(pause_s)
    assert (pair.bad, pair.undecodable) == ([], [])
    assert [problem for event in pair.events for problem in complaints(event.values)] == []
    ends = Counter(states[-1] for states in pair.states.values())
    assert set(ends) >= {State.SUCCEEDED, State.FAILED}
    assert State.UNKNOWN in {state for states in pair.states.values() for state in states}
    messages = Counter(event.message for event in pair.events)
    assert set(messages) >= {"status", "cover", "unlock", "lock", "information"}
