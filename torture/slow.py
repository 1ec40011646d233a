"""Slowloris, on every port: connections that say a byte now and then, and never come to the point."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Mapping
from typing import Final

import httpx

from torture.attackers import ALIVE, CALM, HURRY, LASTS_S, SPOKEN, Attackers
from torture.checks import UNHARMED
from torture.corpus import frames_of
from torture.crowd import AGAIN_S
from torture.scenario import Scenario, Stage

BYTE_EVERY_S: Final = 0.2

ANSWERED_MS: Final = 1_000
"""A person who waits for a page notices more."""

HEAD: Final = b"/api/v1/devices HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 1_000

HANDSHAKE: Final = b"\x03" + bytes(1_536)
"""Of RTMP: a version, and the first of three packets."""


async def trickled(stage: Stage, texts: Mapping[str, bytes]) -> str:
    """Connections to these listeners, as many to each, which say these texts."""
    every = {listener: Attackers(stage, listener, stage.times // len(texts)) for listener in texts}

    async def attack() -> None:
        for attackers in every.values():
            await attackers.connect()
        for at in range(int(LASTS_S / BYTE_EVERY_S)):
            for listener, attackers in every.items():
                attackers.say(texts[listener][at : at + 1])
            await asyncio.sleep(BYTE_EVERY_S)

    await stage.under(attack, LASTS_S, UNHARMED)
    cut = sum(await asyncio.gather(*(attackers.cut() for attackers in every.values())))
    total = sum(len(attackers.sockets) for attackers in every.values())
    for attackers in every.values():
        attackers.close()
    stage.claim("all of them are cut", cut == total, f"{cut} of {total}")
    return f"{total} connections to {', '.join(texts)}"


async def slow_devices(stage: Stage) -> str:
    """A frame that never ends."""
    return await trickled(stage, {protocol.name: frames_of(protocol)[0][:-2] for protocol in SPOKEN})


async def slow_callers(stage: Stage) -> str:
    """A request whose head never ends; others go on calling."""
    answers: list[float] = []

    async def call() -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            answer = await stage.api()
            assert answer.status_code == httpx.codes.OK
            answers.append(loop.time() - began)
            await asyncio.sleep(AGAIN_S)

    calling = asyncio.create_task(call())
    try:
        done = await trickled(stage, {"http": b"GET " + HEAD})
    finally:
        calling.cancel()
    p99_ms = statistics.quantiles(answers, n=100)[-1] * 1000
    seen = f"{len(answers)}, p99 {p99_ms:.0f} ms"
    stage.claim("other callers are answered", p99_ms < ANSWERED_MS, seen)
    return done


async def slow_uploads(stage: Stage) -> str:
    """A file's head that never ends."""
    return await trickled(stage, {"upload": b"POST " + HEAD})


async def slow_publishers(stage: Stage) -> str:
    """A handshake that never ends."""
    return await trickled(stage, {"rtmp": HANDSHAKE})


SCENARIOS: Final = (
    Scenario("slow-devices", "slowloris on the devices' ports", slow_devices, ALIVE, CALM, HURRY, times=300),
    Scenario("slow-callers", "slowloris on HTTP", slow_callers, ALIVE, CALM, HURRY, times=200),
    Scenario("slow-uploads", "slowloris on the upload port", slow_uploads, ALIVE, CALM, HURRY, times=50),
    Scenario("slow-publishers", "slowloris on RTMP", slow_publishers, ALIVE, CALM, HURRY, times=100),
)
