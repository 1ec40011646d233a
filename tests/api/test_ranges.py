"""Ranges: every well-written one gives exactly its bytes, every other text gives the whole file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayside.api.ranges import Part, Unsatisfiable, is_continued, is_known, part_wanted

TAG = '"abc"'

NUMBERS = st.integers(0, 60)
POSSIBLE = st.one_of(
    st.builds("bytes={}-{}".format, NUMBERS, NUMBERS),
    st.builds("bytes={}-".format, NUMBERS),
    st.builds("bytes=-{}".format, NUMBERS),
)


def as_the_standard_has_it(header: str, content: bytes) -> bytes | None:
    """Byte by byte, straight from RFC 9110 section 14.1.2; None: not satisfiable."""
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        wanted = [at for at in range(len(content)) if at >= len(content) - int(last)]
    else:
        if last and int(last) < int(first):
            return content  # invalid, and so not there
        wanted = [at for at in range(len(content)) if int(first) <= at and (not last or at <= int(last))]
    return bytes(content[at] for at in wanted) or None


@given(POSSIBLE, st.integers(0, 50))
def test_a_range_gives_its_bytes(header: str, size: int) -> None:
    content = bytes(range(size))
    expected = as_the_standard_has_it(header, content)
    try:
        part = part_wanted(header, size)
    except Unsatisfiable:
        assert expected is None
        return
    start, end = part or (0, size)
    assert content[start:end] == (expected or b"")


@given(st.text(), st.integers(0, 2**40))
def test_any_text_is_a_part_of_the_file_or_all_of_it(header: str, size: int) -> None:
    try:
        part = part_wanted(header, size)
    except Unsatisfiable:
        return
    assert part is None or 0 <= part.start < part.end <= size


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=0-0,5-6", None),
        ("items=0-1", None),
        ("bytes=5-2", None),
        ("bytes=a-b", None),
        ("bytes=\u0660-\u0662", None),
        ("bytes=--1", None),
        ("bytes=+1-2", None),
        ("bytes=" + "9" * 50 + "-", None),
        ("Bytes=0-4", Part(0, 5)),
        ("bytes= 0-4 ", Part(0, 5)),
        ("bytes=9-9999999999999999999", Part(9, 10)),
        ("bytes=-9999999999999999999", Part(0, 10)),
    ],
)
def test_what_is_not_understood_is_not_there(header: str | None, expected: Part | None) -> None:
    assert part_wanted(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=9999999999999999999-"])
def test_what_has_no_byte_cannot_be_given(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        part_wanted(header, 10)


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (None, False),
        ("", False),
        ("*", True),
        (TAG, True),
        (f"W/{TAG}", True),
        (f'"x", W/"y" , {TAG}', True),
        ('"x", "y"', False),
        ("abc", False),
        ('"ab', False),
    ],
)
def test_the_caller_may_have_it_already(header: str | None, known: bool) -> None:  # noqa: FBT001 - a table
    assert is_known(header, TAG) is known


def test_a_range_continues_only_what_is_exactly_here() -> None:
    assert is_continued(None, TAG)
    assert is_continued(TAG, TAG)
    for other in (f"W/{TAG}", '"x"', "Sat, 21 Nov 2026 12:00:00 GMT", "*", ""):
        assert not is_continued(other, TAG)
