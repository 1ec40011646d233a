"""Many registered connections in one process: what they weigh, and what happens when all of them come back at once."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from subprocess import Popen
from typing import IO, Final

from bench.ingest import go
from bench.procs import child, cpu_s, read_until, resident_bytes
from bench.report import Row
from bench.server import Server, wayside

# One process may open 20,000 descriptors here; the store and the listeners need some.
CONNECTIONS: Final = 15_000
KIB: Final = 1024

# After the last heartbeat is stored, memory of that burst is handed back or kept; either way it is settled.
SETTLE_S: Final = 3.0

# Devices that report all the while, and whose acknowledgements tell what the others cost them.
OTHERS: Final = 100
OTHERS_PER_S: Final = 200
CALM_S: Final = 5.0
STORM_S: Final = 20.0


def run() -> list[Row]:
    """Idle ones first, then the storm, each on an empty server."""
    return [*_idle(), *_storm()]


def _idle() -> list[Row]:
    """Log in as many devices, let each send one heartbeat, and see what the server grew by."""
    with _server() as server:
        before = resident_bytes(server.pid)
        started, used = time.perf_counter(), cpu_s(server.pid)
        with child("-m", "bench.load", str(server.ports["jimi"]), str(CONNECTIONS), "0", "0") as client:
            read_until(_output(client), "ready")
            took_s, used = time.perf_counter() - started, cpu_s(server.pid) - used
            go(client)
            time.sleep(SETTLE_S)
            grown = resident_bytes(server.pid) - before
            go(client)
    each = grown / CONNECTIONS / KIB
    start = f"{before / KIB / KIB:.0f} MiB before the first"
    return [
        Row(
            f"memory per idle registered connection, {CONNECTIONS:,} of them",
            f"{each:.1f} KiB",
            start,
            f"{grown / before:.1f}",
            "≤ 8 KiB",
        ),
        Row(
            "… time to register and log all of them in",
            f"{took_s:.1f} s, {used:.1f} CPU-s",
            "",
            f"{CONNECTIONS / took_s:,.0f} per s",
        ),
    ]


def _storm() -> list[Row]:
    """All of them break off and come back within a second, while others go on reporting."""
    with _server() as server:
        port = str(server.ports["jimi"])
        with child("-m", "bench.storm", port, str(CONNECTIONS)) as storm:
            read_until(_output(storm), "ready")
            calm_ms = _others(port, CALM_S)[1]
            with child("-m", "bench.load", port, str(OTHERS), str(STORM_S), str(OTHERS_PER_S)) as others:
                read_until(_output(others), "ready")
                go(others)
                go(storm)
                back = read_until(_output(storm), r"back ([\d.]+) (\d+)")
                done = read_until(_output(others), r"done (\d+) ([\d.]+) ([\d.]+)")
    return [
        Row(
            f"{CONNECTIONS:,} reconnect in one second: until all are back",
            f"{float(back[1]):.1f} s ({back[2]} tries refused)",
            "",
            f"{CONNECTIONS / float(back[1]):,.0f} per s",
        ),
        Row(
            f"… p99 acknowledgement of {OTHERS} others, over {STORM_S:.0f} s with the storm in it",
            f"{float(done[3]):.0f} ms",
            f"{calm_ms:.0f} ms (before it)",
            f"{float(done[3]) / calm_ms:.1f}",
        ),
    ]


def _others(port: str, seconds: float) -> tuple[float, float]:
    """Median and p99 of the acknowledgements of a few devices, in milliseconds."""
    with child("-m", "bench.load", port, str(OTHERS), str(seconds), str(OTHERS_PER_S)) as client:
        read_until(_output(client), "ready")
        go(client)
        done = read_until(_output(client), r"done (\d+) ([\d.]+) ([\d.]+)")
    return float(done[2]), float(done[3])


@contextlib.contextmanager
def _server() -> Iterator[Server]:
    with (
        tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder,
        wayside(folder, connections_per_address=CONNECTIONS) as server,
    ):
        yield server


def _output(process: Popen[str]) -> IO[str]:
    assert process.stdout
    return process.stdout
