"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from typing import Any, Final

AGAIN_S: Final = 0.1


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel them until they have ended; what they raised does not matter any more.

    Once is not enough: ``asyncio.wait_for`` (before Python 3.12), which Bluetooth stacks use, loses a cancellation
    that comes in the same turn as its result.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
