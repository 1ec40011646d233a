"""The little Markdown that the generators need."""

import re
from collections.abc import Iterable, Sequence


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; a cell's text can break neither the row nor the column."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell(value) for value in line)} |" for line in lines)


def cell(value: object) -> str:
    """One cell on one line."""
    return re.sub(r"\s+", " ", str(value)).strip().replace("|", r"\|")


def code(value: object) -> str:
    """A name as it is typed; nothing for nothing."""
    return f"`{value}`" if value not in {"", None} else ""


def summary(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return cell((thing.__doc__ or "").strip().partition("\n\n")[0])


def fence(text: str, language: str = "") -> str:
    """Text as it is, in a block."""
    return f"```{language}\n{text.strip()}\n```"
