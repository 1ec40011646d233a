"""What a lock's BLE messages mean, in the words of the vocabulary; the same words as over TCP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from wayside.model.events import Event, Kind, Values
from wayside.protocols.parking_lock.ble.messages import (
    Address,
    Cover,
    LockReport,
    Progress,
    Status,
    UnlockReport,
)
from wayside.protocols.parking_lock.messages import Arm, Locked
from wayside.protocols.parking_lock.translate import (
    ARM,
    FLAGS,
    LOCKED,
    MILLIVOLTS,
    put_code,
    put_flag,
    put_text,
)

RESULTS: Final = {Progress.DONE: "ok", Progress.TIMED_OUT: "timeout"}

OBTAINED: Final = 1

DIGITS_MAX: Final = 6
"""No number in the information text is larger; ``int`` of a long text would be slow."""


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
    if values.get("lock.state") == "moving" and kind is Kind.OPERATION:
        kind = Kind.REPORT  # nothing is done yet
    return (Event(kind, name, values),)


def verified(*, by_default_key: bool) -> Event:
    """The lock took a device key: worth a warning if it is the one from the factory."""
    return Event(Kind.REPORT, "verify", {"device.key.default.status": by_default_key})


def information(items: dict[str, str]) -> Event:
    """What the information text says (1.8); its keys and passwords stay where they are."""
    values: Values = {}
    for item, name in TEXTS.items():
        put_text(values, name, items.get(item, ""))
    for item, put in NUMBERS.items():
        text = items.get(item, "")
        if 0 < len(text) <= DIGITS_MAX and text.isascii() and text.isdigit():
            put(values, int(text))
    return Event(Kind.REPORT, "information", values)


def _operation(kind: str, state: str) -> Callable[[UnlockReport | LockReport], Values]:
    def values_of(message: UnlockReport | LockReport) -> Values:
        if message.progress == Progress.STARTED:
            return {"lock.state": "moving"}
        values: Values = {"operation.kind": kind}
        put_code(values, "operation.result", RESULTS, message.progress)
        if message.progress == Progress.DONE:
            values["lock.state"] = state
        return values

    return values_of


def _status(message: Status) -> Values:
    values: Values = {
        "battery.voltage": message.voltage_mv / MILLIVOLTS,
        "lock.state": LOCKED[locked_of(message)],
        "lock.arm.position": ARM[arm_of(message)],
        "lock.auto.status": message.auto_lock,
        "device.firmware.version": f"{message.major}.{message.minor}.{message.edition}",
    }
    # As over TCP: whether a car stands above means nothing while the lock is locked.
    if message.unlocked:
        values["bay.occupied.status"] = message.occupied
    return values


def locked_of(message: Status) -> Locked:
    """What the lock calls its state."""
    return Locked.UNLOCKED if message.unlocked else Locked.LOCKED


def arm_of(message: Status) -> Arm:
    """Where the lever is: at the end that the state names, unless a bit says that it is not."""
    if message.centre or message.reverse:
        return Arm.OTHER
    return Arm.DOWN if message.unlocked else Arm.UP


def _cover(message: Cover) -> Values:
    if message.data and message.data[0] in FLAGS:
        return {"lock.cover.status": FLAGS[message.data[0]]}
    return {"module.data.raw": message.data.hex()}


def _address(message: Address) -> Values:
    return {"bluetooth.mac": message.mac.hex(":").upper()} if message.obtained == OBTAINED else {}


def _flag(name: str) -> Callable[[Values, int], None]:
    return lambda values, code: put_flag(values, name, code)


def _code(name: str, known: dict[Any, str]) -> Callable[[Values, int], None]:
    return lambda values, code: put_code(values, name, known, code)


def _voltage(values: Values, millivolts: int) -> None:
    values["battery.voltage"] = millivolts / MILLIVOLTS


def _signal(values: Values, signal: int) -> None:
    values["gsm.signal.raw"] = signal


ROWS: Final[dict[type, tuple[Kind, str, Callable[[Any], Values]]]] = {
    UnlockReport: (Kind.OPERATION, "unlock", _operation("unlock", "unlocked")),
    LockReport: (Kind.OPERATION, "lock", _operation("lock", "locked")),
    Status: (Kind.REPORT, "status", _status),
    Cover: (Kind.REPORT, "cover", _cover),
    Address: (Kind.REPORT, "address", _address),
}

TEXTS: Final = {
    "IMEI": "device.imei",
    "ICCID": "sim.iccid",
    "APN": "sim.apn",
    "VERSION": "device.firmware.version",
    "VDATA": "device.firmware.date",
    "REVISION": "device.module.version",
}

NUMBERS: Final[dict[str, Callable[[Values, int], None]]] = {
    "CSQ": _signal,
    "POWER": _voltage,
    "CALIBRATE": _flag("lock.calibrated.status"),
    "LOCKSTA": _code("lock.state", LOCKED),
    "COVERSTA": _flag("lock.cover.status"),
    "CUR_POSITION": _code("lock.arm.position", ARM),
    "AUTOLOCK": _flag("lock.auto.status"),
}
