"""Default deny, what needs no token, and how a token is offered; every caller at every door: tests/security."""

from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import Litestar, get
from litestar.routes import HTTPRoute, WebSocketRoute
from litestar.testing import AsyncTestClient

from tests.api.fakes import World
from tests.api.sockets import Socket
from wayside.api.auth import FEED_PROTOCOL, Gate
from wayside.api.openapi import describe
from wayside.api.problems import HANDLERS
from wayside.api.tokens import PREFIX, Scope

# The whole list of what needs no token.  Whoever adds to it says why.
PUBLIC = {
    ("GET", "/healthz"): "probes have no token",
    ("GET", "/readyz"): "likewise",
    ("GET", "/firmware/{key}"): "a lock cannot send one; the key is unguessable and expires",
    ("GET", "/api/v1/openapi.json"): "the description holds no data",
    ("GET", "/watch/{channel}/{ident}"): "a page that is the same for everybody; it asks for a token itself",
    ("GET", "/watch/{asset}"): "what that page consists of",
    (
        "POST",
        "/live-hooks/{key}/srs",
    ): "a media server sends no token; the key is unguessable, and without one: 404",
    ("POST", "/live-hooks/{key}/mediamtx"): "likewise",
}


def routes(app: Litestar) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and options of every HTTP route; the ``OPTIONS`` that Litestar adds are among them."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    yield str(method), route.path_format, handler.opt


def test_what_needs_no_token_is_a_closed_list(world: World) -> None:
    app = world.app()
    open_routes = {(method, path) for method, path, options in routes(app) if options.get("public")}
    assert open_routes == set(PUBLIC)


def test_the_description_says_the_same_as_the_gate(world: World) -> None:
    app = world.app()
    described = {
        (method.upper(), path)
        for path, item in describe(app)["paths"].items()
        for method, operation in item.items()
        if not operation["security"]
    }
    assert described == set(PUBLIC) - {("GET", "/api/v1/openapi.json")}


async def test_a_route_that_forgot_its_scope_is_closed(world: World) -> None:
    @get("/forgotten")
    async def forgotten() -> str:
        return "open"

    gate = Gate(world.tokens, world.clock)
    app = Litestar([forgotten], guards=[gate], exception_handlers=HANDLERS, openapi_config=None)
    async with AsyncTestClient(app) as client:
        assert (await client.get("/forgotten", headers=world.headers(Scope.ADMIN))).status_code == 403


async def test_each_websocket_refuses_too(world: World) -> None:
    app = world.app()
    paths = [route.path for route in app.routes if isinstance(route, WebSocketRoute)]
    assert paths == ["/api/v1/live", "/api/v1/relay"]
    wrong = f"{PREFIX}{'x' * 43}"
    for socket in (
        Socket(app, "/api/v1/live"),
        Socket(app, "/api/v1/live", headers={"Authorization": f"Bearer {wrong}"}),
        Socket(app, "/api/v1/live", subprotocols=[FEED_PROTOCOL, f"bearer.{wrong}"]),
        Socket(app, f"/api/v1/live?token={world.token[Scope.ADMIN]}"),
    ):
        async with socket:
            assert (await socket.said())["code"] == 4401
    async with Socket(app, "/api/v1/live", denial=True) as socket:
        assert (await socket.said())["status"] == 401
        assert (
            msgspec.json.decode((await socket.said())["body"])["type"] == "urn:wayside:problem:unauthorized"
        )


async def test_a_websocket_takes_the_token_as_a_subprotocol_or_a_header(world: World) -> None:
    app = world.app()
    offered = [FEED_PROTOCOL, f"bearer.{world.token[Scope.READ]}"]
    async with Socket(app, "/api/v1/live", subprotocols=offered) as socket:
        # The token is never sent back.
        assert (await socket.said())["subprotocol"] == FEED_PROTOCOL
    async with Socket(app, "/api/v1/live", headers=world.headers(Scope.READ)) as socket:
        assert (await socket.said())["subprotocol"] is None
