"""``kill -9`` around commands: an order moves the lever at most once, and nothing is claimed that is not known."""

import asyncio
import random

import pytest

from tests.proof.callers import Caller, is_legal
from tests.proof.locks import Lock
from tests.proof.world import OPEN, Tally, World, eventually
from wayside.model.commands import IN_FLIGHT, WAITING, State

pytestmark = pytest.mark.timeout(120)

LOCKS = 6
ROUNDS = 2  # `make torture` kills a hundred times, elsewhere each time


@pytest.fixture
async def lock(world: World) -> Lock:
    """One lock, connected to a server that runs."""
    await world.start(*OPEN)
    found = Lock(1)
    await found.connect(world)
    await world.online(found.device)
    return found


async def restart(world: World) -> None:
    await world.kill()
    await world.start(*OPEN)


async def test_an_unlocking_without_its_result_is_unknown_until_the_lock_reports_it(
    world: World, lock: Lock
) -> None:
    command = await world.command(lock.device, "unlock", "my-key")
    lock.give_key(await lock.told())
    order = await lock.told()
    assert order.word == "L0"

    await restart(world)
    assert (await world.get(f"commands/{command['id']}"))["state"] == "unknown"
    again = await world.post(
        f"devices/{lock.device}/commands", {"capability": "unlock"}, **{"Idempotency-Key": "my-key"}
    )
    assert again.status_code == 200
    assert again.json()["id"] == command["id"]

    await lock.connect(world)
    lock.report(order)
    assert await lock.told() == ("Re", ["L0"])
    found = await world.settled(command["id"], "succeeded")
    assert found["late"]
    steps = [step["state"] for step in found["transitions"]]
    assert steps == ["accepted", "sent", "acknowledged", "unknown", "succeeded"]
    assert lock.requests == lock.moves == {command["number"]: 1}


async def test_an_unlocking_that_was_only_asked_for_is_not_taken_up_again(world: World, lock: Lock) -> None:
    command = await world.command(lock.device, "unlock")
    request = await lock.told()
    assert request.word == "R0"
    await restart(world)
    await lock.connect(world)
    lock.give_key(request)  # a key that nobody waits for any more
    await world.command(lock.device, "status")
    assert (await lock.told()).word == "S5"
    assert (await world.get(f"commands/{command['id']}"))["state"] == "unknown"
    assert not lock.moves


async def test_a_question_for_an_absent_lock_outlives_kills_and_is_asked_once(
    world: World, lock: Lock
) -> None:
    lock.hang_up()

    async def offline() -> bool:
        return not (await world.get(f"devices/{lock.device}"))["presence"]["online"]

    await eventually(offline)
    command = await world.command(lock.device, "status", "asked-once")
    await world.settled(command["id"], "queued")
    for _ in range(2):
        await restart(world)
        assert (await world.get(f"commands/{command['id']}"))["state"] == "queued"

    await lock.connect(world)
    obeying = asyncio.create_task(lock.obey())
    assert (await world.settled(command["id"], "succeeded"))["values"]["battery.level"] == 48
    await restart(world)
    await obeying
    await lock.connect(world)
    again = await world.post(
        f"devices/{lock.device}/commands", {"capability": "status"}, **{"Idempotency-Key": "asked-once"}
    )
    assert (again.status_code, again.json()["id"]) == (200, command["id"])
    await world.command(lock.device, "version")
    assert (await lock.told()).word == "G0"  # and nothing before it
    assert lock.questions == 1


async def test_no_order_is_carried_out_twice_whenever_the_server_is_killed(world: World) -> None:
    rng = random.Random(5)
    moving = Tally()
    callers = [Caller(world, Lock(number, moving)) for number in range(1, LOCKS + 1)]
    locks = [caller.lock for caller in callers]
    await world.start(*OPEN)
    obeying = await gather_locks(world, locks)
    for _ in range(ROUNDS):
        calling = [asyncio.create_task(caller.unlock()) for caller in callers]
        await moving.more(rng.randrange(1, 60))
        await world.kill()
        await asyncio.gather(*obeying)
        for call in calling:
            call.cancel()  # some wait for a receipt that will not come any more
        await asyncio.gather(*calling, return_exceptions=True)

        await world.start(*OPEN)
        obeying = await gather_locks(world, locks)
        await asyncio.gather(*(caller.ask_again() for caller in callers))
        await eventually(lambda: all_over(world))
        await check_commands(world, callers)
    await world.kill()
    await asyncio.gather(*obeying)


async def gather_locks(world: World, locks: list[Lock]) -> list[asyncio.Task[None]]:
    for lock in locks:
        await lock.connect(world)
    obeying = [asyncio.create_task(lock.obey()) for lock in locks]
    await world.online(*(lock.device for lock in locks))
    return obeying


async def all_over(world: World) -> bool:
    return not [
        command
        for command in await world.all_of("commands")
        if State(command["state"]) in WAITING | IN_FLIGHT
    ]


async def check_commands(world: World, callers: list[Caller]) -> None:
    commands = {command["idempotency_key"]: command for command in await world.all_of("commands")}
    assert commands.keys() == {key for caller in callers for key in caller.answered}
    for caller in callers:
        lock = caller.lock
        for key, answered in caller.answered.items():
            command = await world.get(f"commands/{commands[key]['id']}")
            assert command["id"] == answered["id"]
            steps = [State(step["state"]) for step in command["transitions"]]
            assert is_legal(steps, State(command["state"]))
            number = command["number"]
            assert lock.requests[number] <= 1
            assert lock.moves[number] == (command["state"] == "succeeded")
            if State.SENT in steps:
                assert command["state"] in {"succeeded", "unknown"}
            else:
                assert not lock.requests[number]
    assert all(set(lock.moves.values()) == {1} for lock in [caller.lock for caller in callers])
