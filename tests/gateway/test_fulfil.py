"""Commands whose result is a file: it comes past their session, and ends them all the same."""

import pytest

from tests.gateway.world import running
from wayside.model.errors import StoreUnavailable
from wayside.model.events import Event, Kind
from wayside.ports.store import Entry

VALUES = {"media.files": ["a.jpg"]}


async def test_a_file_ends_its_command_and_is_durable_first() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.submit("read")
        assert world.gateway.awaiting() == []
        command = await world.submit("fetch")
        await world.settle()
        wire.say("ANSWER 2 ACKED\n")
        await world.settle()
        ((device, open_command),) = world.gateway.awaiting()
        assert (device, open_command.id, open_command.number) == ("toy:0001", command.id, 2)

        assert await world.gateway.fulfil(command.id, dict(VALUES), world.clock())
        assert world.states(command) == ["sent", "acknowledged", "succeeded"]
        record = world.store.command_records[command.id]
        assert (record.values, record.late) == (VALUES, False)
        assert world.gateway.awaiting() == []
        assert not await world.gateway.fulfil(command.id, dict(VALUES), world.clock())


async def test_its_session_that_gives_up_afterwards_changes_nothing() -> None:
    async with running("0001") as world:
        world.connect("0001")
        command = await world.submit("fetch")
        await world.settle()
        await world.gateway.fulfil(command.id, dict(VALUES), world.clock())
        world.clock.pass_s(31.0)
        world.sweep()
        await world.settle()
        assert world.states(command) == ["sent", "succeeded"]


async def test_a_late_file_still_counts() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        command = await world.submit("fetch")
        await world.settle()
        wire.drop()
        await world.settle()
        ((_, open_command),) = world.gateway.awaiting()
        assert open_command.id == command.id
        assert await world.gateway.fulfil(command.id, dict(VALUES), world.clock())
        record = world.store.command_records[command.id]
        assert (record.state, record.late) == ("succeeded", True)


async def test_nothing_is_fulfilled_that_was_never_sent() -> None:
    async with running("0001") as world:
        command = await world.submit("fetch", queue=True)
        assert world.gateway.awaiting() == []
        assert not await world.gateway.fulfil(command.id, dict(VALUES), world.clock())
        assert not await world.gateway.fulfil("unheard of", dict(VALUES), world.clock())


async def test_nobody_hears_that_it_is_fulfilled_while_the_store_is_down() -> None:
    async with running("0001") as world:
        world.connect("0001")
        command = await world.submit("fetch")
        await world.settle()
        world.store.failing = True
        with pytest.raises(StoreUnavailable):
            await world.gateway.fulfil(command.id, dict(VALUES), world.clock())
        entry = Entry("toy:0001", world.clock(), "upload", Event(Kind.MEDIA, "upload", dict(VALUES)))
        with pytest.raises(StoreUnavailable):
            await world.gateway.record(entry)
        world.store.failing = False
        await world.gateway.flush()
        assert world.states(command)[-1] == "succeeded"
        assert world.store.entries[-1] == entry
