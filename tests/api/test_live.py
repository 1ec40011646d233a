"""The live feed."""

import asyncio

import msgspec
import pytest
from litestar import Litestar

from tests.api.fake_bus import FakeSubscription
from tests.api.fakes import NOW, World
from tests.api.sockets import Socket
from wayside.api import live
from wayside.api.live import ROOM, Filter, Texts
from wayside.api.tokens import Scope
from wayside.model.commands import State, Transition
from wayside.model.events import Kind
from wayside.ports.bus import CommandChanged, Notice

PATH = "/api/v1/live"


@pytest.fixture
def app(world: World) -> Litestar:
    return world.app()


def feed(world: World, app: Litestar, query: str = "") -> Socket:
    return Socket(app, PATH + query, headers=world.headers(Scope.READ))


async def opened(socket: Socket, world: World) -> FakeSubscription:
    """Waits for the acceptance; then the feed listens."""
    assert (await socket.said())["type"] == "websocket.accept"
    return world.bus.subscriptions[-1]


async def test_events_and_commands_are_told_as_they_happen(world: World, app: Litestar) -> None:
    async with feed(world, app) as socket:
        subscription = await opened(socket, world)
        world.bus.publish(world.event(7, values={"lock.state": "open"}))
        step = Transition("c1", State.SUCCEEDED, NOW, "done", {"n": 1}, late=True)
        world.bus.publish(CommandChanged("demo:1", step))
        assert await socket.notice() == {
            "type": "event",
            "event": {
                "id": 7,
                "device": "demo:1",
                "kind": "report",
                "at": "2026-03-01T11:59:58Z",
                "received_at": "2026-03-01T12:00:00.000007Z",
                "message": "hello",
                "values": {"lock.state": "open"},
            },
        }
        assert await socket.notice() == {
            "type": "command",
            "device": "demo:1",
            "command": "c1",
            "state": "succeeded",
            "at": "2026-03-01T12:00:00Z",
            "detail": "done",
            "values": {"n": 1},
            "late": True,
        }
    assert subscription.closed


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", [1, 2, 3, "c1"]),
        ("?device=demo:1", [1, 2, "c1"]),
        ("?kind=alarm", [2]),
        ("?message=hello", [1, 3]),
        ("?name=battery.level", [1, 3]),
        ("?device=demo:1&name=battery.level", [1]),
        ("?device=demo:9", []),
    ],
)
def test_filters(world: World, query: str, seen: list[object]) -> None:
    pairs = dict(pair.split("=") for pair in query[1:].split("&") if pair)
    wanted = msgspec.convert(pairs, Filter, strict=False)
    notices: dict[object, Notice] = {
        1: world.event(1),
        2: world.event(2, kind=Kind.ALARM, message="sos", values={"alarm.kind": "sos"}),
        3: world.event(3, device="demo:2"),
        "c1": CommandChanged("demo:1", Transition("c1", State.SENT, NOW)),
    }
    assert [key for key, notice in notices.items() if wanted.wants(notice)] == seen


async def test_all_readers_are_told_in_the_same_words(world: World, app: Litestar) -> None:
    async with (
        feed(world, app) as everything,
        feed(world, app, "?device=demo:1") as one,
        Socket(app, PATH, headers=world.headers(Scope.ADMIN)) as admin,
    ):
        readers = (everything, one, admin)
        for each in readers:
            await opened(each, world)
        world.bus.publish(world.event(7))
        texts = [(await each.said())["text"] for each in readers]
        assert msgspec.json.decode(texts[0])["event"]["id"] == 7
        assert texts[1] is texts[0]
        assert texts[2] is texts[0]


def test_each_notice_has_its_own_words_and_the_oldest_are_forgotten(world: World) -> None:
    texts = Texts()
    first = world.event(0)
    said = texts.of(first)
    for number in range(1, ROOM):
        # Nobody else holds these: were their ids all that is remembered, the next one would be taken for them.
        assert f'"id":{number},' in texts.of(world.event(number))
    assert texts.of(first) is said
    texts.of(world.event(ROOM))
    again = texts.of(first)
    assert again == said
    assert again is not said


@pytest.mark.parametrize("query", ["?kind=party", "?device=x", "?devise=demo:1", "?message=" + "x" * 101])
async def test_a_filter_that_makes_no_sense_is_refused(world: World, app: Litestar, query: str) -> None:
    async with feed(world, app, query) as socket:
        refusal = await socket.said()
        assert (refusal["type"], refusal["code"]) == ("websocket.close", 4400)
        assert query[1:].partition("=")[0] in refusal["reason"]
    assert not world.bus.subscriptions


async def test_a_feed_that_falls_behind_is_dropped(world: World, app: Litestar) -> None:
    async with feed(world, app) as socket:
        subscription = await opened(socket, world)
        socket.flowing.clear()
        for number in range(ROOM + 2):
            world.bus.publish(world.event(number))
            await asyncio.sleep(0)
        assert subscription.overflowed.is_set()
        assert subscription.queue.qsize() <= ROOM
        socket.flowing.set()
        message = await socket.said()
        while message["type"] == "websocket.send":
            message = await socket.said()
        assert (message["type"], message["code"]) == ("websocket.close", 1013)
    assert subscription.closed


async def test_a_send_that_does_not_complete_ends_the_feed(
    world: World, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SEND_S", 0.01)
    monkeypatch.setattr(live, "LOOK_S", 0.01)
    monkeypatch.setattr(live, "CLOSE_S", 0.01)
    async with feed(world, app) as socket:
        subscription = await opened(socket, world)
        socket.flowing.clear()
        world.bus.publish(world.event())
        await asyncio.wait_for(asyncio.shield(socket.task), 10)
        assert subscription.closed
        assert socket.outbox.empty()


async def test_a_quiet_feed_is_kept_alive(
    world: World, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "KEEPALIVE_S", 0.01)
    async with feed(world, app) as socket:
        await opened(socket, world)
        assert await socket.notice() == {"type": "keepalive", "at": "2026-03-01T12:00:00Z"}
        assert (await socket.notice())["type"] == "keepalive"


async def test_a_feed_ends_with_its_token(world: World, app: Litestar) -> None:
    async with feed(world, app) as socket:
        await opened(socket, world)
        record = next(record for record in world.tokens.records() if record.scopes == ("read",))
        await world.tokens.delete(record.id, "test")
        world.bus.publish(world.event())
        closed = await socket.said()
        assert (closed["type"], closed["code"]) == ("websocket.close", 4401)


async def test_what_the_client_says_is_not_listened_to(world: World, app: Litestar) -> None:
    async with feed(world, app) as socket:
        await opened(socket, world)
        socket.inbox.put_nowait({"type": "websocket.receive", "text": "{", "bytes": None})
        world.bus.publish(world.event(3))
        assert (await socket.notice())["event"]["id"] == 3
