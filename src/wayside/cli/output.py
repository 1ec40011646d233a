"""How commands show things: tables for people, JSON lines for programs.

What devices sent is untrusted: it never reaches the terminal as a control sequence, nor rich as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text


def json_line(value: object) -> None:
    """One value as a line of JSON on stdout."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def note(text: str) -> None:
    """A line for people, on stderr: it never mixes with output that a program reads."""
    sys.stderr.write(printable(text) + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout, as wide as its content where the output is no terminal."""
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell(value)) for value in row))
    console = Console(soft_wrap=not sys.stdout.isatty())
    console.print(grid)


def fields(pairs: Mapping[str, object]) -> None:
    """Name and value, a line each."""
    table(("", ""), [(name, value) for name, value in pairs.items()])


def cell(value: object) -> str:
    """A value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(f"{name}={cell(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ",".join(map(cell, value))
    return printable(str(value))


def printable(text: str) -> str:
    """Text whose control characters are spelled out; line feeds too, so that a value stays on its line."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
