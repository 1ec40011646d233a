"""Listening sockets of this room.

They accept by themselves, as the gateway does and for the same reason: when files run out, the event loops' own
servers give up or spin.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from wayside.model.errors import ConfigError
from wayside.model.rate import network

# What accept says when the process or the machine has no room; anything else concerns one connection only.
NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

# Long enough to help, short beside a camera's patience.
BACK_OFF_S: Final = 1.0

# Taken before those that are there get their turn again.
ACCEPTS_PER_TURN: Final = 32

BACKLOG: Final = 256

# Silence before TCP asks whether the peer is there, between two questions, and how many go unanswered.
KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))

log = structlog.get_logger("wayside.media")


class DoorLimits(msgspec.Struct, frozen=True):
    """How many may be inside at once."""

    connections: int
    per_address: int


Make = Callable[[str, Callable[[], None]], asyncio.BaseProtocol]
"""Makes the protocol of one connection: its address, and what it calls when the connection is gone."""


class Door:
    """One listening socket.  ``refused`` counts whom it turned away, by reason."""

    def __init__(self, name: str, make: Make, limits: DoorLimits) -> None:
        self._name = name
        self._make = make
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._again: asyncio.TimerHandle | None = None
        self._inside: Counter[str] = Counter()
        self._connecting: set[asyncio.Task[None]] = set()
        self.refused: Counter[str] = Counter()

    async def open(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            ConfigError: that address cannot be listened on.
        """
        try:
            family, *_, address = (await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
            self._socket = socket.create_server(
                address[:2], family=socket.AddressFamily(family), backlog=BACKLOG
            )
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"{self._name}: cannot listen on {host}:{port}: {reason}") from error
        self._socket.setblocking(False)
        self._loop.add_reader(self._socket, self._accept)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it really listens on."""
        assert self._socket is not None, "not open"
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def inside(self) -> int:
        """Connections that are open."""
        return self._inside.total()

    def close(self) -> None:
        """Let nobody in any more; who is inside stays."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            if self._socket is None:
                return
            try:
                sock, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in NO_ROOM:
                    self._back_off()
                    return
                continue  # that one hung up before we got to it
            self._welcome(sock, address[0])

    def _welcome(self, sock: socket.socket, host: str) -> None:
        full = self.inside >= self._limits.connections
        place = network(host)
        if full or self._inside[place] >= self._limits.per_address:
            sock.close()
            self.refused["too many" if full else "too many from one address"] += 1
            return
        self._inside[place] += 1
        task = self._loop.create_task(self._connect(sock, host))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, sock: socket.socket, host: str) -> None:
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEPALIVE:
                if hasattr(socket, option):  # macOS has other names
                    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
            await self._loop.connect_accepted_socket(
                lambda: self._make(host, lambda: self._leave(host)), sock
            )
        except OSError:  # it hung up meanwhile
            sock.close()
            self._leave(host)

    def _leave(self, host: str) -> None:
        place = network(host)
        self._inside[place] -= 1
        if self._inside[place] <= 0:
            del self._inside[place]

    def _back_off(self) -> None:
        """Leave the rest in the kernel's queue for a while."""
        assert self._socket is not None
        self.refused["no descriptors"] += 1
        log.warning("not accepting", listener=self._name, again_in_s=BACK_OFF_S)
        self._loop.remove_reader(self._socket)
        self._again = self._loop.call_later(BACK_OFF_S, self._go_on)

    def _go_on(self) -> None:
        self._again = None
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._accept)
