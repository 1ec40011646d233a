"""What a simulated device does beside its own connection: it posts files over HTTP, and streams over RTMP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import cached_property
from typing import Final

import httpx

from wayside.protocol.simulator import Answer, Post
from wayside.simulate.samples import sample
from wayside.simulate.stream import broadcast
from wayside.simulate.tally import Tally

# A camera's own patience: a server that stores a file before it answers may take some seconds.
ANSWER_TIMEOUT_S: Final = 30.0
ANSWER_BYTES_MAX: Final = 64 * 1024
"""Read of an answer: a code and a word."""


class _NetworkLost(Exception):
    """In the middle of an upload."""


class Errands:
    """Those of all devices of a fleet."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        # Each upload has a connection of its own, and a proxy of this machine is none of the camera's.
        alone = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S, limits=alone, trust_env=False)

    async def post(self, post: Post) -> Answer | None:
        """The server's answer; None: there was none."""
        pieces = [piece if isinstance(piece, bytes) else sample(piece) for piece in post.body]
        headers = {"Content-Type": post.content_type}
        if not post.chunked:
            headers["Content-Length"] = str(sum(map(len, pieces)))
        try:
            async with self._http.stream(
                "POST", post.url, headers=headers, content=_cut(pieces, post.cut_after)
            ) as response:
                answer = Answer(response.status_code, await _read(response))
        except (httpx.HTTPError, httpx.InvalidURL, _NetworkLost):
            self.tally.posts_lost += 1
            return None
        self.tally.posts += 1
        return answer

    def publish(self, url: str) -> None:
        """Begin to stream there, unless that is done already."""
        if url not in self._streams:
            self._streams[url] = asyncio.get_running_loop().create_task(broadcast(url, self.tally))

    def unpublish(self, url: str) -> None:
        """Stop that, if it is done."""
        task = self._streams.pop(url, None)
        if task is not None:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def stop(self) -> None:
        """Hang up everywhere."""
        for url in list(self._streams):
            self.unpublish(url)
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._http.aclose()


async def _read(response: httpx.Response) -> bytes:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            break
    return body


async def _cut(pieces: list[bytes], after: int | None) -> AsyncIterator[bytes]:
    for piece in pieces:
        if after is not None and after < len(piece):
            yield piece[:after]
            raise _NetworkLost
        after = None if after is None else after - len(piece)
        yield piece
