"""Somebody at the other end has said who it is: who speaks on this line from now on, or how long it is left alone."""

from __future__ import annotations

from typing import NamedTuple

from wayside.gateway.device import Device, Line
from wayside.gateway.hub import Hub
from wayside.gateway.quarantine import Guest
from wayside.gateway.registry import TurnedAwayFor
from wayside.model.instant import Instant
from wayside.ports.store import DeviceStatus


class TurnedAway(NamedTuple):
    """It may not come in, and is left unanswered for so long."""

    hold_s: float
    reason: str


def introduce(hub: Hub, line: Line, protocol: str, ident: str, at: Instant) -> Device | Guest | TurnedAway:
    """Look it up, and have the line speak for it.  Those who were rejected are held longer each time they come."""
    who = hub.registry.identify(line, protocol, ident, at)
    if isinstance(who, TurnedAwayFor):
        return TurnedAway(hub.limits.refused_hold_s, who.value)
    if isinstance(who, Device) and who.record.status is DeviceStatus.REJECTED:
        hold_s = hub.limits.refused_hold_s * 2.0 ** min(who.refusals, 32)
        who.refusals += 1
        return TurnedAway(min(hold_s, hub.limits.refused_hold_max_s), "rejected")
    return who
