"""What is said when this machine's Bluetooth cannot be used."""

import errno

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError
from bleak.exc import BleakBluetoothNotAvailableReason as Reason

from wayside.link.adapter import Backends, usable
from wayside.link.advice import words


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "install and start dbus and bluez"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
            "install and start dbus and bluez",
        ),
        (BleakBluetoothNotAvailableError("x", Reason.NO_BLUETOOTH), "no Bluetooth adapter: plug one in"),
        (BleakBluetoothNotAvailableError("x", Reason.POWERED_OFF), "bluetoothctl power on"),
        (BleakBluetoothNotAvailableError("x", Reason.DENIED_BY_SYSTEM), "this user may not use Bluetooth"),
        (BleakBluetoothNotAvailableError("Resetting.", Reason.UNKNOWN), "Resetting."),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["x"]), "BlueZ does not run"),
        (BleakDBusError("org.bluez.Error.Failed", ["busy"]), "[org.bluez.Error.Failed] busy"),
        (BleakError("adapter 'hci0' not found"), "adapter 'hci0' not found"),
    ],
)
def test_what_is_missing_is_named(error: BleakError | OSError, said: str) -> None:
    assert said in words(error)


async def test_so_it_reaches_whoever_asks_for_the_adapter() -> None:
    class NoBus:
        def __init__(self, *_: object, **__: object) -> None:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    with pytest.raises(ConnectionError, match="D-Bus"):
        await usable(Backends(scanner=NoBus))  # type: ignore[arg-type]  # it fails before it is a scanner
