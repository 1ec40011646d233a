"""One publisher, many viewers."""

import asyncio

import pytest

from tests.media.live.films import (
    AAC,
    AVC,
    METADATA,
    ROAD,
    World,
    frame,
    key_frame,
    read,
    sound,
    tags,
)
from tests.media.live.talking import HEVC
from wayside.media.live.hub import GONE, REPLACED
from wayside.media.live.limits import LiveLimits
from wayside.media.live.publisher import Media
from wayside.media.live.streams import METADATA_BYTES_MAX, Key, Picture
from wayside.media.live.viewers import TOO_SLOW
from wayside.model.errors import Conflict
from wayside.wire.rtmp import amf0


def payloads(flv: bytes, *, headed: bool = True) -> list[bytes]:
    return [payload for _, _, payload in tags(flv, headed=headed)]


def test_who_comes_late_gets_the_headers_and_what_came_since_the_last_key_frame() -> None:
    world = World()
    world.publish(ROAD, METADATA, AVC, AAC, key_frame(0), frame(40), key_frame(80), sound(90), frame(120))
    viewer = world.hub.watch(ROAD)
    metadata, *rest = payloads(read(viewer))
    assert amf0.decode(metadata) == ["onMetaData", {"width": 64.0, "height": 48.0}]
    assert rest == [AVC.payload, AAC.payload, key_frame(80).payload, sound(0).payload, frame(0).payload]


def test_who_comes_early_gets_all() -> None:
    world = World()
    viewer = world.hub.watch(ROAD)
    world.publish(ROAD, METADATA, AVC, AAC, frame(0), key_frame(40), frame(80))
    assert payloads(read(viewer))[1:] == [
        AVC.payload,
        AAC.payload,
        key_frame(0).payload,
        frame(0).payload,
    ]


def test_sound_alone_needs_no_key_frame() -> None:
    world = World()
    viewer = world.hub.watch(ROAD)
    world.publish(ROAD, AAC, sound(0))
    assert payloads(read(viewer)) == [AAC.payload, sound(0).payload]


def test_h265_is_handed_on_as_it_came() -> None:
    world = World()
    sent = [Media(kind, at, payload) for kind, at, payload in tags(HEVC.read_bytes()[13:], headed=False)]
    publication = world.publish(ROAD, *sent)
    assert (publication.stream.video, publication.stream.picture.width) == ("h265", 64)
    _, *rest = payloads(read(world.hub.watch(ROAD)))
    # The decoder's configuration, and what came since the second key frame.
    assert rest == [sent[1].payload, *(one.payload for one in sent[-5:])]


def test_many_viewers_share_each_tag() -> None:
    world = World()
    viewers = [world.hub.watch(ROAD) for _ in range(3)]
    publication = world.publish(ROAD, AVC, key_frame(0, bytes(50_000)))
    waiting = [viewer._waiting[-1] for viewer in viewers]
    assert waiting[0] is waiting[1] is waiting[2] is publication.stream._gop[-1].data


def test_what_is_kept_for_late_comers_is_bounded() -> None:
    world = World(limits=LiveLimits(gop_bytes=1000, gop_tags=5))
    publication = world.publish(ROAD, AVC, key_frame(0), frame(1))
    for at in range(2, 5):
        publication.push(frame(at))
    assert len(publication.stream._gop) == 5
    publication.push(frame(5))
    assert publication.stream.held == 0
    viewer = world.hub.watch(ROAD)
    publication.push(frame(6))
    assert payloads(read(viewer)) == [AVC.payload]
    publication.push(key_frame(7, bytes(2000)))
    assert publication.stream.held == 0
    assert payloads(read(viewer), headed=False) == [key_frame(7, bytes(2000)).payload]


# Slow viewers.


def test_a_slow_viewer_is_taken_to_the_next_key_frame_with_its_headers() -> None:
    world = World(limits=LiveLimits(viewer_bytes=1000))
    viewer = world.hub.watch(ROAD)
    publication = world.publish(ROAD, AVC, key_frame(0, bytes(600)))
    publication.push(frame(40, bytes(600)))
    assert viewer.skips == 1
    assert viewer.held == 0
    publication.push(frame(80))
    assert viewer.held == 0
    publication.push(key_frame(120, b"seen"))
    publication.push(frame(160, b"and this"))
    read_now = payloads(read(viewer), headed=True)
    assert read_now == [AVC.payload, key_frame(0, b"seen").payload, frame(0, b"and this").payload]
    assert viewer.closed is None


def test_one_that_is_too_slow_again_and_again_is_dropped() -> None:
    world = World(limits=LiveLimits(viewer_bytes=1000, skips=3))
    viewer = world.hub.watch(ROAD)
    publication = world.publish(ROAD, AVC)
    for at in range(20):
        publication.push(key_frame(at * 1000, bytes(900)))
        assert viewer.held <= 1000
    assert viewer.closed == TOO_SLOW
    world.hub.leave(ROAD, viewer)
    assert (world.hub.stats.dropped, world.hub.skipped()) == (1, 4)
    assert world.hub.viewers() == 0


def test_one_that_keeps_up_for_a_while_is_forgiven() -> None:
    world = World(limits=LiveLimits(viewer_bytes=1000, skips=1, calm_s=30))
    viewer = world.hub.watch(ROAD)
    publication = world.publish(ROAD, AVC)
    for minute in range(5):
        publication.push(key_frame(minute, bytes(900)))
        publication.push(key_frame(minute, bytes(900)))
        read(viewer)
        world.now += 31
    assert viewer.skips == 5
    assert viewer.closed is None


def test_a_frame_that_is_longer_than_all_may_be_is_let_through_alone() -> None:
    world = World(limits=LiveLimits(viewer_bytes=1000))
    viewer = world.hub.watch(ROAD)
    world.publish(ROAD, key_frame(0, bytes(5000)))
    assert payloads(read(viewer)) == [key_frame(0, bytes(5000)).payload]


async def test_pieces_are_bounded_and_wait_for_something() -> None:
    world = World(limits=LiveLimits(piece_bytes=1000))
    publication = world.publish(ROAD, AVC, key_frame(0))
    viewer = world.hub.watch(ROAD)
    assert (await viewer.piece()).startswith(b"FLV")
    waiting = asyncio.create_task(viewer.piece())
    await asyncio.sleep(0)
    assert not waiting.done()
    for at in range(10):
        publication.push(frame(at, bytes(300)))
    assert len(await waiting) <= 1000
    assert viewer.held > 0
    viewer.close("over")
    assert await viewer.piece() == b""


# Publishers.


def test_viewers_outlive_a_publisher_that_comes_back() -> None:
    world = World()
    first = world.publish(ROAD, METADATA, AVC, AAC, key_frame(7000), frame(7040))
    viewer = world.hub.watch(ROAD)
    read(viewer)
    first.over()
    world.now += world.limits.reconnect_s - 1
    world.hub.sweep()
    world.publish(ROAD, AVC, AAC, sound(0), frame(0), key_frame(40), frame(80))
    found = tags(read(viewer), headed=False)
    assert [payload for _, _, payload in found] == [
        AVC.payload,
        AAC.payload,
        key_frame(0).payload,
        frame(0).payload,
    ]
    stamps = [at for _, at, _ in found]
    assert stamps == sorted(stamps)
    assert stamps[0] > 40
    assert viewer.closed is None


def test_a_publisher_that_stays_away_takes_its_viewers_along() -> None:
    world = World()
    world.publish(ROAD, AVC, key_frame(0)).over()
    viewer = world.hub.watch(ROAD)
    world.now += world.limits.reconnect_s
    world.hub.sweep()
    assert viewer.closed == GONE
    assert world.hub.everything() == []


def test_a_second_connection_takes_the_place_of_the_first() -> None:
    world = World()
    first = world.publish(ROAD, AVC, key_frame(0))
    second = world.publish(ROAD, AVC, key_frame(0))
    assert world.cut == [REPLACED]
    first.over()
    assert world.hub.publication(ROAD) is second


def test_streams_and_viewers_are_limited() -> None:
    world = World(limits=LiveLimits(streams=2, viewers=3, viewers_per_stream=2))
    world.publish(ROAD)
    world.publish(Key("jimi:2", "0"))
    with pytest.raises(Conflict, match="streams"):
        world.publish(Key("jimi:3", "0"))
    world.hub.watch(ROAD)
    world.hub.watch(ROAD)
    with pytest.raises(Conflict, match="viewers"):
        world.hub.watch(ROAD)
    world.hub.watch(Key("jimi:2", "0"))
    with pytest.raises(Conflict, match="viewers"):
        world.hub.watch(Key("jimi:2", "0"))


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\xff",
        amf0.encode("onCuePoint", {}),
        amf0.encode("onMetaData"),
        amf0.encode("onMetaData", "<script>"),
        amf0.encode("onMetaData", {"a": "x" * METADATA_BYTES_MAX}),
    ],
)
def test_metadata_that_is_none_is_not_handed_on(nonsense: bytes) -> None:
    world = World()
    viewer = world.hub.watch(ROAD)
    world.publish(ROAD, Media(18, 0, nonsense))
    assert tags(read(viewer)) == []
    assert world.hub.stats.nonsense == 1


@pytest.mark.parametrize("value", [0.0, -1.0, 1e300, float("nan"), float("inf"), "64", True, None])
def test_sizes_that_no_picture_has_are_not_shown(value: amf0.Value) -> None:
    world = World()
    facts = amf0.encode("onMetaData", {"width": value, "height": value, "framerate": value})
    assert world.publish(ROAD, Media(18, 0, facts)).stream.picture == Picture()
