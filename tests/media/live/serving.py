"""A whole server with live video, cameras that ffmpeg plays, and viewers."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.ports import FREE_PORTS
from wayside.app.config import load
from wayside.app.engine import Running, running
from wayside.app.reach import local_url

IMEI = "864200000000001"
DEVICE = f"jimi:{IMEI}"


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skips where a program is missing, and says how to get it; in CI all of them have to be there."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("CI") == "true":
        raise RuntimeError(f"missing in CI: {', '.join(missing)}; tools/video.sh installs them")
    return pytest.mark.skipif(
        bool(missing),
        reason=f"{', '.join(missing)} missing: run tools/video.sh (as root, on Debian or Ubuntu)",
    )


class Served:
    """The server, its API, and what is published to it."""

    def __init__(self, server: Running, http: httpx.AsyncClient) -> None:
        self.server, self.http = server, http
        self.url = local_url(server.http)
        self.lines: list[asyncio.StreamWriter] = []
        self.rtmp = f"rtmp://{server.listeners['rtmp']}"

    async def register(self, device: str = DEVICE) -> None:
        answer = await self.http.post("/api/v1/devices", json={"device": device, "name": ""})
        assert answer.is_success, answer.text

    @asynccontextmanager
    async def camera(
        self, path: str = f"live/0/{IMEI}", *, gop: int = 10
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """ffmpeg publishing a test picture and a tone in real time, until the block is left."""
        words = (
            "-hide_banner -loglevel error -re -f lavfi -i testsrc=size=160x120:rate=20 -f lavfi -i sine "
            f"-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g {gop} -c:a aac -f flv"
        )
        process = await asyncio.create_subprocess_exec("ffmpeg", *words.split(), f"{self.rtmp}/{path}")
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def live(self, channel: str = "0") -> dict[str, object]:
        """The stream, as soon as something of it can be seen."""
        while (found := await self.stream(channel)).get("video") != "h264":  # noqa: ASYNC110 - nobody sets an event for a caller of the API
            await asyncio.sleep(0.02)
        return found

    async def metric(self, name: str) -> float:
        text = (await self.http.get("/metrics")).text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    async def stream(self, channel: str = "0") -> dict[str, object]:
        answer = await self.http.get(f"/api/v1/devices/{DEVICE}/streams/{channel}")
        found: dict[str, object] = answer.json()
        return found


@asynccontextmanager
async def serving(folder: Path, **settings: object) -> AsyncIterator[Served]:
    """A server on free ports of this machine; every registered camera may publish."""
    given = {"data_dir": str(folder), "live.publishers": "open", "log.level": "error", **settings}
    async with running(load(given, FREE_PORTS).settings) as server:
        headers = {"Authorization": f"Bearer {server.first_token}"}
        async with httpx.AsyncClient(base_url=local_url(server.http), headers=headers, timeout=30) as http:
            served = Served(server, http)
            try:
                yield served
            finally:
                for line in served.lines:
                    line.close()
                    with contextlib.suppress(ConnectionError):
                        await line.wait_closed()
