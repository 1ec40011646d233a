"""A disk that is full: nobody hears an acknowledgement, everybody hears why, and afterwards nothing is missing."""

import asyncio
import resource
import sys

import pytest

from tests.proof.cameras import Fleet, check_stored
from tests.proof.locks import Lock
from tests.proof.world import OPEN, World, eventually

# Every file of the server may grow to this size; beyond it writes fail.  An empty database is larger already.
FILE_BYTES = 128 * 1024


@pytest.mark.skipif(
    sys.platform != "linux", reason="only there can a process's limits be changed from outside"
)
async def test_a_full_disk_stops_acknowledgements_and_loses_nothing(world: World) -> None:
    fleet = Fleet(count=4, window=4)
    await world.start(*OPEN)
    pid = world.server.process.pid
    assert await world.ready()
    lock = Lock(1)
    await lock.connect(world)
    await world.online(lock.device)
    await fleet.connect(world)
    reporting = asyncio.create_task(fleet.report())
    await fleet.heard.more(50)

    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (FILE_BYTES, unlimited[1]))
    answer = await eventually(lambda: unready(world))
    assert answer["detail"].startswith("store: ")
    assert await unready(world)  # by now acknowledgements that were on their way have arrived
    acknowledged = fleet.heard.count
    refused = await world.post(f"devices/{lock.device}/commands", {"capability": "unlock"})
    assert refused.status_code == 503, refused.text
    assert await unready(world)
    assert fleet.heard.count == acknowledged

    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    await eventually(world.ready)
    await fleet.heard.more(200)
    fleet.fill()
    await reporting
    events = await world.events()
    for camera in fleet.cameras:
        check_stored(events, camera.device, *camera.lines)
        (line,) = camera.lines
        assert line.acknowledged == len(line.sent)
    await world.command(lock.device, "version")
    assert (await lock.told()).word == "G0"  # and nothing of what was refused


async def unready(world: World) -> dict[str, str]:
    """The problem that ``/readyz`` tells of; empty if there is none."""
    answer = await world.http.get("/readyz")
    found: dict[str, str] = {} if answer.status_code == 200 else answer.json()
    return found
