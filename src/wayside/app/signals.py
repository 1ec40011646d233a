"""SIGINT and SIGTERM as something to wait for."""

from __future__ import annotations

import asyncio
import contextlib
import signal


def interrupted() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()

    def heed(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        event.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, heed, number)
    return event


async def wait(event: asyncio.Event, timeout_s: float) -> None:
    """Until the event is set or the time is up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
