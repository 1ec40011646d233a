"""Killed at any moment: every acknowledged batch is there, whole and once, and the states are what the log says."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.engines.embedded import crash_writer
from tests.store.samples import whole
from wayside.engines.embedded import EmbeddedStore
from wayside.engines.fold import DeviceState
from wayside.model.events import Kind
from wayside.ports.store import AlarmQuery, EventQuery


def run_and_kill(folder: Path, first: int, lines: int) -> int:
    """Let it acknowledge so many batches, then kill it; the last batch that it acknowledged."""
    script = Path(crash_writer.__file__)
    with subprocess.Popen(
        [sys.executable, script, folder, str(first)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline(), "it ended by itself"
        process.kill()
        rest = process.stdout.read()
    # The last line may be cut in the middle.
    return first + lines - 1 + rest.count("\n")


@pytest.mark.parametrize("lines", [1, 23, 150])
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, lines: int) -> None:
    first = 0
    for _ in range(3):
        acknowledged = await asyncio.to_thread(run_and_kill, tmp_path, first, lines)
        stored = await check(tmp_path, acknowledged)
        first = stored + 1


async def check(folder: Path, acknowledged: int) -> int:
    """All is whole; the last batch that is there."""
    store = EmbeddedStore(folder)
    await store.open()
    events = await whole(store.events, EventQuery(), 1000)
    rows = Counter(event.values["b"] for event in events)
    last = max(number for number in rows if isinstance(number, int))
    assert last >= acknowledged
    assert rows == Counter({number: 1 + number % 50 for number in range(last + 1)})
    assert [event.id for event in events] == list(range(len(events), 0, -1))

    folded: dict[str, DeviceState] = {}
    for event in reversed(events):
        folded.setdefault(event.device, DeviceState()).fold(event.values, event.at, event.received_at)
    for device, state in folded.items():
        assert store.state(device) == state.latest()
        for kind in (None, Kind.REPORT, Kind.ALARM):
            found = await whole(store.events, EventQuery(device=device, kind=kind), 1000)
            assert found == [e for e in events if e.device == device and kind in {None, e.kind}]
    alarms = [event for event in events if event.kind is Kind.ALARM]
    assert [one.event for one in await whole(store.alarms, AlarmQuery(), 1000)] == alarms
    assert await whole(store.events, EventQuery(kind=Kind.ALARM), 1000) == alarms
    await store.close()
    return last
