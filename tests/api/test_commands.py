"""Commands and alarms over HTTP."""

from typing import Any

import pytest

from tests.api.fakes import Client, World
from wayside.api.tokens import Scope
from wayside.model.commands import State
from wayside.model.events import Kind

BEEP = {"capability": "beep", "parameters": {"times": 3}}


async def test_a_command_is_stored_and_shown(world: World, client: Client) -> None:
    device = world.device()
    answer = await client.post(f"/api/v1/devices/{device}/commands", json=BEEP)
    assert answer.status_code == 201
    assert answer.headers["location"] == "/api/v1/commands/c1"
    shown = (await client.get("/api/v1/commands/c1")).json()
    assert shown == answer.json()
    assert shown == {
        "id": "c1",
        "number": 1,
        "device": "demo:1",
        "capability": "beep",
        "parameters": {"times": 3},
        "state": "queued",
        "created_at": "2026-03-01T12:00:00Z",
        "expires_at": "2026-03-01T12:01:00Z",
        "requested_by": "first-admin",
        "idempotency_key": None,
        "late": False,
        "detail": "",
        "values": {},
        "transitions": [
            {"state": "accepted", "at": "2026-03-01T12:00:00Z", "detail": "", "values": {}, "late": False}
        ],
    }


async def test_an_idempotency_key_brings_the_same_command_back(world: World, client: Client) -> None:
    path = f"/api/v1/devices/{world.device()}/commands"
    key = {"Idempotency-Key": "order-66"}
    first = await client.post(path, json=BEEP, headers=key)
    again = await client.post(path, json=BEEP, headers=key)
    other = await client.post(path, json={"capability": "beep"}, headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert again.json() == first.json()
    assert other.json()["type"] == "urn:wayside:problem:key-reused"
    assert len(world.store.command_records) == 1


@pytest.mark.parametrize("key", ["x" * 101, "with space", "naïve"])
async def test_a_key_that_is_none_is_refused(world: World, client: Client, key: str) -> None:
    answer = await client.post(
        f"/api/v1/devices/{world.device()}/commands",
        json=BEEP,
        headers=[(b"Idempotency-Key", key.encode())],
    )
    assert answer.status_code == 400
    assert not world.store.command_records


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"capability": "fly"}, 422, "capability"),
        ({"capability": "beep", "parameters": {"times": 99}}, 422, "parameters"),
        ({"capability": "reset"}, 422, "confirm"),
        ({"capability": "reset", "confirm": True}, 201, None),
        ({"capability": "beep", "expires_after_s": 86_401}, 400, "expires_after_s"),
    ],
)
async def test_what_cannot_be_done_is_named(
    world: World, client: Client, body: dict[str, Any], status: int, field: str | None
) -> None:
    answer = await client.post(f"/api/v1/devices/{world.device()}/commands", json=body)
    assert (answer.status_code, answer.json().get("field")) == (status, field)


async def test_a_preview_stores_nothing(world: World, client: Client) -> None:
    answer = await client.post(f"/api/v1/devices/{world.device()}/commands/preview", json=BEEP)
    assert answer.status_code == 200
    assert answer.json() == {"frames": [{"message": "beep", "data": "00ff"}], "note": "then it waits"}
    assert not world.store.command_records


async def test_commands_are_listed_and_cancelled(world: World, client: Client) -> None:
    path = f"/api/v1/devices/{world.device()}/commands"
    for _ in range(2):
        await client.post(path, json=BEEP)
    cancelled = await client.post("/api/v1/commands/c1/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert (await client.post("/api/v1/commands/c1/cancel")).status_code == 409
    assert (await client.post("/api/v1/commands/c9/cancel")).status_code == 404

    async def ids(query: str) -> list[str]:
        return [item["id"] for item in (await client.get(f"/api/v1/commands{query}")).json()["items"]]

    assert await ids("") == ["c2", "c1"]
    assert await ids(f"?state={State.CANCELLED}") == ["c1"]
    assert await ids("?capability=reset") == []
    assert await ids("?device=demo:2") == []


async def test_capabilities_come_with_their_json_schema(world: World, client: Client) -> None:
    items = (await client.get(f"/api/v1/devices/{world.device()}/capabilities")).json()["items"]
    assert [(item["name"], item["risk"]) for item in items] == [("beep", "actuation"), ("reset", "dangerous")]
    schema = items[0]["parameters"]["$defs"]["Beep"]["properties"]["times"]
    assert (schema["minimum"], schema["maximum"], schema["description"]) == (1, 9, "How often")
    protocols = (await client.get("/api/v1/protocols")).json()["items"]
    assert protocols[0]["capabilities"] == items
    assert protocols[0]["links"] == [{"transport": "tcp", "port": 21000, "idle_timeout_s": 60.0}]
    assert protocols[0]["messages"] == [{"name": "hello", "code": "01", "side": "device", "section": "1"}]
    assert (await client.get("/api/v1/protocols/demo")).json() == protocols[0]
    assert (await client.get("/api/v1/protocols/other")).status_code == 404


async def test_an_alarm_is_acknowledged_once(world: World, client: Client) -> None:
    world.event(1)
    world.event(2, kind=Kind.ALARM, values={"alarm.kind": "sos"})
    path = "/api/v1/alarms/2/acknowledge"
    assert (await client.post("/api/v1/alarms/1/acknowledge")).status_code == 404
    seen = await client.post(path, json={"note": "called"}, headers=world.headers(Scope.COMMAND))
    assert (seen.status_code, seen.json()["acknowledged_by"]) == (200, "command-token")
    world.clock.advance(5)
    again = await client.post(path, json={"note": "me too"})
    assert again.json() == seen.json()
    assert [(record.actor, record.action) for record in world.store.audit_log][-1] == (
        "command-token",
        "alarm.acknowledge",
    )
    for query, count in [("", 1), ("?acknowledged=false", 0), ("?alarm=sos", 1), ("?alarm=other", 0)]:
        assert len((await client.get(f"/api/v1/alarms{query}")).json()["items"]) == count


async def test_the_vocabulary_names_units_and_meanings(client: Client) -> None:
    items = {item["name"]: item for item in (await client.get("/api/v1/vocabulary")).json()["items"]}
    assert items["position.speed"]["unit"] == "km/h"
    assert items["position.speed"]["description"]
