"""What a lock's messages mean, in the words of the vocabulary.

No event carries a time of the device's own: the lines of state have none, and the times in L0 and L1 are echoes
of what the lock was told (L1 even echoes the last *unlocking*), so they would order events wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from wayside.model.events import Event, Kind, Values
from wayside.protocols.parking_lock.messages import (
    Alarm,
    Arm,
    AutoLockReport,
    Heartbeat,
    Locked,
    LockResult,
    Result,
    SignIn,
    Status,
    UnlockResult,
    UpgradeCode,
    UpgradeReport,
    Version,
)

ARM: Final = {Arm.DOWN: "down", Arm.UP: "up", Arm.OTHER: "other"}
LOCKED: Final = {Locked.UNLOCKED: "unlocked", Locked.LOCKED: "locked"}
RESULTS: Final = {Result.OK: "ok", Result.FAILED: "failed", Result.KEY_REFUSED: "key_refused"}
ALARMS: Final = {1: "lock_forced", 2: "lock_reset_failed", 3: "lock_obstructed"}
UPGRADES: Final = {
    UpgradeCode.RECEIVED: "accepted",
    UpgradeCode.REJECTED: "rejected",
    UpgradeCode.ENDED: "finished",
}
FLAGS: Final = {0: False, 1: True}

MILLIVOLTS: Final = 1000
LEVEL_MAX: Final = 100
MAC: Final = re.compile(r"[0-9A-Fa-f]{2}(?:[:_-][0-9A-Fa-f]{2}){5}")


def events(message: msgspec.Struct, *, moving: bool = False) -> tuple[Event, ...]:
    """What a message from the lock says; nothing, for those that only serve the dialogue.

    ``moving``: an operation of ours is under way, so a lever between its ends is on its way.
    """
    row = ROWS.get(type(message))
    if row is None:
        return ()
    kind, name, values_of = row
    values = values_of(message)
    if moving and values.get("lock.arm.position") == "other":
        values["lock.state"] = "moving"
    return (Event(kind, name, values),)


def _sign_in(message: SignIn) -> Values:
    values: Values = {"battery.voltage": message.voltage_mv / MILLIVOLTS}
    _put_mac(values, message.mac)
    put_code(values, "lock.arm.position", ARM, message.arm)
    return values


def _heartbeat(message: Heartbeat) -> Values:
    values: Values = {
        "battery.voltage": message.voltage_mv / MILLIVOLTS,
        "gsm.signal.raw": message.signal,
    }
    _put_state(values, message)
    return values


def _status(message: Status) -> Values:
    values: Values = {
        "battery.voltage": message.voltage_mv / MILLIVOLTS,
        "gsm.signal.raw": message.signal,
    }
    if message.level <= LEVEL_MAX:
        values["battery.level"] = message.level
    _put_state(values, message)
    put_text(values, "sim.iccid", message.iccid)
    put_text(values, "sim.apn", message.apn)
    _put_mac(values, message.mac)
    return values


def _operation(kind: str, state: str) -> Callable[[UnlockResult | LockResult], Values]:
    def values_of(message: UnlockResult | LockResult) -> Values:
        values: Values = {"operation.kind": kind, "operation.user": message.user}
        put_code(values, "operation.result", RESULTS, message.result)
        if message.result == Result.OK:
            values["lock.state"] = state
        if isinstance(message, LockResult) and message.duration_min is not None:
            values["lock.duration"] = message.duration_min
        return values

    return values_of


def _version(message: Version) -> Values:
    values: Values = {}
    put_text(values, "device.firmware.version", message.software)
    put_text(values, "device.firmware.date", message.compiled)
    put_text(values, "device.module.version", message.module)
    return values


def _alarm(message: Alarm) -> Values:
    values: Values = {"alarm.code": message.code}
    if message.code in ALARMS:
        values["alarm.kind"] = ALARMS[message.code]
    return values


def _upgrade(message: UpgradeReport) -> Values:
    values: Values = {}
    put_code(values, "update.status", UPGRADES, message.code)
    return values


def _auto_lock(message: AutoLockReport) -> Values:
    values: Values = {}
    put_flag(values, "lock.auto.status", message.enabled)
    return values


def _put_state(values: Values, message: Heartbeat | Status) -> None:
    put_code(values, "lock.state", LOCKED, message.locked)
    put_code(values, "lock.arm.position", ARM, message.arm)
    put_flag(values, "lock.auto.status", message.auto_lock)
    # Sections 2.2 and 2.3: whether a car stands above means nothing while the lock is locked.
    if message.locked == Locked.UNLOCKED:
        put_flag(values, "bay.occupied.status", message.occupied)


def put_code(values: Values, name: str, known: dict[Any, str], code: int) -> None:
    """The code's word, or the code itself under ``….raw`` where there is none."""
    if code in known:
        values[name] = known[code]
    else:
        values[f"{name}.raw"] = int(code)


def put_flag(values: Values, name: str, code: int | None) -> None:
    """0 or 1 as a boolean; anything else is left out."""
    if code in FLAGS:
        values[name] = FLAGS[code]


def put_text(values: Values, name: str, text: str) -> None:
    """A text, unless it is empty."""
    if text:
        values[name] = text


def _put_mac(values: Values, mac: str) -> None:
    if MAC.fullmatch(mac):
        values["bluetooth.mac"] = mac.upper().replace("_", ":").replace("-", ":")


ROWS: Final[dict[type, tuple[Kind, str, Callable[[Any], Values]]]] = {
    SignIn: (Kind.REPORT, "sign_in", _sign_in),
    Heartbeat: (Kind.REPORT, "heartbeat", _heartbeat),
    Status: (Kind.REPORT, "status", _status),
    UnlockResult: (Kind.OPERATION, "unlock", _operation("unlock", "unlocked")),
    LockResult: (Kind.OPERATION, "lock", _operation("lock", "locked")),
    Version: (Kind.REPORT, "version", _version),
    Alarm: (Kind.ALARM, "alarm", _alarm),
    UpgradeReport: (Kind.REPORT, "upgrade", _upgrade),
    AutoLockReport: (Kind.REPORT, "auto_lock", _auto_lock),
}
