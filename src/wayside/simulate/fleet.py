"""Many simulated devices of one protocol."""

from __future__ import annotations

import asyncio
from functools import partial
from random import Random
from typing import Final

import msgspec

from wayside.protocol.base import Link, Side
from wayside.protocol.simulator import Behaviour
from wayside.simulate.device import Device, Dial
from wayside.simulate.errands import Errands
from wayside.simulate.pty import Pty
from wayside.simulate.tally import Tally

# A listener's backlog is often 100 or 128: connecting faster than this makes the kernel drop, and drops take seconds.
CONNECTS_PER_S: Final = 500
_STEP_S: Final = 0.02


class FleetPlan(msgspec.Struct, frozen=True):
    """Which devices, and how they behave.

    ``target`` None: each gets a serial port of its own, a pseudo terminal.  The same plan gives the same devices with
    the same dice; ``first`` keeps the idents of two fleets apart.  The addresses are those of ``Behaviour``.
    """

    link: Link
    target: tuple[str, int] | None
    count: int
    interval_s: float = 10.0
    faults: float = 0.0
    seed: int = 0
    first: int = 1
    upload_url: str = ""
    stream_url: str = ""


class Fleet:
    """Runs a plan.  ``ports``: where each device's serial port is, by ident."""

    def __init__(self, plan: FleetPlan) -> None:
        self.plan = plan
        self.tally = Tally()
        self.ports: dict[str, str] = {}
        self._errands = Errands(self.tally)
        self._devices: list[Device] = []
        self._starting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect."""
        self._starting = asyncio.get_running_loop().create_task(self._start())

    async def started(self) -> None:
        """All of them have begun to connect."""
        if self._starting is not None:
            await self._starting

    async def stop(self) -> None:
        """Hang up everywhere."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await asyncio.gather(*(device.stop() for device in self._devices))
        await self._errands.stop()

    async def _start(self) -> None:
        batch = max(1, round(CONNECTS_PER_S * _STEP_S))
        for n in range(self.plan.count):
            if n and n % batch == 0:
                await asyncio.sleep(_STEP_S)
            device = self._device(self.plan.first + n)
            self._devices.append(device)
            device.start()

    def _device(self, number: int) -> Device:
        plan = self.plan
        random = Random(f"{plan.seed}:{number}")  # noqa: S311 - a simulation wants dice that fall the same twice
        behaviour = Behaviour(number, plan.interval_s, plan.faults, plan.upload_url, plan.stream_url)
        simulator = plan.link.simulator(behaviour, random)
        # Two streams of dice: how often a device reconnects must not change what it says.
        retries = Random(f"{plan.seed}:{number}:retries")  # noqa: S311 - see above
        return Device(
            simulator,
            partial(plan.link.framer, Side.SERVER),
            retries,
            self._dial(simulator.ident),
            self._errands,
        )

    def _dial(self, ident: str) -> Dial:
        if self.plan.target is not None:
            host, port = self.plan.target
            return partial(asyncio.get_running_loop().create_connection, host=host, port=port)
        pty = Pty()
        self.ports[ident] = pty.path
        return pty.dial
