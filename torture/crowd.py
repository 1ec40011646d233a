"""The load: devices that live on by themselves.  Whenever they are cut they come back, until they are told to leave."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import partial
from itertools import count
from typing import Any, Final

import httpx
import msgspec

from tests.proof.cabinets import Cabinet
from tests.proof.callers import Caller
from tests.proof.cameras import Camera
from tests.proof.diary import Diary
from tests.proof.locks import HEARTBEAT, Lock
from tests.proof.world import Tally, World

AGAIN_S: Final = 0.05
"""Before whoever was cut or refused tries again."""

GIVEN_UP_S: Final = 3.0
"""Nobody waits longer than this for a lever to move."""

SETTLE_S: Final = 40.0
"""Until everybody has been acknowledged what they said; a command in flight may need its whole 30 s."""

ASK_TWICE: Final = 0.3
"""How often a caller asks the same thing again, as one does who did not see the answer."""

BANKS: Final = 2
"""In each cabinet, which has three slots."""

REFUSALS: Final = frozenset({httpx.codes.CONFLICT, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.NOT_FOUND})
"""Answers that promise nothing: the device is not there (yet), or the store is not."""


class Load(msgspec.Struct, frozen=True):
    """How many of each family.

    ``pace_s`` is the rest of a camera after each acknowledgement, 0 for none; ``clocks`` are where cameras' clocks
    stand, in turn (None: right).
    """

    cameras: int = 4
    locks: int = 3
    cabinets: int = 2
    window: int = 8
    pace_s: float = 0.0
    clocks: tuple[float | None, ...] = (None,)


class Crowd:
    """``first`` numbers its devices, so that crowds on one server have different ones."""

    def __init__(self, world: World, load: Load, rng: random.Random, first: int = 1) -> None:
        self._world = world
        self._rng = rng
        self._leaving = False
        self._numbers = count(1)
        self._tasks: list[asyncio.Task[None]] = []
        self.heard = Tally()
        self.moved = Tally()
        clocks = load.clocks
        self.cameras = [
            Camera(first + n, load.window, self.heard, pace_s=load.pace_s, clock_s=clocks[n % len(clocks)])
            for n in range(load.cameras)
        ]
        self.locks = [Lock(first + n, self.moved) for n in range(load.locks)]
        self.callers = [Caller(world, lock) for lock in self.locks]
        self.cabinets = [
            Cabinet(first + n, *(f"B{first + n}x{bank}" for bank in range(BANKS)))
            for n in range(load.cabinets)
        ]
        self.shown: dict[str, set[str]] = defaultdict(set)
        """The commands that were shown to whoever asked with this key."""
        self.refused: set[str] = set()
        """Keys that nobody was shown a command for, because each time they were used they were refused."""
        self.oddities: list[str] = []
        """Answers that nobody should get."""

    @property
    def _devices(self) -> list[Camera | Lock | Cabinet]:
        return [*self.cameras, *self.locks, *self.cabinets]

    def diaries(self) -> dict[str, Diary]:
        """Of every device, by its id."""
        return {device.device: device.diary for device in self._devices}

    # Coming and going.

    async def come(self) -> None:
        """Everybody begins."""
        for bank in (bank for cabinet in self.cabinets for bank in cabinet.slots.values() if bank):
            answer = await self._world.post("banks", {"bank": bank})
            assert answer.is_success, answer.text
        self._leaving = False
        for camera in self.cameras:
            camera.full = False
            self._begin(self._film(camera))
        for lock, caller in zip(self.locks, self.callers, strict=True):
            self._begin(self._keep(lock, self._begin(self._call(caller))))
        for cabinet in self.cabinets:
            self._begin(self._serve(cabinet, self._begin(self._borrow(cabinet))))

    async def leave(self) -> None:
        """Everybody ends what they began: all is acknowledged, and nobody is connected any more."""
        self._leaving = True
        for camera in self.cameras:
            camera.full = True
        async with asyncio.timeout(SETTLE_S):
            await asyncio.gather(*self._tasks)
        self._tasks.clear()
        for device in self._devices:
            device.hang_up()

    async def vanish(self) -> None:
        """Whatever they do, they are gone now."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for device in self._devices:
            device.hang_up()

    def _begin(self, life: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(life)
        self._tasks.append(task)
        return task

    # Lives.

    async def _film(self, camera: Camera) -> None:
        while camera.has_more:
            if await self._connected(camera.connect):
                await camera.report()

    async def _keep(self, lock: Lock, calling: asyncio.Task[None]) -> None:
        """Be a lock as long as somebody may call it, and until its last result is acknowledged."""
        while not calling.done() or lock.unheard:
            if await self._connected(lock.connect):
                lock.say(*HEARTBEAT)
                obeying = asyncio.create_task(lock.obey())
                async with _ended(obeying):
                    while not obeying.done() and not (calling.done() and not lock.unheard):
                        await asyncio.wait([obeying], timeout=AGAIN_S)

    async def _serve(self, cabinet: Cabinet, borrowing: asyncio.Task[None]) -> None:
        while not borrowing.done() or cabinet.unheard:
            if await self._connected(cabinet.connect):
                obeying = asyncio.create_task(cabinet.obey())
                async with _ended(obeying):
                    while not obeying.done() and not (borrowing.done() and not cabinet.unheard):
                        if self._rng.random() < ASK_TWICE:
                            cabinet.offer()
                        await asyncio.wait([obeying], timeout=AGAIN_S)

    async def _connected(self, connect: Callable[[World], Awaitable[None]]) -> bool:
        """Whether it worked; if not, some time has passed."""
        try:
            await connect(self._world)
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(AGAIN_S)
            return False
        return True

    async def _call(self, caller: Caller) -> None:
        """One unlocking after another, each with its own key, which is used again when there was no answer."""
        for key in caller.keys:
            if self._leaving:
                return
            caller.lock.receipt.clear()
            if await self._answered(key, partial(caller.ask, key)):
                await _soon(caller.lock.receipt.wait())
                if self._rng.random() < ASK_TWICE:
                    await self._answered(key, partial(caller.ask, key))

    async def _borrow(self, cabinet: Cabinet) -> None:
        for number in self._numbers:
            if self._leaving:
                return
            key = f"{cabinet.imei}-{number}"
            bank = self._rng.choice([bank for bank in cabinet.slots.values() if bank] or [""])
            if bank:
                await self._answered(key, partial(self._ask_bank, cabinet, key, bank))
            await asyncio.sleep(AGAIN_S)

    async def _ask_bank(self, cabinet: Cabinet, key: str, bank: str) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        return await self._world.post("rentals", {"cabinet": cabinet.device, "bank": bank}, **headers)

    async def _answered(self, key: str, ask: Callable[[], Awaitable[httpx.Response]]) -> bool:
        """Ask until there is an answer; whether there is a command now."""
        heard = True
        while True:
            try:
                answer = await ask()
                break
            except (httpx.TransportError, RuntimeError):  # the latter when the server's client was closed
                heard = False
                await asyncio.sleep(AGAIN_S)
        if answer.is_success:
            self.shown[key].add(answer.json()["id"])
            return True
        if heard and key not in self.shown:
            self.refused.add(key)
        if answer.status_code not in REFUSALS:
            self.oddities.append(f"{answer.status_code} {answer.text}")
        await asyncio.sleep(AGAIN_S)
        return False


@contextlib.asynccontextmanager
async def _ended(task: asyncio.Task[None]) -> AsyncIterator[None]:
    """Whatever happens, the task is over behind this block; what went wrong in it is raised."""
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _soon(waiting: Coroutine[Any, Any, Any]) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(waiting, GIVEN_UP_S)
