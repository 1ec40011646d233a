"""The live feed: ``/api/v1/live`` tells, over a WebSocket, what has just been committed.

Each message is a JSON object with a ``type``: ``event``, ``command`` or ``keepalive``.  A client that does not read
is dropped with close code 1013: at most ``ROOM`` notices wait for it, and no send may take much longer than
``SEND_S``.  What it missed stands in ``/events``.

Whatever is done per message is done two hundred times for one event that two hundred read.  So a notice is put into
words once for all, and each feed has its clock on the side: a timeout around every wait and every send was a third
of its work.
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

# How often each feed's clock is looked at: a send may take this much longer.
LOOK_S: Final = 2.5

CLOSE_S: Final = 1.0

GOING_AWAY: Final = 1001
TRY_AGAIN_LATER: Final = 1013
TOKEN_ENDED: Final = 4401
BAD_FILTER: Final = 4400

# Why a feed ends: the close code, and in words.
Ending = tuple[int, str]
TOO_SLOW: Final[Ending] = (TRY_AGAIN_LATER, "too slow: what was missed stands in /api/v1/events")
TOKEN_OVER: Final[Ending] = (TOKEN_ENDED, "this token is no longer valid")

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


class Texts:
    """What the latest notices say.  All who may read are told the same, so that it does not matter to whom."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Notice, str]] = {}

    def of(self, notice: Notice) -> str:
        """The notice in words, made when the first of its readers has its turn."""
        made = self._made.get(id(notice))
        if made is None:
            if len(self._made) >= ROOM:
                del self._made[next(iter(self._made))]
            # The notice stays beside its text: while it is there, no other one has its id.
            made = self._made[id(notice)] = notice, msgspec.json.encode(_view(notice)).decode()
        return made[1]


TEXTS: Final = Texts()


class Feed:
    """One reader's.  ``tell`` and ``mind`` run side by side; either gives the ending when the feed has to end."""

    def __init__(self, socket: Socket, services: Services, subscription: Subscription) -> None:
        self._socket = socket
        self._services = services
        self._subscription = subscription
        self._caller: Caller = socket.scope["auth"]
        self._now = asyncio.get_running_loop().time
        self._last = self._now()
        self._sending_since: float | None = None

    async def tell(self) -> Ending:
        """Write notices."""
        still_valid, caller = self._services.tokens.still_valid, self._caller
        while True:
            try:
                notice = await self._subscription.get()
            except SlowReader:
                return TOO_SLOW
            if not still_valid(caller):
                return TOKEN_OVER
            self._last = self._sending_since = self._now()
            await self._socket.send_data(TEXTS.of(notice))
            self._sending_since = None

    async def mind(self) -> Ending:
        """Break the silence after a while, and lose patience with a send."""
        while True:
            since = self._sending_since
            due = self._last + KEEPALIVE_S if since is None else since + SEND_S
            left_s = due - self._now()
            if left_s > 0:
                await asyncio.sleep(min(left_s, LOOK_S))
            elif since is not None:
                return TOO_SLOW
            elif not self._services.tokens.still_valid(self._caller):
                return TOKEN_OVER
            elif not await self._say_that_all_is_well():
                return TOO_SLOW

    async def _say_that_all_is_well(self) -> bool:
        """Whether that was taken in time."""
        self._last = self._now()
        text = msgspec.json.encode(Keepalive(to_rfc3339(self._services.clock()))).decode()
        try:
            async with asyncio.timeout(SEND_S):
                await self._socket.send_data(text)
        except TimeoutError:
            return False
        return True


@websocket("/live", opt=READ)
async def live(socket: Socket, services: Provided) -> None:
    """Tell what happens until either side goes away."""
    wanted = _filter(socket)
    subscription = services.bus.subscribe(wanted.wants, room=ROOM)
    tasks: list[asyncio.Task[Any]] = []
    try:
        await socket.accept(FEED_PROTOCOL if FEED_PROTOCOL in socket.scope["subprotocols"] else None)
        feed = Feed(socket, services, subscription)
        reading = asyncio.create_task(_until_gone(socket))
        ours = [asyncio.create_task(feed.tell()), asyncio.create_task(feed.mind())]
        tasks = [reading, *ours]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            code, reason = next(task for task in ours if task.done()).result()
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


async def _until_gone(socket: Socket) -> None:
    """Throw away what the client says (the feed takes no messages) until it leaves."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


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
