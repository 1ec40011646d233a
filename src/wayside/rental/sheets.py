"""Banks as CSV (RFC 4180, UTF-8): a list to register, and a list of what there is.

What is exported can be imported again.  A cell that a spreadsheet would take for a formula is written with an
apostrophe before it, which is taken off again when it is read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from wayside.model.errors import CommandError
from wayside.model.instant import to_rfc3339
from wayside.model.rentals import Bank
from wayside.ports.rentals import NewBank
from wayside.rental.checks import misfit

COLUMNS: Final = ("bank", "label", "registered_at", "retired_at", "cabinet", "slot", "rental")
"""Of the export; the import reads the first two and overlooks the others."""

# One file registers a whole fleet; beyond this it is not a list of banks.
ROWS_MAX: Final = 100_000

# Whoever has made a mistake in every line needs to see a few of them.
PROBLEMS_MAX: Final = 20

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a line; the header is line 1."""

    line: int
    field: str
    detail: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.detail}"


class SheetError(CommandError):
    """The file cannot be imported, and nothing of it was.  ``problems`` are at most ``PROBLEMS_MAX``."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)), problems[0].field)
        self.problems = problems


def read_banks(text: str) -> list[NewBank]:
    """The banks of a file with a header line; without a column of labels they keep those that they have.

    Raises:
        SheetError: names line and field of everything that is wrong.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    banks: list[NewBank] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    try:
        columns = _columns(next(reader, []))
        for row in reader:
            if not any(row):
                continue
            label = _cell(row, columns["label"]) if "label" in columns else None
            bank = NewBank(_cell(row, columns["bank"]), label)
            problems += _problems(bank, reader.line_num, seen)
            seen.setdefault(bank.id, reader.line_num)
            banks.append(bank)
            if len(banks) > ROWS_MAX:
                problems.append(Problem(reader.line_num, "bank", f"more than {ROWS_MAX} banks in one file"))
            if len(problems) >= PROBLEMS_MAX or len(banks) > ROWS_MAX:
                break
    except csv.Error as error:
        problems.append(Problem(reader.line_num, "bank", f"not CSV: {error}"))
    if problems:
        raise SheetError(problems[:PROBLEMS_MAX])
    return banks


def write_banks(banks: Iterable[Bank]) -> Iterator[str]:
    """The file, line by line, header first."""
    line = io.StringIO(newline="")
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    yield line.getvalue()
    for bank in banks:
        line.seek(0)
        line.truncate()
        writer.writerow(map(_neutral, _row(bank)))
        yield line.getvalue()


def _row(bank: Bank) -> tuple[str, ...]:
    return (
        bank.id,
        bank.label,
        to_rfc3339(bank.registered_at),
        "" if bank.retired_at is None else to_rfc3339(bank.retired_at),
        "" if bank.place is None else bank.place.cabinet,
        "" if bank.place is None else str(bank.place.slot),
        bank.rental or "",
    )


def _columns(header: list[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    if "bank" not in names:
        raise SheetError([Problem(1, "bank", "the header names no such column")])
    for name in COLUMNS[:2]:
        if names.count(name) > 1:
            raise SheetError([Problem(1, name, "the header names this column twice")])
    return {name: number for number, name in enumerate(names)}


def _cell(row: list[str], column: int) -> str:
    return "" if column >= len(row) else _plain(row[column].strip(" "))


def _problems(bank: NewBank, line: int, seen: dict[str, int]) -> Iterator[Problem]:
    if (wrong := misfit(bank.id, bank.label or "")) is not None:
        yield Problem(line, *wrong)
    if bank.id in seen:
        yield Problem(line, "bank", f"{bank.id[:24]!r} stands in line {seen[bank.id]} already")


def _neutral(cell: str) -> str:
    return f"'{cell}" if _is_formula(cell) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _is_formula(cell: str) -> bool:
    """Or would be one without the apostrophes and blanks before it."""
    return cell.lstrip("' ").startswith(FORMULA_STARTS)
