"""Sockets of those who mean harm, and what is common to all that they do."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Final

from torture.checks import BASELINE, DISK, UNHARMED
from torture.crowd import Load
from torture.scenario import Stage
from wayside.app.protocols import PROTOCOLS
from wayside.protocol.base import Transport

LASTS_S: Final = 5.0
"""How long the witnesses look, at rest and while it happens."""

SPOKEN: Final = [protocol for protocol in PROTOCOLS if protocol.link(Transport.TCP) is not None]

# In seconds instead of minutes, so that what ends by time ends while we look.
HURRY: Final = tuple(
    word
    for limit in (
        "limits.first_frame_s=2",
        "limits.identify_s=3",
        "limits.frame_deadline_s=2",
        "limits.sweep_s=0.25",
        "limits.close_s=1",
        "limits.keepalive_idle_s=1",
        "limits.keepalive_interval_s=1",
        "limits.keepalive_probes=2",
        "uploads.headers_s=3",
    )
    for word in ("--set", limit)
)

CUT_WITHIN_S: Final = 40.0
"""The longest of those that cannot be hurried (30 s, on HTTP), and a machine that is busy."""

ALIVE: Final = (*DISK, BASELINE, UNHARMED)
"""What is checked when others must not notice."""

CALM: Final = Load(pace_s=0.01)
"""A crowd that leaves room to see whether somebody is harmed."""

TCP_REPAIR: Final = 19
"""An option of Linux: a socket that is closed under it says nothing to its peer.  Only root may."""


class Attackers:
    """Sockets that talk to one protocol's listener, or to the API; ``room_bytes`` for what they do not read."""

    def __init__(self, stage: Stage, listener: str, number: int, *, room_bytes: int = 0) -> None:
        host, _, port = stage.world.server.address(listener).rpartition(":")
        self._address = host, int(port)
        self._number = number
        self._room_bytes = room_bytes
        self.sockets: list[socket.socket] = []

    async def connect(self) -> None:
        """All of them."""
        loop = asyncio.get_running_loop()
        for _ in range(self._number):
            one = socket.socket()
            one.setblocking(False)
            if self._room_bytes:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._room_bytes)
            await loop.sock_connect(one, self._address)
            self.sockets.append(one)

    def say(self, data: bytes) -> None:
        """Each says it, as far as it is heard."""
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.send(data)

    async def cut(self, patience_s: float = CUT_WITHIN_S) -> int:
        """How many the server has closed, at the end of our patience at the latest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await asyncio.gather(*map(_end, self.sockets))
        return sum(map(_is_cut, self.sockets))

    def close(self) -> None:
        """Go away."""
        for one in self.sockets:
            one.close()


async def _end(one: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while await loop.sock_recv(one, 4096):
            pass


def _is_cut(one: socket.socket) -> bool:
    try:
        while one.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def vanish(one: socket.socket) -> bool:
    """Close it without a word to the peer, as when a modem loses its network; False if that is not allowed here."""
    try:
        one.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except OSError:
        return False
    one.close()
    return True
