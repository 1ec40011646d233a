"""What external media servers ask: may this be published, may that be watched?

Their addresses hold a key of the operator's, because neither sends a token: ``/live-hooks/KEY/srs`` and
``/live-hooks/KEY/mediamtx``.  Shapes are those of the servers' own documents; what else they send is not looked at.
"""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qs

import msgspec
from litestar import Response, post
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody, PathParameter

from wayside.api.auth import PUBLIC, VIEW_PARAMETER
from wayside.api.parameters import Provided
from wayside.api.services import Services
from wayside.api.streams import switched_on

HookKey = Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Text = Annotated[str, msgspec.Meta(max_length=1000)]

# What SRS takes for yes; every other number is a no.
ACCEPTED: Final = 0
REFUSED: Final = 1


class SrsHook(msgspec.Struct, frozen=True):
    """A callback of SRS (``http_hooks``).  ``param`` is the query that came with the stream's name."""

    action: Text
    app: Text
    stream: Text
    ip: Text = ""
    param: Text = ""
    client_id: Annotated[str, msgspec.Meta(max_length=100)] | int = ""


class SrsAnswer(msgspec.Struct, frozen=True):
    """Yes (0) or no."""

    code: int


class MediaMtxHook(msgspec.Struct, frozen=True):
    """A question of MediaMTX (``authMethod: http``)."""

    action: Text
    path: Text = ""
    ip: Text = ""
    query: Text = ""


@post("/live-hooks/{key:str}/srs", opt=PUBLIC, status_code=200)
async def ask_for_srs(services: Provided, key: HookKey, data: JSONBody[SrsHook]) -> SrsAnswer:
    """Answer SRS: its callbacks on_publish, on_play and on_stop; the others are all right."""
    _check(services, key)
    path = "/".join(filter(None, f"{data.app}/{data.stream}".split("/")))
    viewer = f"{data.client_id}"
    match data.action:
        case "on_publish":
            good = await _may_publish(services, path, data.ip)
        case "on_play":
            good = _may_watch(services, path, data.param, viewer)
        case "on_stop":
            good = True
            for device, channel in switched_on(services).places(path):
                switched_on(services).watched(device, channel, viewer, leaves=True)
        case _:
            good = True
    return SrsAnswer(ACCEPTED if good else REFUSED)


@post("/live-hooks/{key:str}/mediamtx", opt=PUBLIC, status_code=200)
async def ask_for_mediamtx(services: Provided, key: HookKey, data: JSONBody[MediaMtxHook]) -> Response[None]:
    """Answer MediaMTX: 204 lets a publisher or reader in, 403 does not. Its other doors stay closed."""
    _check(services, key)
    match data.action:
        case "publish":
            good = await _may_publish(services, data.path, data.ip)
        case "read":
            good = _may_watch(services, data.path, data.query, "")
        case _:
            good = False
    return Response(None, status_code=HTTPStatus.NO_CONTENT if good else HTTPStatus.FORBIDDEN)


def _check(services: Services, key: str) -> None:
    """Raises ``NotFoundException``: without the right key there is nothing here."""
    known = services.live_hook_key
    if known is None or not hmac.compare_digest(known, key):
        raise NotFoundException


async def _may_publish(services: Services, path: str, address: str) -> bool:
    return await switched_on(services).may_publish(path, address) is None


def _may_watch(services: Services, path: str, query: str, viewer: str) -> bool:
    """Whether there is a view token for this stream in the query; if so, somebody watches it now."""
    offered = parse_qs(query.removeprefix("?"), max_num_fields=20).get(VIEW_PARAMETER, [""])[0]
    grant = services.tokens.views.grant(offered)
    if grant is None or (grant.device, grant.channel) not in switched_on(services).places(path):
        return False
    switched_on(services).watched(grant.device, grant.channel, viewer)
    return True


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (ask_for_srs, ask_for_mediamtx)
