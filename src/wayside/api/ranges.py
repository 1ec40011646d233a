"""Which bytes of a file a request is to get (RFC 9110, sections 13 and 14).

One range at most: several in one answer would be a format of its own that players do not use, and a server may answer
with everything in place of it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_RANGE: Final = re.compile(r"bytes=[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*", re.IGNORECASE)
"""Nineteen digits are more bytes than any disk has."""

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


class Part(NamedTuple):
    """From ``start`` up to, not including, ``end``."""

    start: int
    end: int


class Unsatisfiable(Exception):
    """The range is well written and has no byte of the file."""


def part_wanted(header: str | None, size: int) -> Part | None:
    """The part that a ``Range`` header asks for; None: all of it, also where the header is not understood.

    Raises:
        Unsatisfiable: it begins after the end, or is the last 0 bytes.
    """
    match = None if header is None else _RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if not length:
            raise Unsatisfiable
        return Part(size - length, size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Part(start, min(int(last) + 1, size) if last else size)


def is_known(header: str | None, tag: str) -> bool:
    """Whether an ``If-None-Match`` header says that the caller has what ``tag`` stands for.

    A mark of weakness does not count there.
    """
    return header is not None and (header.strip() == "*" or tag in _TAG.findall(header))


def is_continued(header: str | None, tag: str) -> bool:
    """Whether a range counts: there is no ``If-Range``, or it names exactly what is here.  A date never does."""
    return header is None or header.strip() == tag
