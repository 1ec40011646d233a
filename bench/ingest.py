"""Durable ingest over real sockets: location frames acknowledged after commit, per second of server CPU.

The floor is a server that frames, checks and acknowledges and does nothing else, under the same client.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from typing import Final

import msgspec

from bench.procs import child, cpu_s, read_until
from bench.report import Row
from bench.server import RUN, wayside

CONNECTIONS: Final = 1000
SECONDS: Final = 6.0
ROUNDS: Final = 5

REAL: Final = ("-c", RUN)
STORELESS: Final = ("-m", "bench.storeless")


class Load(msgspec.Struct, frozen=True):
    """What one round of load came to."""

    per_s: float
    per_cpu_s: float
    p50_ms: float
    p99_ms: float


def load(
    pid: int, port: int, *, connections: int = CONNECTIONS, seconds: float = SECONDS, rate: float = 0
) -> Load:
    """Put the server under load, and relate what was acknowledged to the CPU it took."""
    with child("-m", "bench.load", str(port), str(connections), str(seconds), str(rate)) as client:
        assert client.stdout
        read_until(client.stdout, "ready")
        before = cpu_s(pid)
        go(client)
        done = read_until(client.stdout, r"done (\d+) ([\d.]+) ([\d.]+)")
        used = cpu_s(pid) - before
    frames = int(done[1])
    return Load(frames / seconds, frames / used, float(done[2]), float(done[3]))


def go(client: subprocess.Popen[str]) -> None:
    """Say the word that the client waits for."""
    assert client.stdin
    client.stdin.write("go\n")
    client.stdin.flush()


def run() -> list[Row]:
    """Alternate the three servers, so that a drifting machine hits all; compare round by round, and say the medians."""
    floors: list[Load] = []
    storeless: list[Load] = []
    ours: list[Load] = []
    for _ in range(ROUNDS):
        with child("-m", "bench.null_server") as null:
            assert null.stdout
            floors.append(load(null.pid, int(read_until(null.stdout, r"listening on (\d+)")[1])))
        for program, loads in ((STORELESS, storeless), (REAL, ours)):
            with (
                tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder,
                wayside(folder, program) as server,
            ):
                loads.append(load(server.pid, server.ports["jimi"]))
    floor, unstored, own = (
        statistics.median(one.per_cpu_s for one in loads) for loads in (floors, storeless, ours)
    )
    ratio = statistics.median(one.per_cpu_s / null.per_cpu_s for one, null in zip(ours, floors, strict=True))
    quick = statistics.median(one.per_s for one in ours)
    p99 = statistics.median(one.p99_ms for one in ours)
    return [
        Row(
            f"jimi location, {CONNECTIONS} connections, acknowledged after commit",
            f"{own:,.0f} per CPU-s ({quick:,.0f}/s, p99 {p99:.0f} ms)",
            f"{floor:,.0f} per CPU-s (acknowledges, stores nothing)",
            f"{ratio:.2f}",
            "≥ 0.35, then 0.5",
        ),
        _share("kernel, loop, framing, answer", 1e6 / floor, 1e6 / own, "the null server"),
        _share(
            "protocol, gateway, fold",
            1e6 / unstored - 1e6 / floor,
            1e6 / own,
            "store off, less the null server",
        ),
        _share("the store", 1e6 / own - 1e6 / unstored, 1e6 / own, "whole, less store off"),
    ]


def _share(what: str, cost_us: float, whole_us: float, how: str) -> Row:
    return Row(f"… of it {what}", f"{cost_us:.1f} µs CPU per frame", how, f"{cost_us / whole_us:.2f}")
