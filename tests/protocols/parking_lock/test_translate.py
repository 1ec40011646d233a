"""What the lines mean, worked out by hand from sections 2.1 to 2.13."""

from __future__ import annotations

import msgspec
import pytest

from tests.protocols.parking_lock.printed import FROM_LOCK, Printed
from wayside.model.events import Event, Kind, Values
from wayside.model.vocabulary import complaints
from wayside.protocols.parking_lock import messages as m
from wayside.protocols.parking_lock.translate import events

MEANINGS: dict[str, tuple[Kind, str, Values] | None] = {
    "Q0": (
        Kind.REPORT,
        "sign_in",
        {"battery.voltage": 6.023, "bluetooth.mac": "E7:0F:B7:FD:A6:74", "lock.arm.position": "up"},
    ),
    "H0": (
        Kind.REPORT,
        "heartbeat",
        {
            "battery.voltage": 6.023,
            "gsm.signal.raw": 31,
            "lock.state": "locked",
            "lock.arm.position": "down",
            "lock.auto.status": True,
        },
    ),
    "S5": (
        Kind.REPORT,
        "status",
        {
            "battery.voltage": 6.028,
            "gsm.signal.raw": 30,
            "battery.level": 48,
            "lock.state": "locked",
            "lock.arm.position": "up",
            "lock.auto.status": True,
            "sim.iccid": "898604D5192291255340",
            "sim.apn": "CMIOT",
            "bluetooth.mac": "E7:0F:B7:FD:A6:74",
        },
    ),
    "R0": None,
    "L0": (
        Kind.OPERATION,
        "unlock",
        {
            "operation.kind": "unlock",
            "operation.user": 1234,
            "operation.result": "ok",
            "lock.state": "unlocked",
        },
    ),
    "L1": (
        Kind.OPERATION,
        "lock",
        {
            "operation.kind": "lock",
            "operation.user": 1234,
            "operation.result": "ok",
            "lock.state": "locked",
            "lock.duration": 5,
        },
    ),
    "G0": (
        Kind.REPORT,
        "version",
        {
            "device.firmware.version": "V1.0.0",
            "device.firmware.date": "May172017",
            "device.module.version": "SIM7670V01",
        },
    ),
    "W0": (Kind.ALARM, "alarm", {"alarm.code": 1, "alarm.kind": "lock_forced"}),
    "U0": (Kind.REPORT, "upgrade", {"update.status.raw": 220}),
    "S6": (Kind.REPORT, "auto_lock", {"lock.auto.status": True}),
}


def values(message: msgspec.Struct, *, moving: bool = False) -> Values:
    (event,) = events(message, moving=moving)
    assert complaints(event.values) == []
    return event.values


@pytest.mark.parametrize("printed", FROM_LOCK)
def test_printed_lines(printed: Printed) -> None:
    meaning = MEANINGS[printed.text.split(",")[3].rstrip("#")]
    assert events(printed.message) == ((Event(*meaning),) if meaning else ())


def heartbeat(locked: int, occupied: int, arm: int = 1) -> m.Heartbeat:
    return m.Heartbeat(m.Locked(locked), 5093, 2, occupied, m.Arm(arm), "", "", 0)


def test_a_car_counts_only_while_unlocked() -> None:
    assert values(heartbeat(0, 1))["bay.occupied.status"] is True
    assert values(heartbeat(0, 0))["bay.occupied.status"] is False
    assert "bay.occupied.status" not in values(heartbeat(1, 1))
    assert "bay.occupied.status" not in values(heartbeat(7, 1))


def test_a_lever_between_its_ends_moves_only_while_an_operation_is_under_way() -> None:
    assert values(heartbeat(1, 0, 3))["lock.state"] == "locked"
    assert values(heartbeat(1, 0, 3), moving=True)["lock.state"] == "moving"
    assert values(heartbeat(1, 0, 2), moving=True)["lock.state"] == "locked"


def test_unknown_codes_stay_numbers() -> None:
    said = values(heartbeat(9, 0, 8))
    assert said["lock.state.raw"] == 9
    assert said["lock.arm.position.raw"] == 8
    assert values(m.Alarm(77)) == {"alarm.code": 77}
    assert values(m.UnlockResult(m.Result(5), 1, 2))["operation.result.raw"] == 5


@pytest.mark.parametrize(("result", "word"), [(1, "failed"), (2, "key_refused")])
def test_what_did_not_happen_changes_no_state(result: int, word: str) -> None:
    assert values(m.UnlockResult(m.Result(result), 7, 8)) == {
        "operation.kind": "unlock",
        "operation.user": 7,
        "operation.result": word,
    }


@pytest.mark.parametrize(("code", "word"), [(100, "accepted"), (101, "rejected"), (200, "finished")])
def test_upgrades(code: int, word: str) -> None:
    assert values(m.UpgradeReport(m.UpgradeCode(code))) == {"update.status": word}


@pytest.mark.parametrize(("code", "word"), [(2, "lock_reset_failed"), (3, "lock_obstructed")])
def test_alarms(code: int, word: str) -> None:
    assert values(m.Alarm(code)) == {"alarm.code": code, "alarm.kind": word}


def test_impossible_values_are_left_out() -> None:
    status = m.Status(5000, 101, 9, m.Locked.LOCKED, 0, m.Arm.UP, "", "", "not a mac", 7)
    assert values(status) == {
        "battery.voltage": 5.0,
        "gsm.signal.raw": 9,
        "lock.state": "locked",
        "lock.arm.position": "up",
    }
