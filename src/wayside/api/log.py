"""The log: events, and the frames behind them."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery

from wayside.api.auth import READ
from wayside.api.parameters import By, DeviceFilter, EventId, Holding, Message, Provided, Window
from wayside.api.shapes import EventPage, EventView, Hex, Next, Time
from wayside.api.sight import frame_for
from wayside.model.errors import NotFound
from wayside.model.events import Kind, StoredFrame
from wayside.model.instant import to_rfc3339
from wayside.ports.store import EventQuery, FrameQuery


class FrameView(msgspec.Struct, frozen=True):
    """One exchange on the wire."""

    id: int
    device: str
    received_at: Time
    message: str
    received: Hex | None
    sent: Hex | None

    @classmethod
    def of(cls, frame: StoredFrame) -> FrameView:
        return cls(
            frame.id,
            frame.device,
            to_rfc3339(frame.received_at),
            frame.message,
            None if frame.received is None else frame.received.hex(),
            None if frame.sent is None else frame.sent.hex(),
        )


class FramePage(msgspec.Struct, frozen=True):
    """Frames, newest first."""

    items: list[FrameView]
    next: Next


@get("/events", opt=READ)
async def list_events(
    *,
    services: Provided,
    window: Window,
    device: DeviceFilter = None,
    kind: FromQuery[Kind | None] = None,
    message: Message = None,
    name: Holding = None,
) -> EventPage:
    """List events, newest first.  A page can be short, even empty, and still have a `next`."""
    page = await services.store.events(EventQuery(device, kind, message, name, window))
    return EventPage([EventView.of(event) for event in page.items], page.next)


@get("/events/{event:int}", opt=READ)
async def get_event(services: Provided, event: EventId) -> EventView:
    """Show one event."""
    found = await services.store.event(event)
    if found is None:
        raise NotFound("no such event", "event")
    return EventView.of(found)


@get("/frames", opt=READ)
async def list_frames(
    services: Provided, by: By, window: Window, device: DeviceFilter = None, message: Message = None
) -> FramePage:
    """List frames, newest first: the bytes that came in, and what was sent because of them.

    With the scope `admin` as they were on the wire. Others see asterisks (`2a`) where a device's passwords, keys and
    codes stood, and checksums that fit.
    """
    page = await services.store.frames(FrameQuery(device, message, window))
    return FramePage([FrameView.of(frame_for(by, services, frame)) for frame in page.items], page.next)


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (list_events, get_event, list_frames)
