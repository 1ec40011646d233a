"""Queries over a log that grows: what is asked often must not care how much is stored.

The log is filled through the store's own ``append``, a year of it for every million events, so that time ranges have
something to be right about.  Queries are the store's: what HTTP adds is the same at every size.

A page of a device's history lies on as many leaves of the log as it has rows, because a thousand others report in
between.  Whether the system still holds those leaves in memory matters ten times more than how much is stored; so
both are measured, each beside itself: the same pages asked for again, and with the file put out of memory before each.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Final

from bench.report import Row
from wayside.engines.embedded import EmbeddedStore
from wayside.engines.embedded.connection import DATABASE
from wayside.model.events import Event, Kind, Values
from wayside.model.instant import seconds
from wayside.ports.store import AlarmQuery, Batch, Entry, EventQuery, Span

# `BENCH_EVENTS=1000000` is enough for a first look; fifty million take some ten minutes and 7 GB of disk.
SIZES: Final = (1_000_000, 10_000_000, 50_000_000)
LARGEST: Final = int(os.environ.get("BENCH_EVENTS", str(SIZES[-1])))

DEVICES: Final = 1_000
BATCH: Final = 5_000
ALARM_EVERY: Final = 1_000
ROUNDS: Final = 200
SEED: Final = 1

# After the last append the index still catches up, and what is written goes to the disk.
SETTLE_S: Final = 5.0

IN_MEMORY: Final = "in memory"
FROM_DISK: Final = "from the disk"

BEGIN: Final = 1_700_000_000_000_000
STEP: Final = seconds(31.5)
"""Between two events, over all devices: a million of them are a year."""

VALUES: Final[Values] = {
    "position.latitude": 23.1116683,
    "position.longitude": 114.4096,
    "position.speed": 52.0,
    "position.course": 138.0,
    "position.satellites": 12,
    "position.valid": True,
    "ignition": True,
}


def device(number: int) -> str:
    """The n-th device's id."""
    return f"jimi:{number:015d}"


class Filler:
    """Appends events, device after device, as time goes by."""

    def __init__(self, store: EmbeddedStore) -> None:
        self._store = store
        self.stored = 0
        self._report = Event(Kind.REPORT, "location", VALUES)
        self._alarm = Event(Kind.ALARM, "alarm", {"alarm.code": 1, "alarm": "sos"})
        self._devices = [device(number) for number in range(DEVICES)]

    async def fill(self, size: int) -> None:
        """Go on until so many are stored."""
        ahead: list[Awaitable[object]] = []
        while self.stored < size:
            ahead.append(self._store.append(self._batch()))
            if len(ahead) > 1:  # one is made while the other is written
                await ahead.pop(0)
            if self.stored % 1_000_000 == 0:
                print(
                    f"\r{self.stored // 1_000_000:,} of {size // 1_000_000:,} million events …",
                    end="",
                    file=sys.stderr,
                )
        for one in ahead:
            await one
        print(file=sys.stderr)

    def _batch(self) -> Batch:
        first = self.stored
        self.stored += BATCH
        entries = []
        for number in range(first, first + BATCH):
            event = self._report if number % ALARM_EVERY else self._alarm
            entries.append(
                Entry(self._devices[number % DEVICES], BEGIN + number * STEP, event.message, event)
            )
        return Batch(entries)


Ask = Callable[[EmbeddedStore, Random, int], Awaitable[object]]


async def newest(store: EmbeddedStore, random: Random, size: int) -> object:  # noqa: ARG001 - the same for every query
    """The newest hundred events of a device."""
    return await store.events(EventQuery(device=device(random.randrange(DEVICES))))


async def window(store: EmbeddedStore, random: Random, size: int) -> object:
    """A hundred events of a device, from a day somewhere in all the time."""
    end = BEGIN + random.randrange(size // 2, size) * STEP
    span = Span(until=end, since=end - seconds(30 * 86_400))
    return await store.events(EventQuery(device=device(random.randrange(DEVICES)), span=span))


async def last_state(store: EmbeddedStore, random: Random, size: int) -> object:  # noqa: ARG001 - likewise
    """The last value of every name of a device."""
    return store.state(device(random.randrange(DEVICES)))


async def alarms(store: EmbeddedStore, random: Random, size: int) -> object:  # noqa: ARG001 - likewise
    """The newest hundred alarms of all devices."""
    return await store.alarms(AlarmQuery())


ASKED: Final[dict[str, Ask]] = {
    "newest 100 events of a device": newest,
    "100 events of a device, of 30 days somewhere": window,
    "last state of a device": last_state,
    "newest 100 alarms": alarms,
}


# Those that look where nobody has looked lately; the others are always in memory.
OF_OLD: Final = (newest, window)


class PageCache:
    """The database file as the system holds it in memory."""

    def __init__(self, folder: Path) -> None:
        # One descriptor for the whole run: closing any other one of that file would end SQLite's locks on it.
        self._file = os.open(folder / DATABASE, os.O_RDONLY)

    def write_back(self) -> None:
        """Have all of it on the disk; what is not there yet cannot be dropped."""
        os.fdatasync(self._file)

    def drop(self) -> None:
        """Forget what is in memory, of this file only."""
        os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        """Let go of the file; only when the store is closed."""
        os.close(self._file)


async def median_us(
    ask: Ask, store: EmbeddedStore, size: int, before: Callable[[], None] = lambda: None
) -> float:
    """The median of many, each of another device and another time; ``before`` each of them is not measured."""
    random = Random(SEED)
    took: list[float] = []
    for _ in range(ROUNDS):
        before()
        started = time.perf_counter()
        await ask(store, random, size)
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e6


async def medians(store: EmbeddedStore, size: int, cache: PageCache) -> dict[str, float]:
    """Each query's, at this size."""
    found: dict[str, float] = {}
    for name, ask in ASKED.items():
        await median_us(ask, store, size)  # brings all that it needs into memory
        found[f"{name}, {IN_MEMORY}"] = await median_us(ask, store, size)
        if ask in OF_OLD and hasattr(os, "posix_fadvise"):  # macOS cannot be told to forget
            found[f"{name}, {FROM_DISK}"] = await median_us(ask, store, size, cache.drop)
    return found


async def measure(folder: Path) -> dict[int, dict[str, float]]:
    """Medians by size and query."""
    store = EmbeddedStore(folder)
    await store.open()
    cache = PageCache(folder)
    filler = Filler(store)
    found: dict[int, dict[str, float]] = {}
    try:
        for size in [size for size in SIZES if size <= LARGEST]:
            await filler.fill(size)
            await asyncio.sleep(SETTLE_S)
            cache.write_back()
            found[size] = await medians(store, size, cache)
    finally:
        await store.close()
        cache.close()
    return found


def run() -> list[Row]:
    """Every size beside the smallest."""
    with tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder:
        found = asyncio.run(measure(Path(folder)))
    smallest = min(found)
    return [
        Row(
            f"{name}, {size // 1_000_000} million stored",
            f"{at_size[name]:,.0f} µs",
            f"{found[smallest][name]:,.0f} µs ({smallest // 1_000_000} million)",
            f"{at_size[name] / found[smallest][name]:.2f}",
            "≤ 2",
        )
        for name in found[smallest]
        for size, at_size in found.items()
        if size != smallest or len(found) == 1
    ]
