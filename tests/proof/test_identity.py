"""Who speaks for a device: the newest connection; and nobody, before somebody has decided."""

import asyncio

from tests.proof.cameras import HEARTBEAT, Camera, Fleet, check_stored, places, presence
from tests.proof.world import OPEN, World, eventually


async def test_of_two_connections_with_one_identity_the_newer_one_wins(world: World) -> None:
    await world.start(*OPEN)
    first, second = Camera(1), Camera(1, first_line=2)
    await first.connect(world)
    first.locate()
    await first.acknowledgement()

    await second.connect(world)
    await first.gone()
    second.locate()
    await second.acknowledgement()
    device = await world.get(f"devices/{first.device}")
    assert device["presence"]["online"]
    assert device["state"]["connection.status"]["value"] == "online"
    events = await world.events()
    assert presence(events, first.device) == ["online"]
    assert places(events, first.device) == [(1, 1), (2, 1)]

    second.hang_up()

    async def offline() -> bool:
        return presence(await world.events(), first.device) == ["online", "offline"]

    await eventually(offline)
    assert not (await world.get(f"devices/{first.device}"))["presence"]["online"]


async def test_connections_that_chase_each_other_away_lose_nothing(world: World) -> None:
    """Every camera's twin takes over while it reports at full speed."""
    await world.start(*OPEN)
    fleet, twins = Fleet(count=4), Fleet(count=4, first_line=2)
    await fleet.connect(world)
    reporting = asyncio.create_task(fleet.report())
    await fleet.heard.more(200)
    await twins.connect(world)
    await reporting  # until all of them are cut
    twins_reporting = asyncio.create_task(twins.report())
    await twins.heard.more(200)
    twins.fill()
    await twins_reporting

    events = await world.events()
    for camera, twin in zip(fleet.cameras, twins.cameras, strict=True):
        check_stored(events, camera.device, camera.line, twin.line)
        assert presence(events, camera.device) == ["online"]


async def test_of_a_device_that_is_deleted_while_it_reports_nothing_comes_back(world: World) -> None:
    await world.start(*OPEN)
    fleet = Fleet(count=3)
    gone, *others = fleet.cameras
    await fleet.connect(world)
    reporting = asyncio.create_task(fleet.report())
    await fleet.heard.more(200)
    deleted = await world.http.delete(f"/api/v1/devices/{gone.device}")
    assert deleted.status_code == 204, deleted.text
    assert await world.events(device=gone.device) == []
    await world.kill()
    await reporting

    await world.start(*OPEN)
    events = await world.events()
    assert {event["device"] for event in events} == {camera.device for camera in others}
    for camera in others:
        check_stored(events, camera.device, *camera.lines)
    await gone.connect(world)
    gone.locate()
    await gone.acknowledgement()
    assert places(await world.events(), gone.device) == [(2, gone.line.sent[0])]


async def test_an_unknown_camera_is_answered_but_nothing_is_acknowledged_until_it_is_ours(
    world: World,
) -> None:
    await world.start()  # quarantine is the default
    camera = Camera(1)
    await camera.connect(world)
    held = [camera.locate() for _ in range(3)]
    camera.beat(700)
    assert await camera.answer() == (HEARTBEAT, 700)  # and not one acknowledgement before it
    assert await world.events() == []
    assert await world.all_of("devices") == []
    (unknown,) = (await world.get("unknown-devices"))["items"]
    assert unknown["device"] == camera.device
    assert unknown["events_held"] == 5  # login, three locations, heartbeat
    assert unknown["events_dropped"] == 0

    accepted = await world.post(f"devices/{camera.device}/accept", {"name": "van"})
    assert accepted.status_code == 200, accepted.text
    events = await world.events()
    assert [number for _, number in places(events, camera.device)] == held
    assert presence(events, camera.device) == ["online"]
    assert (await world.get("unknown-devices"))["items"] == []

    camera.line.acknowledged = len(held)  # those never will be: their time is over
    later = camera.locate()
    await camera.acknowledgement()
    stored = [number for _, number in places(await world.events(), camera.device)]
    assert stored == [*held, later]

    await world.kill()
    await world.start()
    stored = [number for _, number in places(await world.events(), camera.device)]
    assert stored == [*held, later]
    await camera.connect(world)
    camera.locate()
    await camera.acknowledgement()
