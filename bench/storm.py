"""A reconnect storm: ``python -m bench.storm PORT CONNECTIONS``.

Says ``ready`` when all are logged in, waits for a line, breaks every connection off, has all come back within a
second, and tells how long it took until the last one was logged in again, and how many tries it took beyond the first.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from typing import Final

import uvloop

from bench.load import LOGINS_AT_ONCE, Device, connect

SPREAD_S: Final = 1.0
AGAIN_S: Final = 0.5
"""A device that was turned away tries again after this."""

WAVES: Final = 100

FIRST: Final = 100_000
"""The number of the first one: none of the ordinary load's."""


async def back(port: int, number: int, wait_s: float) -> int:
    """Come back when it is time; how many tries were turned away."""
    await asyncio.sleep(wait_s)
    refused = 0
    while True:
        gate = asyncio.Semaphore(1)
        try:
            async with asyncio.timeout(10):
                await connect(port, number, gate)
        except (OSError, TimeoutError):
            refused += 1
            await asyncio.sleep(AGAIN_S)
        else:
            return refused


async def main(port: int, connections: int) -> None:
    """Log in, wait for the word, break off, come back."""
    gate = asyncio.Semaphore(LOGINS_AT_ONCE)
    devices: list[Device] = list(
        await asyncio.gather(*(connect(port, FIRST + n, gate) for n in range(connections)))
    )
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    started = time.perf_counter()
    for device in devices:
        device.transport.abort()
    waits = (SPREAD_S * (n % WAVES) / WAVES for n in range(connections))
    refused = await asyncio.gather(*(back(port, FIRST + n, wait_s) for n, wait_s in enumerate(waits)))
    print(f"back {time.perf_counter() - started:.2f} {sum(refused)}", flush=True)
    await asyncio.sleep(3600)  # stay logged in until ended


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
