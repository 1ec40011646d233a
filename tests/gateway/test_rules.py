"""What rules decide is stored with its cause, in order, and never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.gateway.world import World, eventually, running
from wayside.model.commands import CommandRecord, State, Transition
from wayside.model.errors import Conflict, KeyReused, StoreUnavailable
from wayside.model.events import Event, Kind
from wayside.model.instant import Instant
from wayside.model.rentals import Bank
from wayside.ports.rules import Consequence
from wayside.ports.store import Entry

MOVE: dict[str, object] = {"minutes": 5}


class Scribe:
    """Rules that write everything down as banks, numbered; ``move`` is forbidden while one is under way."""

    def __init__(self, protocol: str = "toy") -> None:
        self.protocol = protocol
        self.notes: list[str] = []
        self.moving: str | None = None
        self.fault: Exception | None = None

    def watches(self, protocol: str) -> bool:
        return protocol == self.protocol

    def heard(self, entry: Entry) -> Sequence[Consequence]:
        assert entry.event is not None
        alarm = Event(Kind.ALARM, "noted", {"value": entry.event.values["value"]})
        return [self._note(f"heard {entry.event.values['value']}"), Entry(entry.device, 7, "rules", alarm)]

    def asked(self, record: CommandRecord) -> Sequence[Consequence]:
        if record.capability != "move":
            return []
        if self.moving is not None:
            raise Conflict("it moves", "capability")
        self.moving = record.id
        return [self._note("asked")]

    def stepped(self, step: Transition) -> Sequence[Consequence]:
        if self.moving == step.command and step.state is not State.SENT:
            self.moving = None
        return [self._note(f"stepped {step.state}")]

    def deleted(self, device: str, at: Instant) -> Sequence[Consequence]:
        return [self._note(f"deleted {device}")]

    def _note(self, text: str) -> Bank:
        self.notes.append(text)
        if self.fault is not None:
            raise self.fault
        return Bank(text, len(self.notes))


def kept(world: World) -> list[str]:
    """The notes, in the order of storing."""
    return [
        change.id for batch in world.store.batches for change in batch.changes if isinstance(change, Bank)
    ]


async def test_what_follows_from_an_event_is_in_its_batch_and_published() -> None:
    async with running("0001", rules=Scribe()) as world:
        wire = world.connect("0001")
        wire.say("REPORT 1 17\n")
        await eventually(lambda: "OK 1" in wire.heard())
        (batch,) = (batch for batch in world.store.batches if batch.changes)
        assert [entry.message for entry in batch.entries if entry.event][-2:] == ["report", "rules"]
        assert kept(world) == ["heard 17"]
        assert "noted" in [getattr(notice, "message", None) for notice in world.bus.notices]


async def test_devices_that_no_rule_watches_are_not_shown_to_them() -> None:
    rules = Scribe("other")
    async with running("0001", rules=rules) as world:
        world.connect("0001").say("REPORT 1 17\n")
        await world.settle()
        await world.submit("move", parameters=MOVE)
        await world.settle()
        assert rules.notes == ["stepped sent"], "of commands they know their own"


async def test_what_quarantine_held_is_heard_when_it_is_stored() -> None:
    async with running(rules=Scribe()) as world:
        wire = world.connect("0001")
        wire.say("REPORT 1 17\nREPORT 2 18\n")
        await world.settle()
        assert kept(world) == []
        await world.devices.accept("toy:0001", "", "me")
        assert kept(world) == ["heard 17", "heard 18"]


async def test_a_batch_that_fails_is_tried_again_whole_and_in_order() -> None:
    async with running("0001", rules=Scribe()) as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.failing = True
        for number in range(1, 6):
            wire.say(f"REPORT {number} {number}\n")
            await asyncio.sleep(0.003)
        assert kept(world) == []
        assert not any(line.startswith("OK") for line in wire.heard())
        world.store.failing = False
        await eventually(lambda: "OK 5" in wire.heard())
        assert kept(world) == [f"heard {number}" for number in range(1, 6)]


async def test_an_entry_that_cannot_be_stored_does_not_take_the_changes_with_it() -> None:
    async with running("0001", "0002", rules=Scribe()) as world:
        one, two = world.connect("0001"), world.connect("0002")
        await world.settle()
        world.store.poison = lambda entry: entry.received == b"REPORT 1 13\n"
        one.say("REPORT 1 13\n")
        two.say("REPORT 1 17\n")
        await eventually(lambda: "OK 1" in two.heard())
        assert kept(world) == ["heard 13", "heard 17"]


async def test_a_fault_in_the_rules_keeps_nothing_from_being_stored() -> None:
    rules = Scribe()
    async with running("0001", rules=rules) as world:
        wire = world.connect("0001")
        rules.fault = ZeroDivisionError()
        wire.say("REPORT 1 17\n")
        await eventually(lambda: "OK 1" in wire.heard())
        assert world.store.values("toy:0001") == ["17"]


async def test_a_command_is_stored_when_the_rules_have_decided_and_that_is_durable() -> None:
    rules = Scribe()
    async with running("0001", rules=rules) as world:
        world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        submitting = asyncio.create_task(world.submit("move", parameters=MOVE))
        await eventually(lambda: rules.notes == ["asked"])
        assert not world.store.command_records
        world.store.gate.set()
        command = await submitting
        await world.settle()
        assert kept(world) == ["asked", "stepped sent"]
        with pytest.raises(Conflict):
            await world.submit("move", parameters=MOVE)
        assert list(world.store.command_records) == [command.id]


async def test_asked_twice_at_once_with_one_key_it_is_one_command() -> None:
    async with running("0001", rules=Scribe()) as world:
        world.connect("0001")
        await world.settle()
        asking = (world.submit("move", parameters=MOVE, idempotency_key="k") for _ in range(3))
        assert len({command.id for command in await asyncio.gather(*asking)}) == 1
        with pytest.raises(KeyReused):
            await world.submit("move", parameters={"minutes": 6}, idempotency_key="k")


async def test_what_could_not_be_stored_is_taken_back() -> None:
    rules = Scribe()
    async with running("0001", rules=rules) as world:
        world.connect("0001")
        await world.settle()
        world.store.failing = True
        with pytest.raises(StoreUnavailable):
            await world.submit("move", parameters=MOVE)
        assert rules.moving is None
        world.store.failing = False
        await world.settle()
        await world.submit("move", parameters=MOVE)
        await world.settle()
        assert kept(world) == ["asked", "stepped rejected", "asked", "stepped sent"]


async def test_a_deletion_is_heard_after_all_that_the_device_said() -> None:
    async with running("0001", rules=Scribe()) as world:
        wire = world.connect("0001")
        await world.settle()
        wire.say("REPORT 1 17\n")
        await world.devices.delete("toy:0001", "me")
        assert kept(world) == ["heard 17", "deleted toy:0001"]
