"""Watching live video: FLV over HTTP that never ends by itself, and a page that plays it.

Each piece waits for the connection to have room (the server gives real back pressure), so what waits for a slow
viewer waits in the stream's own, bounded queue; a viewer who leaves is noticed at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from http import HTTPStatus
from importlib.resources import files
from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import PathParameter, QueryParameter
from litestar.types import ASGIApp, Receive, Scope, Send

from wayside.api.auth import PUBLIC, WATCH
from wayside.api.parameters import Provided
from wayside.api.problems import Refusal
from wayside.api.services import Services
from wayside.api.short_tokens import Grant
from wayside.api.streams import ChannelName, switched_on
from wayside.api.tokens import Caller
from wayside.model.errors import NotFound
from wayside.ports.live import Watch

MEDIA_TYPE: Final = "video/x-flv"

HEADERS: Final = (
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    # Proxies that follow this hand on what comes at once (nginx).
    (b"x-accel-buffering", b"no"),
)

# The page has nothing but its own two scripts; video reaches it as blobs that its player makes.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

ASSETS: Final = {
    "player.js": "text/javascript",
    "player.css": "text/css",
    "mpegts.js": "text/javascript",
}
PAGE: Final = "player.html"
FOLDER: Final = files("wayside.media") / "player"

# The assets change with the server alone.
ASSET_CACHE: Final = "public, max-age=3600"

Ident = Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Film = Annotated[
    str,
    PathParameter(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.flv$", description="The device's ident and `.flv`"
    ),
]
ViewToken = Annotated[
    str | None,
    QueryParameter(name="view", max_length=64, description="A view token, for players that send no headers"),
]


@get("/live/{channel:str}/{film:str}", opt={**WATCH, "produces": (MEDIA_TYPE,)}, media_type=MEDIA_TYPE)
async def watch_stream(
    *,
    services: Provided,
    request: Request[Any, Any, Any],
    channel: ChannelName,
    film: Film,
    view: ViewToken = None,  # noqa: ARG001 - the gate has looked at it; here it is described
) -> ASGIApp:
    """Watch a live stream as FLV over HTTP, from its last key frame on.

    It goes on until the stream ends, the token does, or the viewer is too slow for it. A view token takes the place
    of the usual one, in the query or in the header.
    """
    live = switched_on(services)
    device = await _device(services, live.devices_of(film.removesuffix(".flv")))
    owner: Caller | Grant[Caller] = request.scope["auth"]
    if isinstance(owner, Grant) and (owner.device, owner.channel) != (device, channel):
        raise Refusal(HTTPStatus.FORBIDDEN, "this view token is for another stream")
    watch = await live.watch(device, channel)
    return _Film(watch, live.send_s, lambda: _good(services, owner))


@get("/watch/{channel:str}/{ident:str}", opt={**PUBLIC, "produces": ("text/html",)}, media_type="text/html")
async def watch_page(channel: ChannelName, ident: Ident) -> Response[bytes]:  # noqa: ARG001 - its script reads them from the address
    """Show the page that plays a live stream.

    It asks for a token, or takes a view token from behind the `#` of its address.
    """
    return Response(_read(PAGE), media_type="text/html", headers={"Content-Security-Policy": POLICY})


@get(
    "/watch/{asset:str}",
    opt={**PUBLIC, "produces": tuple(dict.fromkeys(ASSETS.values()))},
    media_type="text/javascript",
)
async def watch_asset(asset: Annotated[str, PathParameter(max_length=20)]) -> Response[bytes]:
    """Fetch what the page consists of."""
    kind = ASSETS.get(asset)
    if kind is None:
        raise NotFoundException
    return Response(_read(asset), media_type=kind, headers={"Cache-Control": ASSET_CACHE})


def _read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


async def _device(services: Services, candidates: list[str]) -> str:
    """The one of them that is registered."""
    for device in candidates:
        if await services.store.device(device) is not None:
            return device
    raise NotFound("no such device", "film")


def _good(services: Services, owner: Caller | Grant[Caller]) -> bool:
    """Whether the token that opened a stream still would."""
    tokens = services.tokens
    return tokens.views.good(owner) if isinstance(owner, Grant) else tokens.still_valid(owner)


class _Film:
    """A response that goes on until the stream, the token or the viewer's patience ends."""

    def __init__(self, watch: Watch, send_s: float, good: Callable[[], bool]) -> None:
        self._watch = watch
        self._send_s = send_s
        self._good = good

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """ASGI."""
        tasks = [asyncio.create_task(_until_gone(receive)), asyncio.create_task(self._show(send))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._watch.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _show(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": HEADERS})
        with contextlib.suppress(TimeoutError):  # who reads so slowly is cut off
            async for piece in self._watch.pieces():
                if not self._good():
                    break
                async with asyncio.timeout(self._send_s):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            async with asyncio.timeout(self._send_s):
                await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (watch_stream, watch_page, watch_asset)
