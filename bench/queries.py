"""Queries over a log that grows: what is asked often must not care how much is stored.

The log is filled through the store's own ``append``, a year of it for every million events, so that time ranges have
something to be right about.  Queries are the store's: what HTTP adds is the same at every size.
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
        """Go on until so many are stored and indexed."""
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


async def median_us(ask: Ask, store: EmbeddedStore, size: int) -> float:
    """The median of many, each of another device and another time."""
    random = Random(SEED)
    took: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await ask(store, random, size)
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e6


async def measure(folder: Path) -> dict[int, dict[str, float]]:
    """Medians by size and query."""
    store = EmbeddedStore(folder)
    await store.open()
    filler = Filler(store)
    found: dict[int, dict[str, float]] = {}
    try:
        for size in [size for size in SIZES if size <= LARGEST]:
            await filler.fill(size)
            found[size] = {name: await median_us(ask, store, size) for name, ask in ASKED.items()}
    finally:
        await store.close()
    return found


def run() -> list[Row]:
    """Every size beside the smallest."""
    with tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder:
        found = asyncio.run(measure(Path(folder)))
    smallest = min(found)
    return [
        Row(
            f"{name}, {size // 1_000_000} million stored",
            f"{medians[name]:,.0f} µs",
            f"{found[smallest][name]:,.0f} µs ({smallest // 1_000_000} million)",
            f"{medians[name] / found[smallest][name]:.2f}",
            "≤ 2",
        )
        for name in ASKED
        for size, medians in found.items()
        if size != smallest or len(found) == 1
    ]
