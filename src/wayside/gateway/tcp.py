"""TCP listeners: who may come in, and what happens when descriptors run out."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Final

import msgspec
import structlog

from wayside.gateway.belief import Belief
from wayside.gateway.connection import Connection
from wayside.gateway.hub import Hub, Route
from wayside.gateway.limits import Limits
from wayside.model.errors import ConfigError

# What accept says when the process or the machine has no room; anything else concerns one connection only.
NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

log = structlog.get_logger("wayside.gateway")


class Listen(msgspec.Struct, frozen=True):
    """Where a protocol's devices connect.  ``port`` None: the protocol's own; 0: any, for tests.

    ``ident``: whoever connects there is this device, as the operator says, once it has said anything valid.
    """

    protocol: str
    host: str = "0.0.0.0"  # noqa: S104 - devices come from the mobile network: this is the door they use
    port: int | None = None
    ident: str | None = None


class Listener:
    """One listening socket.  It accepts by itself, because the event loops give up or spin when files run out."""

    def __init__(self, hub: Hub, route: Route, ident: str | None = None) -> None:
        self._hub = hub
        self._route = route
        self._ident = ident
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._again: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            ConfigError: that address cannot be listened on.
        """
        limits = self._hub.limits
        try:
            family, *_, address = (await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
            self._socket = socket.create_server(
                address[:2], family=socket.AddressFamily(family), backlog=limits.listen_backlog
            )
        except OSError as error:
            name = self._route.protocol.name
            raise ConfigError(
                f"cannot listen for {name} on {host}:{port}: {error.strerror or error}"
            ) from error
        self._socket.setblocking(False)
        self._loop.add_reader(self._socket, self._accept)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it really listens on."""
        assert self._socket is not None, "not started"
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def backing_off(self) -> bool:
        """Whether it waits for descriptors, or for the store."""
        return self._again is not None

    def stop(self) -> None:
        """Accept nobody any more."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _accept(self) -> None:
        if self._hub.pipeline.full:
            self._back_off("the store does not keep up")
            return
        if self._hub.inbox.crowded:
            return  # asked again in the next turn, which comes at once as long as anybody stands in line
        for _ in range(self._hub.limits.accepts_per_turn):
            if self._socket is None:
                return
            try:
                sock, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in NO_ROOM:
                    self._back_off("no descriptors")
                    return
                continue  # that one hung up before we got to it
            self._welcome(sock, address[0])

    def _welcome(self, sock: socket.socket, host: str) -> None:
        refusal = self._hub.enter(host)
        if refusal is not None:
            sock.close()
            self._hub.stats.connections_refused[refusal] += 1
            self._hub.complaints.say("connection refused", address=host, reason=refusal)
            return
        self._hub.spawn(self._connect(sock, host))

    async def _connect(self, sock: socket.socket, host: str) -> None:
        try:
            prepare(sock, self._hub.limits)
            await self._loop.connect_accepted_socket(lambda: self._connection(host), sock)
        except OSError as error:  # it hung up meanwhile
            sock.close()
            self._hub.leave(host)
            self._hub.complaints.say("connection lost at once", address=host, reason=str(error))

    def _connection(self, host: str) -> Connection:
        if self._ident is None:
            return Connection(self._hub, self._route, host)
        return Connection(self._hub, self._route, host, ident=self._ident, belief=Belief.WHEN_HEARD)

    def _back_off(self, reason: str) -> None:
        """Leave the rest in the kernel's queue for a while."""
        assert self._socket is not None
        self._hub.stats.connections_refused[reason] += 1
        self._hub.complaints.say("not accepting", reason=reason, again_in_s=self._hub.limits.accept_backoff_s)
        self._loop.remove_reader(self._socket)
        self._again = self._loop.call_later(self._hub.limits.accept_backoff_s, self._go_on)

    def _go_on(self) -> None:
        self._again = None
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._accept)


def prepare(sock: socket.socket, limits: Limits) -> None:
    """Answers leave at once, and a peer that vanished without a word, or reads none of them, is noticed."""
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.send_buffer_bytes)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", limits.keepalive_idle_s),
        ("TCP_KEEPINTVL", limits.keepalive_interval_s),
        ("TCP_KEEPCNT", limits.keepalive_probes),
    ):
        if hasattr(socket, option):  # macOS has other names
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
