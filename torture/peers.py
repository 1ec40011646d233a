"""Peers that mean it: half-open, deaf, talkative, two at once, or speaking nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Iterator
from itertools import count
from typing import Final

from bench.frames import heartbeat, login
from tests.proof.cameras import Camera, location
from tests.proof.world import eventually
from torture.attackers import ALIVE, CALM, CUT_WITHIN_S, HURRY, LASTS_S, SPOKEN, Attackers, vanish
from torture.checks import UNHARMED
from torture.corpus import frames_of
from torture.crowd import AGAIN_S
from torture.scenario import Scenario, Stage
from wayside.protocol.base import Protocol

FIRST_ATTACKER: Final = 500_000
"""Numbers of devices that neither the crowd nor the witnesses have."""

TALK_FRAMES: Final = 100
TALK_EVERY_S: Final = 0.02
"""Some thousand frames a second: a buffer of 128 KiB is full of their acknowledgements after a few seconds."""


async def connections(stage: Stage) -> int:
    """How many connections of devices the server counts."""
    answer = await stage.world.http.get("/metrics")
    line = next(line for line in answer.text.splitlines() if line.startswith("wayside_connections "))
    return int(float(line.split()[1]))


# Those who hold a connection and do nothing with it.


async def half_open(stage: Stage) -> str:
    """Connected and silent; a frame begun and not ended; logged in and gone without a word."""
    silent, begun, gone = (Attackers(stage, "jimi", stage.times) for _ in range(3))
    vanished = 0

    async def attack() -> None:
        nonlocal vanished
        for attackers in (silent, begun, gone):
            await attackers.connect()
        begun.say(login(FIRST_ATTACKER)[:7])
        for number, one in enumerate(gone.sockets, FIRST_ATTACKER):
            one.send(login(number))
        await asyncio.sleep(1)
        vanished = sum(map(vanish, gone.sockets))

    await stage.world.online(*stage.crowd.diaries())
    before = await connections(stage)
    await stage.under(attack, LASTS_S, UNHARMED)
    cut = await silent.cut() + await begun.cut()
    stage.claim("who says nothing, or half a frame, is cut", cut == 2 * stage.times, f"{cut}")
    if vanished:
        left = await _down_to(stage, before)
        stage.claim("who vanished without a word is noticed", left <= before, f"{vanished}")
    for attackers in (silent, begun, gone):
        attackers.close()
    return f"{stage.times} silent, {stage.times} in the midst of a frame, {vanished} vanished"


async def _down_to(stage: Stage, wanted: int) -> int:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CUT_WITHIN_S):
            while await connections(stage) > wanted:  # noqa: ASYNC110 - other processes set no events
                await asyncio.sleep(AGAIN_S)
    return await connections(stage)


async def deaf(stage: Stage) -> str:
    """Devices that ask and ask, and never read an answer."""
    attackers = Attackers(stage, "jimi", stage.times, room_bytes=4_096)

    async def attack() -> None:
        await attackers.connect()
        for number, one in enumerate(attackers.sockets, FIRST_ATTACKER):
            one.send(login(number))
        await asyncio.wait([asyncio.create_task(_talk(one)) for one in attackers.sockets], timeout=LASTS_S)

    await stage.under(attack, LASTS_S, UNHARMED)
    left = await _down_to(stage, len(stage.crowd.diaries()))
    attackers.close()
    stage.claim("they are dropped", left <= len(stage.crowd.diaries()), f"{stage.times}")
    return f"{stage.times} devices"


async def _talk(one: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    beats = heartbeat() * TALK_FRAMES
    with contextlib.suppress(OSError):
        while True:
            await loop.sock_sendall(one, beats)
            await asyncio.sleep(TALK_EVERY_S)


# Those who say too much, or nonsense.


async def flood(stage: Stage) -> str:
    """One device that reports as fast as it is let, and waits for nothing."""
    loud = Camera(FIRST_ATTACKER)
    sent = 0

    async def attack() -> None:
        nonlocal sent
        reader, writer = await stage.world.dial("jimi")
        writer.write(login(FIRST_ATTACKER))
        hearing = asyncio.create_task(reader.read(-1))
        loop = asyncio.get_running_loop()
        end = loop.time() + LASTS_S
        while loop.time() < end and not hearing.done():
            writer.write(b"".join(location(sent + n, 1) for n in range(200)))
            sent += 200
            await writer.drain()
        writer.close()
        hearing.cancel()

    await stage.under(attack, LASTS_S, UNHARMED)
    await stage.busy()
    return f"{sent:,} frames of {loud.device} in {LASTS_S:.0f} s"


async def nonsense(stage: Stage) -> str:
    """Garbage, bad checksums, lengths that cannot be, frames in frames: on every listener, until it is cut."""
    said = 0
    cut = 0

    async def attack() -> None:
        nonlocal said, cut
        loop = asyncio.get_running_loop()
        end = loop.time() + LASTS_S
        while loop.time() < end:
            protocol = stage.rng.choice(SPOKEN)
            reader, writer = await stage.world.dial(protocol.name)
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1):
                    for piece in spoilt(protocol, stage.rng):
                        writer.write(piece)
                        said += 1
                        await writer.drain()
                    await reader.read(-1)
                cut += 1
            writer.close()

    await stage.under(attack, LASTS_S, UNHARMED)
    await stage.busy()
    stage.claim("who goes on is cut", cut, f"{cut} connections")
    return f"{said:,} pieces on {len(SPOKEN)} listeners"


def spoilt(protocol: Protocol, rng: random.Random) -> Iterator[bytes]:
    """Some dozens of pieces of nonsense, each a little like the protocol."""
    good = frames_of(protocol)
    for _ in range(40):
        frame = rng.choice(good)
        at = rng.randrange(len(frame))
        match rng.randrange(5):
            case 0:
                yield rng.randbytes(rng.randrange(1, 2000))
            case 1:  # one bit is wrong, in the checksum or in what it covers
                yield frame[:at] + bytes((frame[at] ^ 1 << rng.randrange(8),)) + frame[at + 1 :]
            case 2:  # a length that is never reached
                yield frame[:2] + b"\xff" * 4 + rng.randbytes(3000)
            case 3:  # frames that begin in frames
                yield frame[:at] * rng.randrange(1, 60) + frame
            case _:  # a frame without its end, and the next one
                yield frame[:at]


async def flapping(stage: Stage) -> str:
    """Two connections claim to be one device, and chase each other away."""
    # A device of the crowd, which has nothing more to say by itself.
    original = stage.crowd.cameras[0]
    original.full = True

    async def quiet() -> bool:
        return not original.has_more and original.line.acknowledged == len(original.line.sent)

    await eventually(quiet)
    number, diary = int(original.imei[2:]), original.diary
    turns = count(len(original.lines) + 1)
    done = 0

    async def attack() -> None:
        nonlocal done
        loop = asyncio.get_running_loop()
        end = loop.time() + LASTS_S
        before: tuple[Camera, asyncio.Task[None]] | None = None
        while loop.time() < end:
            camera = Camera(number, first_line=next(turns), diary=diary)
            await camera.connect(stage.world)
            reporting = asyncio.create_task(camera.report())
            if before is not None:
                await before[1]  # it was chased away
            await asyncio.sleep(stage.rng.uniform(0, 0.03))
            before = camera, reporting
            done += 1
        assert before is not None
        before[0].full = True
        await before[1]
        before[0].hang_up()

    await stage.under(attack, LASTS_S, UNHARMED)
    await stage.busy()
    return f"{done} times"


SCENARIOS: Final = (
    Scenario("half-open", "half-open peers", half_open, ALIVE, CALM, HURRY, times=150),
    Scenario("deaf", "devices that never read", deaf, ALIVE, CALM, HURRY, times=2),
    Scenario("flood", "one device floods", flood, ALIVE, CALM),
    Scenario("nonsense", "garbage, bad checksums, impossible lengths, nested starts", nonsense, ALIVE, CALM),
    Scenario("flapping", "one identity on two connections, in turn", flapping, ALIVE, CALM),
)
