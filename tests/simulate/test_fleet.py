"""Fleets on real sockets: they connect, come back, and are the same twice.  The protocol is a planted one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import msgspec
import pytest

from wayside.model.instant import Instant, seconds
from wayside.protocol.base import Link, Side, Transport
from wayside.protocol.effects import Close, Send, WakeAt
from wayside.protocol.framing import MORE, Framer
from wayside.protocol.session import Session, Setup
from wayside.protocol.simulator import Behaviour, Random, Reactions
from wayside.simulate import device
from wayside.simulate.fleet import Fleet, FleetPlan


class Line(msgspec.Struct, frozen=True):
    raw: bytes
    name: str = "line"


class Lines(Framer[Line]):
    frame_bytes_max = 100

    def find(self, buffer: bytes, position: int) -> int:
        return position

    def measure(self, buffer: bytes, start: int) -> int:
        end = buffer.find(b"\n", start)
        return MORE if end < 0 else end + 1 - start

    def open(self, raw: bytes) -> Line:
        return Line(raw)


class Talker:
    """Says its number and its dice, then counts; hangs up when told to."""

    def __init__(self, behaviour: Behaviour, random: Random) -> None:
        self.behaviour, self.random, self.count = behaviour, random, 0

    @property
    def ident(self) -> str:
        return str(self.behaviour.number)

    def connected(self, at: Instant) -> Reactions:
        greeting = f"{self.ident} {self.random.randrange(0, 1000)}\n".encode()
        return [Send(greeting, "hello"), WakeAt(at + seconds(self.behaviour.interval_s))]

    def received(self, data: bytes, at: Instant) -> Reactions:
        return [Close("told to")] if b"bye" in data else []

    def wake(self, at: Instant) -> Reactions:
        self.count += 1
        return [Send(f"{self.ident} #{self.count}\n".encode(), "count"), WakeAt(at + seconds(0.01))]


def no_session(setup: Setup) -> Session:
    raise AssertionError("a fleet needs no server side")


def parse(frame: Line, side: Side) -> msgspec.Struct:
    return frame


LINK = Link(Transport.TCP, lambda _: Lines(), parse, no_session, Talker, 60.0, 1)


class Ear:
    """A server that writes down what each connection said."""

    def __init__(self, answer: Callable[[str], bytes | None] = lambda _: b"ok\n") -> None:
        self.heard: list[str] = []
        self.answer = answer
        self.news = asyncio.Condition()
        self.talking = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talking += 1
        while line := (await reader.readline()).decode().strip():
            async with self.news:
                self.heard.append(line)
                self.news.notify_all()
            if answer := self.answer(line):
                writer.write(answer)
        writer.close()
        self.talking -= 1

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self.news:
            await self.news.wait_for(condition)

    def greetings(self) -> list[str]:
        return sorted(line for line in self.heard if "#" not in line)


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the tally is numbers, it has nothing to wait on
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(ear: Ear) -> AsyncIterator[tuple[str, int]]:
    server = await asyncio.start_server(ear.serve, "127.0.0.1", 0)
    async with server:
        yield cast("tuple[str, int]", server.sockets[0].getsockname())
        await eventually(lambda: not ear.talking)


async def test_every_device_connects_and_reports() -> None:
    ear = Ear()
    async with listening(ear) as target:
        fleet = Fleet(FleetPlan(LINK, target, count=5, interval_s=0.01, first=10))
        fleet.start()
        await ear.until(lambda: {f"{n} #2" for n in range(10, 15)} <= set(ear.heard))
        assert fleet.tally.connected == 5
        assert fleet.tally.sent >= 15
        assert fleet.tally.received > 0
        assert fleet.tally.bad == fleet.tally.reconnects == 0
        await fleet.stop()


async def test_the_same_seed_gives_the_same_devices() -> None:
    said = []
    for seed in (7, 7, 8):
        ear = Ear()
        async with listening(ear) as target:
            fleet = Fleet(FleetPlan(LINK, target, count=4, interval_s=60, seed=seed))
            fleet.start()
            await ear.until(lambda ear=ear: len(ear.greetings()) == 4)  # type: ignore[misc]  # the loop's ear
            await fleet.stop()
        said.append(ear.greetings())
    assert said[0] == said[1] != said[2]


async def test_a_device_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "BACKOFF_FIRST_S", 0.01)
    ear = Ear(lambda line: b"bye\n" if "#" not in line else None)
    async with listening(ear) as target:
        fleet = Fleet(FleetPlan(LINK, target, count=1, interval_s=60))
        fleet.start()
        await ear.until(lambda: len(ear.greetings()) >= 3)
        assert fleet.tally.reconnects >= 2
        await fleet.stop()


async def test_nobody_at_home_is_counted_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "BACKOFF_FIRST_S", 0.01)
    async with listening(Ear()) as target:
        pass
    fleet = Fleet(FleetPlan(LINK, target, count=1))
    fleet.start()
    await eventually(lambda: fleet.tally.refused >= 3)
    assert fleet.tally.connected == 0
    await fleet.stop()


async def test_stopping_hangs_up_for_good() -> None:
    ear = Ear()
    async with listening(ear) as target:
        fleet = Fleet(FleetPlan(LINK, target, count=3, interval_s=60))
        fleet.start()
        await ear.until(lambda: len(ear.greetings()) == 3)
        await fleet.stop()
        await eventually(lambda: not fleet.tally.connected)
        assert len(ear.greetings()) == 3


async def test_nonsense_from_the_server_is_counted() -> None:
    ear = Ear(lambda _: b"x" * 200 + b"\n")
    async with listening(ear) as target:
        fleet = Fleet(FleetPlan(LINK, target, count=1, interval_s=0.01))
        fleet.start()
        await eventually(lambda: fleet.tally.bad > 0)
        await fleet.stop()
