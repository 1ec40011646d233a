"""The life of a command, from the caller's words to the device's."""

from __future__ import annotations

import asyncio
import functools

import pytest

from tests.gateway.world import eventually, quick, running
from wayside.gateway.requests import parameters_of
from wayside.model.errors import CommandError, Conflict, KeyReused, NotFound, StoreUnavailable
from wayside.ports.bus import CommandChanged
from wayside.ports.platform import CommandRequest
from wayside.ports.store import DeviceStatus
from wayside.protocols import jk_bms


async def test_sent_is_durable_before_the_first_byte_leaves() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        command = await world.submit("move", parameters={"minutes": 5})
        await eventually(lambda: world.store.begun == 2)
        assert not any(line.startswith("DO") for line in wire.heard())
        world.store.gate.set()
        await eventually(lambda: wire.heard()[-1] == "DO 1 move 5")
        assert world.states(command) == ["sent"]


async def test_a_whole_life_is_stored_published_and_audited() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        command = await world.submit("move", parameters={"minutes": 5}, by="ann")
        await world.settle()
        wire.say("ANSWER 1 ACKED\nANSWER 1 OK\n")
        await world.settle()
        assert world.states(command) == ["sent", "acknowledged", "succeeded"]
        assert world.store.command_records[command.id].values == {"reply.text": "OK"}
        told = [notice.transition.state for notice in world.bus.notices if isinstance(notice, CommandChanged)]
        assert told == ["sent", "acknowledged", "succeeded"]
        (audit,) = world.store.audits
        assert (audit.actor, audit.action, audit.subject) == ("ann", "command.create", command.id)
        assert audit.detail == "toy:0001 move"  # no parameters: some are secrets
        assert world.desk._jobs == {}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"capability": "fly"}, "capability"),
        ({"capability": "move"}, "parameters.minutes"),
        ({"capability": "move", "parameters": {"minutes": "5"}}, "parameters.minutes"),
        ({"capability": "move", "parameters": {"minutes": 0}}, "parameters.minutes"),
        ({"capability": "move", "parameters": {"minutes": 181}}, "parameters.minutes"),
        ({"capability": "move", "parameters": {"minutes": 5, "hours": 1}}, "parameters.hours"),
        ({"capability": "reset"}, "confirm"),
        ({"capability": "move", "parameters": {"minutes": 5}, "expires_after_s": 30.1}, "expires_after_s"),
        ({"capability": "read", "expires_after_s": 0.0}, "expires_after_s"),
        ({"capability": "read", "expires_after_s": float("nan")}, "expires_after_s"),
        ({"capability": "read", "expires_after_s": 7 * 86_400.0 + 1}, "expires_after_s"),
    ],
)
async def test_bad_requests_name_the_field(request_: dict[str, object], field: str) -> None:
    async with running("0001") as world:
        world.connect("0001")
        with pytest.raises(CommandError) as caught:
            await world.submit(**request_)  # type: ignore[arg-type]  # rows of one table
        assert caught.value.field == field
        assert world.store.command_records == {}


async def test_the_longest_lives_are_taken() -> None:
    async with running("0001") as world:
        world.connect("0001")
        move = await world.submit("move", parameters={"minutes": 1}, expires_after_s=30.0)
        read = await world.submit("read", expires_after_s=7 * 86_400.0)
        assert move.expires_at - move.created_at == 30_000_000
        assert read.expires_at - read.created_at == 7 * 86_400_000_000


async def test_only_accepted_devices_take_commands() -> None:
    async with running("0001", status=DeviceStatus.REJECTED) as world:
        world.connect("0007")
        with pytest.raises(Conflict):
            await world.submit("read")
        for ident in ("0002", "0007"):
            with pytest.raises(NotFound):
                await world.submit("read", ident)


@pytest.mark.parametrize(
    ("capability", "waits"), [("read", True), ("set", True), ("move", False), ("reset", False)]
)
async def test_who_waits_for_an_offline_device(capability: str, *, waits: bool) -> None:
    parameters: dict[str, object] = {"minutes": 1} if capability in {"set", "move"} else {}
    async with running("0001") as world:
        ask = functools.partial(world.submit, capability, parameters=parameters, confirm=True)
        if waits:
            command = await ask()
            await world.settle()
            assert world.states(command) == ["queued"]
        else:
            with pytest.raises(Conflict):
                await ask()
        with pytest.raises(Conflict):
            await ask(queue=False)
        await ask(queue=True)


async def test_what_waited_is_sent_in_order_when_the_device_comes() -> None:
    async with running("0001") as world:
        for minutes in (1, 2):
            await world.submit("set", parameters={"minutes": minutes})
        await world.submit("read")
        wire = world.connect("0001")
        await world.settle()
        assert wire.heard() == ["KNOWN", "HELLO", "DO 1 set 1", "DO 3 read"]
        wire.say("ANSWER 1 FAIL\n")
        await world.settle()
        assert wire.heard()[-1] == "DO 2 set 2", "the lane is free"


async def test_one_in_flight_per_lane() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        first = await world.submit("move", parameters={"minutes": 1})
        second = await world.submit("move", parameters={"minutes": 2})
        other = await world.submit("set", parameters={"minutes": 3})
        await world.settle()
        assert wire.heard()[-2:] == ["DO 1 move 1", "DO 3 set 3"]
        assert (world.states(first), world.states(second), world.states(other)) == (
            ["sent"],
            ["queued"],
            ["sent"],
        )


async def test_commands_in_flight_are_bounded() -> None:
    async with running("0001", limits=quick(in_flight=2)) as world:
        wire = world.connect("0001")
        for _ in range(3):
            await world.submit("read")
        await world.settle()
        assert [line for line in wire.heard() if line.startswith("DO")] == ["DO 1 read", "DO 2 read"]
        wire.say("ANSWER 2 OK\n")
        await world.settle()
        assert wire.heard()[-1] == "DO 3 read"


async def test_what_only_waits_for_its_file_leaves_room_for_others_and_is_bounded_too() -> None:
    async with running("0001", limits=quick(in_flight=2)) as world:
        wire = world.connect("0001")
        fetches = [await world.submit("fetch") for _ in range(3)]
        read = await world.submit("read")
        await world.settle()
        assert [line for line in wire.heard() if line.startswith("DO")] == ["DO 1 fetch", "DO 2 fetch"]
        wire.say("ANSWER 1 ACKED\n")
        await world.settle()
        assert wire.heard()[-1] == "DO 4 read", "the third file waits for one of the first two"
        wire.say("ANSWER 2 ACKED\nANSWER 4 OK\n")
        await world.settle()
        assert world.states(read)[-1] == "succeeded"
        assert world.states(fetches[2]) == ["queued"]
        assert await world.gateway.fulfil(fetches[1].id, {"media.files": ["a.jpg"]}, world.clock())
        await world.settle()
        assert wire.heard()[-1] == "DO 3 fetch"


async def test_the_queue_of_a_lane_is_bounded() -> None:
    async with running("0001", limits=quick(queue_per_lane=2)) as world:
        for _ in range(2):
            await world.submit("set", parameters={"minutes": 1})
        with pytest.raises(Conflict):
            await world.submit("set", parameters={"minutes": 1})
        await world.submit("read")


async def test_what_waits_too_long_expires() -> None:
    async with running("0001") as world:
        command = await world.submit("read", expires_after_s=10.0)
        world.clock.pass_s(9.999)
        world.sweep()
        await world.settle()
        assert world.states(command) == ["queued"]
        world.clock.pass_s(0.001)
        world.sweep()
        await world.settle()
        assert world.states(command) == ["queued", "expired"]
        wire = world.connect("0001")
        await world.settle()
        assert wire.heard() == ["KNOWN", "HELLO"]


async def test_an_expired_command_is_not_sent_even_before_the_next_sweep() -> None:
    async with running("0001") as world:
        command = await world.submit("read", expires_after_s=10.0)
        world.clock.pass_s(10)
        wire = world.connect("0001")
        await world.settle()
        assert world.states(command) == ["queued", "expired"]
        assert wire.heard() == ["KNOWN", "HELLO"]


async def test_cancel_takes_back_what_has_not_left() -> None:
    async with running("0001") as world:
        command = await world.submit("read")
        record = await world.desk.cancel(command.id, "ann")
        assert record.state == "cancelled"
        assert [audit.action for audit in world.store.audits] == ["command.create", "command.cancel"]
        wire = world.connect("0001")
        sent = await world.submit("read")
        await world.settle()
        assert wire.heard()[-1] == "DO 2 read"
        for late in (command, sent):
            with pytest.raises(Conflict):
                await world.desk.cancel(late.id, "ann")
        with pytest.raises(NotFound):
            await world.desk.cancel("no such", "ann")


async def test_a_cancel_that_cannot_be_stored_is_not_promised() -> None:
    async with running("0001") as world:
        command = await world.submit("read")
        await world.settle()
        world.store.failing = True
        with pytest.raises(StoreUnavailable):
            await world.desk.cancel(command.id, "ann")


async def test_the_same_key_brings_the_first_command_back() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        request = CommandRequest("toy:0001", "move", "ann", {"minutes": 1}, idempotency_key="k")
        first, again = await asyncio.gather(world.desk.submit(request), world.desk.submit(request))
        assert [first.fresh, again.fresh] == [True, False]
        assert again.command.id == first.command.id
        await world.settle()
        assert wire.heard().count("DO 1 move 1") == 1
        wire.drop()
        assert not (await world.desk.submit(request)).fresh, "wherever the device is by now"
        with pytest.raises(Conflict):
            await world.submit("move", parameters={"minutes": 1}, by="ann", idempotency_key="other")
        with pytest.raises(KeyReused):
            await world.submit("move", parameters={"minutes": 2}, by="ann", idempotency_key="k")


@pytest.mark.parametrize(("capability", "outcome"), [("move", "unknown"), ("read", "unknown")])
async def test_a_drop_in_flight_is_settled_by_the_session(capability: str, outcome: str) -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        parameters: dict[str, object] = {"minutes": 1} if capability == "move" else {}
        command = await world.submit(capability, parameters=parameters)
        await world.settle()
        wire.drop()
        await world.settle()
        assert world.states(command) == ["sent", outcome]
        assert world.store.command_records[command.id].detail == "disconnected"


async def test_what_the_session_forgets_to_settle_is_settled_by_its_risk() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        commands = [
            await world.submit("set", parameters={"minutes": 1}),  # the toy settles only one of them
            await world.submit("read"),
            await world.submit("move", parameters={"minutes": 1}),
        ]
        await world.settle()
        wire.drop()
        await world.settle()
        assert [world.states(command)[-1] for command in commands] == ["unknown", "timed_out", "unknown"]


async def test_an_actuation_is_not_sent_again_and_a_late_answer_is_honoured() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        command = await world.submit("move", parameters={"minutes": 1})
        await world.settle()
        wire.drop()
        back = world.connect("0001")
        await world.settle()
        assert back.heard() == ["KNOWN", "HELLO"]
        back.say("ANSWER 1 OK\n")
        await world.settle()
        assert world.states(command) == ["sent", "unknown", "succeeded"]
        assert world.store.command_records[command.id].late


async def test_a_newer_connection_takes_the_queue_over_and_not_what_was_in_flight() -> None:
    async with running("0001") as world:
        world.connect("0001")
        flying = await world.submit("move", parameters={"minutes": 1})
        waiting = await world.submit("move", parameters={"minutes": 2})
        await world.settle()
        new = world.connect("0001")
        await world.settle()
        assert world.states(flying) == ["sent", "unknown"]
        assert world.states(waiting) == ["queued", "sent"]
        assert new.heard() == ["KNOWN", "HELLO", "DO 2 move 2"]


async def test_an_actuation_that_waits_ends_when_its_device_goes_offline() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.submit("move", parameters={"minutes": 1})
        waiting = await world.submit("move", parameters={"minutes": 2})
        patient = await world.submit("move", parameters={"minutes": 3}, queue=True)
        await world.settle()
        wire.drop()
        await world.settle()
        assert world.states(waiting) == ["queued", "expired"]
        assert world.states(patient) == ["queued"]


async def test_time_out_and_a_late_answer() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        command = await world.submit("read")
        await world.settle()
        world.clock.pass_s(31)
        wire.connection._ring()
        await world.settle()
        assert world.states(command) == ["sent", "timed_out"]
        wire.say("ANSWER 1 OK\n")
        await world.settle()
        assert world.states(command) == ["sent", "timed_out", "succeeded"]


async def test_a_command_without_an_answer_is_sent_and_unconfirmed() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        command = await world.submit("tell")
        await world.settle()
        assert wire.heard()[-1] == "DO 1 tell"
        assert world.states(command) == ["sent", "unconfirmed"]


async def test_no_more_open_commands_are_remembered_than_a_device_can_answer() -> None:
    async with running("0001", limits=quick(open_commands=2)) as world:
        world.connect("0001")
        for _ in range(4):
            await world.submit("tell")
        await world.settle()
        assert [job.command.number for job in world.desk._jobs.values()] == [3, 4]


@pytest.mark.parametrize(
    ("capability", "detail"),
    [
        ("refuse", "not by me"),
        ("cannot", "parameters.text: too long for a line"),
        ("boom", "this server failed to put it into the device's words"),
    ],
)
async def test_what_the_session_cannot_do_is_rejected_with_the_reason(capability: str, detail: str) -> None:
    async with running("0001") as world:
        world.connect("0001")
        command = await world.submit(capability)
        await world.settle()
        assert world.states(command) == ["rejected"]
        assert world.store.command_records[command.id].detail == detail


async def test_bytes_that_could_not_be_recorded_in_time_do_not_leave() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        command = await world.submit("move", parameters={"minutes": 1})
        await eventually(lambda: world.store.begun == 2)
        world.clock.pass_s(21)
        world.store.gate.set()
        await world.settle()
        assert wire.heard() == ["KNOWN", "HELLO"]
        assert world.states(command) == ["sent", "failed"]
        assert "not sent" in world.store.command_records[command.id].detail


async def test_bytes_of_a_command_that_was_given_up_meanwhile_do_not_leave() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        command = await world.submit(
            "set", parameters={"minutes": 1}
        )  # may wait longer than its answer may take
        world.clock.pass_s(31)
        wire.connection._ring()
        world.store.gate.set()
        await world.settle()
        assert wire.heard() == ["KNOWN", "HELLO"]
        assert world.states(command) == ["sent", "timed_out", "failed"]


async def test_bytes_whose_connection_is_gone_did_not_happen() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        command = await world.submit("move", parameters={"minutes": 1})
        wire.drop()
        world.store.gate.set()
        await world.settle()
        assert world.states(command) == ["sent", "unknown", "failed"]


async def test_a_session_can_only_settle_its_own_devices_commands() -> None:
    async with running("0001", "0002") as world:
        world.connect("0001")
        command = await world.submit("read")
        await world.settle()
        thief = world.connect("0002")
        thief.connection.session.waiting.open(1, command.id, 0)  # type: ignore[attr-defined]  # the toy's
        thief.say("ANSWER 1 OK\n")
        await world.settle()
        assert world.states(command) == ["sent"]


async def test_rejecting_or_deleting_a_device_ends_its_commands() -> None:
    async with running("0001", "0002") as world:
        waiting = await world.submit("read")
        await world.submit("read", "0002")
        await world.devices.reject("toy:0001", "ann")
        await world.settle()
        assert world.states(waiting) == ["queued", "rejected"]
        await world.devices.delete("toy:0002", "ann")
        assert world.desk._jobs == {}


@pytest.mark.parametrize(
    ("capability", "given", "complaint"),
    [
        ("read", {"identifier": "cell_voltage"}, r"'cell_voltage'; one of: cell_voltages, .*, …$"),
        ("set_battery_type", {"value": "lithium"}, r"'lithium'; one of: .*ternary"),
        ("read", {"identifier": 5}, r"got `int`$"),
        ("charge_switch", {"on": "yes"}, r"got `str`$"),
    ],
)
def test_what_could_have_been_chosen_is_named(
    capability: str, given: dict[str, object], complaint: str
) -> None:
    known = jk_bms.PROTOCOL.capability(capability)
    assert known is not None
    with pytest.raises(CommandError, match=complaint):
        parameters_of(known, given)
