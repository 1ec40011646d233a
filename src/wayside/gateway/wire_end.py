"""Our end of one wire: what is written, when it is read, and how it ends; nothing of what the bytes mean."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from wayside.gateway.hub import Hub

BY_THE_DEVICE: Final = "closed by the device"


class WireEnd(asyncio.Protocol):
    """Works on anything that behaves like ``asyncio.Transport``.

    ``_barrier`` is the number of the batch that holds the last thing that must be durable before anything else is
    sent.  Once ``_closing``, nothing that comes in counts any more, and at tick ``_deadline`` patience ends.
    """

    __slots__ = ("_barrier", "_closing", "_deadline", "_hub", "_reason", "_transport", "address")

    def __init__(self, hub: Hub, address: str) -> None:
        self._hub = hub
        self._transport: asyncio.Transport | None = None
        self._barrier = 0
        self._closing = False
        self._deadline = 0
        self._reason = ""
        self.address = address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The link is up."""
        hub = self._hub
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        self._transport.set_write_buffer_limits(high=hub.limits.write_buffer_bytes)
        hub.connections.add(self)
        hub.stats.connections += 1
        hub.stats.connections_accepted += 1
        if hub.pipeline.full:
            hub.loop.call_soon(self._join_the_pause)  # uvloop only begins to read after this call

    def connection_lost(self, exc: Exception | None) -> None:
        """The link is gone."""
        hub = self._hub
        self._transport = None
        self._closing = True
        self._reason = self._reason or ("connection error" if exc else BY_THE_DEVICE)
        hub.connections.discard(self)
        hub.stats.connections -= 1
        hub.stats.connections_closed.add(self._reason)
        hub.leave(self.address)

    def pause_writing(self) -> None:
        """The peer reads none of what it is sent."""
        self.abort("does not read")

    def check(self, tick: int) -> None:
        """See ``hub.Watched``."""
        if self._closing and tick >= self._deadline:
            self.abort("closed")

    def speaks_for(self, device: str) -> bool:  # noqa: ARG002 - the wire does not know
        """See ``pipeline.Recipient``."""
        return False

    def write(self, data: bytes) -> bool:
        """See ``pipeline.Recipient``."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        transport.write(data)
        return True

    def committed(self) -> None:
        """What stood before a ``Close`` is durable and written."""
        if self._transport is not None:
            self._transport.close()

    def hang_up(self, reason: str) -> None:
        """Close, once everything before this is durable and written."""
        if self._closing:
            return
        self._stop_listening(reason, self._hub.close_ticks)
        if self._barrier > self._hub.pipeline.durable:
            self._hub.pipeline.tell_when_durable(self, self._barrier)
        elif self._transport is not None:
            self._transport.close()

    def turn_away(self, hold_s: float, reason: str) -> None:
        """Leave it unanswered for a while: closed at once, it would be back at once."""
        self._stop_listening(reason, self._hub.limits.ticks(hold_s))

    def abort(self, reason: str) -> None:
        """Close now."""
        self._closing = True
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """See ``hub.Watched``."""
        if self._transport is not None and not self._closing:
            self._transport.pause_reading()

    def resume(self) -> None:
        """See ``hub.Watched``."""
        if self._transport is not None and not self._closing:
            self._transport.resume_reading()

    def _join_the_pause(self) -> None:
        if self._hub.pipeline.full:
            self.pause()

    def _stop_listening(self, reason: str, ticks: int) -> None:
        self.pause()
        self._closing = True
        self._reason = reason
        self._deadline = self._hub.tick + ticks
