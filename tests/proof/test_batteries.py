"""A battery's switch from the API to the pack and back, over a line and through kills."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.proof.batteries import Battery
from tests.proof.world import OPEN, World

OFF = {"on": False}


@pytest.fixture
async def battery(world: World) -> AsyncIterator[Battery]:
    """One battery, known to a server that runs."""
    await world.start(*OPEN)
    found = Battery()
    async with obeying(found, world):
        await world.online(found.device)
        yield found


@contextlib.asynccontextmanager
async def obeying(battery: Battery, world: World) -> AsyncIterator[None]:
    await battery.connect(world)
    obedience = asyncio.create_task(battery.obey())
    try:
        yield
    finally:
        battery.hang_up()
        obedience.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await obedience


async def test_a_switch_is_read_back(world: World, battery: Battery) -> None:
    command = await world.command(battery.device, "charge_switch", parameters=OFF)
    found = await world.settled(command["id"], "succeeded", "failed", "unknown")
    assert (found["state"], found["values"]) == ("succeeded", {"setting.charge_switch": False})
    assert battery.writes == {0: 1}


@pytest.mark.parametrize(("afterwards", "state"), [(0, "succeeded"), (1, "failed")])
async def test_a_kill_between_the_writing_and_the_reading_back(
    world: World, battery: Battery, afterwards: int, state: str
) -> None:
    """The switch was written once, and is not written again: what the pack says of itself decides."""
    battery.deaf = True
    command = await world.command(battery.device, "charge_switch", parameters=OFF)
    await battery.written.wait()
    await world.kill()

    await world.start(*OPEN)
    assert (await world.get(f"commands/{command['id']}"))["state"] == "unknown"
    battery.deaf = False
    battery.charging = afterwards
    async with obeying(battery, world):
        found = await world.settled(command["id"], "succeeded", "failed")
    assert (found["state"], found["late"]) == (state, True)
    assert battery.writes == {0: 1}


async def test_readings_are_kept_through_a_kill(world: World, battery: Battery) -> None:
    before = [event for event in await world.events(device=battery.device) if event["message"] == "read_all"]
    assert before
    assert before[0]["values"]["battery.level"] == 0x3B
    await world.kill()
    kept = [event for event in await world.kept() if event["message"] == "read_all"]
    assert [event["id"] for event in kept][: len(before)] == [event["id"] for event in before]
