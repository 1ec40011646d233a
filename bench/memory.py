"""Memory of idle, registered connections, all in one process."""

from __future__ import annotations

import tempfile
import time
from typing import Final

from bench.ingest import go
from bench.procs import child, read_until, resident_bytes
from bench.report import Row
from bench.server import wayside

# One process may open 20,000 descriptors here; the store and the listeners need some.
CONNECTIONS: Final = 15_000
KIB: Final = 1024

# After the last heartbeat is stored, memory of that burst is handed back or kept; either way it is settled.
SETTLE_S: Final = 3.0


def run() -> list[Row]:
    """Log in as many devices, let each send one heartbeat, and see what the server grew by."""
    with (
        tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder,
        wayside(folder, connections_per_address=CONNECTIONS) as server,
    ):
        before = resident_bytes(server.pid)
        started = time.perf_counter()
        with child("-m", "bench.load", str(server.ports["jimi"]), str(CONNECTIONS), "0", "0") as client:
            assert client.stdout
            read_until(client.stdout, "ready")
            took_s = time.perf_counter() - started
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
            "≤ 12 KiB",
        ),
        Row("… time to log all of them in", f"{took_s:.1f} s", "", f"{CONNECTIONS / took_s:,.0f} per s"),
    ]
