"""What simulated devices do beside their own connection, on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from random import Random

import pytest

from tests.simulate.test_fleet import LINK, Ear, Talker, eventually, listening
from wayside.model.instant import Instant
from wayside.protocol.base import Side
from wayside.protocol.effects import Send
from wayside.protocol.simulator import Answer, Behaviour, Post, Reactions, Sample
from wayside.simulate.device import Device
from wayside.simulate.errands import Errands
from wayside.simulate.samples import sample
from wayside.simulate.tally import Tally

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + b'{"code":200}'


class Clerk:
    """An HTTP server that answers whatever comes, and keeps the bytes as they came."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.whole: list[bool] = []
        self.serving = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving += 1
        await self.take(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self.serving -= 1

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        try:
            if b"content-length" in fields:
                body = await reader.readexactly(int(fields[b"content-length"]))
            else:
                body = await reader.readuntil(b"\r\n0\r\n\r\n")
        except asyncio.IncompleteReadError as cut:
            body = cut.partial
            self.whole.append(False)
        else:
            self.whole.append(True)
            writer.write(self.answer)
        self.requests.append(head + body)


@asynccontextmanager
async def open_for(clerk: Clerk) -> AsyncIterator[str]:
    server = await asyncio.start_server(clerk.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/upload"
        await eventually(lambda: not clerk.serving)


@pytest.fixture
async def errands() -> AsyncIterator[Errands]:
    found = Errands(Tally())
    yield found
    await found.stop()


async def test_a_post_arrives_as_it_was_meant_and_so_does_the_answer(errands: Errands) -> None:
    clerk = Clerk()
    async with open_for(clerk) as url:
        answer = await errands.post(Post(url, "text/x", (b"<", Sample.PICTURE, b">")))
    assert answer == Answer(200, b'{"code":200}')
    (request,) = clerk.requests
    assert request.startswith(b"POST /upload HTTP/1.1\r\n")
    assert b"\r\nContent-Type: text/x\r\n" in request
    assert request.endswith(b"\r\n\r\n<" + sample(Sample.PICTURE) + b">")
    assert errands.tally.posts == 1


async def test_a_list_comes_in_chunks_and_without_a_length(errands: Errands) -> None:
    clerk = Clerk()
    async with open_for(clerk) as url:
        await errands.post(Post(url, "application/json", (b"abc", b"de"), chunked=True))
    (request,) = clerk.requests
    assert request.endswith(b"\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert b"content-length" not in request.lower()
    assert b"\r\ntransfer-encoding: chunked\r\n" in request.lower()


@pytest.mark.parametrize("after", [0, 1, 3, 3000])
async def test_a_cut_is_where_it_was_wanted(errands: Errands, after: int) -> None:
    clerk = Clerk()
    async with open_for(clerk) as url:
        assert await errands.post(Post(url, "x/y", (b"ab", Sample.CLIP, b"yz"), cut_after=after)) is None
        await eventually(lambda: bool(clerk.requests))
    assert clerk.whole == [False]
    body = clerk.requests[0].partition(b"\r\n\r\n")[2]
    assert body == (b"ab" + sample(Sample.CLIP))[:after]
    assert (errands.tally.posts, errands.tally.posts_lost) == (0, 1)


async def test_nobody_at_home_and_no_address_are_no_answer(errands: Errands) -> None:
    async with open_for(Clerk()) as url:
        pass
    for target in (url, "http://", "no address", "ftp://127.0.0.1/x"):
        assert await errands.post(Post(target, "x/y", (b"",))) is None
    async with open_for(Clerk(b"nonsense\r\n\r\n")) as url:
        assert await errands.post(Post(url, "x/y", (b"",))) is None


async def test_no_answer_is_read_without_end(errands: Errands) -> None:
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(1_000_000)
    async with open_for(Clerk(endless)) as url:
        answer = await errands.post(Post(url, "x/y", (b"",)))
    assert answer is not None
    assert len(answer.body) < 300_000


class Poster(Talker):
    """Posts its number, and says what the answer was."""

    url = ""

    def connected(self, at: Instant) -> Reactions:
        return [*super().connected(at), Post(self.url, "text/plain", (self.ident.encode(),))]

    def posted(self, answer: Answer | None, at: Instant) -> Reactions:
        return [Send(f"#{answer.status if answer else None}\n".encode(), "told")]


async def test_a_device_hears_what_became_of_its_post() -> None:
    ear, clerk = Ear(), Clerk()
    async with listening(ear) as (host, port), open_for(clerk) as url:
        simulator = Poster(Behaviour(7), Random(1))
        simulator.url = url
        errands = Errands(Tally())
        dial = partial(asyncio.get_running_loop().create_connection, host=host, port=port)
        device = Device(simulator, partial(LINK.framer, Side.SERVER), Random(1), dial, errands)
        device.start()
        await ear.until(lambda: "#200" in ear.heard)
        assert clerk.requests[0].endswith(b"\r\n\r\n7")
        await device.stop()
        await errands.stop()


async def test_a_device_that_is_stopped_lets_its_upload_go() -> None:
    asked, hung_up = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        hung_up.set()
        writer.close()
        await writer.wait_closed()

    ear = Ear()
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, listening(ear) as (host, port):
        simulator = Poster(Behaviour(7), Random(1))
        simulator.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        errands = Errands(Tally())
        dial = partial(asyncio.get_running_loop().create_connection, host=host, port=port)
        device = Device(simulator, partial(LINK.framer, Side.SERVER), Random(1), dial, errands)
        device.start()
        async with asyncio.timeout(20):
            await asked.wait()
            await device.stop()
            await hung_up.wait()
        await errands.stop()
    assert not [line for line in ear.heard if line.startswith("#")]
