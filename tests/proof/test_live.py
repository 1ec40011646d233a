"""The live feed: what it tells is stored already, under the same id, in the same order, and nothing is left out."""

import asyncio
from typing import Any

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.proof.cameras import Fleet
from tests.proof.world import OPEN, Events, World


class Feed:
    """One client of the live feed; ``events`` is all that it was told."""

    def __init__(self, world: World, query: str = "") -> None:
        self.events: Events = []
        self._url = f"ws://{world.server.address('http')}/api/v1/live{query}"
        self._headers = {"Authorization": f"Bearer {world.token}"}
        self._open = asyncio.Event()
        self._seen = asyncio.Condition()

    async def listen(self) -> None:
        """Until the server is gone."""
        async with connect(self._url, additional_headers=self._headers) as socket:
            self._open.set()
            try:
                async for text in socket:
                    notice: dict[str, Any] = msgspec.json.decode(text)
                    if notice["type"] == "event":
                        self.events.append(notice["event"])
                        async with self._seen:
                            self._seen.notify_all()
            except ConnectionClosed:
                return

    async def opened(self) -> None:
        await self._open.wait()

    async def up_to(self, event: int) -> None:
        """Wait until it was told of this event."""
        async with self._seen:
            await self._seen.wait_for(lambda: bool(self.events) and self.events[-1]["id"] >= event)


async def listening(*feeds: Feed) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(feed.listen()) for feed in feeds]
    await asyncio.gather(*(feed.opened() for feed in feeds))
    return tasks


async def test_a_feed_tells_exactly_what_is_stored(world: World) -> None:
    await world.start(*OPEN)
    fleet = Fleet(count=4, window=2)
    one = fleet.cameras[2].device
    everything = Feed(world)
    device = Feed(world, f"?device={one}")
    presence = Feed(world, "?kind=presence")
    tasks = await listening(everything, device, presence)
    await fleet.connect(world)
    reporting = asyncio.create_task(fleet.report())
    await fleet.heard.more(1_000)
    fleet.fill()
    await reporting

    events = await world.events()
    await everything.up_to(events[-1]["id"])
    await device.up_to(max(event["id"] for event in events if event["device"] == one))
    assert everything.events == events
    assert device.events == [event for event in events if event["device"] == one]
    assert presence.events == [event for event in events if event["kind"] == "presence"]
    assert await world.stop() == 0
    await asyncio.gather(*tasks)


async def test_what_a_feed_told_before_a_kill_is_stored(world: World) -> None:
    await world.start(*OPEN)
    fleet, feed = Fleet(count=6), Feed(world)
    tasks = await listening(feed)
    await fleet.connect(world)
    reporting = asyncio.create_task(fleet.report())
    await fleet.heard.more(1_200)
    await world.kill()
    await asyncio.gather(reporting, *tasks)

    await world.start(*OPEN)
    events = await world.events()
    assert feed.events
    assert feed.events == events[: len(feed.events)]
