"""What a scenario is, and the stage that it is played on."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx
import msgspec

from bench.procs import resident_bytes
from tests.cli.serving import PATIENCE_S
from tests.proof.world import OPEN, World, eventually
from torture.checks import Invariant, Verdict
from torture.crowd import Crowd, Load
from torture.orders import ROOT, Census, Orders, census_path, program, write_whole

BUSY_FRAMES_MAX: Final = 1_500
"""What is broken is broken within the first some hundred milliseconds of full load, or later: both happen."""

AT_A_MOVEMENT: Final = 0.3
"""How often a fault waits for a lever to move rather than for frames."""

WITNESSES: Final = 40
WITNESS_RATE: Final = 400
"""Frames a second of all witnesses: enough for a percentile, few enough to leave the machine to the fault."""

UNHARMED_MS: Final = 400.0
"""Devices wait for seconds, and over a mobile network; and torturer, victim, witnesses and whatever else this machine
does share its cores.  Both figures stand in the table, for whoever wants less."""

UNHARMED_FACTOR: Final = 3.0
"""Where the machine is so slow that it takes longer even at rest."""

BACK_WITHIN_S = 30.0
"""Connections end by the next sweep, upkeep of a big burst takes a few rounds."""

LOOK_AGAIN_S: Final = 0.5

ROOM_KIB: Final = 96 * 1024
"""The database's own cache of 64 MiB may fill while we look, and the allocator keeps what a burst needed, which is at
most the 32 MiB that may be uncommitted.  Five floods in a row end at 178, 181, 181, 182 and 181 MiB.  What grows by
less is seen in Python's blocks."""

ROOM_BLOCKS: Final = 60_000
"""Of Python's memory: what a few hundred more commands and devices of the crowd may leave (1 MB or two)."""

ROOM_TASKS: Final = 2
ROOM_DESCRIPTORS: Final = 4
"""A reader's connection to the database, opened when it was needed first."""


class Claim(msgspec.Struct, frozen=True):
    """Something beyond the invariants that must be so, and what was seen of it."""

    title: str
    holds: bool
    seen: str = ""


class Holdings(msgspec.Struct, frozen=True):
    """What a process holds."""

    kib: int
    blocks: int
    tasks: int
    descriptors: int

    def __str__(self) -> str:
        return f"{self.kib / 1024:.0f} MiB, {self.descriptors} descriptors, {self.tasks} tasks"

    def is_near(self, other: Holdings) -> bool:
        """Whether it is not much more than that."""
        return (
            self.kib <= other.kib + ROOM_KIB
            and self.blocks <= other.blocks + ROOM_BLOCKS
            and self.tasks <= other.tasks + ROOM_TASKS
            and self.descriptors <= other.descriptors + ROOM_DESCRIPTORS
        )


class Stage:
    """A folder, the victim that runs on it, and the crowd that keeps it busy.

    ``times`` is how often the fault is to happen; ``measured`` is what was found on the way.
    """

    def __init__(self, folder: Path, load: Load, settings: tuple[str, ...], seed: int, times: int) -> None:
        self.folder = folder
        self.times = times
        self.rng = random.Random(seed)
        """For what is broken; the crowd has its own dice, because how often it throws them is up to the victim."""
        self._dice = random.Random(seed)
        self.load = load
        self.world = World(folder)
        self.crowds: list[Crowd] = []
        self._claims: dict[str, Claim] = {}
        self.measured: dict[str, Verdict] = {}
        self._settings = settings
        self._orders = Orders()
        self._path = folder / "victim.orders"

    @property
    def crowd(self) -> Crowd:
        """Those who are here now."""
        return self.crowds[-1]

    @property
    def pid(self) -> int:
        """The victim's."""
        return self.world.server.process.pid

    # The victim.

    async def start(self, *plants: str) -> bool:
        """Start the victim; whether it lived to see the day."""
        self._orders = Orders(self._orders.number)
        self.world.program = program(self._path, plants)
        try:
            await self.world.start(*OPEN, "--log-level", "error", *self._settings)
        except AssertionError:
            if not any(plant.startswith("kill") for plant in plants):
                raise
            return False
        return True

    async def died(self) -> None:
        """Wait until it has killed itself."""
        code = await asyncio.to_thread(self.world.server.process.wait, PATIENCE_S)
        await self.world.clean_up()
        if code != -signal.SIGKILL:
            raise AssertionError(f"it ended with {code}, and was to be killed")

    async def kill(self) -> None:
        """As ``kill -9``."""
        await self.world.kill()

    async def tell(self, *, disk: str = "", clock_s: float = 0.0, stall_s: float = 0.0) -> Census:
        """Give orders to the victim; they are carried out when this returns."""
        self._orders = Orders(self._orders.number + 1, disk, clock_s, stall_s)
        write_whole(self._path, msgspec.json.encode(self._orders))
        self.world.server.process.send_signal(signal.SIGUSR1)
        return await eventually(self._obeyed)

    async def _obeyed(self) -> Census | None:
        path = census_path(self._path)
        if not path.exists():
            return None
        census = msgspec.json.decode(path.read_bytes(), type=Census)
        return census if census.number == self._orders.number else None

    async def ready(self) -> bool:
        """Whether it says that it can store things."""
        return await self.world.ready()

    async def holdings(self) -> Holdings:
        """What the victim holds now."""
        census = await self.tell()
        descriptors = len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - names are enough, and quicker
        return Holdings(resident_bytes(self.pid) // 1024, census.blocks, census.tasks, descriptors)

    # The crowd.

    async def gather(self) -> None:
        """A crowd comes; the one before it leaves."""
        if self.crowds:
            await self.crowd.leave()
        first = 1000 * (len(self.crowds) + 1)
        self.crowds.append(Crowd(self.world, self.load, self._dice, first))
        await self.crowd.come()

    async def busy(self, frames: int = 0) -> None:
        """Until so many more frames are acknowledged; if not said, now and then a movement."""
        async with asyncio.timeout(PATIENCE_S):
            if not frames and self.crowd.locks and self.rng.random() < AT_A_MOVEMENT:
                await self.crowd.moved.more(self.rng.randrange(1, 12))
            else:
                await self.crowd.heard.more(frames or self.rng.randrange(1, BUSY_FRAMES_MAX))

    # What is found.

    def claim(self, title: str, holds: object, seen: str = "") -> None:
        """Note something that must be so, each time it is looked at."""
        earlier = self._claims.get(title)
        if earlier is not None:
            holds = holds and earlier.holds
            seen = ", ".join(filter(None, (earlier.seen, seen)))
        self._claims[title] = Claim(title, bool(holds), seen)

    @property
    def claims(self) -> list[Claim]:
        """What was noted."""
        return list(self._claims.values())

    async def back_to(self, before: Holdings, invariant: Invariant) -> None:
        """Wait until the victim holds no more than before."""
        end = time.monotonic() + BACK_WITHIN_S
        while not (now := await self.holdings()).is_near(before) and time.monotonic() < end:  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(LOOK_AGAIN_S)
        faults = [] if now.is_near(before) else [f"before: {before!r}; after {BACK_WITHIN_S:.0f} s: {now!r}"]
        self.measured[invariant.name] = Verdict(f"{before} → {now}", faults)

    async def under(
        self, attack: Callable[[], Awaitable[None]], seconds: float, invariant: Invariant
    ) -> None:
        """Have witnesses measure how long acknowledgements take: at rest, while it happens, and once more at rest.

        The machine may be busy with other things; what it was like before or after, it may be in between.
        """
        rest_ms = await self._witnessed_ms(seconds)
        attacking = asyncio.create_task(_complete(attack))
        try:
            during_ms = await self._witnessed_ms(seconds)
        finally:
            await attacking
        rest_ms = max(rest_ms, await self._witnessed_ms(seconds))
        bound_ms = max(UNHARMED_MS, UNHARMED_FACTOR * rest_ms)
        fault = f"p99 {during_ms:.0f} ms while it happened, {rest_ms:.0f} ms at rest, bound {bound_ms:.0f} ms"
        self.measured[invariant.name] = Verdict(
            f"p99 {rest_ms:.0f} → {during_ms:.0f} ms", [fault] if during_ms > bound_ms else []
        )

    async def _witnessed_ms(self, seconds: float) -> float:
        """The 99th percentile of devices in a process of their own."""
        port = self.world.server.address("jimi").rpartition(":")[2]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.load", port, str(WITNESSES), str(seconds), str(WITNESS_RATE)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(seconds + PATIENCE_S):
                assert (await process.stdout.readline()).startswith(b"ready")
                process.stdin.write(b"go\n")
                line = (await process.stdout.readline()).decode()
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        done = re.match(r"done (\d+) [\d.]+ ([\d.]+)", line)
        assert done is not None, f"the witnesses said {line!r}"
        assert int(done[1]), "no witness was acknowledged anything"
        return float(done[2])

    async def api(self) -> httpx.Response:
        """Something that every caller may ask."""
        return await self.world.http.get("/api/v1/devices", params={"limit": 1})


async def _complete(attack: Callable[[], Awaitable[None]]) -> None:
    await attack()


class Scenario(msgspec.Struct, frozen=True):
    """A row of the table: a fault, under which load, and what must hold after it.

    ``act`` breaks things on a stage whose victim runs and whose crowd is there, and says what it did.  It happens
    ``times`` times, and ``quick`` times in a quick run (0: not at all then).  ``settings`` are the victim's.  ``load``
    None: there is neither.
    """

    name: str
    fault: str
    act: Callable[[Stage], Awaitable[str]]
    invariants: tuple[Invariant, ...]
    load: Load | None = Load()
    settings: tuple[str, ...] = ()
    times: int = 1
    quick: int = 0
