from __future__ import annotations

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rental.records import CABINET, START
from wayside.model.rentals import BANK_ID, Bank, Place
from wayside.ports.rentals import NewBank
from wayside.rental.checks import LABEL_LENGTH_MAX
from wayside.rental.sheets import (
    PROBLEMS_MAX,
    ROWS_MAX,
    SheetError,
    read_banks,
    write_banks,
)

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "  =1+1", "'=1+1"]


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(SheetError) as caught:
        read_banks(text)
    return [(problem.line, problem.field) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        "bank,label\nA1,red\nB2,\n",
        "bank,label\r\nA1,red\r\nB2,\r\n",
        "\ufeffBank, Label \nA1 , red\n\n,,\nB2",
        'label,place,bank\n"red",x,A1\n,,B2\n',
    ],
)
def test_reading(text: str) -> None:
    assert read_banks(text) == [NewBank("A1", "red"), NewBank("B2", "")]


def test_an_empty_list_is_a_list() -> None:
    assert read_banks("bank\n") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [(1, "bank")]),
        ("label\nred\n", [(1, "bank")]),
        ("bank,bank\nA,B\n", [(1, "bank")]),
        ("bank,label,label\nA,B,C\n", [(1, "label")]),
        ("bank\nA\n\nB 2\n", [(4, "bank")]),
        ("bank,label\n,red\n", [(2, "bank")]),
        ("bank\nA\nB\nA\n", [(4, "bank")]),
        (f"bank,label\nA,{'x' * (LABEL_LENGTH_MAX + 1)}\n", [(2, "label")]),
        ('bank,label\nA,"two\nlines"\n', [(3, "label")]),
        ("bank\nA-1\n../etc\n", [(2, "bank"), (3, "bank")]),
        ('bank\n"A"B\n', [(2, "bank")]),
        ('bank\n"A\n', [(2, "bank")]),
    ],
)
def test_what_is_wrong_is_named_by_line_and_field(text: str, found: list[tuple[int, str]]) -> None:
    assert problems(text) == found


def test_not_every_one_of_many_mistakes_is_listed() -> None:
    assert len(problems("bank\n" + "?\n" * 1000)) == PROBLEMS_MAX


@pytest.mark.parametrize(("rows", "accepted"), [(ROWS_MAX, True), (ROWS_MAX + 1, False)])
def test_the_limit_of_rows(rows: int, accepted: bool) -> None:  # noqa: FBT001 - a parameter of the test
    text = "bank\n" + "".join(f"B{number}\n" for number in range(rows))
    if accepted:
        assert len(read_banks(text)) == rows
    else:
        assert problems(text) == [(rows + 1, "bank")]


def test_writing() -> None:
    banks = [
        Bank("A1", START, "red, big"),
        Bank("B2", START, retired_at=START, place=Place(CABINET, 2), rental="r1"),
    ]
    assert "".join(write_banks(banks)).split("\r\n") == [
        "bank,label,registered_at,retired_at,cabinet,slot,rental",
        'A1,"red, big",2023-11-14T22:13:20Z,,,,',
        "B2,,2023-11-14T22:13:20Z,2023-11-14T22:13:20Z,power-bank:866262045678903,2,r1",
        "",
    ]


@pytest.mark.parametrize("label", FORMULAS)
def test_no_cell_is_a_formula(label: str) -> None:
    text = "".join(write_banks([Bank("A", START, label)]))
    for cell in list(csv.reader(io.StringIO(text)))[1]:
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[0-9A-Za-z]{1,24}", fullmatch=True),
            st.one_of(st.sampled_from(FORMULAS), st.text(max_size=LABEL_LENGTH_MAX))
            .map(str.strip)
            .filter(str.isprintable),
        ),
        unique_by=lambda bank: bank[0],
    )
)
def test_what_was_exported_can_be_imported(banks: list[tuple[str, str]]) -> None:
    text = "".join(write_banks(Bank(bank, START, label) for bank, label in banks))
    assert read_banks(text) == [NewBank(bank, label) for bank, label in banks]


@given(st.text())
def test_any_text_is_a_list_or_refused(text: str) -> None:
    for content in (text, f"bank,label\n{text}"):
        with suppress(SheetError):
            assert all(BANK_ID.fullmatch(bank.id) for bank in read_banks(content))
