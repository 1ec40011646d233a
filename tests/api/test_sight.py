"""Passwords, keys and PINs: shown to administrators, and to nobody else."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.api.fakes import NOW, Client, FakeDesk, World
from tests.protocols.jk_bms.byhand import FULL, FULL_DATA, PASSWORD, sealed
from wayside.api.tokens import Scope
from wayside.model.events import StoredFrame
from wayside.ports.platform import CommandRequest, Preview, PreviewFrame
from wayside.ports.store import DeviceRecord, DeviceStatus
from wayside.protocols import jk_bms, parking_lock

BATTERY = "jk-bms:BMS1"
LOCK = "parking-lock:1"
GONE = "gone:1"

WRITE = sealed(2, b"\xb2" + PASSWORD + bytes(4), source=3, transfer=0)
STARRED = sealed(2, b"\xb2" + b"*" * 10, source=3, transfer=0)

SET_PASSWORD = {"capability": "set_parameter_password", "parameters": {"value": PASSWORD.decode()}}
SET_KEY = {"capability": "set_device_key", "parameters": {"device_key": "ABCDEFGH"}, "confirm": True}
SET_PIN = {"capability": "set_network", "parameters": {"apn": "internet", "pin": "1234"}, "confirm": True}
SET_APN = {"capability": "set_network", "parameters": {"apn": "internet", "pin": None}, "confirm": True}


class Desk(FakeDesk):
    """Would write the password."""

    async def preview(self, request: CommandRequest) -> Preview:
        await self._check(request)
        return Preview((PreviewFrame("write", WRITE),), "")


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path / "firmware")
    protocols = (*world.services.protocols, jk_bms.PROTOCOL, parking_lock.PROTOCOL)
    world.services = replace(
        world.services, protocols=protocols, desk=Desk(lambda: world.services, world.store)
    )
    for device in (BATTERY, LOCK):
        record = DeviceRecord(device, device.partition(":")[0], DeviceStatus.ACCEPTED, NOW, "")
        world.store.records[device] = record
    return await world.open()


async def frames(world: World, client: Client, scope: Scope) -> list[tuple[str | None, str | None]]:
    answer = await client.get("/api/v1/frames", headers=world.headers(scope))
    assert answer.status_code == 200
    return [(item["received"], item["sent"]) for item in answer.json()["items"]]


async def test_only_an_administrator_sees_a_password_in_a_frame(world: World, client: Client) -> None:
    world.store.frame_log.append(StoredFrame(1, BATTERY, NOW, "read_all", FULL, WRITE))
    starred = FULL_DATA.replace(PASSWORD + bytes(4), b"*" * 10)
    assert starred != FULL_DATA
    for scope in (Scope.READ, Scope.COMMAND):
        assert await frames(world, client, scope) == [(sealed(6, starred).hex(), STARRED.hex())]
    assert await frames(world, client, Scope.ADMIN) == [(FULL.hex(), WRITE.hex())]


async def test_frames_without_secrets_are_the_same_for_all(world: World, client: Client) -> None:
    world.store.frame_log.append(StoredFrame(1, "demo:1", NOW, "hello", b"\xb2" + PASSWORD, None))
    assert await frames(world, client, Scope.READ) == [("b2" + PASSWORD.hex(), None)]


async def test_what_nobody_can_judge_any_more_is_hidden(world: World, client: Client) -> None:
    world.store.frame_log.append(StoredFrame(1, GONE, NOW, "hello", b"key", None))
    assert await frames(world, client, Scope.READ) == [("2a2a2a", None)]
    assert await frames(world, client, Scope.ADMIN) == [(b"key".hex(), None)]
    world.command("c1")
    world.store.command_records["c1"] = replace(world.store.command_records["c1"], device=GONE)
    assert await parameters(world, client, "c1", Scope.READ) == {"times": "***"}


async def test_only_an_administrator_sees_a_password_in_a_preview(world: World, client: Client) -> None:
    path = f"/api/v1/devices/{BATTERY}/commands/preview"
    for scope, expected in ((Scope.COMMAND, STARRED), (Scope.ADMIN, WRITE)):
        answer = await client.post(path, json=SET_PASSWORD, headers=world.headers(scope))
        assert answer.json()["frames"] == [{"message": "write", "data": expected.hex()}]


async def parameters(world: World, client: Client, command: str, scope: Scope) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/commands/{command}", headers=world.headers(scope))
    listed = await client.get("/api/v1/commands", headers=world.headers(scope))
    shown: dict[str, Any] = answer.json()["parameters"]
    assert shown in [item["parameters"] for item in listed.json()["items"]]
    return shown


@pytest.mark.parametrize(
    ("device", "body", "shown"),
    [
        (BATTERY, SET_PASSWORD, {"value": "***"}),
        (LOCK, SET_KEY, {"device_key": "***"}),
        (LOCK, SET_PIN, {"apn": "internet", "pin": "***"}),
        (LOCK, SET_APN, {"apn": "internet", "pin": None}),
    ],
)
async def test_only_an_administrator_sees_the_secrets_of_a_command(
    world: World, client: Client, device: str, body: dict[str, Any], shown: dict[str, Any]
) -> None:
    headers = world.headers(Scope.COMMAND) | {"Idempotency-Key": "once"}
    first, again = [
        await client.post(f"/api/v1/devices/{device}/commands", json=body, headers=headers) for _ in range(2)
    ]
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert first.json()["parameters"] == again.json()["parameters"] == shown
    command = first.json()["id"]
    assert await parameters(world, client, command, Scope.READ) == shown
    assert await parameters(world, client, command, Scope.ADMIN) == body["parameters"]
    cancelled = await client.post(f"/api/v1/commands/{command}/cancel", headers=headers)
    assert (cancelled.json()["state"], cancelled.json()["parameters"]) == ("cancelled", shown)
