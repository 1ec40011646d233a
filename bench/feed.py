"""The live feed: every event to two hundred readers, and how old it is when they have it."""

from __future__ import annotations

import asyncio
import datetime as dt
import statistics
import sys
import tempfile
import time
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from bench.ingest import go
from bench.procs import child, cpu_s, read_until
from bench.report import Row
from bench.server import Server, wayside

READERS: Final = 200
DEVICES: Final = 100
# Two hundred readers of fifty events are ten thousand messages a second: about what one Python client can read.
EVENTS_PER_S: Final = 50
SECONDS: Final = 8.0
# Readers may still get what the last frames became.
AFTER_S: Final = 2.0


class Said(msgspec.Struct):
    """What we need of an event."""

    received_at: dt.datetime


class Notice(msgspec.Struct):
    """A message of the feed."""

    type: str
    event: Said | None = None


def listen(server: Server, readers: int) -> tuple[int, float, float]:
    """Have so many readers listen while devices report: messages read, and the median and p99 of their age in ms."""
    with (
        child("-m", "bench.feed", str(server.ports["http"]), server.token, str(readers)) as reader,
        child(
            "-m", "bench.load", str(server.ports["jimi"]), str(DEVICES), str(SECONDS), str(EVENTS_PER_S)
        ) as load,
    ):
        assert load.stdout
        assert reader.stdout
        read_until(load.stdout, "ready")
        read_until(reader.stdout, "listening")
        go(load)
        done = read_until(reader.stdout, r"read (\d+) ([\d.]+) ([\d.]+)")
    return int(done[1]), float(done[2]), float(done[3])


def run() -> list[Row]:
    """One reader, which is the floor, then all of them."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder, wayside(folder) as server:
        floor = 0.0
        for readers in (1, READERS):
            before = cpu_s(server.pid)
            read, p50, p99 = listen(server, readers)
            used = cpu_s(server.pid) - before
            expected = readers * EVENTS_PER_S * SECONDS
            floor = floor or p50
            rows.append(
                Row(
                    f"live feed, {readers} reader{'s' * (readers > 1)}, {EVENTS_PER_S} events/s",
                    f"p50 {p50:.1f} ms, p99 {p99:.1f} ms old; {read:,} read ({read / expected:.0%}), {used:.1f} CPU-s",
                    f"{floor:.1f} ms (p50 with one reader)",
                    f"{p50 / floor:.1f}",
                )
            )
    return rows


async def follow(feed: ClientConnection, ages_ms: list[float]) -> None:
    """Read until cancelled."""
    decode = msgspec.json.Decoder(Notice).decode
    async for text in feed:
        notice = decode(text)
        if notice.event is not None:
            ages_ms.append((time.time() - notice.event.received_at.timestamp()) * 1e3)


async def main(port: int, token: str, readers: int) -> None:
    """The readers' side: say when all listen, and at the end what was read."""
    ages_ms: list[float] = []
    headers = {"Authorization": f"Bearer {token}"}
    feeds = [
        await connect(f"ws://127.0.0.1:{port}/api/v1/live?message=location", additional_headers=headers)
        for _ in range(readers)
    ]
    tasks = [asyncio.create_task(follow(feed, ages_ms)) for feed in feeds]
    print("listening", flush=True)
    await asyncio.sleep(SECONDS + AFTER_S)
    for task in tasks:
        task.cancel()
    p99 = statistics.quantiles(ages_ms, n=100)[98]
    print(f"read {len(ages_ms)} {statistics.median(ages_ms):.2f} {p99:.2f}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
