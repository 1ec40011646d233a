"""A machine that is in trouble: its disk, its process, its clock.  The victim lives through all of it."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import apsw
import httpx

from bench.procs import resident_bytes
from tests.proof.world import eventually
from torture.checks import BASELINE, DISK
from torture.crowd import Load
from torture.scenario import Scenario, Stage
from wayside.engines.embedded.connection import DATABASE

LOOKED_AT_S: Final = 1.5
"""A trouble lasts a while longer when it has been noticed, for whoever would acknowledge all the same."""

HELD_S: Final = 6.0
"""The database is locked longer than the store waits for it (2 s) and for several of its tries."""

GROWTH_MIB: Final = 64
"""While the store is down a victim keeps what is uncommitted, which is bounded at 32 MiB, and stops reading."""

STALL_S: Final = 2.0
CLOCKS_S: Final = (3_600.0, -3_600.0, 86_400.0 * 3_650, -86_400.0 * 3_650, 0.0)
"""An hour, and ten years: a machine without a battery, before and after it has heard the time."""

YEAR_2000: Final = 946_684_800.0
YEAR_2038: Final = 2_147_483_648.0
"""The first second that 32 bits with a sign cannot count."""
YEAR_2099: Final = 4_102_444_799.0

SPARE_DESCRIPTORS: Final = 6
STRANGERS: Final = 60


# The disk.


@asynccontextmanager
async def disk(stage: Stage, state: str) -> AsyncIterator[None]:
    """It is full, read-only or slow."""
    await stage.tell(disk=state)
    try:
        yield
    finally:
        await stage.tell()


@asynccontextmanager
async def locked(stage: Stage) -> AsyncIterator[None]:
    """Another process has begun to write and does not end."""
    other = apsw.Connection(str(stage.world.data / DATABASE))
    other.set_busy_timeout(10_000)
    await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def unstorable(stage: Stage, trouble: AbstractAsyncContextManager[None], lasts_s: float) -> None:
    """Nothing can be stored: nobody hears an acknowledgement, everybody hears why, and then it goes on."""
    await stage.busy()
    before = resident_bytes(stage.pid)
    async with trouble:
        await eventually(lambda: _unready(stage))
        acknowledged = stage.crowd.heard.count
        await asyncio.sleep(lasts_s)
        during = stage.crowd.heard.count - acknowledged
        grown_mib = max(0, resident_bytes(stage.pid) - before) / 2**20
        unready = await _unready(stage)
    await eventually(stage.ready)
    await stage.busy()
    stage.claim("nothing is acknowledged while it lasts", not during, f"{during}" if during else "")
    stage.claim("it says that it is not ready", unready)
    stage.claim("memory stays bounded", grown_mib < GROWTH_MIB, f"+{grown_mib:.0f} MiB")


async def _unready(stage: Stage) -> bool:
    return not await stage.ready()


async def disk_full(stage: Stage) -> str:
    """Writes fail."""
    for _ in range(stage.times):
        await unstorable(stage, disk(stage, "full"), LOOKED_AT_S)
    return f"{stage.times} times, {LOOKED_AT_S:.1f} s each"


async def disk_read_only(stage: Stage) -> str:
    """As after an error of the file system."""
    for _ in range(stage.times):
        await unstorable(stage, disk(stage, "read-only"), LOOKED_AT_S)
    return f"{stage.times} times, {LOOKED_AT_S:.1f} s each"


async def store_locked(stage: Stage) -> str:
    """Somebody with a database shell went to lunch."""
    for _ in range(stage.times):
        await unstorable(stage, locked(stage), HELD_S)
    return f"{stage.times} times, {HELD_S:.0f} s each"


async def disk_slow(stage: Stage) -> str:
    """Everything takes longer, and goes on."""
    await stage.busy()
    before = resident_bytes(stage.pid)
    async with disk(stage, "slow"):
        count = stage.crowd.heard.count
        for _ in range(stage.times):
            await asyncio.sleep(1)
        count = stage.crowd.heard.count - count
        grown_mib = max(0, resident_bytes(stage.pid) - before) / 2**20
    await stage.busy()
    stage.claim("it goes on", count, f"{count:,} acknowledged meanwhile")
    stage.claim("memory stays bounded", grown_mib < GROWTH_MIB, f"+{grown_mib:.0f} MiB")
    return f"{stage.times} s"


# The process.


async def stopped(stage: Stage) -> str:
    """SIGSTOP, as when a virtual machine is moved; then SIGCONT."""
    total_s = 0.0
    for _ in range(stage.times):
        await stage.busy()
        pause_s = stage.rng.uniform(0.2, 3.0)
        os.kill(stage.pid, signal.SIGSTOP)
        await asyncio.sleep(pause_s)
        os.kill(stage.pid, signal.SIGCONT)
        total_s += pause_s
    await stage.busy()
    return f"{stage.times} times, {total_s:.1f} s in all"


async def stalled(stage: Stage) -> str:
    """The event loop does one thing for seconds."""
    for _ in range(stage.times):
        await stage.busy()
        await stage.tell(stall_s=STALL_S)
    await stage.busy()
    return f"{stage.times} times {STALL_S:.0f} s"


async def out_of_descriptors(stage: Stage) -> str:
    """It may open no more files; strangers keep knocking, and those who are there are served."""
    await stage.world.online(*stage.crowd.diaries())
    held = len(os.listdir(f"/proc/{stage.pid}/fd"))  # noqa: PTH208 - names are enough, and quicker
    unlimited = resource.prlimit(stage.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(stage.pid, resource.RLIMIT_NOFILE, (held + SPARE_DESCRIPTORS, unlimited[1]))
    host, _, port = stage.world.server.address("jimi").rpartition(":")
    strangers = [socket.create_connection((host, int(port))) for _ in range(STRANGERS)]
    await stage.busy(2_000)
    answer = await stage.api()
    stage.claim("who is there is served", answer.status_code == httpx.codes.OK, f"API {answer.status_code}")
    resource.prlimit(stage.pid, resource.RLIMIT_NOFILE, unlimited)
    for stranger in strangers:
        stranger.close()
    await stage.gather()
    await stage.busy()
    return f"{SPARE_DESCRIPTORS} spare, {STRANGERS} strangers; then a new crowd comes"


# Clocks.


async def clock_jumps(stage: Stage) -> str:
    """The machine's clock is set, forwards and backwards."""
    for _ in range(stage.times):
        for clock_s in CLOCKS_S:
            await stage.tell(clock_s=clock_s)
            await stage.busy()
    return f"{stage.times * len(CLOCKS_S)} jumps of up to ten years"


async def wrong_years(stage: Stage) -> str:
    """Devices that live in 2000, 2038 and 2099, beside one that is right."""
    await stage.busy(1_000 * stage.times)
    for camera in stage.crowd.cameras:
        page = await stage.world.get("events", device=camera.device, limit=1)
        latest = await stage.world.get(f"devices/{camera.device}")
        stage.claim("the API shows all of them", page["items"] and latest["state"])
    return f"{stage.times * 1_000:,} reports"


LIVES: Final = (*DISK, BASELINE)
"""What is checked when the victim lives through it."""

SCENARIOS: Final = (
    Scenario("disk-full", "disk full", disk_full, LIVES, times=3, quick=1),
    Scenario("disk-read-only", "disk read-only", disk_read_only, LIVES, times=3),
    Scenario("disk-slow", "slow disk: 150 ms for each sync", disk_slow, LIVES, times=8),
    Scenario("store-locked", "another process holds the database's write lock", store_locked, LIVES, times=2),
    Scenario("stop", "SIGSTOP, SIGCONT", stopped, LIVES, times=6),
    Scenario("stall", "event loop stalled", stalled, LIVES, times=4),
    Scenario("descriptors", "descriptors exhausted", out_of_descriptors, LIVES),
    Scenario("clock", "the machine's clock jumps", clock_jumps, LIVES, times=2),
    Scenario(
        "years",
        "devices that live in 2000, 2038 and 2099",
        wrong_years,
        LIVES,
        Load(clocks=(None, YEAR_2000, YEAR_2038, YEAR_2099)),
        times=3,
    ),
)
