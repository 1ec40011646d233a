"""A parking lock from the API to the lever and back."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.proof.locks import HEARTBEAT, Lock, Told
from tests.proof.world import OPEN, World, eventually


@pytest.fixture
async def lock(world: World) -> Lock:
    """One lock, connected to a server that runs."""
    await world.start(*OPEN)
    found = Lock(1)
    await found.connect(world)
    await world.online(found.device)
    return found


async def test_an_unlocking_with_heartbeats_between_its_steps(world: World, lock: Lock) -> None:
    command = await world.command(lock.device, "unlock")
    request = await lock.told()
    assert request.word == "R0"
    lock.say(*HEARTBEAT)
    lock.give_key(request)
    lock.say(*HEARTBEAT)
    order = await lock.told()
    assert order.word == "L0"
    lock.say(*HEARTBEAT)
    lock.report(order)
    lock.say(*HEARTBEAT)
    assert await lock.told() == Told("Re", ["L0"])

    # The receipt has left, so everything before it is stored.
    found = await world.get(f"commands/{command['id']}")
    assert [step["state"] for step in found["transitions"]] == [
        "accepted",
        "sent",
        "acknowledged",
        "succeeded",
    ]
    messages = [event["message"] for event in await world.events(device=lock.device)]
    assert messages.count("unlock") == 1
    assert messages.count("heartbeat") >= 3
    lock.report(order)  # as a lock does that did not hear the receipt
    assert await lock.told() == Told("Re", ["L0"])
    assert (await world.get(f"commands/{command['id']}"))["transitions"] == found["transitions"]


async def test_a_result_that_comes_after_the_line_was_lost_still_counts(world: World, lock: Lock) -> None:
    command = await world.command(lock.device, "unlock")
    lock.give_key(await lock.told())
    order = await lock.told()
    lock.hang_up()
    await world.settled(command["id"], "unknown")
    await lock.connect(world)
    lock.report(order)
    assert await lock.told() == Told("Re", ["L0"])
    found = await world.get(f"commands/{command['id']}")
    assert (found["state"], found["late"]) == ("succeeded", True)
    assert lock.moves == {command["number"]: 1}


async def test_a_second_order_waits_for_the_first(world: World, lock: Lock) -> None:
    obeying = asyncio.create_task(lock.obey())
    commands = [await world.command(lock.device, "unlock") for _ in range(4)]
    for command in commands:
        await world.settled(command["id"], "succeeded")
    assert lock.moves == lock.requests == dict.fromkeys((command["number"] for command in commands), 1)
    await world.kill()
    await obeying


async def test_an_upgrade_from_the_uploaded_file_to_the_last_report(world: World, lock: Lock) -> None:
    image = bytes(range(256)) * 700 + b"the end"
    uploaded = await world.http.post("/api/v1/firmware", params={"name": "V2 of May"}, content=image)
    assert uploaded.status_code == 201, uploaded.text
    firmware = uploaded.json()
    order = {"firmware": firmware["id"]}
    unconfirmed = await world.post(
        f"devices/{lock.device}/commands", {"capability": "upgrade", "parameters": order}
    )
    assert unconfirmed.status_code == 422
    assert unconfirmed.json()["field"] == "confirm"

    command = await world.command(lock.device, "upgrade", parameters=order, confirm=True)
    word, (url, byte_sum) = await lock.told()
    assert word == "U0"
    lock.say("U0", "100")
    async with httpx.AsyncClient() as modem:
        fetched = await modem.get(url)
        assert fetched.status_code == 200
        assert fetched.content == image
        assert sum(fetched.content) == int(byte_sum)
        assert (await modem.get(f"{url[:-1]}_")).status_code == 404
    await world.settled(command["id"], "acknowledged")
    lock.say("U0", "200")
    found = await world.settled(command["id"], "succeeded")
    assert [step["state"] for step in found["transitions"]] == [
        "accepted",
        "sent",
        "acknowledged",
        "succeeded",
    ]


async def test_an_upgrade_goes_on_after_a_kill(world: World, lock: Lock) -> None:
    image = b"firmware" * 1_000
    uploaded = await world.http.post("/api/v1/firmware", params={"name": "V3"}, content=image)
    order = {"firmware": uploaded.json()["id"]}
    command = await world.command(lock.device, "upgrade", parameters=order, confirm=True)
    word, (url, _) = await lock.told()
    assert word == "U0"
    lock.say("U0", "100")
    await world.settled(command["id"], "acknowledged")

    await world.kill()
    await world.start()
    assert (await world.http.get(httpx.URL(url).path)).content == image  # the port is another one here
    assert (await world.get(f"commands/{command['id']}"))["state"] == "unknown"
    await lock.connect(world)
    lock.say("U0", "200")
    found = await world.settled(command["id"], "succeeded")
    assert found["late"]


async def test_of_an_upload_that_is_cut_by_a_kill_nothing_is_left(world: World) -> None:
    await world.start()
    folder = world.data / "firmware"

    async def begun() -> bool:
        return any(folder.glob("*.part"))

    async def begin() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        await killed.wait()
        yield b"x"

    killed = asyncio.Event()
    upload = world.http.post("/api/v1/firmware", params={"name": "half"}, content=begin())
    uploading = asyncio.create_task(upload)
    await eventually(begun)
    world.server.process.kill()
    await asyncio.to_thread(world.server.process.wait)
    killed.set()
    with pytest.raises(httpx.TransportError):
        await uploading
    await world.clean_up()
    await world.start()
    assert (await world.get("firmware"))["items"] == []
    assert list(folder.iterdir()) == []
