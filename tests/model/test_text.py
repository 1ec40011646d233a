"""Whatever somebody wrote, a person's terminal only shows it."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayside.model.text import json_text, printable, printable_lines

ANY_TEXT = st.text(st.characters(codec=None))
"""Halves of surrogate pairs, too."""

NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bay 7 - Süd 東", "Bay 7 - Süd 東"),
        ("\x1b]0;gone\x07", r"\x1b]0;gone\x07"),
        ("\x9b31m", r"\x9b31m"),  # the same order in one character
        ("a\nb\r", r"a\nb\r"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANY_TEXT)
def test_all_of_it_can_be_printed(text: str) -> None:
    assert printable(text).isprintable()
    assert printable_lines(text).count("\n") == text.count("\n")


@given(JSON)
def test_json_is_one_printable_line_and_means_the_same(value: object) -> None:
    text = json_text(value)
    assert text.isprintable()
    assert json.loads(text) == value


@given(ANY_TEXT)
def test_json_can_be_read_whatever_it_holds(text: str) -> None:
    line = json_text({"text": text})
    assert line.isprintable()
    assert msgspec.json.decode(line)["text"] == text.encode(errors="replace").decode()


def test_json_reads_as_usual_where_it_can() -> None:
    value = {"name": "Süd 東", "n": 1.5}
    assert json_text(value).encode() == msgspec.json.encode(value)
    assert json_text({"thing": b"\x00".__class__}) == '{"thing":"<class \'bytes\'>"}'
