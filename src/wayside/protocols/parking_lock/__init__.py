"""Parking locks with a lever: TCP text lines and BLE binary frames (document version 2.1.8)."""

from __future__ import annotations

from wayside.protocol.base import Link, Protocol, Transport
from wayside.protocols.parking_lock.ble.commands import CAPABILITIES as BLE_CAPABILITIES
from wayside.protocols.parking_lock.ble.link import BLE
from wayside.protocols.parking_lock.ble.messages import MESSAGES as BLE_MESSAGES
from wayside.protocols.parking_lock.ble.redaction import redact
from wayside.protocols.parking_lock.commands import CAPABILITIES
from wayside.protocols.parking_lock.frames import LineFramer
from wayside.protocols.parking_lock.messages import MESSAGES, parse
from wayside.protocols.parking_lock.session import ParkingLockSession
from wayside.protocols.parking_lock.simulator import ParkingLockSimulator

TCP = Link(
    transport=Transport.TCP,
    framer=LineFramer,
    parse=parse,
    session=ParkingLockSession,
    simulator=ParkingLockSimulator,
    # The document gives no heartbeat interval; some minutes are usual, and a modem may miss one.
    idle_timeout_s=900.0,
    port=9681,
    capabilities=frozenset(capability.name for capability in CAPABILITIES),
)

PROTOCOL = Protocol(
    name="parking-lock",
    title="Parking lock",
    # The IMEI; over BLE the address of a lock that does not tell it.
    ident=r"[0-9]{15}|[0-9A-F]{12}",
    example="866266066379439",
    links=(TCP, BLE),
    capabilities=CAPABILITIES + BLE_CAPABILITIES,
    messages=MESSAGES + BLE_MESSAGES,
    redact=redact,
)
