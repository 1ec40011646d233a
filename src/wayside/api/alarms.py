"""Alarms, the files they announced, and who has seen to them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from wayside.api.auth import COMMAND, READ
from wayside.api.parameters import TEXT_MAX, By, DeviceFilter, EventId, Provided, Window
from wayside.api.services import Services
from wayside.api.shapes import EventView, Next, Time, time
from wayside.model.errors import NotFound
from wayside.model.instant import DAY
from wayside.ports.store import Alarm, AlarmQuery, AuditRecord

ANNOUNCED: Final = "media.files"
"""The value of an alarm that names its files."""

AWAITED_FOR: Final = DAY
"""A camera sends what it announced as soon as it has a network, again and again for hours.  One that was parked out
of reach over night has had its chance within a day.  What comes later is shown as received all the same."""


class FileState(enum.StrEnum):
    """Whether a file that an alarm announced has come."""

    RECEIVED = "received"
    AWAITED = "awaited"
    MISSING = "missing"
    """It did not come within a day."""


class AnnouncedFile(msgspec.Struct, frozen=True):
    """A file that an alarm announced.  ``file`` is the id under which it is here."""

    name: str
    state: FileState
    file: str | None


class AlarmView(msgspec.Struct, frozen=True):
    """An alarm, what became of its files, and who has seen to it.  ``event.id`` is the alarm's id."""

    event: EventView
    files: list[AnnouncedFile]
    acknowledged_at: Time | None
    acknowledged_by: str | None
    note: str


async def shown(services: Services, alarms: Sequence[Alarm]) -> list[AlarmView]:
    """Alarms as the API shows them; their files are looked up together."""
    names = [(alarm.event.device, name) for alarm in alarms for name in _announced(alarm)]
    received = await services.media.files_named(names) if names else {}
    late = services.clock() - AWAITED_FOR
    views = []
    for alarm in alarms:
        not_here = FileState.MISSING if alarm.event.received_at < late else FileState.AWAITED
        files = [
            AnnouncedFile(name, FileState.RECEIVED if found else not_here, found)
            for name in _announced(alarm)
            for found in [received.get((alarm.event.device, name))]
        ]
        views.append(
            AlarmView(
                EventView.of(alarm.event),
                files,
                time(alarm.acknowledged_at),
                alarm.acknowledged_by,
                alarm.note,
            )
        )
    return views


def _announced(alarm: Alarm) -> list[str]:
    names = alarm.event.values.get(ANNOUNCED)
    return names if isinstance(names, list) else []


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
    return AlarmPage(await shown(services, page.items), page.next)


@get("/alarms/{event:int}", opt=READ)
async def get_alarm(services: Provided, event: EventId) -> AlarmView:
    """Show one alarm, and what became of the files that it announced."""
    alarm = await services.store.alarm(event)
    if alarm is None:
        raise NotFound("no such alarm", "event")
    (view,) = await shown(services, [alarm])
    return view


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
    (view,) = await shown(services, [alarm])
    return view


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (list_alarms, get_alarm, acknowledge_alarm)
