"""Playing scenarios: the same beginning and the same end for all of them."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from torture.checks import BASELINE, Invariant, Verdict
from torture.crowd import Load
from torture.evidence import evidence
from torture.scenario import Claim, Scenario, Stage

SAID_CHARACTERS: Final = 1_000

WARM_FRAMES: Final = 1_500
"""Acknowledged before anything is broken: caches are full and everything is imported."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of a scenario; ``error`` if it could not be played to its end."""

    scenario: Scenario
    done: str
    verdicts: dict[str, Verdict]
    claims: Sequence[Claim]
    took_s: float
    error: str = ""

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be."""
        return (
            not self.error
            and all(verdict.holds for verdict in self.verdicts.values())
            and all(claim.holds for claim in self.claims)
        )


async def play(scenario: Scenario, seed: int, *, quick: bool = False, plants: Sequence[str] = ()) -> Outcome:
    """All of one scenario, in a folder of its own.  ``plants`` stay in the victim that runs from the beginning."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wayside-torture-") as folder:
        times = scenario.quick if quick else scenario.times
        stage = Stage(Path(folder), scenario.load or Load(), scenario.settings, seed, times)
        done, error = "", ""
        verdicts: dict[str, Verdict] = {}
        try:
            done = await _play(scenario, stage, plants)
            verdicts = await _judge(scenario.invariants, stage)
        except Exception:  # noqa: BLE001 - whatever went wrong is a result, and the next scenario follows
            error = _said(stage) + traceback.format_exc()
        finally:
            for crowd in stage.crowds:
                await crowd.vanish()
            await stage.world.close()
    return Outcome(scenario, done, verdicts, stage.claims, time.monotonic() - began, error)


async def _play(scenario: Scenario, stage: Stage, plants: Sequence[str]) -> str:
    if scenario.load is None:
        return await scenario.act(stage)
    await stage.start(*plants)
    before = None
    await stage.gather()
    if BASELINE in scenario.invariants:
        await stage.busy(WARM_FRAMES)
        await stage.crowd.leave()
        before = await stage.holdings()
        await stage.crowd.come()
    done = await scenario.act(stage)
    await stage.crowd.leave()
    if before is not None:
        await stage.back_to(before, BASELINE)
    code = await stage.world.stop()
    stage.claim("it stops when it is told to", code == 0, f"exit code {code}" if code else "")
    return done


async def _judge(invariants: Sequence[Invariant], stage: Stage) -> dict[str, Verdict]:
    verdicts: dict[str, Verdict] = {}
    if not invariants:
        return verdicts
    found = await evidence(stage.world.data)
    for invariant in invariants:
        if invariant.check is None:
            verdicts[invariant.name] = stage.measured[invariant.name]
        else:
            verdicts[invariant.name] = invariant.check(stage.crowds, found)
    return verdicts


def _said(stage: Stage) -> str:
    """The end of what the victim said, without the note about its first token."""
    errors = stage.world.data.with_suffix(".stderr")
    text = errors.read_text() if errors.exists() else ""
    said = text.rpartition("--data-dir DIR\n")[2].strip()
    return f"The victim said:\n{said[-SAID_CHARACTERS:]}\n" if said else ""
