"""How commands show things: tables for people, JSON lines for programs.

What devices sent is untrusted: it never reaches the terminal as a control sequence, nor rich as markup.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wayside.model.text import json_text, printable

LINE_MAX: Final = 100_000
"""Wider than any row, so that programs such as grep see rows whole."""

DECIMALS: Final = 6
"""Of a degree this is a decimetre."""

_FRACTION: Final = re.compile(r"\.\d+Z$")


def json_line(value: object) -> None:
    """One value as a line of JSON on stdout."""
    sys.stdout.write(json_text(value) + "\n")


def note(text: str) -> None:
    """A line for people, on stderr: it never mixes with output that a program reads."""
    sys.stderr.write(printable(text) + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout.  On a terminal its last column is wrapped; elsewhere every row is one line."""
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold", no_wrap=column is not columns[-1])
    for row in rows:
        grid.add_row(*(Text(cell(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else LINE_MAX).print(grid)


def fields(pairs: Mapping[str, object]) -> None:
    """Name and value, a line each."""
    table(("name", "value"), list(pairs.items()))


def at(time: str | None) -> str | None:
    """A time of the API to the second, for tables; JSON output keeps all of it."""
    return None if time is None else _FRACTION.sub("Z", time)


def cell(value: object) -> str:
    """A value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(round(value, DECIMALS))
    if isinstance(value, Mapping):
        return " ".join(f"{name}={cell(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ",".join(map(cell, value))
    return printable(str(value))
