"""Start-up: the command's help, and the server until it is ready."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from typing import Final

from bench.report import Row
from bench.server import RUN, wayside

ROUNDS: Final = 7


def process_s(*arguments: str) -> float:
    """How long a Python process with these arguments takes, the median of several."""
    rounds: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
        rounds.append(time.perf_counter() - started)
    return statistics.median(rounds)


def ready_s() -> float:
    """From the start of the process to devices being let in, on an empty folder."""
    rounds: list[float] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="wayside-bench-") as folder:
            started = time.perf_counter()
            with wayside(folder):
                rounds.append(time.perf_counter() - started)
    return statistics.median(rounds)


def run() -> list[Row]:
    """Both, beside a Python that does nothing."""
    floor = process_s("-c", "")
    help_s, serve_s, ready = (
        process_s("-c", RUN, "--help"),
        process_s("-c", RUN, "serve", "--help"),
        ready_s(),
    )
    bare = f"{floor * 1e3:.0f} ms (Python alone)"
    return [
        Row("`wayside --help`", f"{help_s * 1e3:.0f} ms", bare, f"{help_s / floor:.1f}", "≤ 200 ms"),
        Row("`wayside serve --help`", f"{serve_s * 1e3:.0f} ms", bare, f"{serve_s / floor:.1f}", "≤ 200 ms"),
        Row("`wayside serve` until ready", f"{ready:.2f} s", bare, f"{ready / floor:.0f}", "≤ 1.5 s"),
    ]
