"""Files and live video of simulated cameras, through a whole server: what was announced and asked for arrives."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.proof.dashcams import NEWER, OLDER, Dashcam, dashcam
from tests.proof.world import OPEN, World, eventually
from wayside.media.live.asks import SERVER
from wayside.protocol.simulator import Sample
from wayside.simulate.samples import sample

pytestmark = pytest.mark.timeout(180)

FLV_HEADER_BYTES = 13
ENDS = ("succeeded", "failed", "rejected", "timed_out", "unknown")

Alarm = dict[str, Any]


async def alarm_of(world: World, camera: Dashcam) -> Alarm:
    """It has raised one."""
    camera.dice.alarm = True

    async def look() -> Alarm | None:
        found: list[Alarm] = await world.all_of("alarms", device=camera.device)
        return found[0] if found else None

    return await eventually(look)


async def with_files(world: World, camera: Dashcam, *states: str) -> Alarm:
    """The alarm, as soon as its files are in these states."""

    async def look() -> Alarm | None:
        (found,) = await world.all_of("alarms", device=camera.device)
        return found if [file["state"] for file in found["files"]] == list(states) else None

    return await eventually(look)


async def content(world: World, file: str) -> bytes:
    answer = await world.http.get(f"/api/v1/media/{file}/content")
    assert answer.status_code == 200, answer.text
    return answer.content


def states(command: dict[str, Any]) -> list[str]:
    return [step["state"] for step in command["transitions"]]


async def carried_out(
    world: World, dashcam: Dashcam, capability: str, **parameters: object
) -> dict[str, Any]:
    """A command that ended; its steps are those of a file's."""
    command = await world.command(dashcam.device, capability, parameters=parameters)
    settled = await world.settled(command["id"], *ENDS)
    assert states(settled)[-3:] == ["sent", "acknowledged", "succeeded"], settled
    return settled


async def asked_for(world: World, command: str) -> list[dict[str, Any]]:
    """The files that came because of it, in the order of their names."""
    return sorted(await world.all_of("media", command=command), key=lambda file: str(file["name"]))


async def test_what_an_alarm_announces_arrives_and_is_shown_with_it(world: World) -> None:
    await world.start(*OPEN)
    async with dashcam(world) as camera:
        await alarm_of(world, camera)
        alarm = await with_files(world, camera, "received", "received")
        for shown, channel in zip(alarm["files"], ("road", "cabin"), strict=True):
            file = await world.get(f"media/{shown['file']}")
            assert (file["device"], file["name"], file["channel"]) == (camera.device, shown["name"], channel)
            assert (file["kind"], file["content_type"], file["origin"]) == ("video", "video/mp4", "alarm")
            assert file["alarm"] == alarm["event"]["id"]
            # Its name has the camera's clock, an hour ahead of the alarm's packet.
            assert file["taken_at"] == alarm["event"]["at"]
            raw = await content(world, shown["file"])
            assert raw.startswith(sample(Sample.CLIP))
            assert raw.endswith(b"free" + shown["name"].encode())
            assert sha256(raw).hexdigest() == file["sha256"]


async def test_a_file_that_never_comes_is_awaited_beside_one_that_did(world: World) -> None:
    await world.start(*OPEN)
    async with dashcam(world) as camera:
        camera.forgotten = ("_02.mp4",)
        await alarm_of(world, camera)
        alarm = await with_files(world, camera, "received", "awaited")
        assert alarm["files"][1]["file"] is None
        files = await world.all_of("media", device=camera.device)
        assert [file["name"] for file in files] == [alarm["files"][0]["name"]]


@pytest.mark.parametrize("number", [OLDER, NEWER])
async def test_a_picture_is_acknowledged_by_the_reply_and_succeeds_with_the_file(
    world: World, number: int
) -> None:
    await world.start(*OPEN)
    async with dashcam(world, number) as camera:
        for which, cameras in (("out", 1), ("inout", 2)):
            settled = await carried_out(world, camera, "picture", camera=which)
            replied = next(step for step in settled["transitions"] if step["state"] == "acknowledged")
            assert replied["values"] == {"reply.text": "picture"}
            files = await asked_for(world, settled["id"])
            assert len(files) == cameras
            assert {file["origin"] for file in files} == {"command"}
            assert settled["values"]["media.file"] in {file["id"] for file in files}
            for file in files:
                assert (await content(world, file["id"])).startswith(sample(Sample.PICTURE))


@pytest.mark.parametrize("number", [OLDER, NEWER])
async def test_recordings_come_when_asked_for(world: World, number: int) -> None:
    await world.start(*OPEN)
    async with dashcam(world, number) as camera:
        wanted: Sequence[tuple[str, dict[str, object], str]] = (
            ("history_video", {"time": "2026-01-02T03:04:00", "camera": 2}, "2026_01_02_03_04_00_02.mp4"),
            ("event_video", {"time": "2026-01-02T03:04:05"}, "_2026_01_02_03_04_05_01.mp4"),
            ("video", {"camera": "in"}, "_02.mp4"),
        )
        for capability, parameters, name in wanted:
            settled = await carried_out(world, camera, capability, **parameters)
            (file,) = await asked_for(world, settled["id"])
            assert file["name"].endswith(name)
        history = (await world.all_of("media", name="2026_01_02_03_04_00_02.mp4"))[0]
        assert history["taken_at"] == "2026-01-02T02:04:00Z"


async def test_a_list_of_names_is_kept_whole(world: World) -> None:
    await world.start(*OPEN)
    async with dashcam(world) as camera:
        settled = await carried_out(world, camera, "file_list")
        assert settled["values"]["media.recordings"] == 2400
        recordings = await world.all_of(f"devices/{camera.device}/recordings")
        assert len(recordings) == 2400
        assert len({recording["name"] for recording in recordings}) == 2400
        assert recordings[0]["taken_at"] >= recordings[-1]["taken_at"]
        name = recordings[7]["name"]
        time = "{}-{}-{}T{}:{}:{}".format(*name.split("_"))
        await carried_out(world, camera, "history_video", time=time, camera=int(name[20:22]))
        again = await world.all_of(f"devices/{camera.device}/recordings")
        assert again[7]["name"] == name
        assert again[7]["file"] is not None


async def test_a_file_that_comes_after_a_restart_still_counts(world: World) -> None:
    """The reply is there, the upload's address is not yet; the server is killed meanwhile."""
    await world.start(*OPEN)
    async with dashcam(world) as camera:
        await world.command(camera.device, "set_upload", parameters={"url": "http://127.0.0.1:9/upload"})
        command = await world.command(camera.device, "picture", parameters={"camera": "out"})
        await world.settled(command["id"], "acknowledged")
        places = ("jimi", "upload", "rtmp")
        addresses = {place: world.server.address(place) for place in places}
        await world.kill()
        again = ("--listen", f"jimi={addresses['jimi']}")
        more = (word for place in places[1:] for word in ("--set", f"{place}={addresses[place]}"))
        await world.start(*OPEN, *again, *more)
        assert (await world.get(f"commands/{command['id']}"))["state"] == "timed_out"
        await world.online(camera.device)
        url = f"http://{addresses['upload']}/upload"
        await world.command(camera.device, "set_upload", parameters={"url": url})
        settled = await world.settled(command["id"], "succeeded")
        assert settled["late"] is True


async def chunk_of(world: World, path: str, size: int) -> bytes:
    """So much of a stream, watched as anybody does; whoever watches then leaves."""
    found = b""
    async with world.http.stream("GET", path) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for piece in answer.aiter_raw():
            found += piece
            if len(found) >= size:
                break
    return found


@pytest.mark.parametrize("channel", ["0", "1"])
async def test_live_video_comes_when_asked_for_and_stops_when_told(world: World, channel: str) -> None:
    await world.start(*OPEN)
    async with dashcam(world) as camera:
        path = f"devices/{camera.device}/streams/{channel}"
        answer = await world.post(path, {"minutes": 5})
        assert answer.status_code == 200, answer.text
        await camera.until(lambda tally: tally.streams == 1)
        film = await chunk_of(world, f"/live/{channel}/{camera.imei}.flv", 5000)
        assert film[:5] == b"FLV\x01\x05"
        assert b"onMetaData" in film[:200]
        shown = await world.get(path)
        assert (shown["video"], shown["audio"], shown["width"], shown["height"]) == ("h264", "aac", 320, 180)
        answer = await world.post(f"{path}/stop")
        assert answer.status_code == 200, answer.text
        await camera.until(lambda tally: tally.streams == 0)


async def test_recordings_are_watched_without_a_channel(world: World) -> None:
    await world.start(*OPEN)
    async with dashcam(world) as camera:
        path = f"devices/{camera.device}/streams/playback"
        names = [f"2026_01_02_03_0{minute}_00_01.mp4" for minute in range(5)]
        answer = await world.post(path, {"files": names})
        assert answer.status_code == 200, answer.text
        film = await chunk_of(world, f"/live/playback/{camera.imei}.flv", 3000)
        assert film[:5] == b"FLV\x01\x05"
        await world.post(f"{path}/stop")
        await camera.until(lambda tally: tally.streams == 0)


async def test_a_camera_that_nobody_asked_may_not_publish(world: World) -> None:
    await world.start(*OPEN)
    async with dashcam(world) as camera:
        command = await world.command(camera.device, "live_start", parameters={"camera": "out"})
        await world.settled(command["id"], "succeeded")

        # It is refused and told to stop; which of the two it hears first is chance, and either ends its tries.
        async def told_to_stop() -> dict[str, Any] | None:
            commands = await world.all_of("commands", device=camera.device)
            return next((each for each in commands if each["requested_by"] == SERVER), None)

        assert (await eventually(told_to_stop))["capability"] == "live_stop"
        assert world.server is not None
        assert "publisher nobody asked for" in world.server.errors.read_text()
        assert camera.tally.streams == 0
        streams = await world.get("streams")
        assert [stream for stream in streams["items"] if stream["received_bytes"]] == []


async def test_strangers_upload_nothing(world: World) -> None:
    await world.start()
    upload = world.server.address("upload")
    async with httpx.AsyncClient(trust_env=False) as anybody:
        answer = await anybody.post(
            f"http://{upload}/upload",
            data={"filename": "EVENT_353376110000020_00000000_2026_01_02_03_04_05_01.jpg"},
            files={"file": ("a.jpg", sample(Sample.PICTURE))},
        )
    assert answer.json()["code"] != 200
    assert await world.all_of("media") == []
