"""Servers that die: at any moment, and at exactly the wrong one."""

from __future__ import annotations

from typing import Final

from torture.checks import DISK
from torture.scenario import Scenario, Stage

CROWD_KILLS: Final = 10
"""So many kills per crowd: what is doubtful after a kill stays so for a while, and a cabinet runs out of banks."""

LAST_POINT = 3_000
"""The last time that a point is passed and may kill: some seconds of load."""


async def killed_at_random(stage: Stage) -> str:
    """Somewhere under full load."""
    for number in range(stage.times):
        if number:
            await stage.start()
        if number % CROWD_KILLS == 0 and number:
            await stage.gather()
        await stage.busy()
        await stage.kill()
    await stage.start()
    return f"{stage.times} kills under {len(stage.crowds)} crowds"


async def killed_at(stage: Stage, point: str) -> str:
    """At the n-th time that this point is passed; small n more often, which may be while it starts."""
    unborn = 0
    places = []
    await stage.busy()
    await stage.kill()
    for _ in range(stage.times):
        place = int(LAST_POINT ** stage.rng.random())
        places.append(place)
        if await stage.start(f"{point}={place}"):
            await stage.died()
        else:
            unborn += 1
    await stage.start()
    shown = ", ".join(map(str, sorted(places)))
    return f"{stage.times} deaths at passage {shown}; {unborn} of them while it started"


async def in_a_transaction(stage: Stage) -> str:
    """See ``victim.kill_before_write``."""
    return await killed_at(stage, "kill-before-write")


async def behind_a_commit(stage: Stage) -> str:
    """See ``victim.kill_after_commit``."""
    return await killed_at(stage, "kill-after-commit")


async def before_an_answer(stage: Stage) -> str:
    """See ``victim.kill_before_send``."""
    return await killed_at(stage, "kill-before-send")


async def behind_a_write(stage: Stage) -> str:
    """See ``victim.kill_after_send``."""
    return await killed_at(stage, "kill-after-send")


SCENARIOS: Final = (
    Scenario("kill", "kill -9 at random points under load", killed_at_random, DISK, times=100, quick=3),
    Scenario(
        "kill-in-commit", "killed in the midst of a transaction", in_a_transaction, DISK, times=12, quick=1
    ),
    Scenario(
        "kill-behind-commit",
        "killed between commit and everything that follows from it",
        behind_a_commit,
        DISK,
        times=12,
        quick=1,
    ),
    Scenario(
        "kill-before-answer",
        "killed between commit and acknowledgement",
        before_an_answer,
        DISK,
        times=12,
    ),
    Scenario(
        "kill-behind-write",
        "killed between a write to a device and the commit of what follows",
        behind_a_write,
        DISK,
        times=12,
    ),
)
