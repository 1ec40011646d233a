"""The HTTP server on a real socket: what we rely on, whatever serves."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
import websockets
from websockets.asyncio.client import connect

from tests.api.fakes import World
from tests.api.sockets import until
from wayside.api import server
from wayside.api.auth import FEED_PROTOCOL
from wayside.api.server import HttpServer, start
from wayside.api.tokens import Scope
from wayside.model.instant import MINUTE
from wayside.ports.store import PAGE_MAX

MEGABYTE = b"x" * 1_000_000


@pytest.fixture
async def http(world: World) -> AsyncIterator[HttpServer]:
    running = start(world.app(), "127.0.0.1", 0)
    yield running
    await running.stop()


@pytest.fixture
async def client(world: World, http: HttpServer) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://127.0.0.1:{http.address.port}"
    async with httpx.AsyncClient(base_url=base, headers=world.headers(), timeout=20) as client:
        yield client


async def test_it_listens_where_it_says(http: HttpServer, client: httpx.AsyncClient) -> None:
    assert http.address.host == "127.0.0.1"
    assert http.address.port > 0
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert (await client.get("/nowhere")).headers["content-type"] == "application/problem+json"


async def test_a_port_that_is_taken_is_an_error(world: World, http: HttpServer) -> None:
    with pytest.raises(OSError, match="in use"):
        start(world.app(), "127.0.0.1", http.address.port)


async def test_signals_stay_ours(world: World) -> None:
    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in watched]
    running = start(world.app(), "127.0.0.1", 0)
    await asyncio.sleep(0)
    assert [signal.getsignal(number) for number in watched] == before
    await running.stop()


async def test_uploads_and_downloads_are_whole(world: World, client: httpx.AsyncClient) -> None:
    image = os.urandom(900_000)
    uploaded = await client.post("/api/v1/firmware?name=image.bin", content=image)
    assert uploaded.status_code == 201
    assert uploaded.json()["byte_sum"] == sum(image)
    offer = await world.shelf.offer(uploaded.json()["id"], "c1", world.clock() + MINUTE)
    assert offer is not None
    fetched = await client.get(offer.url.removeprefix("http://lock.test"), headers={"Authorization": ""})
    assert fetched.content == image
    # A lock's modem reads until the length that it was told.
    assert fetched.headers["content-length"] == str(len(image))


async def test_an_upload_over_the_limit_is_refused_while_it_comes(
    world: World, client: httpx.AsyncClient
) -> None:
    async def megabytes(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield MEGABYTE

    answer = await client.post("/api/v1/firmware?name=image.bin", content=megabytes(20))
    assert answer.status_code == 413
    with pytest.raises(httpx.TransportError):
        await client.post("/api/v1/firmware?name=image.bin", content=megabytes(10_000))
    assert await world.shelf.records() == []


async def test_an_export_is_streamed(world: World, client: httpx.AsyncClient) -> None:
    for number in range(PAGE_MAX * 3):
        world.event(number + 1)
    async with client.stream("GET", "/api/v1/export/events?format=jsonl") as answer:
        ids = [msgspec.json.decode(line)["id"] async for line in answer.aiter_lines()]
    assert ids == list(range(PAGE_MAX * 3, 0, -1))


async def test_an_export_that_breaks_is_not_taken_for_a_whole_one(
    world: World, client: httpx.AsyncClient
) -> None:
    for number in range(PAGE_MAX * 3):
        world.event(number + 1)
    world.store.broken_after_pages = 2
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/api/v1/export/events")


def live(world: World, http: HttpServer, query: str = "") -> connect:
    offered = [
        websockets.Subprotocol(FEED_PROTOCOL),
        websockets.Subprotocol(f"bearer.{world.token[Scope.READ]}"),
    ]
    return connect(f"ws://127.0.0.1:{http.address.port}/api/v1/live{query}", subprotocols=offered)


async def test_the_live_feed(world: World, http: HttpServer) -> None:
    async with live(world, http) as feed:
        assert feed.subprotocol == FEED_PROTOCOL
        world.bus.publish(world.event(5))
        assert msgspec.json.decode(await feed.recv())["event"]["id"] == 5
        await (await feed.ping())
    await until(lambda: world.bus.subscriptions[0].closed)


@pytest.mark.parametrize(("query", "status"), [("", 401), ("?kind=party", 401)])
async def test_a_refused_feed_says_why(http: HttpServer, query: str, status: int) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{http.address.port}/api/v1/live{query}")
    assert refused.value.response.status_code == status
    assert msgspec.json.decode(refused.value.response.body or b"")["status"] == status


async def test_a_bad_filter_says_which(world: World, http: HttpServer) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await live(world, http, "?kind=party")
    assert refused.value.response.status_code == 400
    assert "kind" in msgspec.json.decode(refused.value.response.body or b"")["detail"]


def stuck_socket(http: HttpServer, request: str) -> socket.socket:
    """A client that asks and then never reads."""
    client = socket.create_connection(("127.0.0.1", http.address.port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(request.encode())
    return client


async def test_a_client_that_does_not_read_the_feed_is_dropped(
    world: World, http: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wayside.api.live.SEND_S", 0.2)
    request = (
        "GET /api/v1/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Authorization: Bearer {world.token[Scope.READ]}\r\n\r\n"
    )
    client = stuck_socket(http, request)
    await until(lambda: bool(world.bus.subscriptions))
    subscription = world.bus.subscriptions[0]
    event = world.event(values={"reply.text": "x" * 100_000})
    published = 0
    while not subscription.closed:
        # Never more than the room of the subscription waits in the process.
        if subscription.queue.empty():
            world.bus.publish(event)
            published += 1
        await asyncio.sleep(0)
    # What is beyond the subscription's room is only what the system's socket buffers took.
    assert published < 500
    client.close()


async def test_stopping_lets_requests_finish_and_cuts_off_who_does_not_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FINISH_WITHIN_S", 0.3)
    monkeypatch.setattr(server, "CANCEL_WITHIN_S", 0.1)
    for number in range(PAGE_MAX * 20):
        world.event(number + 1, values={"reply.text": "x" * 500})
    http = start(world.app(), "127.0.0.1", 0)
    stuck = stuck_socket(
        http,
        f"GET /api/v1/export/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.token[Scope.READ]}\r\n\r\n",
    )
    feed = await live(world, http)
    await until(lambda: world.store.pages_read > 0)
    await asyncio.wait_for(http.stop(), 10)
    with pytest.raises(websockets.ConnectionClosed):
        await asyncio.wait_for(feed.recv(), 10)
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection(("127.0.0.1", http.address.port), timeout=5)
    assert all(subscription.closed for subscription in world.bus.subscriptions)
    stuck.close()
