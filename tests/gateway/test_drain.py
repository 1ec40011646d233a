"""Stopping: nobody is let in, answers that are due are waited for, and the last of it is committed."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.world import World, eventually, quick, running
from wayside.model.errors import Conflict


async def test_draining_commits_says_goodbye_and_notes_everybody_offline() -> None:
    async with running("0001", "0002", listen=True) as world:
        wires = [world.connect("0001"), world.connect("0002")]
        wires[0].say("REPORT 1 a\n")
        port = world.gateway.port("toy")
        assert await world.gateway.drain(2.0) == 0
        assert wires[0].heard()[-1] == "OK 1"
        assert all(wire.closing for wire in wires)
        for device in ("toy:0001", "toy:0002"):
            assert world.store.presence(device)[-1] == ("offline", "the server stops")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_an_answer_that_is_due_is_waited_for_and_no_new_command_taken() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        command = await world.submit("move", parameters={"minutes": 1})
        await world.settle()
        draining = asyncio.create_task(world.gateway.drain(5.0))
        await eventually(lambda: world.desk.closed)
        with pytest.raises(Conflict):
            await world.submit("read")
        wire.say("ANSWER 1 OK\n")
        await draining
        assert world.states(command) == ["sent", "succeeded"]


async def test_a_file_is_not_waited_for() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        command = await world.submit("fetch")
        await world.settle()
        wire.say("ANSWER 1 ACKED\n")
        await world.settle()
        async with asyncio.timeout(30):
            await world.gateway.drain(600.0)
        assert world.states(command)[:2] == ["sent", "acknowledged"]


async def test_what_is_still_in_flight_at_the_end_is_unknown() -> None:
    async with running("0001") as world:
        world.connect("0001")
        command = await world.submit("move", parameters={"minutes": 1})
        await world.settle()
        await world.gateway.drain(0.1)
        assert world.states(command) == ["sent", "unknown"]


async def test_with_a_dead_store_it_stops_all_the_same_and_says_what_was_not_stored() -> None:
    world = World(limits=quick())
    world.know("0001")
    await world.gateway.start([])
    wire = world.connect("0001")
    await world.settle()
    world.store.failing = True
    wire.say("REPORT 1 a\n")
    assert await world.gateway.drain(0.2) >= 1
    assert "OK 1" not in wire.heard()


async def test_with_a_hanging_store_too() -> None:
    world = World(limits=quick())
    world.know("0001")
    await world.gateway.start([])
    wire = world.connect("0001")
    await world.settle()
    world.store.gate.clear()
    wire.say("REPORT 1 a\n")
    assert await world.gateway.drain(0.2) >= 1
    assert "OK 1" not in wire.heard()
