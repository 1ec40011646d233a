"""The BLE link of parking locks (1.5, 1.6)."""

from __future__ import annotations

from typing import Final

from wayside.protocol.base import Gatt, Link, Relative, Transport
from wayside.protocols.parking_lock.ble.commands import CARRIED
from wayside.protocols.parking_lock.ble.frames import BleFramer
from wayside.protocols.parking_lock.ble.messages import parse
from wayside.protocols.parking_lock.ble.options import IDLE_TIMEOUT_S
from wayside.protocols.parking_lock.ble.session import BleParkingLockSession
from wayside.protocols.parking_lock.ble.simulator import BleParkingLockSimulator

GATT: Final = Gatt(
    service="6e400001-b5a3-f393-e0a9-e50e24dcca9e",
    write="6e400002-b5a3-f393-e0a9-e50e24dcca9e",
    notify="6e400003-b5a3-f393-e0a9-e50e24dcca9e",
    relatives=(Relative("6f400001-b5a3-f393-e0a9-e50e24dcca9e", "Parking lock's remote control"),),
)

BLE: Final = Link(
    transport=Transport.BLE,
    framer=BleFramer,
    parse=parse,
    session=BleParkingLockSession,
    simulator=BleParkingLockSimulator,
    idle_timeout_s=IDLE_TIMEOUT_S,
    gatt=GATT,
    capabilities=CARRIED,
)
