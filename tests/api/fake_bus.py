"""A bus in memory."""

import asyncio
from collections.abc import Callable

from wayside.ports.bus import Notice, SlowReader


class FakeSubscription:
    """A bounded queue."""

    def __init__(self, wants: Callable[[Notice], bool], room: int) -> None:
        self.wants = wants
        self.queue: asyncio.Queue[Notice] = asyncio.Queue(room)
        self.overflowed = asyncio.Event()
        self.closed = False

    async def get(self) -> Notice:
        if self.overflowed.is_set():
            raise SlowReader
        return await self.queue.get()

    def close(self) -> None:
        self.closed = True


class FakeBus:
    """Tells every subscription."""

    def __init__(self) -> None:
        self.subscriptions: list[FakeSubscription] = []

    @property
    def listening(self) -> bool:
        return bool(self.subscriptions)

    def publish(self, notice: Notice) -> None:
        for subscription in self.subscriptions:
            if not subscription.closed and subscription.wants(notice):
                try:
                    subscription.queue.put_nowait(notice)
                except asyncio.QueueFull:
                    subscription.overflowed.set()

    def subscribe(self, wants: Callable[[Notice], bool], *, room: int) -> FakeSubscription:
        self.subscriptions.append(FakeSubscription(wants, room))
        return self.subscriptions[-1]
