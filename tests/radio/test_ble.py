"""The server's own Bluetooth, with locks in virtual air: called for a command, and let go afterwards."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.radio.serving import Api, Refused, eventually, serving
from wayside.link.adapter import SYSTEM, Backends, connected
from wayside.protocol.base import Gatt
from wayside.protocols import door_lock
from wayside.protocols.parking_lock.ble.link import BLE
from wayside.simulate.air import Air

AT = "C0:00:00:00:00:01"
PARKING = "parking-lock:866266060000015"
DOOR = "door-lock:BBA050000001"
DOOR_AT = "BB:A0:50:00:00:01"
UUIDS = "fff0/fff1/fff2"
DOOR_GATT = Gatt(*(f"0000{short}-0000-1000-8000-00805f9b34fb" for short in UUIDS.split("/")))  # type: ignore[arg-type]  # three of them

QUICK = {
    "ble": "true",
    "limits.ble_find_s": 1.0,
    "limits.ble_linger_s": 0.05,
    "limits.reopen_s": 0.05,
    "limits.reopen_max_s": 0.2,
}


async def ready(api: Api, device: str, capability: str, **body: object) -> Any:  # noqa: ANN401 - the command as JSON
    """The command, as soon as the server's Bluetooth is ready to take it."""

    async def look() -> Any:  # noqa: ANN401 - the command as JSON
        try:
            return await api.post(f"/devices/{device}/commands", capability=capability, **body)
        except Refused:  # it is not ready yet
            return None

    return await eventually(look)


def steps(command: Any) -> list[str]:  # noqa: ANN401 - the command as JSON
    return [step["state"] for step in command["transitions"]]


@pytest.mark.parametrize("mtu", [23, 185])
async def test_a_parking_lock_is_called_for_a_command(tmp_path: Path, mtu: int) -> None:
    air = Air()
    central = await air.central(mtu=mtu)
    await air.lock(BLE, AT)
    async with serving(tmp_path, central, **QUICK, ble_devices=[f"{PARKING}={AT}"]) as api:
        await api.post("/devices", device=PARKING)
        command = await ready(api, PARKING, "lock")
        ended = await api.settled(command["id"], "succeeded", "failed", "unknown", "expired")
        assert steps(ended) == ["accepted", "queued", "sent", "acknowledged", "succeeded"]
        await api.online(PARKING, wanted=False)

        async def farewell() -> list[str] | None:
            """The reasons, newest first, once the last one is stored: that is a moment after it is offline."""
            events = (await api.get(f"/events?device={PARKING}&name=connection.status"))["items"]
            reasons = [event["values"]["connection.reason"] for event in events]
            return reasons if len(reasons) > 1 else None

        assert await eventually(farewell) == ["nothing more to do", "connected"]


async def test_a_door_lock_is_called_by_its_own_name(tmp_path: Path) -> None:
    """Two orders one after the other: one after the other on the air, too."""
    air = Air()
    central = await air.central()
    link = door_lock.PROTOCOL.links[0]
    lock = await air.lock(link, DOOR_AT, gatt=DOOR_GATT)
    async with serving(tmp_path, central, **QUICK, gatt=f"door-lock={UUIDS}") as api:
        await api.post("/devices", device=DOOR)
        first = await ready(api, DOOR, "unlock")
        second = await ready(api, DOOR, "unlock")
        for command in (first, second):
            ended = await api.settled(command["id"], "succeeded", "failed", "unknown", "expired")
            assert ended["state"] == "succeeded"
        assert getattr(lock.simulator, "opened") == 2  # noqa: B009 - only this simulator counts


async def test_a_lock_out_of_reach_is_tried_again(tmp_path: Path) -> None:
    air = Air()
    central = await air.central()
    async with serving(tmp_path, central, **QUICK, ble_devices=[f"{PARKING}={AT}"]) as api:
        await api.post("/devices", device=PARKING)
        with capture_logs() as logs:
            command = await ready(api, PARKING, "status")

            async def complained() -> bool:
                return any(line["event"] == "cannot reach the device" for line in logs)

            await eventually(complained)
        await air.lock(BLE, AT)
        assert (await api.settled(command["id"], "succeeded", "failed", "expired"))["state"] == "succeeded"


async def test_what_cannot_be_reached_in_time_expires(tmp_path: Path) -> None:
    central = await Air().central()
    async with serving(tmp_path, central, **QUICK, ble_devices=[f"{PARKING}={AT}"]) as api:
        await api.post("/devices", device=PARKING)
        command = await ready(api, PARKING, "lock", expires_after_s=0.2)
        ended = await api.settled(command["id"], "succeeded", "failed", "expired", "unknown")
        assert steps(ended) == ["accepted", "queued", "expired"]


async def test_a_lock_that_walks_away_leaves_the_outcome_open(tmp_path: Path) -> None:
    air = Air()
    central = await air.central()
    lock = await air.lock(BLE, AT)
    async with serving(tmp_path, central, **QUICK, ble_devices=[f"{PARKING}={AT}"]) as api:
        await api.post("/devices", device=PARKING)
        command = await ready(api, PARKING, "lock")
        await api.settled(command["id"], "acknowledged")
        await lock.drop()
        assert (await api.settled(command["id"], "unknown", "succeeded"))["state"] == "unknown"


@pytest.mark.parametrize("backends", [SYSTEM, Backends()])
async def test_without_an_adapter_the_server_says_so_and_runs(tmp_path: Path, backends: Backends) -> None:
    with capture_logs() as logs:
        async with serving(tmp_path, backends, **QUICK) as api:
            await api.post("/devices", device=DOOR)

            async def said() -> bool:
                return any(line["event"] == "Bluetooth cannot be used" for line in logs)

            await eventually(said)
            with pytest.raises(Refused, match="offline"):
                await api.post(f"/devices/{DOOR}/commands", capability="unlock")
            await asyncio.sleep(0)
    assert sum(line["event"] == "Bluetooth cannot be used" for line in logs) == 1


async def test_each_lock_has_its_own_key_and_a_new_one_is_remembered(tmp_path: Path) -> None:
    """One whose key nobody said refuses; once it is set, and when a command changes it, it is the one that is shown."""
    air = Air()
    central = await air.central()
    lock = await air.lock(BLE, AT)
    lock.simulator.device_key = b"K7fq2LxZ"  # type: ignore[attr-defined]  # of the parking lock's simulator
    async with serving(tmp_path, central, **QUICK) as api:
        await api.post("/devices", device=PARKING)
        options = f"/devices/{PARKING}/options"
        await api.patch(options, options={"ble_address": AT.lower()})
        refused = await ready(api, PARKING, "status")
        ended = await api.settled(refused["id"], "rejected", "expired", "timed_out", "failed")
        assert "refuses the device key" in ended["detail"]

        with pytest.raises(Refused, match="device_key: 8 printable"):
            await api.patch(options, options={"device_key": "short"})
        with pytest.raises(Refused, match="did you mean device_key"):
            await api.patch(options, options={"device_kay": "K7fq2LxZ"})
        await api.patch(options, options={"device_key": "K7fq2LxZ"})
        changed = await ready(
            api, PARKING, "set_device_key", parameters={"device_key": "nEw4key!"}, confirm=True, queue=True
        )
        await api.settled(changed["id"], "succeeded")
        assert (await api.get(options))["options"]["device_key"] == "nEw4key!"
        await api.online(PARKING, wanted=False)
        asked = await ready(api, PARKING, "status")
        await api.settled(asked["id"], "succeeded")


async def test_two_makes_of_door_lock_have_uuids_and_zones_of_their_own(tmp_path: Path) -> None:
    air = Air()
    central = await air.central()
    link = door_lock.PROTOCOL.links[0]
    await air.lock(link, DOOR_AT, gatt=DOOR_GATT)
    async with serving(tmp_path, central, **QUICK, gatt=["door-lock=aaa0/aaa1/aaa2"]) as api:
        await api.post("/devices", device=DOOR)
        own = {"gatt": UUIDS, "timezone_minutes": "60"}
        await api.patch(f"/devices/{DOOR}/options", options=own)
        command = await ready(api, DOOR, "unlock")
        await api.settled(command["id"], "succeeded")


async def test_a_lock_whose_connection_is_kept_is_called_again_when_it_was_lost(tmp_path: Path) -> None:
    air = Air()
    central = await air.central()
    lock = await air.lock(BLE, AT)
    async with serving(tmp_path, central, **QUICK) as api:
        await api.post("/devices", device=PARKING)
        options = f"/devices/{PARKING}/options"
        with pytest.raises(Refused, match="ble_keep: 'maybe' is none of yes, no"):
            await api.patch(options, options={"ble_keep": "maybe"})
        await api.patch(options, options={"ble_address": AT, "ble_keep": "yes"})
        await api.online(PARKING)
        command = await api.post(f"/devices/{PARKING}/commands", capability="lock")
        await api.settled(command["id"], "succeeded")
        assert (await api.get(f"/devices/{PARKING}"))["presence"]["online"]

        await lock.drop()
        await api.online(PARKING, wanted=False)
        await api.online(PARKING)

        await api.patch(options, options={"ble_keep": None})
        await api.online(PARKING, wanted=False)
        again = await ready(api, PARKING, "status")
        await api.settled(again["id"], "succeeded")


async def test_a_lock_that_walks_away_before_it_has_taken_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits hears of an error, not that they were cancelled themselves."""
    air = Air()
    central = await air.central()
    lock = await air.lock(BLE, AT)
    taken = asyncio.Event()

    def take(*_: object) -> None:
        taken.set()

    monkeypatch.setattr(lock._device.gatt_server, "on_att_write_request", take)
    assert BLE.gatt is not None
    async with connected(BLE.gatt.service, AT, central, within_s=2) as peripheral:
        writing = asyncio.create_task(peripheral.write(BLE.gatt.write, b"never answered"))
        await taken.wait()
        await lock.drop()
        with pytest.raises(ConnectionError, match="disconnected"):
            await writing
