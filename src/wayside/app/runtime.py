"""The event loop, with room for many connections."""

from __future__ import annotations

import asyncio
import gc
import resource
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

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


# Every frame makes a few containers that live until their batch is durable, and none of them is a cycle.  At the
# default of 700 the collector would walk through thousands of them every few milliseconds, and through everything,
# 15,000 connections too, several times a second.
COLLECT_AFTER: Final = (50_000, 20, 100)


def spare_the_collector() -> None:
    """Look for garbage more rarely, and never among what the start-up has made; call it when that is done."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop, with as many open files as the system allows."""
    raise_open_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
