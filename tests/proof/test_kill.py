"""``kill -9`` under load: whatever a device was told is stored, is stored; once, and in its order."""

import asyncio
import random

import pytest

from tests.proof.cameras import Camera, Fleet, check_stored, last_values, presence
from tests.proof.world import OPEN, Events, World

pytestmark = pytest.mark.timeout(120)

ROUNDS = 2  # `make torture` kills a hundred times, elsewhere each time


# Batches of some frames, and so little room for what is not committed that sockets are stopped all the time.
CRAMPED = ("--set", "limits.batch_events=7", "--set", "limits.uncommitted=20")


@pytest.mark.parametrize(("seed", "limits"), [(1, ()), (2, CRAMPED)])
async def test_what_was_acknowledged_survives_any_number_of_kills(
    world: World, seed: int, limits: tuple[str, ...]
) -> None:
    rng = random.Random(seed)
    fleet = Fleet(count=rng.randrange(3, 12), window=rng.choice((1, 8, 30)))
    await world.start(*OPEN, *limits)
    for number in range(1, ROUNDS + 1):
        await fleet.connect(world)
        reporting = asyncio.create_task(fleet.report())
        await fleet.heard.more(rng.randrange(1, 2_000))
        await world.kill()
        await reporting
        assert all(len(camera.lines) == number for camera in fleet.cameras)

        await world.start(*OPEN, *limits)
        events = await world.events()
        assert [event["id"] for event in events] == sorted({event["id"] for event in events})
        for camera in fleet.cameras:
            check_stored(events, camera.device, *camera.lines)
            await check_state(world, camera, events)
            assert presence(events, camera.device) == ["online", "offline"] * number

    assert await world.stop() == 0
    on_disk = await world.kept()
    assert len(on_disk) == len(events)
    for camera in fleet.cameras:
        check_stored(on_disk, camera.device, *camera.lines)


async def check_state(world: World, camera: Camera, events: Events) -> None:
    """The last state is what the log says, also when it had to be made anew from the log."""
    state = (await world.get(f"devices/{camera.device}"))["state"]
    assert {name: latest["value"] for name, latest in state.items()} == last_values(events, camera.device)
