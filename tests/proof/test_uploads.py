"""Uploads, and a server that is killed, short of memory, or out of disk: what was answered 200 is there, whole."""

import asyncio
import hashlib
import random
import re
import resource
import sys
from pathlib import Path

import pytest

from tests.media.uploads.rig import Answer, answer_of, fields, form, jpeg, post
from tests.proof.uploaders import Uploader, disk_of
from tests.proof.world import Tally, World, eventually

pytestmark = pytest.mark.timeout(180)

ROUNDS = 2  # `make torture` kills a hundred times, elsewhere each time
CAMERAS = 6
PLENTY = (
    *("--set", "uploads.device_per_minute=100000"),
    *("--set", "uploads.address_per_minute=100000"),
    *("--set", "uploads.unexpected_files=100000"),
    *("--set", "uploads.unexpected_bytes=100000000000"),
    *("--set", "uploads.free_bytes=0"),
)


async def register(world: World, *imeis: str) -> None:
    for imei in imeis:
        answer = await world.post("devices", {"device": f"jimi:{imei}"})
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(("seed", "size"), [(1, 2_000), (2, 700_000)])
async def test_what_was_answered_survives_any_number_of_kills(world: World, seed: int, size: int) -> None:
    rng = random.Random(seed)
    heard = Tally()
    cameras = [Uploader(world, number, size, heard) for number in range(CAMERAS)]
    for number in range(ROUNDS):
        await world.start(*PLENTY)
        if not number:
            await register(world, *(camera.imei for camera in cameras))
        uploading = [asyncio.create_task(camera.upload()) for camera in cameras]
        await heard.more(rng.randrange(1, 60 if size < 10_000 else 20))
        await asyncio.sleep(rng.random() * 0.05)
        await world.kill()
        await asyncio.gather(*uploading)

        disk = await disk_of(world.data)
        answered = {key for camera in cameras for key in camera.answered}
        posted = answered | {key for camera in cameras for key in camera.unanswered}
        assert answered <= disk.files <= posted
        assert disk.ids <= disk.blobs
        assert set(disk.noted) <= disk.ids

    await world.start(*PLENTY)
    await asyncio.gather(*(camera.again() for camera in cameras))
    await eventually(lambda: swept(world, len(posted)))
    assert await world.stop() == 0
    disk = await disk_of(world.data)
    assert disk.files == posted
    assert disk.noted == dict.fromkeys(disk.ids, 1)
    assert disk.blobs == disk.ids
    assert disk.parts == []


async def swept(world: World, files: int) -> bool:
    """What a crash left of blobs goes some time after the start."""
    return len(list((world.data / "media" / "blobs").glob("??/*"))) == files


UPLOADS = 200
UPLOAD_BYTES = 1_500_000
GROWTH_BYTES_MAX = UPLOADS * 400 * 1024
"""What is argued for each connection in `uploads.connections`; all the files together are four times as much."""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of another process's memory is in /proc")
async def test_two_hundred_uploads_at_once_in_bounded_memory(world: World) -> None:
    await world.start(*PLENTY)
    imeis = [f"35{number:013d}" for number in range(20)]
    await register(world, *imeis)
    await upload(world, imeis[0], jpeg(UPLOAD_BYTES))
    before = peak_bytes(world.server.process.pid)

    names = [
        f"EVENT_{imeis[number % 20]}_{number:08d}_2024_08_11_14_17_36_01.jpg" for number in range(UPLOADS)
    ]
    bodies = [form(fields(name), name, jpeg(UPLOAD_BYTES)) for name in names]
    all_there = asyncio.Barrier(UPLOADS)

    async def one(body: bytes) -> Answer:
        reader, writer = await world.dial("upload")
        request = post(body)
        writer.write(request[:-1])
        await writer.drain()
        await all_there.wait()  # every one of them is under way, and none can end before
        writer.write(request[-1:])
        return await answer_of(reader)

    answers = await asyncio.gather(*(one(body) for body in bodies))
    assert [answer.status for answer in answers] == [200] * UPLOADS
    assert [answer.body["data"] for answer in answers] == names
    grown = peak_bytes(world.server.process.pid) - before
    assert grown < GROWTH_BYTES_MAX
    metrics = (await world.http.get("/metrics")).text
    assert re.search(rf"^wayside_uploads_kept(?:_total)? {UPLOADS + 1}(?:\.0)?$", metrics, re.MULTILINE)


def peak_bytes(pid: int) -> int:
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


async def upload(world: World, imei: str, content: bytes) -> Answer:
    name = f"EVENT_{imei}_00000000_2024_08_11_14_17_36_01.jpg"
    reader, writer = await world.dial("upload")
    writer.write(post(form(fields(name), name, content)))
    try:
        return await answer_of(reader)
    finally:
        writer.close()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only there can a process's limits be changed from outside"
)
async def test_a_disk_that_takes_no_more_keeps_nothing_and_says_later(world: World) -> None:
    await world.start(*PLENTY)
    imei = f"35{1:013d}"
    await register(world, imei)
    content = jpeg(3_000_000)
    pid = world.server.process.pid
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (2_000_000, unlimited[1]))
    refused = await upload(world, imei, content)
    assert (refused.status, refused.body["code"]) == (507, 500)
    assert (await world.get("media"))["items"] == []

    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    assert (await upload(world, imei, content)).status == 200
    assert await world.stop() == 0
    disk = await disk_of(world.data)
    assert disk.files == {(f"jimi:{imei}", hashlib.sha256(content).hexdigest())}
    assert (disk.blobs, disk.parts) == (disk.ids, [])


async def test_a_stop_ends_what_can_end_and_nothing_that_was_answered_is_lost(world: World) -> None:
    heard = Tally()
    cameras = [Uploader(world, number, 100_000, heard) for number in range(CAMERAS)]
    await world.start(*PLENTY)
    await register(world, *(camera.imei for camera in cameras))
    uploading = [asyncio.create_task(camera.upload()) for camera in cameras]
    await heard.more(30)
    assert await world.stop() == 0
    await asyncio.gather(*uploading)
    disk = await disk_of(world.data)
    assert {key for camera in cameras for key in camera.answered} == disk.files
    assert disk.noted == dict.fromkeys(disk.ids, 1)
    assert disk.parts == []
