"""The event loop, with room for many connections."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


def raise_open_files() -> int:
    """Lift the limit of open files as far as the system lets us; the limit now.

    Login shells start with a soft limit of 1024, which is about a thousand devices.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop, with as many open files as the system allows."""
    raise_open_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
