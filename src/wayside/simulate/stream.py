"""One live stream of a simulated camera: the clip again and again, at its own pace, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
from functools import cache
from typing import Final

from wayside.protocol.simulator import SAMPLE_CLIP_S
from wayside.simulate.flv import Tag, tags_of
from wayside.simulate.rtmp import RANDOM_BYTES, Publisher, Stage, place
from wayside.simulate.samples import stream
from wayside.simulate.tally import Tally
from wayside.wire.rtmp.errors import RtmpError

CONNECT_TIMEOUT_S: Final = 15.0
RETRY_S: Final = 3.0
"""Refused or cut off, a camera tries again until its time is over."""
READ_BYTES: Final = 16 * 1024
CLIP_MS: Final = round(SAMPLE_CLIP_S * 1000)


@cache
def _clip() -> tuple[tuple[Tag, ...], tuple[Tag, ...]]:
    """What is sent once, and what is sent again and again: less than a whole turn, or times would go backwards."""
    tags = tags_of(stream())
    frames = (tag for tag in tags if not tag.is_header and tag.timestamp_ms < CLIP_MS)
    return tuple(tag for tag in tags if tag.is_header), tuple(frames)


async def broadcast(url: str, tally: Tally) -> None:
    """Until cancelled; to what is no address, nothing is streamed."""
    try:
        place(url)
    except ValueError:
        return
    while True:
        try:
            await _once(url, tally)
        except (OSError, RtmpError):
            await asyncio.sleep(RETRY_S)


async def _once(url: str, tally: Tally) -> None:
    """One connection, until it is cut."""
    host, port, _, _ = place(url)
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        reader, writer = await asyncio.open_connection(host, port)
    publisher = Publisher(url, os.urandom(RANDOM_BYTES))
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            while publisher.stage is not Stage.LIVE:
                writer.write(publisher.to_send())
                publisher.receive(await _some(reader))
                if publisher.stage is Stage.REFUSED:
                    tally.streams_refused += 1
                    raise RtmpError(publisher.reason)
        tally.streams += 1
        try:
            await _play(publisher, reader, writer)
        finally:
            tally.streams -= 1
            publisher.finish()
            writer.write(publisher.to_send())
    finally:
        writer.close()


async def _play(publisher: Publisher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say and hear at once, until the server hangs up."""
    loop = asyncio.get_running_loop()
    both = {loop.create_task(_hear(publisher, reader, writer)), loop.create_task(_say(publisher, writer))}
    try:
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)


async def _hear(publisher: Publisher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        publisher.receive(await _some(reader))
        writer.write(publisher.to_send())


async def _say(publisher: Publisher, writer: asyncio.StreamWriter) -> None:
    headers, frames = _clip()
    for tag in headers:
        publisher.push(tag, 0)
    loop = asyncio.get_running_loop()
    began, shift_ms = loop.time(), 0
    while True:
        for tag in frames:
            at_ms = shift_ms + tag.timestamp_ms
            await asyncio.sleep(began + at_ms / 1000 - loop.time())
            publisher.push(tag, at_ms)
            writer.write(publisher.to_send())
            await writer.drain()
        shift_ms += CLIP_MS


async def _some(reader: asyncio.StreamReader) -> bytes:
    """Whatever has come.

    Raises:
        ConnectionResetError: nothing more will.
    """
    data = await reader.read(READ_BYTES)
    if not data:
        raise ConnectionResetError("the server hung up")
    return data
