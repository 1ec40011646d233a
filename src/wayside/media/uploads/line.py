"""One HTTP connection: h11 understands it, and nothing is read before it is wanted.

At most one buffer is between the socket and whoever reads: reading stops with each, and goes on when more is asked
for.  So a slow disk slows its senders down, and memory stays bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Final, cast

import h11
import msgspec

from wayside.media.uploads.patience import Patience

HEAD_BYTES_MAX: Final = 16 * 1024
"""Of a request's head, and of a chunk's: cameras send some 500 bytes."""

BUFFER_BYTES: Final = 64 * 1024
"""Read at once.  All connections share one buffer: what is in it is taken out before the next one is read."""

LINGER_S: Final = 2.0
"""A refused sender's bytes are thrown away for so long: who closes at once cuts his own last word off."""

LINGER_PAUSE_S: Final = 0.01
"""Between two buffers that are thrown away, so that it costs little."""


class Gone(Exception):
    """The peer is gone, before what was wanted of it had come."""


class TooSlow(Exception):
    """The peer took too long."""


class Reply(msgspec.Struct, frozen=True):
    """An answer.  ``close``: the connection ends with it."""

    status: int
    body: bytes
    content_type: str
    close: bool = False
    headers: tuple[tuple[str, str], ...] = ()


class Line(asyncio.BufferedProtocol):
    """``serve`` is run once it is connected, and may use everything here; the connection ends when it returns."""

    def __init__(
        self,
        room: bytearray,
        serve: Callable[[Line], Coroutine[Any, Any, None]],
        gone: Callable[[], None],
    ) -> None:
        self._room = memoryview(room)
        self._serve = serve
        self._gone = gone
        self._http = h11.Connection(h11.SERVER, HEAD_BYTES_MAX)
        self._transport: asyncio.Transport
        self._more = asyncio.Event()
        self._lost = False
        self._ended = False
        self._deaf = False
        self.task: asyncio.Task[None] | None = None
        self.idle = True
        """Whether nothing of a request has come yet: such a connection can be closed at any time."""

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self._transport = cast("asyncio.Transport", transport)
        self.task = asyncio.get_running_loop().create_task(self._run())

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the BufferedProtocol's signature
        """Where to read to."""
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """Some bytes came; no more until they are wanted."""
        self._transport.pause_reading()
        if not self._deaf:
            self.idle = False
            self._http.receive_data(bytes(self._room[:nbytes]))
        self._more.set()

    def eof_received(self) -> bool:
        """The peer will say no more, but may listen."""
        self._ended = True
        if not self._deaf:
            self._http.receive_data(b"")
        self._more.set()
        return not self._deaf

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the Protocol's signature
        """Gone."""
        self._lost = True
        self._more.set()
        self._gone()

    # What whoever serves calls.

    async def request(self, patience: Patience) -> h11.Request | None:
        """The head of the next request; None: there will be none.

        Raises:
            Gone, TooSlow: it did not come.
            h11.RemoteProtocolError: this is no HTTP.
        """
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self.idle = not self._http.trailing_data[0]
        event = await self._next(patience)
        return event if isinstance(event, h11.Request) else None

    async def body(self, patience: Patience) -> AsyncGenerator[bytes, None]:
        """What follows the head, as it comes.  Raises as ``request``."""
        if self._http.they_are_waiting_for_100_continue:
            self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
        while not isinstance(event := await self._next(patience), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                patience.received(len(event.data))
                yield bytes(event.data)
            else:
                raise Gone

    def respond(self, reply: Reply) -> None:
        """Answer the request, or what came in its place."""
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        headers = [
            ("Content-Type", reply.content_type),
            ("Content-Length", str(len(reply.body))),
            *reply.headers,
            *([("Connection", "close")] if reply.close else []),
        ]
        head = self._http.send(h11.Response(status_code=reply.status, headers=headers))
        body = self._http.send(h11.Data(data=reply.body))
        self._write(b"".join(filter(None, (head, body, self._http.send(h11.EndOfMessage())))))

    @property
    def reusable(self) -> bool:
        """Whether another request may come after this one."""
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def hang_up(self) -> None:
        """End it now."""
        if self.task is not None:
            self.task.cancel()

    # Inside.

    async def _run(self) -> None:
        try:
            await self._serve(self)
            await self._linger()
        except BaseException:
            self._transport.abort()
            raise
        self._transport.close()
        # What a peer does not read would keep it open for ever.
        asyncio.get_running_loop().call_later(LINGER_S, self._transport.abort)

    async def _next(self, patience: Patience) -> Any:  # noqa: ANN401 - h11's events have no common type
        while (event := self._event()) is h11.NEED_DATA:
            if self._lost or self._transport.is_closing():
                raise Gone
            await self._receive(patience)
        return event

    def _event(self) -> Any:  # noqa: ANN401 - likewise
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            if self._ended:  # in the midst of something, as when a network is lost
                raise Gone from error
            raise

    async def _receive(self, patience: Patience) -> None:
        loop = asyncio.get_running_loop()
        left_s = patience.left_s
        if left_s <= 0:
            raise TooSlow
        begun_s = loop.time()
        self._more.clear()
        self._transport.resume_reading()
        try:
            async with asyncio.timeout(left_s):
                await self._more.wait()
        except TimeoutError:
            raise TooSlow from None
        finally:
            patience.waited(loop.time() - begun_s)

    async def _linger(self) -> None:
        """Let the peer read our last word before the connection is torn down."""
        if self._lost or self._transport.is_closing() or self._http.our_state is h11.IDLE:
            return
        self._deaf = True
        with contextlib.suppress(OSError):  # reset in this moment
            self._transport.write_eof()
        loop = asyncio.get_running_loop()
        end_s = loop.time() + LINGER_S
        while not self._over() and loop.time() < end_s:
            self._more.clear()
            self._transport.resume_reading()
            try:
                async with asyncio.timeout_at(end_s):
                    await self._more.wait()
            except TimeoutError:
                return
            await asyncio.sleep(LINGER_PAUSE_S)

    def _over(self) -> bool:
        return self._lost or self._ended

    def _write(self, data: bytes | None) -> None:
        if data and not self._lost and not self._transport.is_closing():
            self._transport.write(data)
