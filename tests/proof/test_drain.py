"""SIGTERM under load: the server takes its leave, and whatever it acknowledged is there."""

import asyncio
import random

from tests.proof.cameras import Fleet, check_stored, presence
from tests.proof.locks import Lock
from tests.proof.world import OPEN, World

# Batches that gather for longer than everything else takes: whatever is not committed on purpose is missing.
SLOW_BATCHES = ("--set", "limits.batch_ms=150")


async def test_a_server_that_is_told_to_stop_keeps_what_it_acknowledged(world: World) -> None:
    rng = random.Random(3)
    fleet = Fleet(count=8, window=40)
    await world.start(*OPEN, *SLOW_BATCHES)
    await fleet.connect(world)
    reporting = asyncio.create_task(fleet.report())
    await fleet.heard.more(rng.randrange(500, 1_500))
    assert await world.stop() == 0
    await reporting

    events = await world.kept()
    for camera in fleet.cameras:
        check_stored(events, camera.device, *camera.lines)
        assert presence(events, camera.device) == ["online", "offline"]
    reasons = {
        event["values"]["connection.reason"]
        for event in events
        if event["values"].get("connection.status") == "offline"
    }
    assert reasons == {"the server stops"}


async def test_a_command_that_is_under_way_is_waited_for(world: World) -> None:
    lock = Lock(1)
    await world.start(*OPEN)
    await lock.connect(world)
    await world.online(lock.device)
    command = await world.command(lock.device, "unlock")
    request = await lock.told()
    await world.begin_to_stop()
    lock.give_key(request)
    lock.report(await lock.told())
    assert await lock.told() == ("Re", ["L0"])
    assert await world.stopped() == 0
    await world.start()
    assert (await world.get(f"commands/{command['id']}"))["state"] == "succeeded"
