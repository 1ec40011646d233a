"""The publishing side of RTMP against the server's, first mouth to ear, then over sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.simulate.test_fleet import eventually
from wayside.media.live.publisher import Asked, Ended, Happening, Media
from wayside.media.live.publisher import Publisher as Ingest
from wayside.simulate import stream as shell
from wayside.simulate.errands import Errands
from wayside.simulate.flv import SCRIPT, tags_of
from wayside.simulate.rtmp import Publisher, Stage, place
from wayside.simulate.samples import stream
from wayside.simulate.tally import Tally
from wayside.wire.rtmp import amf0
from wayside.wire.rtmp.chunks import Message, chunked
from wayside.wire.rtmp.errors import RtmpError

URL = "rtmp://127.0.0.1:1935/live/0/864200000000001"


def pair(url: str = URL) -> tuple[Publisher, Ingest]:
    return Publisher(url, bytes(1528)), Ingest(bytes(1528))


def until_quiet(publisher: Publisher, ingest: Ingest, cut: int = 1 << 30) -> list[Happening]:
    """Move bytes both ways, ``cut`` at a time, letting it publish when it asks."""
    happened: list[Happening] = []
    while (up := publisher.to_send()) or (down := ingest.to_send()):
        for at in range(0, len(up), cut):
            news = ingest.receive(up[at : at + cut])
            while news:
                happened += news
                news = ingest.accept() if isinstance(news[-1], Asked) else []
        down = ingest.to_send()
        for at in range(0, len(down), cut):
            publisher.receive(down[at : at + cut])
    return happened


@pytest.mark.parametrize("cut", [1, 7, 1000, 1 << 30])
def test_what_is_pushed_arrives_whole_however_the_line_cuts_it(cut: int) -> None:
    publisher, ingest = pair()
    assert until_quiet(publisher, ingest, cut) == [Asked("live/0/864200000000001")]
    assert publisher.stage is Stage.LIVE
    tags = tags_of(stream())
    for tag in tags:
        publisher.push(tag, tag.timestamp_ms)
    heard = [one for one in until_quiet(publisher, ingest, cut) if isinstance(one, Media)]
    assert [one.type for one in heard] == [tag.type for tag in tags]
    assert [one.payload for one in heard if one.type != SCRIPT] == [
        tag.payload for tag in tags if tag.type != SCRIPT
    ]
    assert [one.timestamp_ms for one in heard] == [tag.timestamp_ms for tag in tags]
    assert heard[0].payload.startswith(b"\2\0\r@setDataFrame\2\0\nonMetaData")
    publisher.finish()
    assert until_quiet(publisher, ingest, cut)[-1] == Ended()


def test_recordings_have_no_channel_in_their_address() -> None:
    publisher, ingest = pair("rtmp://127.0.0.1/live/864200000000001")
    assert until_quiet(publisher, ingest) == [Asked("live/864200000000001")]


def test_a_refusal_is_understood() -> None:
    publisher, ingest = pair()
    while not ingest.receive(publisher.to_send()):
        publisher.receive(ingest.to_send())
    ingest.refuse("not asked for")
    publisher.receive(ingest.to_send())
    assert (publisher.stage, publisher.reason) == (Stage.REFUSED, "NetStream.Publish.BadName")


def test_a_refused_connect_is_understood() -> None:
    publisher, _ = pair()
    error = amf0.encode("_error", 1.0, None, {"level": "error", "code": "NetConnection.Connect.Rejected"})
    publisher.receive(bytes(3073) + chunked(Message(20, 0, 0, error), 3, 128))
    assert (publisher.stage, publisher.reason) == (Stage.REFUSED, "NetConnection.Connect.Rejected")


def test_a_ping_is_answered() -> None:
    publisher, ingest = pair()
    until_quiet(publisher, ingest)
    publisher.receive(chunked(Message(4, 0, 0, b"\0\6\1\2\3\4"), 2, 128))
    assert publisher.to_send().endswith(b"\0\7\1\2\3\4")


def test_nonsense_is_no_rtmp() -> None:
    publisher, _ = pair()
    with pytest.raises(RtmpError):
        publisher.receive(bytes(3073) + b"\xff" * 100)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("rtmp://h/live/0/1", ("h", 1935, "live/0", "1")),
        ("rtmp://h:7/live/1", ("h", 7, "live", "1")),
        ("rtmp://[::1]:7/live/pip/1", ("::1", 7, "live/pip", "1")),
    ],
)
def test_addresses(url: str, found: tuple[str, int, str, str]) -> None:
    assert place(url) == found


@pytest.mark.parametrize("url", ["", "http://h/live/1", "rtmp://h/1", "rtmp:///live/1", "rtmp://h:x/live/1"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the texts for a port are Python's own
        place(url)


class Studio:
    """A server that lets everybody publish but the first ``refusals``, and hangs up when told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.asked: list[str] = []
        self.heard: list[Happening] = []
        self.lines: list[asyncio.StreamWriter] = []
        self.ended = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ingest = Ingest(bytes(1528))
        self.lines.append(writer)
        while data := await reader.read(65536):
            news = ingest.receive(data)
            while news:
                self.heard += news
                news = self.decide(ingest, news[-1])
            writer.write(ingest.to_send())
        writer.close()
        self.ended += 1

    def decide(self, ingest: Ingest, last: Happening) -> list[Happening]:
        if not isinstance(last, Asked):
            return []
        self.asked.append(last.path)
        if len(self.asked) <= self.refusals:
            ingest.refuse("no")
            return []
        return ingest.accept()

    def media(self) -> list[Media]:
        return [one for one in self.heard if isinstance(one, Media)]


@asynccontextmanager
async def on_air(studio: Studio) -> AsyncIterator[str]:
    server = await asyncio.start_server(studio.serve, "127.0.0.1", 0)
    async with server:
        yield f"rtmp://127.0.0.1:{server.sockets[0].getsockname()[1]}/live/0/1"
        await eventually(lambda: studio.ended == len(studio.lines))


@pytest.fixture
async def errands(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Errands]:
    monkeypatch.setattr(shell, "RETRY_S", 0.01)
    found = Errands(Tally())
    yield found
    await found.stop()


async def test_a_stream_goes_round_and_ends_when_told(
    errands: Errands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "CLIP_MS", 200)
    shell._clip.cache_clear()
    studio = Studio()
    async with on_air(studio) as url:
        errands.publish(url)
        errands.publish(url)
        await eventually(lambda: len([one for one in studio.media() if one.type == 9]) > 8)
        assert errands.tally.streams == 1
        errands.unpublish(url)
        await eventually(lambda: isinstance(studio.heard[-1], Ended))
        await eventually(lambda: errands.tally.streams == 0)
    shell._clip.cache_clear()
    times = [one.timestamp_ms for one in studio.media()]
    assert times == sorted(times)
    assert times[-1] > 400
    assert studio.asked == ["live/0/1"]


async def test_a_stream_that_is_refused_or_cut_begins_again(errands: Errands) -> None:
    studio = Studio(refusals=2)
    async with on_air(studio) as url:
        errands.publish(url)
        await eventually(lambda: bool(studio.media()))
        assert len(studio.asked) == 3
        assert errands.tally.streams_refused == 2
        studio.lines[-1].close()
        await eventually(lambda: len(studio.asked) == 4)
        errands.unpublish(url)


async def test_what_is_no_address_is_streamed_to_nowhere(errands: Errands) -> None:
    errands.publish("nonsense")
    errands.unpublish("nonsense")
    errands.unpublish("never begun")
    assert errands.tally.streams == 0
