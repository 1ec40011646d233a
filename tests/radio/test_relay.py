"""A relay, all of it: a lock in virtual air, the relay's own end, a real WebSocket, and a server behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.radio.serving import serving
from wayside.link.adapter import Backends, connected
from wayside.link.relay import relay
from wayside.ports.gatt import Peripheral
from wayside.ports.relay import Connect
from wayside.protocols.parking_lock.ble.link import BLE
from wayside.simulate.air import Air

AT = "C0:00:00:00:00:01"
LOCK = "parking-lock:866266060000015"


class Finder:
    """Finds what the server means with this adapter."""

    def __init__(self, backends: Backends) -> None:
        self.backends = backends
        self.wanted: list[Connect] = []

    @asynccontextmanager
    async def __call__(self, wanted: Connect) -> AsyncIterator[Peripheral]:
        self.wanted.append(wanted)
        async with connected(wanted.service, wanted.address, self.backends, within_s=2) as peripheral:
            yield peripheral


@pytest.mark.parametrize("mtu", [23, 185])
async def test_a_parking_lock_is_opened_through_a_relay(tmp_path: Path, mtu: int) -> None:
    air = Air()
    find = Finder(await air.central(mtu=mtu))
    lock = await air.lock(BLE, AT)
    assert LOCK.endswith(lock.simulator.ident)
    async with serving(tmp_path) as api:
        await api.post("/devices", device=LOCK)
        made = await api.post(f"/devices/{LOCK}/relay-token", minutes=1)
        relaying = asyncio.create_task(relay(api.url, made["token"], find))
        await api.online(LOCK)
        command = await api.post(f"/devices/{LOCK}/commands", capability="lock")
        ended = await api.settled(command["id"], "succeeded", "failed", "unknown")
        assert ended["state"] == "succeeded"
        assert [step["state"] for step in ended["transitions"]] == [
            "accepted",
            "sent",
            "acknowledged",
            "succeeded",
        ]
        assert find.wanted == [Connect(LOCK, BLE.gatt.service if BLE.gatt else "")]

        await lock.drop()
        assert await relaying == "the device is gone"
        await api.online(LOCK, wanted=False)
        audit = [entry["action"] for entry in (await api.get("/audit"))["items"]]
        assert audit[:3] == ["command.create", "relay.open", "relay-token.create"]


async def test_another_lock_is_let_go(tmp_path: Path) -> None:
    air = Air()
    find = Finder(await air.central())
    await air.lock(BLE, AT, number=2)
    async with serving(tmp_path) as api:
        await api.post("/devices", device=LOCK)
        made = await api.post(f"/devices/{LOCK}/relay-token")
        assert await relay(api.url, made["token"], find) == "the server is done"
        assert (await api.get(f"/devices/{LOCK}"))["presence"]["since"] is None


async def test_a_lock_that_is_not_there(tmp_path: Path) -> None:
    find = Finder(await Air().central())
    async with serving(tmp_path, ble_devices=[f"{LOCK}={AT}"]) as api:
        await api.post("/devices", device=LOCK)
        made = await api.post(f"/devices/{LOCK}/relay-token")
        assert await relay(api.url, made["token"], find) == f"nothing in reach has {AT}"


async def test_who_may_not_relay(tmp_path: Path) -> None:
    find = Finder(Backends())
    async with serving(tmp_path) as api:
        with pytest.raises(InvalidStatus):
            await relay(api.url, "wsr_" + "x" * 43, find)
        await api.post("/devices", device=LOCK)
        made = await api.post(f"/devices/{LOCK}/relay-token")
        await api.post(f"/devices/{LOCK}/reject")
        with pytest.raises(InvalidStatus):
            await relay(api.url, made["token"], find)
