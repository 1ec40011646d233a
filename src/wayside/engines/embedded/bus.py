"""A bus within one process: every subscription is a bounded queue."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from wayside.ports.bus import Notice, SlowReader


class InProcessBus:
    """Publish and subscribe in one event loop."""

    def __init__(self) -> None:
        # Replaced, never changed: a filter may close subscriptions while a notice goes round.
        self._subscriptions: tuple[InProcessSubscription, ...] = ()

    @property
    def listening(self) -> bool:
        """Whether anybody would hear it."""
        return bool(self._subscriptions)

    def publish(self, notice: Notice) -> None:
        """Tell everybody whose filter takes it; never waits."""
        for subscription in self._subscriptions:
            if subscription.wants(notice):
                subscription.put(notice)

    def subscribe(self, wants: Callable[[Notice], bool], *, room: int) -> InProcessSubscription:
        """Start listening; at most ``room`` notices wait."""
        subscription = InProcessSubscription(wants, room, self._forget)
        self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def _forget(self, gone: InProcessSubscription) -> None:
        self._subscriptions = tuple(one for one in self._subscriptions if one is not gone)


class InProcessSubscription:
    """What waits for one reader."""

    def __init__(
        self, wants: Callable[[Notice], bool], room: int, forget: Callable[[InProcessSubscription], None]
    ) -> None:
        self.wants = wants
        self._room = room
        self._forget = forget
        self._waiting: deque[Notice] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._over: Exception | None = None

    def put(self, notice: Notice) -> None:
        """Keep it for the reader; one too many ends the subscription."""
        if self._over is not None:
            return
        if len(self._waiting) >= self._room:
            self._end(SlowReader(f"{self._room} notices waited unread"))
            return
        self._waiting.append(notice)
        self._wake()

    async def get(self) -> Notice:
        """The next notice; one reader at a time.

        Raises:
            SlowReader: the queue overflowed; this subscription is over.
            RuntimeError: it was closed.
        """
        while not self._waiting:
            if self._over is not None:
                raise self._over
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        return self._waiting.popleft()

    def close(self) -> None:
        """No more notices."""
        if self._over is None:
            self._end(RuntimeError("the subscription is closed"))

    def _end(self, why: Exception) -> None:
        self._over = why
        self._waiting.clear()
        self._forget(self)
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
