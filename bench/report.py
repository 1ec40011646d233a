"""One table for all measurements."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from pathlib import Path

import msgspec


class Row(msgspec.Struct, frozen=True):
    """A figure, the floor it is compared with, and what ought to be reached (empty: nothing is asked)."""

    what: str
    figure: str
    floor: str
    ratio: str
    reach: str = ""


def machine() -> str:
    """What the figures were taken on."""
    cpus = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    model = next((line.split(":", 1)[1].strip() for line in cpus.splitlines() if "model name" in line), "?")
    parts = ", ".join(
        f"{name} {version(name)}" for name in ("uvloop", "msgspec", "apsw", "fastcrc", "litestar")
    )
    return f"{model}, {cpus.count('processor	')} cores, Python {platform.python_version()}, {parts}"


def show(title: str, rows: list[Row]) -> None:
    """Print rows as a Markdown table."""
    print(f"\n### {title}\n")
    print("| what | figure | floor in the same run | ratio | reach |")
    print("|---|---|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.figure} | {row.floor} | {row.ratio} | {row.reach} |")
    sys.stdout.flush()
