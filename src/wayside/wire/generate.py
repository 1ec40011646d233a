"""Turning generated source text into functions that a traceback can show."""

from __future__ import annotations

import linecache
from typing import Any


def run_source(source: str, label: str, scope: dict[str, Any]) -> None:
    """Run our own generated text; its functions appear in `scope`.

    The text is kept in `linecache`, so a traceback prints the generated line.
    """
    filename = f"<{label}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), scope)  # noqa: S102 - text made from our own classes, never from input


def define(name: str, parameters: str, lines: list[str]) -> str:
    """The text of one function."""
    return f"def {name}({parameters}):\n" + "".join(f"    {line}\n" for line in lines)
