"""Command round trips through the whole house: HTTP → device → reply → live feed, at rest and under load."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from typing import Final, cast

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from bench.frames import imei, login, seal
from bench.ingest import CONNECTIONS, go
from bench.procs import child, read_until
from bench.report import Row
from bench.server import Server, wayside

ROUNDS: Final = 300
LOAD_PER_S: Final = 5_000
# Long enough for all rounds; the load ends with the block in any case.
LOAD_S: Final = 120

# The device that obeys is none of the load's.
NUMBER: Final = 999_999

# In a command packet the content's length stands at 4, the server flag behind it (section 5.5.1).
COMMAND: Final = 0x80
FLAG: Final = slice(5, 9)


class Obedient(asyncio.Protocol):
    """A device that answers every command at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own class, of the same shape
        self.transport.write(login(NUMBER))

    def data_received(self, data: bytes) -> None:
        if data[3] == COMMAND:
            self.transport.write(seal(b"\x21" + data[FLAG] + b"\x01OK\x00\x02\x00\x07"))


async def round_trip_s(client: httpx.AsyncClient, feed: ClientConnection) -> float:
    """From asking until the live feed tells that the device has done it."""
    started = time.perf_counter()
    answer = await client.post(f"/api/v1/devices/jimi:{imei(NUMBER)}/commands", json={"capability": "status"})
    answer.raise_for_status()
    command = answer.json()["id"]
    async for text in feed:
        notice = msgspec.json.decode(text)
        if notice["type"] == "command" and notice["command"] == command and notice["state"] == "succeeded":
            return time.perf_counter() - started
    raise RuntimeError("the live feed ended")


async def measure(server: Server) -> list[float]:
    """Round trips one after another, in milliseconds, sorted."""
    loop = asyncio.get_running_loop()
    base, headers = f"127.0.0.1:{server.ports['http']}", {"Authorization": f"Bearer {server.token}"}
    transport, _ = await loop.create_connection(Obedient, "127.0.0.1", server.ports["jimi"])
    feed = connect(f"ws://{base}/api/v1/live?device=jimi:{imei(NUMBER)}", additional_headers=headers)
    try:
        async with httpx.AsyncClient(base_url=f"http://{base}", headers=headers) as client, feed as notices:
            while (await client.get(f"/api/v1/devices/jimi:{imei(NUMBER)}")).is_error:  # noqa: ASYNC110 - the server is another process, nothing here could be told
                await asyncio.sleep(0.01)
            return sorted([await round_trip_s(client, notices) * 1e3 for _ in range(ROUNDS)])
    finally:
        transport.close()


@contextlib.contextmanager
def load(server: Server) -> Iterator[None]:
    """Location frames at a steady rate for as long as the block lasts."""
    port = str(server.ports["jimi"])
    with child("-m", "bench.load", port, str(CONNECTIONS), str(LOAD_S), str(LOAD_PER_S)) as client:
        assert client.stdout
        read_until(client.stdout, "ready")
        go(client)
        yield


def run() -> list[Row]:
    """At rest first, which is the floor, then under load, on the same server."""
    with tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder, wayside(folder) as server:
        rest = asyncio.run(measure(server))
        with load(server):
            busy = asyncio.run(measure(server))
    floor = statistics.median(rest)
    rows = []
    for name, delays in (("at rest", rest), (f"under {LOAD_PER_S:,} frames/s", busy)):
        p50, p99 = statistics.median(delays), delays[int(len(delays) * 0.99)]
        rows.append(
            Row(
                f"command round trip {name}",
                f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
                f"{floor:.1f} ms (p50 at rest)",
                f"{p50 / floor:.1f}",
            )
        )
    return rows
