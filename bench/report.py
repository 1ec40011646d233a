"""One table for all measurements."""

from __future__ import annotations

import platform
import time
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


PAGE = """\
# Bench

What Wayside costs, measured beside a floor in the same run: a figure by itself says more about the machine than about
the program. A ratio is the figure by the floor, or the floor by it where more is better; *reach* is what was set out
to be reached. `make bench` prints these tables anew, its parts one by one with `.venv/bin/python -m bench PART`.

This page was written by `python -m bench {arguments}`.

{tables}
"""


def heading(now: time.struct_time) -> str:
    """What the figures were taken on, and when."""
    cpus = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    model = next((line.split(":", 1)[1].strip() for line in cpus.splitlines() if "model name" in line), "?")
    cores = sum(line.startswith("processor") for line in cpus.splitlines())
    parts = ", ".join(
        f"{name} {version(name)}" for name in ("uvloop", "msgspec", "apsw", "fastcrc", "litestar")
    )
    day = time.strftime("%Y-%m-%d", now)
    return f"On {model}, {cores} cores, Linux {platform.release()}, Python {platform.python_version()}, {parts}; {day}."


def table(title: str, rows: list[Row]) -> str:
    """Rows as a Markdown table under their title."""
    lines = [f"| {row.what} | {row.figure} | {row.floor} | {row.ratio} | {row.reach} |" for row in rows]
    head = ("| what | figure | floor in the same run | ratio | reach |", "|---|---|---|---|---|")
    return "\n".join(("", f"## {title}", "", *head, *lines))


def page(said: list[str], arguments: str) -> str:
    """The page to keep."""
    return PAGE.format(arguments=arguments, tables="\n".join(said))
