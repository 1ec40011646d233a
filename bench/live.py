"""Live video: two cameras that ffmpeg plays, fifty viewers over HTTP, and what that takes.

The floor is the same server with the same cameras and nobody watching.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import msgspec

from bench.procs import cpu_s, resident_bytes
from bench.report import Row
from bench.server import Server, wayside
from wayside.simulate.flv import VIDEO, Tag
from wayside.simulate.rtmp import RANDOM_BYTES, Publisher, Stage

CAMERAS: Final = 2
VIEWERS: Final = 50
SECONDS: Final = 8.0
LATENCY_ROUNDS: Final = 20
BETWEEN_S: Final = 0.04

MIB: Final = 1024 * 1024

# As a dashcam's sub stream: 640x360, 15 pictures a second, 800 kbit/s with sound, a key frame every two seconds.
ENCODING: Final = "-hide_banner -loglevel error -re -stream_loop -1 -i {film} -c copy -f flv rtmp://127.0.0.1:{port}/live/{channel}/{imei}"
FILM: Final = (
    "-hide_banner -loglevel error -y -f lavfi -i testsrc2=size=640x360:rate=15 -f lavfi -i sine -t 8 "
    "-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 30 -b:v 760k -maxrate 760k -bufsize 760k "
    "-c:a aac -b:a 40k -f flv {film}"
)
IMEI: Final = "864200000000001"

# What stands behind every tag; a viewer's first bytes are the file's header.
FLV: Final = b"FLV"


class Seen(msgspec.Struct):
    """What one viewer saw."""

    first_s: float = 0.0
    received: int = 0


def run() -> list[Row]:
    """Measure, or say what is missing."""
    if shutil.which("ffmpeg") is None:
        return [Row("live video", "not measured", "", "", "ffmpeg is missing: tools/video.sh")]
    return asyncio.run(_run())


async def _run() -> list[Row]:
    # No camera is connected that could be asked, so that all may publish.
    os.environ["WAYSIDE_LIVE_PUBLISHERS"] = "open"
    with tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder, wayside(folder) as server:
        await _ffmpeg(FILM.format(film=f"{folder}/film.flv"))
        headers = {"Authorization": f"Bearer {server.token}"}
        limits = httpx.Limits(max_connections=None)
        base = f"http://127.0.0.1:{server.ports['http']}"
        async with httpx.AsyncClient(base_url=base, headers=headers, limits=limits, timeout=30) as http:
            body = {"device": f"jimi:{IMEI}", "name": ""}
            (await http.post("/api/v1/devices", json=body)).raise_for_status()
            async with _cameras(server, folder), _cameras_seen(http):
                alone_s, _ = await _used(server, [])
                before = resident_bytes(server.pid)
                seen = [Seen() for _ in range(VIEWERS)]
                watching = [
                    asyncio.create_task(_watch(http, number % CAMERAS, one))
                    for number, one in enumerate(seen)
                ]
                while not all(one.received for one in seen):  # noqa: ASYNC110 - fifty tasks count
                    await asyncio.sleep(0.05)
                watched_s, rate = await _used(server, seen)
                grown = resident_bytes(server.pid) - before
                lags = await _lags(server, http)
                for task in watching:
                    task.cancel()
                await asyncio.gather(*watching, return_exceptions=True)
                firsts = [await _first(http) for _ in range(LATENCY_ROUNDS)]
    each = (watched_s - alone_s) / SECONDS / VIEWERS
    return [
        Row(
            f"{VIEWERS} viewers of {CAMERAS} cameras, {rate * 8 / 1e6:.2f} Mbit/s each",
            f"{each * 100:.2f} % of a core per viewer",
            f"{alone_s / SECONDS / CAMERAS * 100:.2f} % per camera, nobody watching",
            f"{watched_s / SECONDS * 100:.0f} % in all",
            "≤ 0.5 %",
        ),
        Row(
            "… memory they add",
            f"{grown / VIEWERS / 1024:.0f} KiB per viewer",
            f"{before / MIB:.0f} MiB before",
            "",
        ),
        Row(
            "from a camera's writing a picture to a viewer's reading it, while all watch",
            f"{statistics.median(lags) * 1000:.1f} ms",
            "",
            f"slowest {max(lags) * 1000:.1f} ms",
            "≤ 50 ms",
        ),
        Row(
            "from asking to the first byte of the last key frame",
            f"{statistics.median(firsts) * 1000:.1f} ms",
            "",
            f"slowest {max(firsts) * 1000:.1f} ms",
            "≤ 50 ms",
        ),
    ]


async def _ffmpeg(arguments: str) -> None:
    process = await asyncio.create_subprocess_exec("ffmpeg", *arguments.split())
    assert await process.wait() == 0


@asynccontextmanager
async def _cameras(server: Server, folder: str) -> AsyncIterator[None]:
    processes = [
        await asyncio.create_subprocess_exec(
            "ffmpeg",
            *ENCODING.format(
                film=f"{folder}/film.flv", port=server.ports["rtmp"], channel=channel, imei=IMEI
            ).split(),
        )
        for channel in range(CAMERAS)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _cameras_seen(http: httpx.AsyncClient) -> AsyncIterator[None]:
    """Until every camera has shown something."""
    shown = 0
    while shown < CAMERAS:
        await asyncio.sleep(0.05)
        items = (await http.get("/api/v1/streams")).json()["items"]
        shown = sum(stream["video"] == "h264" for stream in items)
    yield


async def _watch(http: httpx.AsyncClient, channel: int, seen: Seen) -> None:
    async with http.stream("GET", f"/live/{channel}/{IMEI}.flv") as answer:
        answer.raise_for_status()
        async for piece in answer.aiter_raw():
            seen.received += len(piece)


async def _first(http: httpx.AsyncClient) -> float:
    """Seconds from asking to the first bytes."""
    began = time.perf_counter()
    async with http.stream("GET", f"/live/0/{IMEI}.flv") as answer:
        async for piece in answer.aiter_raw():
            assert piece.startswith(FLV)
            return time.perf_counter() - began
    raise RuntimeError("a stream without bytes")


async def _lags(server: Server, http: httpx.AsyncClient) -> list[float]:
    """Seconds from writing a key frame to reading it as a viewer, of a camera of our own."""
    path = f"/live/pip/{IMEI}"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.ports["rtmp"])
    camera = Publisher(f"rtmp://127.0.0.1{path}", bytes(RANDOM_BYTES))
    while camera.stage is not Stage.LIVE:
        writer.write(camera.to_send())
        camera.receive(await reader.read(65_536))
    camera.push(Tag(VIDEO, 0, b"\x17\0\0\0\0configuration"), 0)
    lags = []
    async with http.stream("GET", f"{path}.flv") as answer:
        pieces = answer.aiter_raw()
        for number in range(LATENCY_ROUNDS):
            mark = b"%08d" % number
            camera.push(Tag(VIDEO, 0, b"\x17\1\0\0\0" + bytes(20_000) + mark), number * 40)
            began = time.perf_counter()
            writer.write(camera.to_send())
            while mark not in await anext(pieces):
                pass
            lags.append(time.perf_counter() - began)
            await asyncio.sleep(BETWEEN_S)
    writer.close()
    return lags


async def _used(server: Server, seen: list[Seen]) -> tuple[float, float]:
    """CPU seconds of the server, and bytes per second of a viewer, over some time."""
    used, received = cpu_s(server.pid), sum(one.received for one in seen)
    await asyncio.sleep(SECONDS)
    rate = (sum(one.received for one in seen) - received) / SECONDS / max(1, len(seen))
    return cpu_s(server.pid) - used, rate
