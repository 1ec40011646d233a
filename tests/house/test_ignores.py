"""Whoever silences a check says which one, and why, in the same comment."""

import re
import tokenize
from pathlib import Path

import pytest

from tests.house.project import python_files, shown

SILENCER = re.compile(r"#\s*(?:ruff:\s*)?noqa\b|#\s*type:\s*ignore\b|#\s*mypy:\s*|#\s*pragma:", re.IGNORECASE)
WITH_CODE = re.compile(
    r"#\s*(?:ruff:\s*)?noqa:\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*"
    r"|#\s*type:\s*ignore\[[\w,\s-]+\]"
    r"|#\s*mypy:\s*[\w-]+(?:=[\w\"\s,-]+)?"
    r"|#\s*pragma:\s*no \w+"
)
REASON = re.compile(r"[A-Za-z]{2,}")


def fault(comment: str) -> str | None:
    """What a comment lacks, or None."""
    if not SILENCER.search(comment):
        return None
    rest, coded = WITH_CODE.subn("", comment)
    if SILENCER.search(rest) or not coded:
        return "no code"
    return None if REASON.search(rest) else "no reason"


def comments(path: Path) -> list[tuple[int, str]]:
    with tokenize.open(path) as source:
        tokens = tokenize.generate_tokens(source.readline)
        return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def test_every_silenced_check_is_named_and_argued() -> None:
    faults = {
        f"{shown(path)}:{line}": f"{lacking}: {comment}"
        for path in python_files()
        for line, comment in comments(path)
        if (lacking := fault(comment))
    }
    assert not faults


@pytest.mark.parametrize(
    ("comment", "lacking"),
    [
        ("# an ordinary comment", None),
        ("# noqa", "no code"),
        ("# noqa: S603", "no reason"),
        ("# noqa: S603 - the command is our own", None),
        ("# noqa: S603, S607 - the command is our own", None),
        ("# type: ignore", "no code"),
        ("# type: ignore[misc]", "no reason"),
        ("# type: ignore[misc]  # the stubs know no generic base", None),
        ("# type: ignore[misc]  # noqa: S603", "no reason"),
        ("# type: ignore  # noqa: S603 - the command is our own", "no code"),
    ],
)
def test_what_counts_as_named_and_argued(comment: str, lacking: str | None) -> None:
    assert fault(comment) == lacking
