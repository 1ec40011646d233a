"""Parking locks with a lever, over TCP text lines (document version 2.1.8, chapter 2)."""

from __future__ import annotations

from wayside.protocol.base import Link, Protocol, Transport
from wayside.protocols.parking_lock.commands import CAPABILITIES
from wayside.protocols.parking_lock.frames import LineFramer
from wayside.protocols.parking_lock.messages import MESSAGES, parse
from wayside.protocols.parking_lock.session import ParkingLockSession
from wayside.protocols.parking_lock.simulator import ParkingLockSimulator

PROTOCOL = Protocol(
    name="parking-lock",
    title="Parking lock",
    ident=r"[0-9]{15}",
    example="866266066379439",
    links=(
        Link(
            transport=Transport.TCP,
            framer=LineFramer,
            parse=parse,
            session=ParkingLockSession,
            simulator=ParkingLockSimulator,
            # The document gives no heartbeat interval; some minutes are usual, and a modem may miss one.
            idle_timeout_s=900.0,
            port=9681,
        ),
    ),
    capabilities=CAPABILITIES,
    messages=MESSAGES,
)
