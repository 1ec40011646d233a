"""The load: connections that log in and send location frames, each waiting for its acknowledgement.

``python -m bench.load PORT CONNECTIONS SECONDS RATE``: RATE frames a second over all, 0 for as many as are answered.
Says ``ready`` when all are logged in, waits for a line, then prints the acknowledgements per second and their delays.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import statistics
import sys
import time
from typing import Final, cast

import uvloop

from bench.frames import ACKNOWLEDGEMENT_BYTES, heartbeat, location, login

# One address has some 28,000 ports for one destination, and the kernel looks for a free one more slowly towards
# the end; eight loopback addresses are never near it.
SOURCES: Final = 8
LOGINS_AT_ONCE: Final = 200


class Device(asyncio.Protocol):
    """One device of the load."""

    __slots__ = ("answered", "number", "received", "sent_at", "transport", "waiting")

    delays: Final[list[float]] = []
    until = 0.0
    flat_out = False
    frame = b""

    def __init__(self, number: int) -> None:
        self.number = number
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = 0
        self.waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own class, of the same shape
        self.transport.write(login(self.number))

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if self.received < ACKNOWLEDGEMENT_BYTES:
            return
        self.received -= ACKNOWLEDGEMENT_BYTES
        if not self.answered.done():
            self.answered.set_result(None)
        elif self.waiting:
            self.waiting = False
            Device.delays.append(time.perf_counter() - self.sent_at)
            if self.flat_out and time.perf_counter() < Device.until:
                self.send()

    def send(self) -> None:
        """One location, unless the last one is still unanswered."""
        if not self.waiting:
            self.waiting = True
            self.sent_at = time.perf_counter()
            self.transport.write(Device.frame)


async def keep_time() -> None:
    """Have every frame say the second it is sent in, at the price of making one a second."""
    while True:
        Device.frame = location(time.gmtime())
        await asyncio.sleep(1 - time.time() % 1)


async def connect(port: int, number: int, gate: asyncio.Semaphore) -> Device:
    """Connect from one of the source addresses and log in."""
    loop = asyncio.get_running_loop()
    async with gate:
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind((f"127.0.0.{2 + number % SOURCES}", 0))
        await loop.sock_connect(sock, ("127.0.0.1", port))
        _, device = await loop.create_connection(lambda: Device(number), sock=sock)
        await device.answered
        return device


async def paced(devices: list[Device], rate: float, seconds: float) -> None:
    """Spread the frames evenly over devices and time."""
    started, sent = time.perf_counter(), 0
    while (now := time.perf_counter() - started) < seconds:
        while sent < now * rate:
            devices[sent % len(devices)].send()
            sent += 1
        await asyncio.sleep(0.002)


async def main(port: int, connections: int, seconds: float, rate: float) -> None:
    """Log all in, wait for the word, load, report."""
    clock = asyncio.create_task(keep_time())
    gate = asyncio.Semaphore(LOGINS_AT_ONCE)
    devices = list(await asyncio.gather(*(connect(port, number, gate) for number in range(connections))))
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    if not seconds:
        for device in devices:
            device.transport.write(heartbeat())
        await loop.run_in_executor(None, sys.stdin.readline)
        return
    Device.until = time.perf_counter() + seconds
    if rate:
        await paced(devices, rate, seconds)
    else:
        Device.flat_out = True
        for device in devices:
            device.send()
        await asyncio.sleep(seconds)
    clock.cancel()
    delays = Device.delays
    p99 = statistics.quantiles(delays, n=100)[98]
    print(f"done {len(delays)} {statistics.median(delays) * 1e3:.2f} {p99 * 1e3:.2f}", flush=True)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
