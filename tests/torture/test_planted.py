"""What torture is for: a server that breaks a promise does not get through."""

import pytest

from torture import deaths
from torture import scenario as stages
from torture.checks import BASELINE, DISK, IN_ORDER, LEGAL, ONCE, STORED_ONCE
from torture.crowd import Load
from torture.deaths import killed_at_random
from torture.run import Outcome, play
from torture.scenario import Scenario, Stage

pytestmark = pytest.mark.timeout(120)

FEW = Load(cameras=2, locks=2, cabinets=1)

# Whatever is acknowledged before it is stored is lost with the server.
SLOW_BATCHES = ("--set", "limits.batch_ms=100")


async def half_a_second(stage: Stage) -> str:
    await stage.busy(200)
    return ""


async def one(act: object, *plants: str, **more: object) -> Outcome:
    values = {"invariants": DISK, "load": FEW, "times": 1, **more}
    return await play(Scenario("planted", "planted", act, **values), seed=1, plants=plants)  # type: ignore[arg-type]  # by name


async def test_a_server_that_keeps_its_promises_holds() -> None:
    killed = await one(killed_at_random, settings=SLOW_BATCHES)
    assert killed.holds, killed


async def test_a_point_is_passed_and_kills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaths, "LAST_POINT", 40)
    outcome = await one(deaths.before_an_answer)
    assert outcome.holds, outcome
    assert outcome.done.startswith("1 deaths")


async def test_who_acknowledges_before_storing_is_found_out() -> None:
    outcome = await one(killed_at_random, "acknowledge-early", settings=SLOW_BATCHES)
    assert not outcome.holds
    assert not outcome.error
    assert not outcome.verdicts[STORED_ONCE.name].holds
    assert (
        outcome.verdicts[STORED_ONCE.name]
        .violations[0]
        .partition(": ")[2]
        .startswith("acknowledged and lost")
    )
    assert outcome.verdicts[IN_ORDER.name].holds
    assert outcome.verdicts[LEGAL.name].holds


async def test_who_sends_a_command_twice_is_found_out() -> None:
    outcome = await one(half_a_second, "send-twice", load=Load(cameras=1, locks=2, cabinets=0))
    assert not outcome.error
    assert "times" in outcome.verdicts[ONCE.name].violations[0]


async def test_who_leaks_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "BACK_WITHIN_S", 1.0)
    outcome = await one(half_a_second, "leak-tasks", invariants=(*DISK, BASELINE))
    assert not outcome.error
    assert [name for name, verdict in outcome.verdicts.items() if not verdict.holds] == [BASELINE.name]
