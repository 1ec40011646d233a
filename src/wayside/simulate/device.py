"""One simulated device on a real line: the thin shell around a ``Simulator``, which connects again and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, cast

from wayside.model.instant import SECOND, Instant
from wayside.protocol.effects import Close, Send, WakeAt
from wayside.protocol.framing import BadFrame, Framer
from wayside.protocol.simulator import (
    Post,
    Publish,
    Random,
    Reaction,
    Reactions,
    Simulator,
    Unpublish,
    Uploader,
)
from wayside.simulate.errands import Errands

# Half a second at first, so that a server's restart is soon forgotten; at most half a minute, as real modems do.
BACKOFF_FIRST_S: Final = 0.5
BACKOFF_MAX_S: Final = 30.0

CONNECT_TIMEOUT_S: Final = 15.0

Dial = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
"""Connects what the factory makes to the other side, as ``loop.create_connection`` does; raises ``OSError``."""


def now() -> Instant:
    """The wall clock: simulated devices put it into their packets."""
    return time.time_ns() // 1000


class Device(asyncio.Protocol):
    """Drives one simulator over one connection after another.

    While the server does not read, the simulator's clock stands still: a device blocks in its write as well.
    """

    def __init__(
        self,
        simulator: Simulator,
        framer: Callable[[], Framer[Any]],
        random: Random,
        dial: Dial,
        errands: Errands,
    ) -> None:
        self._simulator, self._new_framer, self._random = simulator, framer, random
        self._dial, self._errands, self._tally = dial, errands, errands.tally
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._backoff_s = BACKOFF_FIRST_S
        self._framer = framer()
        self._known = self._paused = self._overslept = self._stopped = False

    def start(self) -> None:
        """Connect, and stay connected until ``stop``."""
        self._attempt = self._loop.create_task(self._connect())

    async def stop(self) -> None:
        """Hang up for good."""
        self._stopped = True
        self._cancel_alarm()
        if self._retry is not None:
            self._retry.cancel()
        if self._attempt is not None:
            self._attempt.cancel()
            await asyncio.wait([self._attempt])
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        if self._transport is not None:
            self._transport.close()

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._dial(lambda: self)
        except OSError:
            self._tally.refused += 1
            self._again()

    def _again(self) -> None:
        """Try once more, later: each time twice as late, and not all devices at once."""
        if self._stopped:
            return
        delay_s = self._random.uniform(self._backoff_s / 2, self._backoff_s)
        self._backoff_s = min(2 * self._backoff_s, BACKOFF_MAX_S)
        self._retry = self._loop.call_later(delay_s, self.start)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._framer = self._new_framer()
        self._paused = self._overslept = False
        self._tally.connected += 1
        self._tally.reconnects += self._known
        self._known = True
        self._react(self._simulator.connected(now()))

    def data_received(self, data: bytes) -> None:
        self._backoff_s = BACKOFF_FIRST_S
        for frame in self._framer.feed(data):
            if isinstance(frame, BadFrame):
                self._tally.bad += 1
            else:
                self._tally.received += 1
        self._react(self._simulator.received(data, now()))

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._overslept:
            self._overslept = False
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - a device only knows that it is gone
        self._transport = None
        self._tally.connected -= 1
        self._cancel_alarm()
        self._again()

    # What the simulator wants.

    def _react(self, reactions: Reactions) -> None:
        for reaction in reactions:
            match reaction:
                case Post():
                    self._run(self._post(reaction))
                case Publish(url):
                    self._errands.publish(url)
                case Unpublish(url):
                    self._errands.unpublish(url)
                case _:
                    self._react_here(reaction)

    def _react_here(self, reaction: Reaction) -> None:
        """What concerns the device's own connection, while there is one."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        match reaction:
            case Send(data):
                transport.write(data)
                self._tally.sent += 1
            case WakeAt(at):
                self._set_alarm(at)
            case Close():
                transport.close()

    def _run(self, errand: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(errand)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _post(self, post: Post) -> None:
        answer = await self._errands.post(post)
        if isinstance(self._simulator, Uploader):
            self._react(self._simulator.posted(answer, now()))

    def _set_alarm(self, at: Instant | None) -> None:
        self._cancel_alarm()
        if at is not None:
            self._alarm = self._loop.call_later(max(0.0, (at - now()) / SECOND), self._wake)

    def _cancel_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _wake(self) -> None:
        self._alarm = None
        if self._paused:
            self._overslept = True
        else:
            self._react(self._simulator.wake(now()))
