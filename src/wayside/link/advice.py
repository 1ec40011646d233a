"""What is missing when this machine's Bluetooth cannot be used, and what to do about it."""

from __future__ import annotations

from typing import Final

from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError
from bleak.exc import BleakBluetoothNotAvailableReason as Reason

NO_BUS: Final = "no D-Bus system bus answers here: install and start dbus and bluez (BlueZ)"

NO_BLUEZ: Final = "BlueZ does not run: install it and start its service (systemctl start bluetooth)"

ADVICE: Final[dict[Reason, str]] = {
    Reason.NO_BLUETOOTH: "no Bluetooth adapter: plug one in, or hand it to this container",
    Reason.NO_BLE_CENTRAL_ROLE: "the Bluetooth adapter cannot be a central of BLE: another one is needed",
    Reason.POWERED_OFF: "the Bluetooth adapter is switched off: bluetoothctl power on",
    Reason.DENIED_BY_USER: "the system asked whether this program may use Bluetooth, and was told no",
    Reason.DENIED_BY_SYSTEM: "this user may not use Bluetooth: see D-Bus policies, and the group bluetooth",
    Reason.DENIED_BY_UNKNOWN: "this program may not use Bluetooth",
}

_NOBODY: Final = ("org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner")


def words(error: BleakError | OSError) -> str:
    """The error in words that name what to do; its own where nothing better is known."""
    match error:
        case BleakBluetoothNotAvailableError():
            return ADVICE.get(error.reason, str(error.args[0]))
        case BleakDBusError(dbus_error=name) if name in _NOBODY:
            return NO_BLUEZ
        # On the way to the bus there is one file, the socket: nothing else is opened or called by name.
        case FileNotFoundError() | ConnectionRefusedError():
            return NO_BUS
    return str(error)
