"""Devices over HTTP."""

import pytest

from tests.api.fakes import NOW, Client, World
from wayside.model.events import Latest
from wayside.model.instant import SECOND
from wayside.ports.platform import UnknownDevice
from wayside.ports.store import DeviceStatus


async def test_a_device_shows_its_connection_and_its_last_values(world: World, client: Client) -> None:
    device = world.device("7", "Gate")
    world.devices.online.add(device)
    world.store.states[device] = {
        "lock.state": Latest("locked", NOW - 90 * SECOND),
        "battery.level": Latest(55.5, NOW + 5 * SECOND),
    }
    answer = await client.get(f"/api/v1/devices/{device}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "device": "demo:7",
        "protocol": "demo",
        "name": "Gate",
        "status": "accepted",
        "created_at": "2026-03-01T12:00:00Z",
        "presence": {
            "online": True,
            "since": "2026-03-01T11:59:59Z",
            "last_seen": "2026-03-01T12:00:00Z",
            "address": "198.51.100.7:40000",
            "transport": "tcp",
        },
        "state": {
            "battery.level": {"value": 55.5, "at": "2026-03-01T12:00:05Z", "age_s": 0.0},
            "lock.state": {"value": "locked", "at": "2026-03-01T11:58:30Z", "age_s": 90.0},
        },
    }


async def test_the_list_can_be_searched_filtered_and_paged(world: World, client: Client) -> None:
    for number in range(5):
        world.device(str(number), f"Bay {number}")
    world.devices.online |= {"demo:1", "demo:4"}

    async def listed(query: str) -> tuple[list[str], str | None]:
        body = (await client.get(f"/api/v1/devices{query}")).json()
        return [item["device"][5:] for item in body["items"]], body["next"]

    assert await listed("") == (["0", "1", "2", "3", "4"], None)
    assert await listed("?search=bay 3") == (["3"], None)
    assert await listed("?protocol=other") == ([], None)
    assert await listed("?status=rejected") == ([], None)
    assert await listed("?online=true") == (["1", "4"], None)
    assert await listed("?online=false") == (["0", "2", "3"], None)
    first, cursor = await listed("?limit=2")
    assert first == ["0", "1"]
    assert await listed(f"?limit=2&cursor={cursor}") == (["2", "3"], "4")
    # Pages without a match are passed over.
    assert (await listed("?limit=1&online=true"))[0] == ["1"]


async def test_a_list_has_state_when_it_is_asked_for(world: World, client: Client) -> None:
    world.store.states[world.device()] = {"lock.state": Latest("open", NOW)}
    assert (await client.get("/api/v1/devices")).json()["items"][0]["state"] is None
    assert (await client.get("/api/v1/devices?state=true")).json()["items"][0]["state"]["lock.state"]["value"]


async def test_a_device_lives_from_create_to_delete(world: World, client: Client) -> None:
    created = await client.post("/api/v1/devices", json={"device": "demo:9", "name": "New"})
    assert created.status_code == 201
    assert created.headers["location"] == "/api/v1/devices/demo:9"
    assert (await client.post("/api/v1/devices", json={"device": "demo:9"})).status_code == 409
    renamed = await client.patch("/api/v1/devices/demo:9", json={"name": "Tor 3 Süd"})
    assert renamed.json()["name"] == "Tor 3 Süd"
    rejected = await client.post("/api/v1/devices/demo:9/reject")
    assert (rejected.status_code, rejected.json()["status"]) == (200, "rejected")
    accepted = await client.post("/api/v1/devices/demo:9/accept", json={"name": "Back"})
    assert (accepted.json()["status"], accepted.json()["name"]) == ("accepted", "Back")
    deleted = await client.delete("/api/v1/devices/demo:9")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await client.get("/api/v1/devices/demo:9")).status_code == 404


async def test_options_of_a_device_are_set_and_taken_away(world: World, client: Client) -> None:
    path = f"/api/v1/devices/{world.device()}/options"
    assert (await client.get(path)).json() == {"options": {}}
    changed = await client.patch(path, json={"options": {"device_key": "s3cret", "zone": "60"}})
    assert changed.json() == {"options": {"device_key": "s3cret", "zone": "60"}}
    changed = await client.patch(path, json={"options": {"zone": None}})
    assert changed.json() == (await client.get(path)).json() == {"options": {"device_key": "s3cret"}}
    assert "s3cret" not in (await client.get(f"/api/v1/devices/{world.device()}")).text
    for body, field in (
        ({"options": {"nonsense": "1"}}, "options"),
        ({"options": {"zone": 60}}, "options"),
        ({"zone": "60"}, "zone"),
    ):
        refused = await client.patch(path, json=body)
        assert refused.status_code in {400, 422}
        assert field in refused.text
    assert (await client.get("/api/v1/devices/demo:404/options")).status_code == 404
    assert (await client.patch("/api/v1/devices/demo:404/options", json={"options": {}})).status_code == 404


async def test_an_unknown_device_is_listed_and_accepted(world: World, client: Client) -> None:
    world.devices.waiting["demo:5"] = UnknownDevice(
        "demo:5", "demo", NOW, NOW, "203.0.113.9:1", 3, 2, 1, ("hello",)
    )
    listed = (await client.get("/api/v1/unknown-devices")).json()["items"]
    assert [(item["device"], item["events_held"], item["messages"]) for item in listed] == [
        ("demo:5", 2, ["hello"])
    ]
    assert (await client.post("/api/v1/devices/demo:5/accept")).status_code == 200
    assert world.store.records["demo:5"].status is DeviceStatus.ACCEPTED
    assert (await client.get("/api/v1/unknown-devices")).json() == {"items": []}


@pytest.mark.parametrize("action", ["accept", "reject"])
async def test_nobody_can_decide_on_a_device_that_never_came(client: Client, action: str) -> None:
    answer = await client.post(f"/api/v1/devices/demo:404/{action}")
    assert (answer.status_code, answer.json()["field"]) == (404, "device")
