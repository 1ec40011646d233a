"""Who may publish, and when cameras are asked to start, to go on and to stop."""

import asyncio

import pytest

from tests.media.live.films import AVC, DEVICE, IMEI, ROAD, World, key_frame
from wayside.media.live.limits import LiveLimits
from wayside.media.live.service import Publishers, Refused
from wayside.media.live.streams import Key
from wayside.model.errors import CommandError, Conflict, NotFound
from wayside.ports.live import LiveRequest, StreamState
from wayside.ports.store import DeviceRecord, DeviceStatus

START = ("live_start", {"camera": "out", "minutes": 5}, "anna")
STOP = ("live_stop", {"camera": "out"}, "anna")


def wanted(
    channel: str = "0", minutes: int = 5, *, record: bool = False, files: tuple[str, ...] = ()
) -> LiveRequest:
    return LiveRequest(DEVICE, channel, "anna", minutes, record, files)


# Publishers.


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (f"live/0/{IMEI}", ROAD),
        (f"live/1/{IMEI}", Refused.UNASKED),
        ("live/0/864200000000009", Refused.DEVICE),
        (f"live/2/{IMEI}", Refused.PATH),
        (f"live/playback/{IMEI}", Refused.PATH),
        (f"live/{IMEI}", Refused.UNASKED),
        (f"show/0/{IMEI}", Refused.PATH),
        (f"live/0/{IMEI}/more", Refused.PATH),
        ("live/0/../../etc", Refused.PATH),
        ("live/0/12", Refused.PATH),
        ("", Refused.PATH),
    ],
)
async def test_a_publisher_is_let_in_for_what_was_asked_for(path: str, answer: object) -> None:
    world = World()
    await world.live.start(wanted())
    assert await world.live.admit(path, "198.51.100.7") == answer


async def test_what_comes_with_a_channel_is_let_in_with_it_and_goes_with_it() -> None:
    world = World()
    await world.live.start(wanted("pip"))
    assert world.desk.sent == [("live_start", {"camera": "inout", "minutes": 5}, "anna")]
    for path in (f"live/0/{IMEI}", f"live/1/{IMEI}", f"live/pip/{IMEI}"):
        assert isinstance(await world.live.admit(path, "x"), Key)
    await world.live.start(wanted("1"))
    await world.live.stop(DEVICE, "pip", "anna")
    assert await world.live.admit(f"live/0/{IMEI}", "x") == Refused.UNASKED
    assert await world.live.admit(f"live/1/{IMEI}", "x") == Key(DEVICE, "1")


async def test_stopping_what_brings_others_leaves_those_that_somebody_asked_for() -> None:
    world = World()
    for channel in ("0", "pip"):
        await world.live.start(wanted(channel, minutes=7))
    await world.live.stop(DEVICE, "pip", "berta")
    assert world.desk.sent[2:] == [
        ("live_stop", {"camera": "inout"}, "berta"),
        ("live_start", {"camera": "out", "minutes": 7}, "anna"),
    ]
    await world.live.stop(DEVICE, "0", "berta")
    assert world.desk.sent[4:] == [("live_stop", {"camera": "out"}, "berta")]


async def test_the_end_of_a_server_begins_nothing_again() -> None:
    world = World()
    for channel in ("pip", "0"):
        await world.live.start(wanted(channel))
    world.live.begin()
    await world.live.end()
    assert world.desk.sent[2:] == [STOP, ("live_stop", {"camera": "inout"}, "anna")]


async def test_a_path_without_a_channel_is_playback() -> None:
    world = World()
    await world.live.start(wanted("playback", files=("a.mp4",)))
    assert world.desk.sent == [("replay", {"files": ["a.mp4"]}, "anna")]
    assert await world.live.admit(f"live/{IMEI}", "x") == Key(DEVICE, "playback")
    await world.live.stop(DEVICE, "playback", "anna")
    assert world.desk.sent[1] == ("replay_stop", {}, "anna")


async def test_a_rejected_device_may_not_publish() -> None:
    world = World(publishers=Publishers.OPEN)
    assert await world.live.admit(f"live/0/{IMEI}", "x") == ROAD
    world.devices[DEVICE] = DeviceRecord(DEVICE, "jimi", DeviceStatus.REJECTED, 0)
    assert await world.live.admit(f"live/0/{IMEI}", "x") == Refused.DEVICE


async def test_a_device_that_is_deleted_while_it_publishes_is_cut_off() -> None:
    world = World(publishers=Publishers.OPEN)
    world.publish(ROAD, AVC)
    await world.live._check_trust()
    assert world.cut == []
    del world.devices[DEVICE]
    await world.live._check_trust()
    assert world.cut == [Refused.DEVICE]


async def test_a_camera_that_nobody_asked_is_told_to_stop_now_and_then() -> None:
    """As after a restart of ours."""
    world = World()
    for _ in range(5):
        assert await world.live.admit(f"live/0/{IMEI}", "x") == Refused.UNASKED
    assert world.desk.sent == [("live_stop", {"camera": "out"}, "server")]
    world.now += world.limits.leftover_s
    await world.live.admit(f"live/0/{IMEI}", "x")
    assert world.capabilities() == ["live_stop", "live_stop"]
    world.desk.offline = True
    world.now += world.limits.leftover_s
    assert await world.live.admit(f"live/0/{IMEI}", "x") == Refused.UNASKED


# Requests.


async def test_start_watch_leave_stop() -> None:
    world = World()
    found = await world.live.start(wanted())
    assert (found.state, found.command, found.requested_by) == (StreamState.REQUESTED, "c1", "anna")
    world.publish(ROAD, AVC, key_frame(0))
    watch = await world.live.watch(DEVICE, "0")
    shown = world.live.stream(DEVICE, "0")
    assert shown is not None
    assert (shown.state, shown.viewers, shown.video) == (StreamState.LIVE, 1, "h264")
    await world.pass_s(200)
    watch.close()
    assert world.desk.sent == [START]
    await world.pass_s(world.limits.grace_s - 2)
    assert world.desk.sent == [START]
    await world.pass_s(3)
    assert world.desk.sent == [START, STOP]
    assert world.cut == ["nobody watches any more"]
    assert world.live.streams() == []


async def test_a_store_that_takes_its_time_does_not_end_the_request() -> None:
    world = World()
    world.desk.slowly = lambda: world.pass_s(3)
    await world.live.start(wanted())
    world.desk.slowly = lambda: asyncio.sleep(0)
    assert world.desk.sent == [START]
    assert world.live.stream(DEVICE, "0") is not None


async def test_a_request_that_cannot_be_sent_again_stays_as_it_was() -> None:
    world = World()
    await world.live.start(wanted(minutes=3))
    world.desk.offline = True
    with pytest.raises(Conflict):
        await world.live.start(wanted(minutes=9))
    asked = world.asks.get(ROAD)
    assert asked is not None
    assert asked.minutes == 3


async def test_it_is_kept_alive_while_somebody_watches() -> None:
    world = World()
    await world.live.start(wanted())
    world.publish(ROAD, AVC, key_frame(0))
    watch = await world.live.watch(DEVICE, "0")
    await world.pass_s(269)
    assert world.desk.sent == [START]
    await world.pass_s(2)
    assert world.desk.sent == [START, START]
    await world.pass_s(20 * 60)
    # Each time half a minute before five are over.
    assert world.desk.sent == [START] * 6
    watch.close()
    await world.pass_s(30)
    assert world.desk.sent == [START] * 6 + [STOP]


async def test_what_cannot_be_renewed_is_tried_again_and_said() -> None:
    world = World()
    await world.live.start(wanted(minutes=2))
    world.publish(ROAD, AVC, key_frame(0))
    await world.live.watch(DEVICE, "0")
    world.desk.offline = True
    await world.pass_s(95)
    shown = world.live.stream(DEVICE, "0")
    assert shown is not None
    assert "the device is offline" in shown.note
    world.desk.offline = False
    await world.pass_s(15)
    assert world.capabilities() == ["live_start", "live_start"]
    shown = world.live.stream(DEVICE, "0")
    assert shown is not None
    assert shown.note == ""


async def test_nobody_who_ever_watches_stops_it_too() -> None:
    world = World()
    await world.live.start(wanted())
    await world.pass_s(world.limits.first_viewer_s + 1)
    assert world.desk.sent == [START, STOP]


async def test_a_page_left_open_does_not_use_up_the_data_plan() -> None:
    world = World(limits=LiveLimits(request_s=600))
    await world.live.start(wanted())
    world.publish(ROAD, AVC, key_frame(0))
    await world.live.watch(DEVICE, "0")
    await world.pass_s(602)
    assert world.capabilities() == ["live_start"] * 3 + ["live_stop"]
    assert world.hub.viewers() == 0


async def test_asking_twice_sends_once_more_only_when_nothing_comes() -> None:
    world = World()
    await world.live.start(wanted())
    await world.live.start(wanted())
    assert world.capabilities() == ["live_start", "live_start"]
    world.publish(ROAD, AVC)
    await world.live.start(wanted())
    assert world.capabilities() == ["live_start", "live_start"]


async def test_an_offline_device_is_an_error_and_nothing_is_open() -> None:
    world = World()
    world.desk.offline = True
    with pytest.raises(Conflict, match="offline") as caught:
        await world.live.start(wanted())
    assert caught.value.field is None
    assert world.live.streams() == []
    world.desk.offline = False
    with pytest.raises(CommandError) as bad:
        await world.live.start(wanted(minutes=181))
    assert bad.value.field == "minutes"
    assert world.live.streams() == []


@pytest.mark.parametrize(
    ("request_", "kind", "field"),
    [
        (wanted("7"), NotFound, "channel"),
        (wanted("playback"), CommandError, "files"),
        (wanted("0", files=("a.mp4",)), CommandError, "files"),
        (wanted(record=True), CommandError, "record"),
        (LiveRequest("jimi:864200000000009", "0", "anna", 5), NotFound, "device"),
    ],
)
async def test_what_cannot_be_asked_for(request_: LiveRequest, kind: type[CommandError], field: str) -> None:
    with pytest.raises(kind) as caught:
        await World().live.start(request_)
    assert caught.value.field == field


async def test_requests_are_limited() -> None:
    world = World(limits=LiveLimits(requests=1))
    await world.live.start(wanted())
    await world.live.start(wanted())
    with pytest.raises(Conflict, match="too many"):
        await world.live.start(wanted("1"))


async def test_stop_lets_everybody_go() -> None:
    world = World()
    await world.live.start(wanted())
    world.publish(ROAD, AVC)
    watch = await world.live.watch(DEVICE, "0")
    stopped = await world.live.stop(DEVICE, "0", "anna")
    assert (stopped.state, stopped.command) == (StreamState.STOPPED, "c2")
    assert [piece async for piece in watch.pieces()] == []
    assert world.cut == ["stopped"]
    with pytest.raises(NotFound):
        await world.live.stop(DEVICE, "0", "anna")


async def test_stopping_an_offline_camera_is_said_and_viewers_are_gone_all_the_same() -> None:
    world = World()
    await world.live.start(wanted())
    world.publish(ROAD, AVC)
    world.desk.offline = True
    with pytest.raises(Conflict, match="offline"):
        await world.live.stop(DEVICE, "0", "anna")
    assert world.live.streams() == []


# Viewers.


async def test_who_comes_before_the_camera_waits_a_moment() -> None:
    world = World(limits=LiveLimits(appear_s=5))
    with pytest.raises(NotFound, match="ask for it"):
        await world.live.watch(DEVICE, "0")
    await world.live.start(wanted())
    waiting = asyncio.create_task(world.live.watch(DEVICE, "0"))
    await asyncio.sleep(0)
    world.publish(ROAD, AVC)
    (await waiting).close()


async def test_a_camera_that_does_not_come_is_not_waited_for_for_ever() -> None:
    world = World()
    await world.live.start(wanted())
    with pytest.raises(NotFound, match="nothing yet"):
        await world.live.watch(DEVICE, "0")


async def test_the_end_of_the_server_stops_cameras() -> None:
    world = World()
    world.live.begin()
    await world.live.start(wanted())
    world.publish(ROAD, AVC)
    watch = await world.live.watch(DEVICE, "0")
    await world.live.end()
    assert world.capabilities() == ["live_start", "live_stop"]
    assert [piece async for piece in watch.pieces()] == []


# An external engine.


async def test_an_engine_that_says_when_viewers_leave() -> None:
    world = World(elsewhere="https://video.example")
    assert world.live.address_of(DEVICE, "0") == f"https://video.example/live/0/{IMEI}.flv"
    assert await world.live.may_publish(f"live/0/{IMEI}", "x") == Refused.UNASKED
    await world.live.start(wanted())
    assert await world.live.may_publish(f"live/0/{IMEI}", "x") is None
    world.live.watched(DEVICE, "0", "a")
    await world.pass_s(400)
    assert world.capabilities() == ["live_stop", "live_start", "live_start"]
    world.live.watched(DEVICE, "0", "a", leaves=True)
    await world.pass_s(22)
    assert world.capabilities() == ["live_stop", "live_start", "live_start", "live_stop"]


async def test_an_engine_that_does_not() -> None:
    world = World(elsewhere="https://video.example")
    await world.live.start(wanted(minutes=5))
    world.live.watched(DEVICE, "0", "")
    await world.pass_s(290)
    assert world.capabilities() == ["live_start"]
    await world.pass_s(20)
    assert world.capabilities() == ["live_start", "live_stop"]
