"""A restart in the midst of things: nothing is sent twice, nothing is forgotten."""

from __future__ import annotations

import msgspec
import pytest

from tests.gateway.fakes import FakeStore
from tests.gateway.world import World, running
from wayside.model.commands import CommandRecord, State, Transition
from wayside.model.instant import SECOND

NOW = 1_700_000_000 * SECOND


def record(
    number: int, capability: str, state: State, *, expires_in_s: float = 60, **more: object
) -> CommandRecord:
    return CommandRecord(
        id=f"c{number}",
        number=number,
        device="toy:0001",
        capability=capability,
        parameters={"minutes": 5} if capability in {"move", "set"} else {},
        state=state,
        created_at=NOW - SECOND,
        expires_at=NOW + round(expires_in_s * SECOND),
        requested_by="ann",
        **more,  # type: ignore[arg-type]  # fields by name
    )


def store_with(*records: CommandRecord) -> FakeStore:
    store = FakeStore()
    store.command_records = {each.id: each for each in records}
    return store


def state(world: World, command: str) -> str:
    return world.store.command_records[command].state.value


@pytest.mark.parametrize("before", [State.SENT, State.ACKNOWLEDGED])
@pytest.mark.parametrize(
    ("capability", "after"),
    [("move", "unknown"), ("reset", "unknown"), ("set", "timed_out"), ("read", "timed_out")],
)
async def test_what_was_in_flight(before: State, capability: str, after: str) -> None:
    async with running("0001", store=store_with(record(1, capability, before))) as world:
        assert state(world, "c1") == after
        assert "restart" in world.store.command_records["c1"].detail
        wire = world.connect("0001")
        await world.settle()
        assert wire.heard() == ["KNOWN", "HELLO"]
        wire.say("ANSWER 1 OK\n")
        await world.settle()
        assert state(world, "c1") == "succeeded"
        assert world.store.command_records["c1"].late


@pytest.mark.parametrize("before", [State.ACCEPTED, State.QUEUED])
async def test_what_was_waiting_goes_on_in_order(before: State) -> None:
    store = store_with(
        record(1, "move", before), record(2, "set", before), record(3, "read", before, expires_in_s=0)
    )
    async with running("0001", store=store) as world:
        assert state(world, "c3") == "expired"
        wire = world.connect("0001")
        await world.settle()
        assert wire.heard()[-2:] == ["DO 1 move 5", "DO 2 set 5"]


async def test_a_session_hears_when_an_open_command_left_and_was_acknowledged() -> None:
    steps = (Transition("c1", State.SENT, NOW - 7), Transition("c1", State.ACKNOWLEDGED, NOW - 5))
    sent = record(1, "move", State.ACKNOWLEDGED, transitions=steps)
    async with running("0001", store=store_with(sent)) as world:
        device = world.devices._devices["toy:0001"]
        (open_command,) = world.desk.open_commands(device)
        assert (open_command.state, open_command.sent_at) == (State.UNKNOWN, NOW - 7)
        assert open_command.acknowledged_at == NOW - 5


async def test_numbers_and_keys_go_on() -> None:
    done = record(41, "read", State.SUCCEEDED, idempotency_key="k")
    async with running("0001", store=store_with(done)) as world:
        again = await world.submit("read", by="ann", idempotency_key="k")
        assert again.id == "c41"


async def test_what_this_server_no_longer_knows_is_given_up() -> None:
    known = record(1, "read", State.QUEUED)
    gone = msgspec.structs.replace(known, capability="fly")
    records = [
        msgspec.structs.replace(gone, id="c1"),
        msgspec.structs.replace(gone, id="c2", state=State.SENT),
        msgspec.structs.replace(gone, id="c3", state=State.TIMED_OUT),
        msgspec.structs.replace(known, id="c4", capability="move", parameters={"minutes": 999}),
    ]
    async with running("0001", store=store_with(*records)) as world:
        assert [state(world, f"c{n}") for n in (1, 2, 3, 4)] == [
            "rejected",
            "unknown",
            "timed_out",
            "rejected",
        ]
