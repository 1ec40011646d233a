"""Alarms, and who has seen to them."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from wayside.api.auth import COMMAND, READ
from wayside.api.parameters import TEXT_MAX, By, DeviceFilter, EventId, Provided, Window
from wayside.api.shapes import EventView, Next, Time, time
from wayside.model.errors import NotFound
from wayside.ports.store import Alarm, AlarmQuery, AuditRecord


class AlarmView(msgspec.Struct, frozen=True):
    """An alarm, and who has seen to it.  ``event.id`` is the alarm's id."""

    event: EventView
    acknowledged_at: Time | None
    acknowledged_by: str | None
    note: str

    @classmethod
    def of(cls, alarm: Alarm) -> AlarmView:
        return cls(EventView.of(alarm.event), time(alarm.acknowledged_at), alarm.acknowledged_by, alarm.note)


class AlarmPage(msgspec.Struct, frozen=True):
    """Alarms, newest first."""

    items: list[AlarmView]
    next: Next


class Acknowledgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What whoever saw to an alarm has to say."""

    note: Annotated[str, Meta(max_length=1000)] = ""


@get("/alarms", opt=READ)
async def list_alarms(
    *,
    services: Provided,
    window: Window,
    device: DeviceFilter = None,
    acknowledged: FromQuery[bool | None] = None,
    alarm: Annotated[
        str | None,
        QueryParameter(max_length=TEXT_MAX, description="The value of `alarm.kind`, such as `sos`"),
    ] = None,
) -> AlarmPage:
    """List alarms, newest first."""
    page = await services.store.alarms(AlarmQuery(device, acknowledged, alarm, window))
    return AlarmPage([AlarmView.of(found) for found in page.items], page.next)


@post("/alarms/{event:int}/acknowledge", opt=COMMAND, status_code=200)
async def acknowledge_alarm(
    services: Provided, by: By, event: EventId, data: JSONBody[Acknowledgement | None] = None
) -> AlarmView:
    """Mark an alarm as seen.  The first acknowledgement stays; a second one answers with it."""
    now = services.clock()
    note = data.note if data else ""
    alarm = await services.store.acknowledge_alarm(event, by.name, now, note)
    if alarm is None:
        raise NotFound("no such alarm", "event")
    if alarm.acknowledged_at == now and alarm.acknowledged_by == by.name:
        await services.store.audit(AuditRecord(now, by.name, "alarm.acknowledge", str(event), note))
    return AlarmView.of(alarm)


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (list_alarms, acknowledge_alarm)
