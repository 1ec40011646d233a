"""Child processes: the server under test, the floor, the load; and what the kernel says of them."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")

# A server that has not said where it listens by then has failed.
START_TIMEOUT_S: Final = 30.0


def cpu_s(pid: int) -> float:
    """CPU time that the process has used so far, all threads, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def resident_bytes(pid: int) -> int:
    """Memory of the process that is in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


@contextlib.contextmanager
def child(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python child process; ended when the block is left, however it is left."""
    process = subprocess.Popen(  # noqa: S603 - our own module names
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream
            stream.close()


def read_until(stream: IO[str], pattern: str) -> re.Match[str]:
    """The first line that the pattern matches."""
    seen: list[str] = []
    deadline = time.monotonic() + START_TIMEOUT_S
    for line in stream:
        seen.append(line)
        if match := re.search(pattern, line):
            return match
        if time.monotonic() > deadline:
            break
    raise RuntimeError(f"no line like {pattern!r} in:\n{''.join(seen[-20:])}")
