"""Every kind of caller at every door: the answer is what the served description declares."""

import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPMethod
from typing import Any

import pytest
from litestar import Litestar, get
from litestar.routes import HTTPRoute, WebSocketRoute
from litestar.testing import AsyncTestClient

from tests.api.fakes import Client, World
from tests.api.sockets import Socket
from wayside.api import openapi
from wayside.api.auth import FEED_PROTOCOL, TOKEN_PROTOCOL
from wayside.api.relay_tokens import PREFIX as RELAY_PREFIX
from wayside.api.tokens import PREFIX, RANK, Scope
from wayside.api.view_tokens import PREFIX as VIEW_PREFIX
from wayside.ports.store import DeviceRecord, DeviceStatus

# What is not in the description, and why.
UNDESCRIBED = {("GET", "/api/v1/openapi.json"): "the description itself, open to all: it holds no data"}

# Something for every parameter of a path; most of it is not there, so that nothing is changed.
FILLED = {"device": "demo:404", "event": "404", "file": "gbfs.json", "film": "404.flv"}

RELAYED = "demo:1"
NOBODY = ("no token", "wrong", "revoked", "expired", "garbage", "another scheme", "wrong relay", "wrong view")
SHORT = {"relay": openapi.RELAY_SECURITY, "view": openapi.VIEW_SECURITY}
SCOPES = [scope.value for scope in Scope]
CALLERS = (*NOBODY, *SHORT, *SCOPES)

MINUTE_S = 60


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: FILLED.get(found[1], "none"), path)


def admitted(caller: str, security: list[Mapping[str, list[str]]]) -> bool:
    """What the description says of this caller."""
    if not security:
        return True
    if caller in NOBODY:
        return False
    kinds = {kind: scopes for wanted in security for kind, scopes in wanted.items()}
    if caller in SHORT:
        return SHORT[caller] in kinds
    return any(RANK[Scope(caller)] >= RANK[Scope(scope)] for scope in kinds.get(openapi.SECURITY, ()))


@pytest.fixture
async def headers(world: World) -> dict[str, dict[str, str]]:
    """The ``Authorization`` of each kind of caller."""
    tokens = world.tokens
    revoked, revoked_token = await tokens.create("revoked", Scope.ADMIN, None, "test")
    await tokens.delete(revoked.id, "test")
    _, expired = await tokens.create("expired", Scope.ADMIN, world.clock() + 1, "test")
    world.clock.advance(1)
    admin = tokens.caller(world.token[Scope.ADMIN])
    assert admin is not None
    world.store.records[RELAYED] = DeviceRecord(RELAYED, "demo", DeviceStatus.ACCEPTED, world.clock(), "")
    relay, _ = tokens.relay.create(RELAYED, admin, 60)
    view, _ = tokens.views.create("demo:404", admin, 12 * 60, "none")
    assert tokens.relay.grant(relay)
    assert tokens.views.grant(view)
    values: dict[str, str] = {
        "no token": "",
        "wrong": f"Bearer {PREFIX}{'x' * 43}",
        "revoked": f"Bearer {revoked_token}",
        "expired": f"Bearer {expired}",
        "garbage": "Bearer \xe9\x01' OR 1=1",
        "another scheme": f"Basic {world.token[Scope.ADMIN]}",
        "wrong relay": f"Bearer {RELAY_PREFIX}{'x' * 43}",
        "wrong view": f"Bearer {VIEW_PREFIX}{'x' * 43}",
        "relay": f"Bearer {relay}",
        "view": f"Bearer {view}",
        **{scope.value: f"Bearer {token}" for scope, token in world.token.items()},
    }
    return {caller: {"Authorization": value} if value else {} for caller, value in values.items()}


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with AsyncTestClient(world.app(), raise_server_exceptions=False) as client:
        yield client


async def served(client: Client) -> dict[str, Any]:
    document: dict[str, Any] = (await client.get("/api/v1/openapi.json")).json()
    return document


@pytest.mark.parametrize("caller", CALLERS)
async def test_each_operation_answers_each_caller_as_it_declares(
    world: World, client: Client, headers: dict[str, dict[str, str]], caller: str
) -> None:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers[caller].items()]
    walked = 0
    for path, item in (await served(client))["paths"].items():
        for method, operation in item.items():
            walked += 1
            world.clock.advance(MINUTE_S)  # or the address would hear 429
            answer = await client.request(method, filled(path), headers=sent)
            where = f"{caller}: {method} {path}: {answer.status_code} {answer.text[:100]}"
            if admitted(caller, operation["security"]):
                assert answer.status_code not in {401, 403}, where
                assert answer.status_code < 500, where
            elif caller in SCOPES:
                assert answer.status_code == 403, where
            else:
                assert answer.status_code == 401, where
                assert answer.headers["www-authenticate"].startswith("Bearer"), where
    assert walked > 40


@pytest.mark.parametrize("caller", CALLERS)
async def test_each_websocket_answers_each_caller_as_it_declares(
    world: World, client: Client, headers: dict[str, dict[str, str]], caller: str
) -> None:
    sent = headers[caller]
    token = sent.get("Authorization", "").removeprefix("Bearer ")
    protocols = [FEED_PROTOCOL, TOKEN_PROTOCOL + token] if token else [FEED_PROTOCOL]
    described = (await served(client))[openapi.WEBSOCKETS]
    assert len(described) > 1
    for path, operation in described.items():
        for socket in (
            Socket(client.app, path, headers=sent),
            Socket(client.app, path, subprotocols=protocols),
        ):
            async with socket:
                said = await socket.said()
            where = f"{caller}: {path}: {said}"
            if admitted(caller, operation["security"]):
                assert said["type"] == "websocket.accept", where
            else:
                assert said["type"] == "websocket.close", where
                relay_wanted = openapi.RELAY_SECURITY in operation["security"][0]
                known = caller in SCOPES and not relay_wanted
                assert said["code"] == (4403 if known else 4401), where


async def test_a_token_in_the_query_opens_nothing(world: World, client: Client) -> None:
    """But a view token, at the streams; test_a_view_token_in_the_query."""
    token = world.token[Scope.ADMIN]
    for name in ("token", "access_token", "bearer", "view"):
        assert (await client.get(f"/api/v1/devices?{name}={token}")).status_code == 401
        async with Socket(world.app(), f"/api/v1/live?{name}={token}") as socket:
            assert (await socket.said())["code"] == 4401


async def test_a_view_token_in_the_query(
    world: World, client: Client, headers: dict[str, dict[str, str]]
) -> None:
    """Opens what it opens as a header, and no other kind of token does so there."""
    for caller in ("view", "relay", "wrong view", *SCOPES):
        token = headers[caller]["Authorization"].removeprefix("Bearer ")
        for path, item in (await served(client))["paths"].items():
            for method, operation in item.items():
                world.clock.advance(MINUTE_S)
                answer = await client.request(method, f"{filled(path)}?view={token}")
                where = f"{caller}: {method} {path}: {answer.status_code}"
                if not operation["security"]:
                    continue
                if caller == "view" and admitted("view", operation["security"]):
                    assert answer.status_code not in {401, 403}, where
                else:
                    assert answer.status_code == 401, where


async def test_methods_that_are_not_described_open_nothing(world: World, client: Client) -> None:
    for path, item in (await served(client))["paths"].items():
        for method in {str(method) for method in HTTPMethod} - {method.upper() for method in item}:
            if method == "CONNECT":
                continue  # names a host, and no path
            answer = await client.request(method, filled(path), headers=world.headers())
            assert answer.status_code in {401, 403, 404, 405}, f"{method} {path}"


def routes(app: Litestar) -> tuple[set[tuple[str, str]], set[str]]:
    """Every method of every path, without the ``OPTIONS`` that Litestar adds; and the WebSockets."""
    http = {
        (str(method), route.path_format)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    return http, {route.path_format for route in app.routes if isinstance(route, WebSocketRoute)}


async def test_no_route_is_missing_from_the_description(world: World, client: Client) -> None:
    document = await served(client)
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    http, websockets = routes(world.app())
    assert http - described == set(UNDESCRIBED)
    assert described <= http
    assert set(document[openapi.WEBSOCKETS]) == websockets


async def test_every_operation_declares_exactly_one_rule(client: Client) -> None:
    document = await served(client)
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    declared = [each["security"] for each in (*operations, *document[openapi.WEBSOCKETS].values())]
    rules = [
        [],
        [{openapi.RELAY_SECURITY: []}],
        [{openapi.SECURITY: [Scope.READ.value]}, {openapi.VIEW_SECURITY: []}],
        *([{openapi.SECURITY: [scope.value]}] for scope in Scope),
    ]
    assert [security for security in declared if security not in rules] == []
    assert [rule for rule in rules if rule not in declared] == []
    assert set(document["components"]["securitySchemes"]) == {openapi.SECURITY, *SHORT.values()}


def test_a_route_without_a_rule_is_noticed(world: World) -> None:
    @get("/forgotten")
    async def forgotten() -> str:
        """Say nothing of who may come."""
        return ""

    app = Litestar([forgotten], openapi_config=openapi.config("0"))
    with pytest.raises(LookupError, match="forgotten"):
        openapi.describe(app)


async def test_the_description_costs_its_time_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody may ask for it, as often as they like."""
    first = await served(client)

    def again(_: Litestar) -> dict[str, Any]:
        raise AssertionError("made twice")

    monkeypatch.setattr(openapi, "describe", again)
    assert await served(client) == first
