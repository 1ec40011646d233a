"""Door locks that a phone opens over BLE with one-time codes (captured exchange of 2019)."""

from __future__ import annotations

from wayside.protocol.base import Link, Protocol, Transport
from wayside.protocols.door_lock.commands import CAPABILITIES
from wayside.protocols.door_lock.frames import DoorLockFramer
from wayside.protocols.door_lock.identity import EXAMPLE, IDENT
from wayside.protocols.door_lock.messages import MESSAGES, parse
from wayside.protocols.door_lock.options import CLOCK_INTERVAL_S
from wayside.protocols.door_lock.redaction import redact
from wayside.protocols.door_lock.session import DoorLockSession
from wayside.protocols.door_lock.simulator import DoorLockSimulator

PROTOCOL = Protocol(
    name="door-lock",
    title="Door lock",
    ident=IDENT,
    example=EXAMPLE,
    links=(
        Link(
            transport=Transport.BLE,
            framer=DoorLockFramer,
            parse=parse,
            session=DoorLockSession,
            simulator=DoorLockSimulator,
            # The lock only answers: its clock is set that often, and one answer may be missed.
            idle_timeout_s=3 * CLOCK_INTERVAL_S,
        ),
    ),
    capabilities=CAPABILITIES,
    messages=MESSAGES,
    redact=redact,
)
