"""A whole server: real publishers over RTMP, real viewers over HTTP, and those who mean no good."""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from tests.media.live.films import AVC, frame, key_frame, tags
from tests.media.live.serving import DEVICE, IMEI, Served, needs, serving
from tests.media.live.talking import CAPTURE, GREETING, TO_PUBLISHING, chunk
from wayside.media.live.limits import LiveLimits
from wayside.media.live.publisher import Media

FLV = f"/live/0/{IMEI}.flv"


class Camera:
    """A publisher that says what a test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *media: Media) -> None:
        for one in media:
            self.writer.write(chunk(one.type, one.timestamp_ms, one.payload))

    async def closed(self) -> bytes:
        """What it heard until the other side closed."""
        heard = b""
        with contextlib.suppress(ConnectionError):
            while data := await self.reader.read(65_536):
                heard += data
        return heard


async def dial(served: Served, *data: bytes) -> Camera:
    address = served.server.listeners["rtmp"]
    camera = Camera(*await asyncio.open_connection(*address))
    served.lines.append(camera.writer)
    for piece in data:
        camera.writer.write(piece)
    return camera


async def publishing(served: Served) -> Camera:
    conversation = TO_PUBLISHING.replace(b"1/864200000000001", b"0/864200000000001")
    camera = await dial(served, conversation)
    camera.send(AVC, key_frame(0))
    await served.live()
    return camera


async def until(served: Served, name: str, value: float) -> None:
    while await served.metric(name) != value:  # noqa: ASYNC110 - nobody sets an event for a reader of metrics
        await asyncio.sleep(0.02)


async def read_until(served: Served, wanted: bytes, **headers: str) -> bytes:
    async with served.http.stream("GET", FLV, headers=headers) as answer:
        assert answer.status_code == 200
        found = b""
        async for piece in answer.aiter_raw():
            found += piece
            if wanted in found:
                break
        return found


@needs("ffmpeg")
async def test_two_channels_and_fifty_viewers(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.register()
        # The stream's name may hold what other servers take for a password.
        async with served.camera(), served.camera(f"live/1/{IMEI}?token=x"):
            await served.live("0")
            await served.live("1")

            async def view(channel: int) -> int:
                seen = 0
                async with served.http.stream("GET", f"/live/{channel}/{IMEI}.flv") as answer:
                    async for piece in answer.aiter_raw():
                        seen += len(piece)
                        if seen > 60_000:
                            return seen
                return 0

            seen = await asyncio.gather(*(view(number % 2) for number in range(50)))
            assert all(seen)
            await until(served, "wayside_live_viewers", 0)
            assert await served.metric("wayside_live_publishers") == 2


async def test_a_viewer_gets_what_is_published(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.register()
        camera = await publishing(served)
        viewing = asyncio.create_task(read_until(served, b"the last"))
        await until(served, "wayside_live_viewers", 1)
        camera.send(frame(40, b"next"), key_frame(80, b"the last"))
        payloads = [payload for _, _, payload in tags(await viewing)]
        assert payloads == [
            AVC.payload,
            key_frame(0).payload,
            frame(0, b"next").payload,
            key_frame(0, b"the last").payload,
        ]
        await until(served, "wayside_live_viewers", 0)


async def test_who_may_watch(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.register()
        camera = await publishing(served)

        async def made(channel: str) -> str:
            path = f"/api/v1/devices/{DEVICE}/streams/{channel}/view-token"
            token: str = (await served.http.post(path, json={"minutes": 1})).json()["token"]
            return token

        road, cabin = await made("0"), await made("1")
        nothing = {"Authorization": ""}
        for query, headers, status in (
            ("", nothing, 401),
            ("?view=wsv_wrong", nothing, 401),
            (f"?view={served.server.first_token}", nothing, 401),
            (f"?view={cabin}", nothing, 403),
            (f"?view={road}&more=1", nothing, 400),
            ("", {"Authorization": f"Bearer {cabin}"}, 403),
        ):
            assert (await served.http.get(FLV + query, headers=headers)).status_code == status, query
        camera.send(frame(40, b"seen"))
        async with served.http.stream("GET", f"{FLV}?view={road}", headers=nothing) as answer:
            assert answer.status_code == 200
        await read_until(served, b"seen", Authorization=f"Bearer {road}")
        # It opens nothing else.
        for path in ("/api/v1/devices", f"/api/v1/devices/{DEVICE}/streams/0"):
            assert (
                await served.http.get(path, headers={"Authorization": f"Bearer {road}"})
            ).status_code == 401
        for path in ("/live/0/864200000000009.flv", "/live/7/864200000000001.flv", f"/live/1/{IMEI}.flv"):
            assert (await served.http.get(path)).status_code == 404, path


async def test_a_stream_ends_with_the_token_that_opened_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.register()
        camera = await publishing(served)
        made = (await served.http.post("/api/v1/tokens", json={"name": "screen", "scope": "read"})).json()
        headers = {"Authorization": f"Bearer {made['token']}"}
        async with served.http.stream("GET", FLV, headers=headers) as answer:
            pieces = answer.aiter_raw()
            await anext(pieces)
            await served.http.delete(f"/api/v1/tokens/{made['record']['id']}")
            camera.send(key_frame(40))
            assert [piece async for piece in pieces] == []


async def test_a_viewer_that_does_not_read_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = LiveLimits(viewer_bytes=200_000, send_s=0.5)
    monkeypatch.setattr("wayside.app.live.limits_of", lambda _: limits)
    async with serving(tmp_path) as served:
        await served.register()
        camera = await publishing(served)
        stuck = socket.create_connection(served.server.http)
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.sendall(f"GET {FLV} HTTP/1.1\r\nHost: x\r\n{_bearer(served)}\r\n\r\n".encode())
        await until(served, "wayside_live_viewers", 1)
        at = 0
        while await served.metric("wayside_live_viewers"):
            for _ in range(10):
                at += 40
                camera.send(key_frame(at, bytes(50_000)))
            await camera.writer.drain()
            # Never more than its share waits for it, beside the one piece under way.
            assert await served.metric("wayside_live_held_bytes") < 100_000
        # Nor did the system take much for it; without a bound it takes four megabytes.
        assert await served.metric("wayside_live_sent_bytes_total") < 2_000_000
        # One that reads got on all the while.
        viewing = asyncio.create_task(read_until(served, b"the last"))
        await until(served, "wayside_live_viewers", 1)
        camera.send(key_frame(at + 40, b"the last"))
        await viewing
        stuck.close()


def _bearer(served: Served) -> str:
    return f"Authorization: Bearer {served.server.first_token}"


# Those who mean no good.


async def test_only_what_was_asked_for_may_publish(tmp_path: Path) -> None:
    async with serving(tmp_path, **{"live.publishers": "requested"}) as served:
        await served.register()
        camera = await dial(served, TO_PUBLISHING)
        assert b"NetStream.Publish.BadName" in await camera.closed()
        assert await served.metric("wayside_live_refused_total") == 1


async def test_a_device_of_nobody_may_not_publish(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        camera = await dial(served, TO_PUBLISHING)
        assert b"no such device" in await camera.closed()


async def test_garbage_is_cut_off(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 5000, GREETING + b"\xff" * 5000):
            assert b"NetStream" not in await (await dial(served, garbage)).closed()
        await until(served, "wayside_live_refused_total", 3)


async def test_who_says_nothing_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = LiveLimits(publish_within_s=0.3, silence_s=0.3)
    monkeypatch.setattr("wayside.app.live.limits_of", lambda _: limits)
    async with serving(tmp_path) as served:
        await served.register()
        await (await dial(served)).closed()
        # Drop by drop.
        slow = await dial(served)
        with contextlib.suppress(ConnectionError):
            for at in range(1000):
                slow.writer.write(TO_PUBLISHING[at : at + 1])
                await slow.writer.drain()
                await asyncio.sleep(0.005)
        assert await slow.closed() == b""
        # A publisher whose pings never become a picture.
        idle = await publishing(served)
        ping = chunk(4, 0, bytes.fromhex("0006 01020304"), stream=0, chunk_stream=2)

        async def chatter() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    idle.writer.write(ping)
                    await idle.writer.drain()
                    await asyncio.sleep(0.02)

        chattering = asyncio.create_task(chatter())
        await idle.closed()
        chattering.cancel()
        await until(served, "wayside_live_publishers", 0)


async def test_streams_and_viewers_are_limited_by_settings(tmp_path: Path) -> None:
    settings = {"live.streams": 1, "live.viewers": 2, "live.viewers_per_stream": 1}
    async with serving(tmp_path, **settings) as served:
        await served.register()
        await publishing(served)
        refused = await dial(served, TO_PUBLISHING)  # the other channel
        assert b"too many streams" in await refused.closed()
        async with served.http.stream("GET", FLV) as first:
            assert first.status_code == 200
            second = await served.http.get(FLV)
            assert (second.status_code, "too many viewers" in second.text) == (409, True)


async def test_connections_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = LiveLimits(connections=20, connections_per_address=3)
    monkeypatch.setattr("wayside.app.live.limits_of", lambda _: limits)
    async with serving(tmp_path) as served:
        await served.register()
        first = [await dial(served, b"\3") for _ in range(3)]
        for camera in first:
            await asyncio.sleep(0)
            camera.writer.write(bytes(1536))
            await camera.reader.readexactly(1)
        assert await (await dial(served, b"\3")).closed() == b""
        first[0].writer.close()
        await first[0].writer.wait_closed()
        while True:  # until the server has noticed
            last = await dial(served, GREETING)
            if await last.reader.read(1):
                break


async def test_what_ffmpeg_sent_once_is_understood_over_a_socket(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.register()
        camera = await dial(served, CAPTURE.read_bytes())
        assert b"NetStream.Unpublish.Success" in await camera.closed()
        stream = await served.stream("1")
        assert (stream["state"], stream["viewers"]) == ("interrupted", 0)
        assert await served.metric("wayside_live_received_bytes_total") > 10_000
