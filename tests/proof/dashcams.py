"""Simulated dashcams beside a test, of which each alarm is wanted, and which can be told to forget a file."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import TypeVar

from tests.cli.serving import PATIENCE_S
from tests.proof.world import World
from wayside.protocol.base import Side
from wayside.protocol.simulator import Behaviour
from wayside.protocols import jimi
from wayside.protocols.jimi.simulator import JimiSimulator
from wayside.simulate.device import Device
from wayside.simulate.errands import Errands
from wayside.simulate.tally import Tally

T = TypeVar("T")

INTERVAL_S = 0.2
OLDER, NEWER = 2, 3
"""Firmwares: the one uploads as in section 6.1, the other tells the command that asked (6.3)."""


class Dice:
    """Nothing happens by chance; with ``alarm`` the next position brings one, and only that."""

    def __init__(self) -> None:
        self.alarm = False

    def random(self) -> float:
        return 0.0 if self.alarm else 0.99

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2

    def randrange(self, start: int, stop: int) -> int:
        return start

    def choice(self, seq: Sequence[T]) -> T:
        self.alarm = False
        return seq[0]


class Dashcam:
    """One camera; ``forgotten`` are the endings of names that it announces and never uploads."""

    def __init__(self, world: World, number: int) -> None:
        host, _, port = world.server.address("jimi").rpartition(":")
        upload = f"http://{world.server.address('upload')}/upload"
        stream = f"rtmp://{world.server.address('rtmp')}/live"
        self.dice = Dice()
        self.forgotten: tuple[str, ...] = ()
        simulator = JimiSimulator(Behaviour(number, INTERVAL_S, 0.0, upload, stream), self.dice)
        simulator._outbox.forgets = self._forgets  # type: ignore[method-assign]  # by name, where else chance decides
        self.imei = simulator.ident
        self.device = f"jimi:{self.imei}"
        self.tally = Tally()
        self._errands = Errands(self.tally)
        dial = partial(asyncio.get_running_loop().create_connection, host=host, port=int(port))
        framer = partial(jimi.PROTOCOL.links[0].framer, Side.SERVER)
        self._line = Device(simulator, framer, Random(1), dial, self._errands)

    async def until(self, right: Callable[[Tally], bool]) -> None:
        """Wait until its numbers are so."""
        async with asyncio.timeout(PATIENCE_S):
            while not right(self.tally):  # noqa: ASYNC110 - the tally is numbers
                await asyncio.sleep(0.02)

    def _forgets(self, name: str) -> bool:
        return name.endswith(self.forgotten)

    def start(self) -> None:
        self._line.start()

    async def stop(self) -> None:
        await self._line.stop()
        await self._errands.stop()


@asynccontextmanager
async def dashcam(world: World, number: int = OLDER) -> AsyncIterator[Dashcam]:
    """Online already."""
    found = Dashcam(world, number)
    found.start()
    try:
        await world.online(found.device)
        yield found
    finally:
        await found.stop()
