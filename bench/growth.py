"""What a frame costs as devices and rates grow: it ought to be the same, or less where commits fill up."""

from __future__ import annotations

import tempfile
from typing import Final

from bench.ingest import Load, load
from bench.report import Row
from bench.server import wayside

DEVICES: Final = (10, 100, 1_000, 10_000)
RATES: Final = (1_000, 5_000, 0)
"""Frames a second over all devices; 0: as many as are answered."""

SECONDS: Final = 5.0


def run() -> list[Row]:
    """Devices by rates, each on an empty server; the fewest devices are the floor of each rate."""
    rows: list[Row] = []
    for rate in RATES:
        floor: Load | None = None
        for devices in DEVICES:
            with (
                tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder,
                wayside(folder, connections_per_address=devices) as server,
            ):
                done = load(server.pid, server.ports["jimi"], connections=devices, seconds=SECONDS, rate=rate)
            floor = floor or done
            speed = f"{rate:,}/s" if rate else "flat out"
            rows.append(
                Row(
                    f"{devices:,} devices, {speed}",
                    f"{1e6 / done.per_cpu_s:.1f} µs CPU per frame ({done.per_s:,.0f}/s, p99 {done.p99_ms:.0f} ms)",
                    f"{1e6 / floor.per_cpu_s:.1f} µs ({DEVICES[0]} devices)",
                    f"{floor.per_cpu_s / done.per_cpu_s:.2f}",
                )
            )
    return rows
