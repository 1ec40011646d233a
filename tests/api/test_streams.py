"""Live video over the API: asking for it, view tokens, and what external engines ask."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from tests.api.fakes import Client
from tests.api.fakes import World as ApiWorld
from tests.media.live.films import AVC, DEVICE, IMEI, METADATA, ROAD, World, key_frame
from wayside.api.app import build_app
from wayside.api.tokens import Scope
from wayside.model.commands import CommandRecord, State
from wayside.model.instant import SECOND
from wayside.ports.store import DeviceRecord, DeviceStatus
from wayside.protocols.jimi import PROTOCOL

STREAM = f"/api/v1/devices/{DEVICE}/streams/0"
HOOKS = "/live-hooks/0123456789abcdef"


@pytest.fixture
def video() -> World:
    return World()


@pytest.fixture
def world(world: ApiWorld, video: World) -> ApiWorld:
    world.store.records[DEVICE] = DeviceRecord(DEVICE, "jimi", DeviceStatus.ACCEPTED, world.clock())
    world.services = msgspec.structs.replace(
        world.services, live=video.live, live_hook_key="0123456789abcdef", protocols=(PROTOCOL,)
    )
    return world


@pytest.fixture
async def client(world: ApiWorld) -> AsyncIterator[Client]:
    async with AsyncTestClient(build_app(world.services), raise_server_exceptions=False) as client:
        client.headers.update(world.headers())
        yield client


async def test_asking_for_a_stream(client: Client, video: World, world: ApiWorld) -> None:
    channels = (await client.get(f"/api/v1/devices/{DEVICE}/channels")).json()["items"]
    assert [channel["name"] for channel in channels] == ["0", "1", "pip", "playback"]
    assert channels[0]["flv"] == f"/live/0/{IMEI}.flv"
    assert (await client.get(STREAM)).status_code == 404
    world.store.command_records["c1"] = CommandRecord(
        "c1", 1, DEVICE, "live_start", {}, State.REJECTED, 0, SECOND, "x", values={"reply.text": "RTMP Error"}
    )
    asked = await client.post(STREAM, json={"minutes": 7})
    assert asked.status_code == 200
    found = asked.json()
    assert (found["state"], found["requested_by"], found["page"]) == (
        "requested",
        "first-admin",
        f"/watch/0/{IMEI}",
    )
    assert found["command"] == {
        "id": "c1",
        "capability": "live_start",
        "state": "rejected",
        "detail": "RTMP Error",
    }
    assert video.desk.sent == [("live_start", {"camera": "out", "minutes": 7}, "first-admin")]
    video.publish(ROAD, METADATA, AVC, key_frame(0))
    (listed,) = (await client.get(f"/api/v1/streams?device={DEVICE}")).json()["items"]
    assert (listed["state"], listed["video"], listed["width"]) == ("live", "h264", 64)
    assert (await client.get("/api/v1/streams?device=jimi:864200000000009")).json() == {"items": []}
    stopped = await client.post(f"{STREAM}/stop")
    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    assert (await client.post(f"{STREAM}/stop")).status_code == 404
    assert [record.action for record in world.store.audit_log[-2:]] == ["stream.start", "stream.stop"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"minutes": 1}, 400, "minutes"),
        ({"files": ["a.mp4"]}, 422, "files"),
        ({"record": True}, 422, "record"),
        ({"loud": True}, 400, "loud"),
    ],
)
async def test_what_cannot_be_asked_for(
    client: Client, body: dict[str, object], status: int, field: str
) -> None:
    answer = await client.post(STREAM, json=body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


async def test_an_offline_camera(client: Client, video: World) -> None:
    video.desk.offline = True
    answer = await client.post(STREAM, json={})
    assert (answer.status_code, answer.json()["detail"]) == (409, "the device is offline")
    assert (await client.get("/api/v1/streams")).json() == {"items": []}


async def test_reading_does_not_start_and_starting_needs_more(client: Client, world: ApiWorld) -> None:
    read = world.headers(Scope.READ)
    assert (await client.post(STREAM, json={}, headers=read)).status_code == 403
    assert (await client.post(f"{STREAM}/stop", headers=read)).status_code == 403
    assert (await client.post(f"{STREAM}/view-token", json={}, headers=read)).status_code == 201


async def test_view_tokens_end(client: Client, world: ApiWorld) -> None:
    made = (await client.post(f"{STREAM}/view-token", json={"minutes": 1})).json()
    assert made["flv"] == f"/live/0/{IMEI}.flv?view={made['token']}"
    assert made["page"] == f"/watch/0/{IMEI}#{made['token']}"
    nobody = {"Authorization": ""}
    assert (await client.get(made["flv"], headers=nobody)).status_code == 404
    world.clock.advance(61)
    assert (await client.get(made["flv"], headers=nobody)).status_code == 401
    missing = await client.post(f"/api/v1/devices/{DEVICE}/streams/9/view-token", json={})
    assert (missing.status_code, missing.json()["field"]) == (404, "channel")


async def test_the_page_is_strict(client: Client) -> None:
    page = await client.get(f"/watch/0/{IMEI}", headers={"Authorization": ""})
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    for asset, kind in (
        ("player.js", "text/javascript"),
        ("player.css", "text/css"),
        ("mpegts.js", "text/javascript"),
    ):
        answer = await client.get(f"/watch/{asset}", headers={"Authorization": ""})
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
    for nothing in ("README.md", "player.html", "..%2f..%2fflv.py"):
        assert (await client.get(f"/watch/{nothing}")).status_code == 404


async def test_without_live_video(client: Client, world: ApiWorld) -> None:
    app = build_app(msgspec.structs.replace(world.services, live=None))
    async with AsyncTestClient(app) as plain:
        plain.headers.update(world.headers())
        for method, path in (
            ("GET", "/api/v1/streams"),
            ("POST", STREAM),
            ("GET", f"/live/0/{IMEI}.flv"),
        ):
            answer = await plain.request(method, path, json={} if method == "POST" else None)
            assert (answer.status_code, "switched off" in answer.text) == (409, True)


# External engines, in the words of their own documents.


def srs(action: str, **more: object) -> dict[str, Any]:
    return {
        "server_id": "vid-0xk989d",
        "action": action,
        "client_id": "9308h583",
        "ip": "192.168.1.10",
        "vhost": "__defaultVhost__",
        "app": "live/0",
        "stream": IMEI,
        "param": "",
        "tcUrl": "rtmp://192.168.1.10/live/0",
        **more,
    }


async def test_srs(client: Client, video: World) -> None:
    async def ask(body: dict[str, Any]) -> int:
        answer = await client.post(f"{HOOKS}/srs", json=body, headers={"Authorization": ""})
        assert answer.status_code == 200, answer.text
        code: int = answer.json()["code"]
        return code

    made = (await client.post(f"{STREAM}/view-token", json={})).json()
    assert await ask(srs("on_publish")) == 1
    await client.post(STREAM, json={})
    assert await ask(srs("on_publish")) == 0
    assert await ask(srs("on_publish", app="live", stream=f"0/{IMEI}")) == 0
    assert await ask(srs("on_play")) == 1
    assert await ask(srs("on_play", param=f"?view={made['token']}", client_id=1985)) == 0
    assert await ask(srs("on_play", app="live/1", param=f"?view={made['token']}")) == 1
    shown = video.live.stream(DEVICE, "0")
    assert shown is not None
    assert shown.viewers == 1
    assert await ask(srs("on_stop", client_id=1985)) == 0
    shown = video.live.stream(DEVICE, "0")
    assert shown is not None
    assert shown.viewers == 0
    assert await ask(srs("on_unpublish")) == 0


async def test_mediamtx(client: Client, video: World) -> None:
    async def ask(action: str, path: str = f"live/0/{IMEI}", query: str = "") -> int:
        body = {
            "user": "",
            "password": "",
            "token": "",
            "ip": "192.168.1.10",
            "action": action,
            "path": path,
            "protocol": "rtmp",
            "id": "f3e2c1d0",
            "query": query,
        }
        return (await client.post(f"{HOOKS}/mediamtx", json=body, headers={"Authorization": ""})).status_code

    made = (await client.post(f"{STREAM}/view-token", json={})).json()
    assert await ask("publish") == 403
    await client.post(STREAM, json={})
    assert await ask("publish") == 204
    assert await ask("publish", "live/0/864200000000009") == 403
    assert await ask("read", query=f"view={made['token']}") == 204
    assert await ask("read", query="view=wsv_x") == 403
    assert await ask("read", f"live/1/{IMEI}", f"view={made['token']}") == 403
    for other in ("api", "metrics", "pprof", "playback"):
        assert await ask(other) == 403


@pytest.mark.parametrize("engine", ["srs", "mediamtx"])
async def test_without_the_key_there_is_nothing(client: Client, world: ApiWorld, engine: str) -> None:
    body = srs("on_publish", path="x")
    assert (await client.post(f"/live-hooks/wrong/{engine}", json=body)).status_code == 404
    app = build_app(msgspec.structs.replace(world.services, live_hook_key=None))
    async with AsyncTestClient(app) as plain:
        assert (await plain.post(f"{HOOKS}/{engine}", json=body)).status_code == 404
