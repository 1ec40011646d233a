"""What all connections of a gateway share."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from wayside.gateway.answers import Answers
from wayside.gateway.commands import Desk
from wayside.gateway.complaints import Complaints
from wayside.gateway.inbox import Inbox
from wayside.gateway.limits import Limits
from wayside.gateway.pipeline import Pipeline
from wayside.gateway.registry import Registry
from wayside.gateway.stats import Stats
from wayside.model.instant import Instant
from wayside.model.rate import network
from wayside.protocol import base
from wayside.protocol.session import Setup


class Watched(Protocol):
    """A connection, as the sweeper and the pipeline's brake see it."""

    def check(self, tick: int) -> None:
        """Close it if it has been silent, unknown or slow for too long."""

    def pause(self) -> None:
        """Read no more."""

    def resume(self) -> None:
        """Read again."""

    def hang_up(self, reason: str) -> None:
        """Close, after what is written."""

    def abort(self, reason: str) -> None:
        """Close, whatever is not written."""


class Hub:
    """One per gateway.  ``tick`` counts sweeps: a clock that costs nothing to read and never goes back."""

    def __init__(
        self,
        *,
        registry: Registry,
        desk: Desk,
        pipeline: Pipeline,
        limits: Limits,
        stats: Stats,
        answers: Answers,
        clock: Callable[[], Instant],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.registry: Final = registry
        self.desk: Final = desk
        self.pipeline: Final = pipeline
        self.limits: Final = limits
        self.stats: Final = stats
        self.answers: Final = answers
        self.clock: Final = clock
        self.random_bytes: Final = random_bytes
        self.complaints: Final = Complaints(limits.complaints_per_s, limits.bad_frame_log_bytes, clock)
        self.loop: Final = asyncio.get_running_loop()
        self.inbox: Final = Inbox(self.loop, clock, pipeline.kick)
        self.connections: Final[set[Watched]] = set()
        self.tick = 1
        self.resumed = 0
        """The tick at which sockets were last read again: nobody is blamed for a silence that we made."""
        self.first_frame_ticks: Final = limits.ticks(limits.first_frame_s)
        self.identify_ticks: Final = limits.ticks(limits.identify_s)
        self.frame_ticks: Final = limits.ticks(limits.frame_deadline_s)
        self.close_ticks: Final = limits.ticks(limits.close_s)
        self._inside = 0
        self._addresses: dict[str, int] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        pipeline.on_full = self._brake
        pipeline.on_drained = self._go_on

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something rare beside everything else."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def enter(self, address: str) -> str | None:
        """A new connection from this address: None if it may stay, or else why not."""
        if self._inside >= self.limits.connections:
            return "too many connections"
        key = network(address)
        if self._addresses.get(key, 0) >= self.limits.connections_per_address:
            return "too many connections from one address"
        self._inside += 1
        self._addresses[key] = self._addresses.get(key, 0) + 1
        return None

    def leave(self, address: str) -> None:
        """A connection that had entered is gone."""
        key = network(address)
        self._inside -= 1
        self._addresses[key] -= 1
        if not self._addresses[key]:
            del self._addresses[key]

    def sweep(self) -> None:
        """Look at every connection, and at the commands that wait."""
        self.tick += 1
        tick = self.tick
        for connection in list(self.connections):
            connection.check(tick)
        self.desk.expire()

    def _brake(self) -> None:
        for connection in self.connections:
            connection.pause()

    def _go_on(self) -> None:
        self.resumed = self.tick
        for connection in self.connections:
            connection.resume()


class Route:
    """What all connections over one link of one protocol share."""

    __slots__ = ("add", "exchange", "ident", "idle_ticks", "link", "messages", "protocol", "setup")

    def __init__(self, protocol: base.Protocol, link: base.Link, hub: Hub, options: dict[str, str]) -> None:
        self.protocol = protocol
        self.link = link
        self.ident = re.compile(protocol.ident)
        self.messages = hub.stats.messages(protocol.name)
        self.idle_ticks = hub.limits.ticks(link.idle_timeout_s)
        self.add = hub.pipeline.adder(protocol.name)
        self.exchange = hub.pipeline.exchanger(protocol.name)
        self.setup = Setup(
            random_bytes=hub.random_bytes, options=options, options_of=hub.registry.options_of(protocol)
        )
