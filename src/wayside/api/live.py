"""The live feed: ``/api/v1/live`` tells, over a WebSocket, what has just been committed.

Each message is a JSON object with a ``type``: ``event``, ``command`` or ``keepalive``.  A client that does not read
is dropped with close code 1013: at most ``ROOM`` notices wait for it, and no send may take longer than ``SEND_S``.
What it missed stands in ``/events``.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any, Final

import msgspec
from litestar import WebSocket, websocket
from litestar.datastructures import State as AppState
from litestar.exceptions import WebSocketException
from litestar.handlers import BaseRouteHandler
from msgspec import Meta

from wayside.api.auth import FEED_PROTOCOL, READ
from wayside.api.parameters import DEVICE_MAX, DEVICE_PATTERN, TEXT_MAX, Provided
from wayside.api.problems import reason
from wayside.api.services import Services
from wayside.api.shapes import EventView
from wayside.api.tokens import Caller
from wayside.model.commands import State
from wayside.model.events import Kind, StoredEvent, Values
from wayside.model.instant import to_rfc3339
from wayside.ports.bus import CommandChanged, Notice, SlowReader, Subscription

# A burst of this many events fits into a megabyte; a feed that lags further behind is not live any more.
ROOM: Final = 1000

# The system's own buffers hold some megabytes before a send has to wait at all.
SEND_S: Final = 10.0

# Below the minute after which proxies and mobile networks forget idle connections.
KEEPALIVE_S: Final = 25.0

CLOSE_S: Final = 1.0

GOING_AWAY: Final = 1001
TRY_AGAIN_LATER: Final = 1013
TOKEN_ENDED: Final = 4401
BAD_FILTER: Final = 4400

Socket = WebSocket[Any, Any, AppState]
Name = Annotated[str, Meta(max_length=TEXT_MAX)]


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a feed wants, from its query.  With ``kind``, ``message`` or ``name`` it gets events only."""

    device: Annotated[str, Meta(pattern=DEVICE_PATTERN, max_length=DEVICE_MAX)] | None = None
    kind: Kind | None = None
    message: Name | None = None
    name: Name | None = None

    def wants(self, notice: Notice) -> bool:
        """Whether this notice belongs into the feed."""
        if self.device is not None and notice.device != self.device:
            return False
        if isinstance(notice, CommandChanged):
            return self.kind is None and self.message is None and self.name is None
        return (
            (self.kind is None or notice.kind == self.kind)
            and (self.message is None or notice.message == self.message)
            and (self.name is None or self.name in notice.values)
        )


class EventNotice(msgspec.Struct, frozen=True, tag_field="type", tag="event"):
    """An event was committed."""

    event: EventView


class CommandNotice(msgspec.Struct, frozen=True, tag_field="type", tag="command"):
    """A command came to a new state."""

    device: str
    command: str
    state: State
    at: str
    detail: str
    values: Values
    late: bool


class Keepalive(msgspec.Struct, frozen=True, tag_field="type", tag="keepalive"):
    """Nothing happened for a while, and the connection is well."""

    at: str


@websocket("/live", opt=READ)
async def live(socket: Socket, services: Provided) -> None:
    """Tell what happens until either side goes away."""
    wanted = _filter(socket)
    subscription = services.bus.subscribe(wanted.wants, room=ROOM)
    tasks: list[asyncio.Task[Any]] = []
    try:
        await socket.accept(FEED_PROTOCOL if FEED_PROTOCOL in socket.scope["subprotocols"] else None)
        reading = asyncio.create_task(_until_gone(socket))
        writing = asyncio.create_task(_tell(socket, services, subscription))
        tasks = [reading, writing]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            code, reason = writing.result()
            # The server cannot close a socket while somebody waits for a message on it.
            reading.cancel()
            await asyncio.wait({reading})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await socket.close(code, reason)
    finally:
        subscription.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell(socket: Socket, services: Services, subscription: Subscription) -> tuple[int, str]:
    """Write notices; gives the close code and the reason when this feed has to end."""
    caller: Caller = socket.scope["auth"]
    while True:
        try:
            async with asyncio.timeout(KEEPALIVE_S):
                text = _text(await subscription.get())
        except TimeoutError:
            text = msgspec.json.encode(Keepalive(to_rfc3339(services.clock()))).decode()
        except SlowReader:
            return TRY_AGAIN_LATER, "too slow: what was missed stands in /api/v1/events"
        if not services.tokens.still_valid(caller):
            return TOKEN_ENDED, "this token is no longer valid"
        try:
            async with asyncio.timeout(SEND_S):
                await socket.send_data(text)
        except TimeoutError:
            return TRY_AGAIN_LATER, "too slow: what was missed stands in /api/v1/events"


async def _until_gone(socket: Socket) -> None:
    """Throw away what the client says (the feed takes no messages) until it leaves."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _text(notice: Notice) -> str:
    return msgspec.json.encode(_view(notice)).decode()


def _view(notice: Notice) -> EventNotice | CommandNotice:
    if isinstance(notice, StoredEvent):
        return EventNotice(EventView.of(notice))
    step = notice.transition
    return CommandNotice(
        notice.device, step.command, step.state, to_rfc3339(step.at), step.detail, step.values, step.late
    )


def _filter(socket: Socket) -> Filter:
    """The filter of the query.

    Raises:
        WebSocketException: code 4400; the feed is refused, and the reason names the parameter.
    """
    try:
        return msgspec.convert(dict(socket.query_params), Filter, strict=False)
    except msgspec.ValidationError as error:
        raise WebSocketException(detail=reason(error).replace("`$.", "`"), code=BAD_FILTER) from error


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (live,)
