"""What a lock's answers mean, in the words of the vocabulary."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.model.events import Event, Kind, Values
from wayside.protocols.door_lock.clock import instant_of
from wayside.protocols.door_lock.messages import ClockSet, OpenAnswer, OpenStatus

RESULTS: Final = {
    OpenStatus.OK: "ok",
    OpenStatus.REFUSED: "refused",
    OpenStatus.LOCKED_OUT: "locked_out",
}


def events(message: msgspec.Struct, zone_min: int) -> tuple[Event, ...]:
    """What an answer says; ``zone_min`` is how many minutes east of UTC the lock's clock is.

    No ``lock.state``: the lock never says that it is locked again, so *unlocked* would stand for ever.
    """
    if isinstance(message, ClockSet):
        mac: Values = {"bluetooth.mac": message.mac.hex(":").upper()} if any(message.mac) else {}
        return (Event(Kind.REPORT, "clock", mac),)
    if isinstance(message, OpenAnswer):
        return (Event(Kind.OPERATION, "unlock", _opened(message), instant_of(message, zone_min)),)
    return ()


def _opened(answer: OpenAnswer) -> Values:
    values: Values = {"operation.kind": "unlock"}
    if answer.status in RESULTS:
        values["operation.result"] = RESULTS[answer.status]
    else:
        values["operation.result.raw"] = int(answer.status)
    if answer.wait_s:
        values["lock.wait"] = answer.wait_s
    return values
