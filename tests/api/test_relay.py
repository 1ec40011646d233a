"""The door for relays: who may come in, what they may say, and when they have to go."""

import asyncio
import re
from typing import Any

import msgspec
import pytest
from litestar import Litestar

from tests.api.fake_relays import FakeRelayLine
from tests.api.fakes import Client, World
from tests.api.sockets import Socket, until
from tests.house.project import ROOT
from wayside.api import relay, relay_tokens
from wayside.api.auth import FEED_PROTOCOL
from wayside.api.relay_tokens import PREFIX, RelayTokens
from wayside.api.tokens import Scope
from wayside.model.errors import Conflict
from wayside.ports.relay import (
    MESSAGE_BYTES_MAX,
    Connected,
    FromRelay,
    Notification,
    Result,
    Subscribe,
    ToRelay,
)

PATH = "/api/v1/relay"
NOTIFY = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"


@pytest.fixture
def app(world: World) -> Litestar:
    world.device("1")
    return world.app()


def token(world: World, minutes: int = 10) -> str:
    owner = world.tokens.caller(world.token[Scope.COMMAND])
    assert owner is not None
    return world.tokens.relay.create("demo:1", owner, minutes)[0]


def phone(world: World, app: Litestar, offered: str | None = None) -> Socket:
    return Socket(app, PATH, headers={"Authorization": f"Bearer {offered or token(world)}"})


def say(socket: Socket, text: str) -> None:
    socket.inbox.put_nowait({"type": "websocket.receive", "text": text})


async def opened(socket: Socket, world: World) -> FakeRelayLine:
    assert (await socket.said())["type"] == "websocket.accept"
    assert (await socket.notice())["type"] == "connect"
    return world.relays.lines[-1]


async def closed(socket: Socket) -> tuple[int, str]:
    assert (await socket.notice())["type"] == "disconnect"
    message = await socket.said()
    assert message["type"] == "websocket.close"
    return message["code"], message["reason"]


async def test_messages_go_both_ways(world: World, app: Litestar) -> None:
    async with phone(world, app) as socket:
        assert (await socket.said())["type"] == "websocket.accept"
        assert await socket.notice() == {
            "type": "connect",
            "device": "demo:1",
            "service": "6e400001-b5a3-f393-e0a9-e50e24dcca9e",
            "address": None,
        }
        line = world.relays.lines[-1]
        say(socket, '{"type": "connected", "mtu": 185}')
        line.tell(Subscribe(1, NOTIFY))
        assert await socket.notice() == {"type": "subscribe", "id": 1, "characteristic": NOTIFY}
        say(socket, '{"type": "result", "id": 1}')
        socket.inbox.put_nowait(
            {
                "type": "websocket.receive",
                "bytes": b'{"type": "notification", "characteristic": "%s", "data": "00fF"}'
                % NOTIFY.encode(),
            }
        )
        await until(lambda: len(line.heard) == 3)
        assert line.heard == [Connected(185), Result(1), Notification(NOTIFY, "00fF")]
    assert line.ended.is_set()
    assert [(record.actor, record.action, record.subject) for record in world.store.audit_log][-1] == (
        "command-token",
        "relay.open",
        "demo:1",
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "truncated"),
        ("{", "truncated"),
        ("[]", "array"),
        ('{"type": "connect", "device": "demo:1", "service": "x"}', "connect"),
        ('{"type": "connected", "mtu": 22}', "mtu"),
        ('{"type": "connected", "mtu": 518}', "mtu"),
        ('{"type": "connected", "mtu": 185, "adress": "x"}', "adress"),
        ('{"type": "connected", "address": "not one"}', "address"),
        ('{"type": "result", "id": -1}', "id"),
        ('{"type": "notification", "characteristic": "2a00", "data": ""}', "characteristic"),
        (f'{{"type": "notification", "characteristic": "{NOTIFY}", "data": "0"}}', "data"),
        (f'{{"type": "notification", "characteristic": "{NOTIFY}", "data": "{"00" * 513}"}}', "data"),
        (" " * (MESSAGE_BYTES_MAX + 1), "longer than"),
        ("[" * 2000, "nested|recursion|depth|array|truncated"),
    ],
)
async def test_nonsense_ends_it_and_is_named(world: World, app: Litestar, text: str, complaint: str) -> None:
    async with phone(world, app) as socket:
        line = await opened(socket, world)
        say(socket, text)
        code, reason = await closed(socket)
        assert code == relay.BAD_MESSAGE
        assert re.search(complaint, reason, re.IGNORECASE), reason
    assert not line.heard


async def test_what_is_out_of_turn_ends_it(world: World, app: Litestar) -> None:
    async with phone(world, app) as socket:
        line = await opened(socket, world)
        line.fault = "not now"
        say(socket, '{"type": "connected"}')
        assert await closed(socket) == (relay.BAD_MESSAGE, "not now")


async def test_the_server_may_have_had_enough(world: World, app: Litestar) -> None:
    async with phone(world, app) as socket:
        line = await opened(socket, world)
        line.lost()
        assert await closed(socket) == (1000, "")


async def test_nobody_holds_it_without_a_lock(
    world: World, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "CONNECT_S", 0.01)
    async with phone(world, app) as socket:
        await opened(socket, world)
        assert (await closed(socket))[0] == relay.NO_LOCK


@pytest.mark.parametrize("ending", ["expired", "revoked"])
async def test_it_ends_with_its_token(
    world: World, app: Litestar, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(relay, "CHECK_S", 0.01)
    offered = token(world)
    async with phone(world, app, offered) as socket:
        await opened(socket, world)
        say(socket, '{"type": "connected"}')
        if ending == "expired":
            world.clock.advance(10 * 60)
        else:
            (record,) = [each for each in world.tokens.records() if each.name == "command-token"]
            await world.tokens.delete(record.id, "test")
        assert await closed(socket) == (relay.TOKEN_ENDED, "this token is no longer valid")
    async with phone(world, app, offered) as socket:
        assert (await socket.said())["code"] == 4401


async def test_only_a_relay_token_opens_it_and_it_opens_nothing_else(
    world: World, app: Litestar, client: Client
) -> None:
    async with Socket(app, PATH, headers=world.headers(Scope.ADMIN)) as socket:
        assert (await socket.said())["code"] == 4401
    offered = token(world)
    async with Socket(app, "/api/v1/live", headers={"Authorization": f"Bearer {offered}"}) as socket:
        assert (await socket.said())["code"] == 4401
    answer = await client.get("/api/v1/devices", headers={"Authorization": f"Bearer {offered}"})
    assert answer.status_code == 401
    async with Socket(app, PATH, subprotocols=[FEED_PROTOCOL, f"bearer.{offered}"]) as socket:
        assert (await socket.said())["subprotocol"] == FEED_PROTOCOL


async def test_a_device_that_cannot_be_relayed_for(world: World, app: Litestar) -> None:
    offered = token(world)
    world.relays.refuse = "the device is connected over tcp"
    async with phone(world, app, offered) as socket:
        message = await socket.said()
        assert (message["code"], message["reason"]) == (4409, "the device is connected over tcp")


async def test_a_token_is_made_for_one_device(world: World, app: Litestar, client: Client) -> None:
    made = await client.post("/api/v1/devices/demo:1/relay-token", json={"minutes": 5})
    assert made.status_code == 201
    view: dict[str, Any] = made.json()
    assert view["token"].startswith(PREFIX)
    assert (view["device"], view["path"], view["expires_at"]) == ("demo:1", PATH, "2026-03-01T12:05:00Z")
    grant = world.tokens.relay.grant(view["token"])
    assert grant is not None
    assert grant.device == "demo:1"
    assert world.store.audit_log[-1].action == "relay-token.create"
    assert (await client.post("/api/v1/devices/demo:2/relay-token", json={})).status_code == 404
    for minutes in (0, 61):
        answer = await client.post("/api/v1/devices/demo:1/relay-token", json={"minutes": minutes})
        assert (answer.status_code, answer.json()["field"]) == (400, "minutes")
    world.relays.refuse = "it has no BLE"
    assert (await client.post("/api/v1/devices/demo:1/relay-token", json={})).status_code == 409


def test_tokens_expire_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_tokens, "TOKENS_MAX", 2)
    now = [0]
    tokens: RelayTokens[str] = RelayTokens(lambda: now[0], lambda by: by != "revoked")
    first, _ = tokens.create("a:1", "somebody", 1)
    second, _ = tokens.create("a:2", "somebody", 2)
    with pytest.raises(Conflict, match="2 relay tokens"):
        tokens.create("a:3", "somebody", 1)
    now[0] = 60_000_000
    assert tokens.grant(first) is None
    grant = tokens.grant(second)
    assert grant is not None
    assert grant.device == "a:2"
    revoked, _ = tokens.create("a:3", "revoked", 1)
    assert tokens.grant(revoked) is None
    assert tokens.grant("") is tokens.grant(PREFIX + "x" * 43) is None


async def test_a_phone_that_does_not_read_is_left(
    world: World, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "SEND_S", 0.01)
    monkeypatch.setattr(relay, "CLOSE_S", 0.01)
    async with phone(world, app) as socket:
        line = await opened(socket, world)
        socket.flowing.clear()
        line.tell(Subscribe(1, NOTIFY))
        await asyncio.wait_for(line.ended.wait(), 10)


def test_every_example_of_the_reference_is_understood() -> None:
    text = (ROOT / "docs/reference/relay.md").read_text()
    examples = [line for line in text.splitlines() if line.startswith('{"type"')]
    assert len(examples) >= 8
    for example in examples:
        msgspec.json.decode(example, type=ToRelay | FromRelay)
