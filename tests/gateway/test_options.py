"""Options of single devices: set by people, kept from commands, and what devices have taught us."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

import pytest

from tests.gateway.toy import ToySession
from tests.gateway.world import Wire, World, running
from wayside.gateway.options import OPTIONS_MAX, VALUE_LENGTH_MAX
from wayside.model.errors import CommandError, NotFound, StoreUnavailable
from wayside.model.events import Latest

DEVICE = "toy:0001"


def options(wire: Wire) -> dict[str, str]:
    """What its session works with."""
    return cast("ToySession", wire.connection.session).options


def audited(world: World) -> list[tuple[str, str, str]]:
    return [
        (each.actor, each.subject, each.detail)
        for each in world.store.audits
        if each.action == "device.options"
    ]


async def test_they_are_stored_and_the_connection_begins_anew_with_them() -> None:
    async with running("0001", "0002") as world:
        wire, other = world.connect("0001"), world.connect("0002")
        record = await world.devices.configure(DEVICE, {"device_key": "s3cret", "zone": "60"}, "ann")
        assert record.options == world.store.records[DEVICE].options == {"device_key": "s3cret", "zone": "60"}
        assert audited(world) == [("ann", DEVICE, "device_key, zone")]
        await world.settle()
        assert wire.closing
        assert world.store.presence(DEVICE)[-1] == ("offline", "its options were changed")
        assert options(world.connect("0001")) == {"device_key": "s3cret", "zone": "60"}
        assert not other.closing
        assert options(world.connect("0002")) == {}


async def test_one_is_taken_away_and_the_others_stay() -> None:
    async with running("0001") as world:
        await world.devices.configure(DEVICE, {"device_key": "a", "zone": "60"}, "ann")
        record = await world.devices.configure(DEVICE, {"zone": None, "never_there": None}, "ann")
        assert record.options == {"device_key": "a"}


async def test_what_changes_nothing_closes_nothing() -> None:
    async with running("0001") as world:
        await world.devices.configure(DEVICE, {"zone": "60"}, "ann")
        wire = world.connect("0001")
        await world.devices.configure(DEVICE, {"zone": "60"}, "ann")
        assert not wire.closing
        assert len(audited(world)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"zone": "x" * (VALUE_LENGTH_MAX + 1)},
        {"zone": "a\nb"},
        {f"o{number}": "" for number in range(OPTIONS_MAX + 1)},
    ],
)
async def test_they_are_bounded(changes: dict[str, str | None]) -> None:
    async with running("0001") as world:
        with pytest.raises(CommandError):
            await world.devices.configure(DEVICE, changes, "ann")
        assert world.store.records[DEVICE].options == {}


async def test_what_the_protocol_does_not_have_is_refused() -> None:
    def check(protocol: str, wanted: Mapping[str, str]) -> None:
        assert protocol == "toy"
        if "zone" in wanted:
            raise ValueError("toy has no option 'zone'")

    async with running("0001") as world:
        world.devices._check_options = check
        with pytest.raises(CommandError, match="toy has no option 'zone'"):
            await world.devices.configure(DEVICE, {"zone": "60"}, "ann")
        with pytest.raises(NotFound):
            await world.devices.configure("toy:0009", {"zone": "60"}, "ann")


async def test_a_store_that_fails_changes_nothing() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        world.store.failing = True
        with pytest.raises(StoreUnavailable):
            await world.devices.configure(DEVICE, {"zone": "60"}, "ann")
        world.store.failing = False
        assert not wire.closing
        assert options(world.connect("0001")) == {}


async def test_a_key_that_a_command_changed_is_the_next_connections() -> None:
    async with running("0001") as world:
        await world.devices.configure(DEVICE, {"device_key": "old", "zone": "60"}, "ann")
        wire = world.connect("0001")
        command = await world.submit("rekey", parameters={"key": "new"}, by="ann")
        await world.settle()
        assert world.store.records[DEVICE].options["device_key"] == "old"
        wire.say("ANSWER 1 OK\n")
        await world.settle()
        assert world.states(command) == ["sent", "succeeded"]
        assert not wire.closing
        assert world.store.records[DEVICE].options == {"device_key": "new", "zone": "60"}
        assert audited(world)[-1] == (f"command {command.id}", DEVICE, "device_key")
        assert options(world.connect("0001"))["device_key"] == "new"


async def test_one_that_failed_changes_none() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.submit("rekey", parameters={"key": "new"})
        await world.settle()
        wire.say("ANSWER 1 FAIL\n")
        await world.settle()
        assert world.store.records[DEVICE].options == {}


async def test_a_key_is_not_lost_to_a_change_that_was_under_way() -> None:
    async with running("0001") as world:
        await world.devices.configure(DEVICE, {"zone": "0"}, "ann")
        wire = world.connect("0001")
        await world.submit("rekey", parameters={"key": "new"})
        await world.settle()
        put = world.store.put_device
        began, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(record: object) -> None:
            began.set()
            await go_on.wait()
            await put(record)  # type: ignore[arg-type]  # what came is what goes

        world.store.put_device = slowly  # type: ignore[method-assign]  # the store as it is, only slower
        change = asyncio.create_task(world.devices.configure(DEVICE, {"zone": "60"}, "ann"))
        await began.wait()
        wire.say("ANSWER 1 OK\n")
        go_on.set()
        await change
        await world.settle()
        assert world.store.records[DEVICE].options == {"zone": "60", "device_key": "new"}
        assert options(world.connect("0001")) == {"zone": "60", "device_key": "new"}


async def test_what_a_device_taught_us_is_an_option_of_later_connections() -> None:
    async with running("0001", "0002") as world:
        world.store.states[DEVICE] = {"number": Latest(7, 0)}
        assert options(world.connect("0001")) == {"last_number": "7"}
        assert options(world.connect("0002")) == {}
        await world.devices.configure(DEVICE, {"last_number": "8"}, "ann")
        assert options(world.connect("0001")) == {"last_number": "8"}


async def test_they_are_found_again_after_a_restart() -> None:
    async with running("0001") as world:
        await world.devices.configure(DEVICE, {"device_key": "a"}, "ann")
        store = world.store
    async with running(store=store) as again:
        assert options(again.connect("0001")) == {"device_key": "a"}
