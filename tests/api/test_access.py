"""Tokens, the audit log, firmware administration, health and metrics over HTTP."""

import hashlib
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient
from msgspec.structs import replace

from tests.api.fakes import NOW, Client, FakeStore, World
from wayside.api.app import build_app
from wayside.api.metrics import SERIES_MAX
from wayside.api.services import Distribution, MetricKind, Sample
from wayside.api.tokens import Scope, Tokens
from wayside.model.instant import MINUTE


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(world: World, client: Client) -> None:
    answer = await client.post("/api/v1/tokens", json={"name": "ci", "scope": "read"})
    assert answer.status_code == 201
    token, record = answer.json()["token"], answer.json()["record"]
    assert token.startswith("wst_")
    assert len(token) == 47
    kept = world.store.token_records[record["id"]]
    assert kept.digest == hashlib.sha256(token.encode()).digest()
    listed = await client.get("/api/v1/tokens")
    assert token not in listed.text
    assert (
        listed.json()["items"][-1]
        == record
        == {
            "id": kept.id,
            "name": "ci",
            "scopes": ["read"],
            "created_at": "2026-03-01T12:00:00Z",
            "expires_at": None,
        }
    )
    headers = {"Authorization": f"bearer {token}"}
    assert (await client.get("/api/v1/devices", headers=headers)).status_code == 200
    assert (await client.delete(f"/api/v1/tokens/{record['id']}")).status_code == 204
    assert (await client.get("/api/v1/devices", headers=headers)).status_code == 401
    assert [record.action for record in world.store.audit_log[-2:]] == ["token.create", "token.delete"]
    assert token not in repr(world.store.audit_log)


async def test_a_token_expires(world: World, client: Client) -> None:
    body = {"name": "brief", "scope": "read", "expires_at": "2026-03-01T13:30:00+01:00"}
    token = (await client.post("/api/v1/tokens", json=body)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    world.clock.advance(30 * 60 - 1)
    assert (await client.get("/api/v1/devices", headers=headers)).status_code == 200
    world.clock.advance(1)
    assert (await client.get("/api/v1/devices", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "", "scope": "read"}, 400, "name"),
        ({"name": "a\nb", "scope": "read"}, 400, "name"),
        ({"name": "a", "scope": "root"}, 400, "scope"),
        ({"name": "a", "scope": "read", "expires_at": "2020-01-01T00:00:00Z"}, 422, "expires_at"),
        ({"name": "a", "scope": "read", "expires_at": "soon"}, 400, "expires_at"),
        ({"name": "read-token", "scope": "read"}, 409, "name"),
    ],
)
async def test_a_token_that_makes_no_sense(
    client: Client, body: dict[str, str], status: int, field: str
) -> None:
    answer = await client.post("/api/v1/tokens", json=body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


async def test_nobody_locks_everybody_out(world: World, client: Client) -> None:
    first = next(record for record in world.tokens.records() if record.scopes == ("admin",))
    answer = await client.delete(f"/api/v1/tokens/{first.id}")
    assert (answer.status_code, answer.json()["field"]) == (409, "token")
    assert (await client.delete("/api/v1/tokens/none")).status_code == 404


async def test_the_first_start_makes_an_admin_and_the_next_one_does_not(world: World) -> None:
    store = FakeStore()
    first = Tokens(store, world.clock)
    token = await first.open()
    assert token is not None
    again = Tokens(store, world.clock)
    assert await again.open() is None
    caller = again.caller(token)
    assert caller is not None
    assert caller.scope is Scope.ADMIN


async def test_a_start_without_a_valid_admin_makes_one(world: World) -> None:
    store = FakeStore()
    tokens = Tokens(store, world.clock)
    await tokens.open()
    (record,) = store.token_records.values()
    store.token_records[record.id] = replace(record, expires_at=NOW + MINUTE)
    world.clock.advance(60)
    assert await Tokens(store, world.clock).open() is not None
    assert [record.name for record in store.token_records.values()] == ["first-admin", "first-admin-2"]


async def test_a_token_that_could_not_be_stored_does_not_work(world: World, client: Client) -> None:
    before = world.tokens.records()

    async def broken(_: object) -> None:
        world.store.broken = True
        world.store.check()

    world.store.put_token = broken  # type: ignore[method-assign,assignment]  # breaks while it stores
    answer = await client.post("/api/v1/tokens", json={"name": "x", "scope": "read"})
    assert answer.status_code == 503
    assert world.tokens.records() == before


async def test_the_audit_log_says_who_did_what(client: Client) -> None:
    await client.post("/api/v1/tokens", json={"name": "ci", "scope": "command"})
    newest = (await client.get("/api/v1/audit?limit=1")).json()["items"][0]
    assert (newest["actor"], newest["action"], newest["detail"]) == (
        "first-admin",
        "token.create",
        "ci (command)",
    )


async def test_firmware_is_uploaded_fetched_and_removed(world: World, client: Client) -> None:
    answer = await client.post("/api/v1/firmware?name=V3.bin", content=b"\x01\x02\x03")
    assert answer.status_code == 201
    record = answer.json()
    assert (record["name"], record["size"], record["byte_sum"]) == ("V3.bin", 3, 6)
    assert (await client.get("/api/v1/firmware")).json()["items"] == [record]
    offer = await world.shelf.offer(record["id"], "c1", world.clock() + MINUTE)
    assert offer is not None
    path = offer.url.removeprefix("http://lock.test")
    fetched = await client.get(path, headers={"Authorization": ""})
    assert (fetched.status_code, fetched.content) == (200, b"\x01\x02\x03")
    assert fetched.headers["content-type"] == "application/octet-stream"
    world.clock.advance(60)
    assert (await client.get(path)).status_code == 404
    assert (await client.get("/firmware/guess")).json()["type"] == "urn:wayside:problem:not-found"
    assert (await client.delete(f"/api/v1/firmware/{record['id']}")).status_code == 204
    assert (await client.delete(f"/api/v1/firmware/{record['id']}")).status_code == 404
    assert [entry.action for entry in world.store.audit_log[-2:]] == ["firmware.upload", "firmware.delete"]


@pytest.mark.parametrize(
    ("name", "content", "status", "field"),
    [
        ("?name=a", b"", 422, "body"),
        ("", b"x", 400, "name"),
        ("?name=" + "n" * 121, b"x", 400, "name"),
        ("?name=a", b"x" * 1_000_001, 413, "body"),
    ],
)
async def test_firmware_that_is_none(
    client: Client, name: str, content: bytes, status: int, field: str
) -> None:
    answer = await client.post(f"/api/v1/firmware{name}", content=content)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert (await client.get("/api/v1/firmware")).json() == {"items": []}


async def test_readiness_asks_the_store_and_the_listeners(world: World, client: Client) -> None:
    assert (await client.get("/readyz")).json() == {"status": "ready", "troubles": []}
    world.troubles.append("media: down")
    assert (await client.get("/readyz")).json() == {"status": "ready", "troubles": ["media: down"]}
    world.not_ready = "listener jimi: address in use"
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "listener jimi: address in use")
    world.store.broken = True
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "store: no space left on device")
    assert (await client.get("/healthz")).status_code == 200


async def test_metrics_are_text_and_bounded(world: World, client: Client) -> None:
    world.samples = [
        *(
            Sample("wayside_odd", MetricKind.GAUGE, "Odd", number, {"label": f"{number}" + "x" * 99})
            for number in range(SERIES_MAX + 5)
        ),
        Sample("wayside_frames", MetricKind.COUNTER, "Frames", 3, {"protocol": "demo"}),
    ]
    world.distributions = [Distribution("wayside_commit_seconds", "Commits", (0.1, 1.0), (5, 2, 1), 4.5)]
    await client.get("/nowhere")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'wayside_frames_total{protocol="demo"} 3.0' in lines
    assert 'wayside_commit_seconds_bucket{le="1.0"} 7.0' in lines
    assert 'wayside_commit_seconds_bucket{le="+Inf"} 8.0' in lines
    assert "wayside_commit_seconds_sum 4.5" in lines
    assert "wayside_metrics_dropped_series 5.0" in lines
    assert 'wayside_http_responses_total{method="GET",status="404"} 1.0' in lines
    assert sum(line.startswith("wayside_odd{") for line in lines) == SERIES_MAX
    assert max(len(line) for line in lines) < 200


async def test_metrics_are_public_only_if_the_operator_says_so(world: World, tmp_path: Path) -> None:
    app = build_app(replace(world.services, metrics_public=True))
    async with AsyncTestClient(app) as client:
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/api/v1/devices")).status_code == 401
