"""The live feed: every event to two hundred readers, and how old it is when they have it."""

from __future__ import annotations

import asyncio
import datetime as dt
import statistics
import sys
import tempfile
import time
from typing import Final, cast

import msgspec
import uvloop

from bench.ingest import go
from bench.procs import child, cpu_s, read_until
from bench.report import Row
from bench.server import Server, wayside

READERS: Final = 200
DEVICES: Final = 100
# Readers and events a second: the first is the floor, the last are twenty thousand messages a second.
LOADS: Final = ((1, 50), (READERS, 50), (READERS, 100))
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


DECODER: Final = msgspec.json.Decoder(Notice)

REQUEST: Final = (
    "GET /api/v1/live?message=location HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

# The length says that the real one follows, in two bytes.
EXTENDED: Final = 126


def listen(server: Server, readers: int, events_per_s: int) -> tuple[int, float, float]:
    """Have so many readers listen while devices report: messages read, and the median and p99 of their age in ms."""
    with (
        child("-m", "bench.feed", str(server.ports["http"]), server.token, str(readers)) as reader,
        child(
            "-m", "bench.load", str(server.ports["jimi"]), str(DEVICES), str(SECONDS), str(events_per_s)
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
        for readers, events_per_s in LOADS:
            before = cpu_s(server.pid)
            read, p50, p99 = listen(server, readers, events_per_s)
            used = cpu_s(server.pid) - before
            expected = readers * events_per_s * SECONDS
            floor = floor or p50
            rows.append(
                Row(
                    f"live feed, {readers} reader{'s' * (readers > 1)}, {events_per_s} events/s",
                    f"p50 {p50:.1f} ms, p99 {p99:.1f} ms old; {read:,} read ({read / expected:.0%}), {used:.1f} CPU-s",
                    f"{floor:.1f} ms (p50 with one reader)",
                    f"{p50 / floor:.1f}",
                )
            )
    return rows


class Reader(asyncio.Protocol):
    """One feed.

    It takes frames apart by itself, as far as the feed needs it (text in one frame, unmasked, shorter than 64 KiB):
    a client of the usual kind costs more per message than the server does, and would itself be what is measured.
    """

    ages_ms: Final[list[float]] = []

    def __init__(self, request: bytes) -> None:
        self.listening: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        at = time.time()
        data = self._rest + data
        if not self.listening.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if b" 101 " not in head:
                self.listening.set_exception(RuntimeError(f"no feed: {head!r}"))
                return
            self.listening.set_result(None)
        start = 0
        while (found := payload(data, start)) is not None:
            begin, start = found
            notice = DECODER.decode(data[begin:start])
            if notice.event is not None:
                self.ages_ms.append((at - notice.event.received_at.timestamp()) * 1e3)
        self._rest = data[start:]


def payload(data: bytes, start: int) -> tuple[int, int] | None:
    """Where the text of the frame at ``start`` begins and ends (RFC 6455, section 5.2); None: it is not whole yet."""
    begin = start + 2
    if len(data) < begin:
        return None
    length = data[start + 1]
    if length == EXTENDED:
        begin += 2
        length = int.from_bytes(data[start + 2 : begin])
    return None if len(data) < begin + length else (begin, begin + length)


async def main(port: int, token: str, readers: int) -> None:
    """The readers' side: say when all listen, and at the end what was read."""
    request = REQUEST.format(port=port, token=token).encode()
    loop = asyncio.get_running_loop()
    for _ in range(readers):
        _, reader = await loop.create_connection(lambda: Reader(request), "127.0.0.1", port)
        await reader.listening
    print("listening", flush=True)
    await asyncio.sleep(SECONDS + AFTER_S)
    ages_ms = Reader.ages_ms
    p99 = statistics.quantiles(ages_ms, n=100)[98]
    print(f"read {len(ages_ms)} {statistics.median(ages_ms):.2f} {p99:.2f}", flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
