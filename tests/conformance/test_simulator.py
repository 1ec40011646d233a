"""Simulators: believable partners for the sessions of their protocol."""

from __future__ import annotations

import pytest

from tests.conformance.rig import Rig
from wayside.model.commands import IN_FLIGHT, OPEN, WAITING, Risk, State

HONEST_ENDS = {State.SUCCEEDED, State.FAILED, State.REJECTED, State.UNCONFIRMED}
"""How a command may end when the line is good and nothing misbehaves."""


def test_half_an_hour_without_nonsense(rig: Rig) -> None:
    duet = rig.duet()
    duet.run(1800)
    assert duet.identified[0] == duet.simulator.ident
    assert duet.bad == []
    assert duet.undecodable == []
    assert len(duet.events) > 20


def test_every_capability_comes_to_an_honest_end(rig: Rig) -> None:
    for number, capability in enumerate(rig.capabilities):
        duet = rig.duet(number=number)
        command = rig.command(capability, number)
        duet.execute(command)
        duet.run(capability.answer_within_s)
        if capability.file_within_s is None:
            assert duet.state(command.id) in HONEST_ENDS, (capability.name, duet.states)
        else:
            assert duet.state(command.id) is State.ACKNOWLEDGED, (capability.name, duet.states)
            duet.run(capability.file_within_s)
            assert duet.state(command.id) is State.TIMED_OUT, "nobody took its file"


@pytest.mark.parametrize("seed", range(3))
def test_whatever_goes_wrong_no_command_hangs(rig: Rig, seed: int) -> None:
    duet = rig.duet(faults=0.4, seed=seed)
    dangerous = [each for each in rig.capabilities if each.risk is Risk.DANGEROUS]
    harmless = [each for each in rig.capabilities if each.risk is not Risk.DANGEROUS]
    # What can cut the device off (another key, another server) comes once, and last.
    for number, capability in enumerate(harmless * 3 + dangerous):
        if not duet.connected:
            duet.reconnect(rig.session(), rig.framer())
        command = rig.command(capability, number)
        duet.execute(command)
        duet.run(capability.answer_within_s + (capability.file_within_s or 0))
        assert duet.state(command.id) not in IN_FLIGHT | WAITING, (capability.name, duet.states)
    # Misbehaving is the exception, however often it was asked for.
    assert len(duet.bad) + len(duet.undecodable) < len(duet.events)


def test_the_same_seed_tells_the_same_story(rig: Rig) -> None:
    stories = [rig.duet(faults=0.3, seed=7) for _ in range(2)]
    for duet in stories:
        duet.run(600)
    assert stories[0].events == stories[1].events
    assert stories[0].sent == stories[1].sent


def test_a_device_comes_back_after_a_lost_connection(rig: Rig) -> None:
    duet = rig.duet()
    before = len(duet.events)
    duet.reconnect(rig.session(), rig.framer())
    duet.run(120)
    assert duet.identified == [duet.simulator.ident] * 2
    assert len(duet.events) > before
    assert set(map(duet.state, duet.states)) <= OPEN | HONEST_ENDS
