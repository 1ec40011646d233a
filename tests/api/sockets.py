"""The client's end of a WebSocket, straight at the ASGI interface, so that a test can also refuse to read."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

import msgspec

TIMEOUT_S = 10


async def until(condition: Callable[[], bool]) -> None:
    """Let the rest of the program go on until the condition holds."""
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event to wait on
            await asyncio.sleep(0.002)


class Socket:
    """One connection to an ASGI application.  While ``stalled``, its sends do not complete."""

    def __init__(
        self,
        app: Callable[..., Coroutine[Any, Any, None]],
        path: str,
        *,
        headers: dict[str, str] | None = None,
        subprotocols: list[str] | None = None,
        denial: bool = False,
    ) -> None:
        self.app = app
        path, _, query = path.partition("?")
        self.scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(key.lower().encode(), value.encode()) for key, value in (headers or {}).items()],
            "client": ("198.51.100.1", 50_000),
            "server": ("test", 80),
            "subprotocols": subprotocols or [],
            "state": {},
            "extensions": {"websocket.http.response": {}} if denial else {},
        }
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def __aenter__(self) -> Self:
        self.inbox.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(self.app(self.scope, self.inbox.get, self._send))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flowing.set()
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self.task, TIMEOUT_S)

    async def _send(self, message: dict[str, Any]) -> None:
        await self.flowing.wait()
        self.outbox.put_nowait(message)

    async def said(self) -> dict[str, Any]:
        """The next ASGI message of the application."""
        return await asyncio.wait_for(self.outbox.get(), TIMEOUT_S)

    async def notice(self) -> dict[str, Any]:
        """The next message of the feed, decoded."""
        message = await self.said()
        assert message["type"] == "websocket.send", message
        decoded: dict[str, Any] = msgspec.json.decode(message["text"])
        return decoded
