"""The HTTP server, inside the loop that runs everything else.

Granian's embedded server does the work: its HTTP is Rust on a thread of its own, measured at twice uvicorn's speed,
and the application still runs in our loop.  Its embed mode calls itself experimental, so ``tests/api/test_server.py``
holds what we rely on: streaming both ways, WebSockets, back pressure, and an end also with clients that do not read.

We bind the socket ourselves: port 0 gives its number at once, and a port that is taken is an error (on Linux Granian
would quietly share it).  The server sees no signals and has no log of its own.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
import structlog
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

# Connections that may wait to be accepted: a restart, after which every console reconnects.
BACKLOG: Final = 1024

# Connections served at once; the next ones wait in the backlog.  Each feed and each download holds one.
CONNECTIONS_MAX: Final = 4096

# What the system takes of an answer before a client has room for it.  Without a bound that is four megabytes a
# connection: memory of the machine for each client that does not read, and twenty seconds that a viewer on a slow
# line lags behind before anybody notices.  What is on its way to a client that reads does not count.
UNSENT_BYTES_MAX: Final = 128 * 1024

# Slow senders of headers are cut off after this; the bytes of headers are bounded too.
HEADER_READ_TIMEOUT_S: Final = 15
HEADERS_BYTES_MAX: Final = 64 * 1024

# What is under way when the server stops gets this long; a client that does not read would hold it for ever.
FINISH_WITHIN_S: Final = 3.0
CANCEL_WITHIN_S: Final = 1.0

_log = structlog.get_logger("wayside.api")

Application = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]


class Address(msgspec.Struct, frozen=True):
    """Where the server listens."""

    host: str
    port: int


class HttpServer:
    """An ASGI application being served; made by ``start``."""

    def __init__(self, app: Application, bound: socket.socket) -> None:
        host, port = bound.getsockname()[:2]
        self.address = Address(host, port)
        self._app = app
        self._requests: set[asyncio.Task[Any]] = set()
        self._server = _Embedded(self._answer, bound)
        self._serving = asyncio.create_task(self._server.serve())

    async def stop(self) -> None:
        """Take no more connections, let what is under way finish for a moment, then end it."""
        self._server.stop()  # type: ignore[no-untyped-call]  # Granian's own
        await asyncio.wait({self._serving}, timeout=FINISH_WITHIN_S)
        if self._requests:
            _log.warning("requests_cut_off", count=len(self._requests))
        for request in self._requests:
            request.cancel()
        # Granian waits for connections whose client does not read, however long: it is left to the end of the process.
        await asyncio.wait({self._serving}, timeout=CANCEL_WITHIN_S)
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own shapes
        """The application, with its tasks known so that they can be ended."""
        request = asyncio.current_task()
        assert request is not None
        self._requests.add(request)
        try:
            await self._app(scope, receive, send)
        finally:
            self._requests.discard(request)


class _Embedded(Server):
    """Granian on a socket that is bound already, which its own constructor does not take."""

    def __init__(self, app: Application, bound: socket.socket) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            backlog=BACKLOG,
            backpressure=CONNECTIONS_MAX,
            http1_settings=HTTP1Settings(
                header_read_timeout=int(HEADER_READ_TIMEOUT_S * 1000), max_buffer_size=HEADERS_BYTES_MAX
            ),
            log_enabled=False,
            # Leaves the logging of the process as it is.
            log_dictconfig={"incremental": True, "handlers": {}, "loggers": {}},
        )
        self._bound = bound

    def _init_shared_socket(self) -> None:
        # Granian closes the descriptor itself.
        holder: Any = SocketHolder
        self._shd = holder(self._bound.detach(), False, BACKLOG)
        self._ssp = None


def start(app: Application, host: str, port: int) -> HttpServer:
    """Serve ``app`` in the running loop; port 0 lets the system choose one.

    Raises:
        OSError: the address cannot be bound.
    """
    return HttpServer(app, _bind(host, port))


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket."""
    family, kind, proto, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, proto)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections have it from the socket that accepts them
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
        bound.bind(address)
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound
