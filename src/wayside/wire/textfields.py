"""How a field lies in a line of text: the marks for `wayside.wire.text`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

PRINTABLE: Final = "[ -~]"
"""ASCII without control characters, as a regular expression for one character."""

MAX_DIGITS: Final = 20
"""Enough for 64 bits; int() of an endless run of digits would cost quadratic time."""

is_integer: Final = re.compile(f"-?[0-9]{{1,{MAX_DIGITS}}}").fullmatch
"""Stricter than int(), which also takes blanks, plus signs, underscores and digits of other scripts."""


@dataclass(frozen=True, slots=True)
class TextInt:
    """A decimal integer; the annotated type is `int` or an `OpenIntEnum`."""

    low: int
    high: int
    width_bits: ClassVar[None] = None

    @property
    def text(self) -> str:
        return f"integer {self.low}-{self.high}"

    @property
    def permitted(self) -> str:
        return f"an integer from {self.low} to {self.high}"

    def fits(self, value: object) -> bool:
        return isinstance(value, int) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class TextStr:
    """Text of bounded length; `character` is a regular expression for one permitted character.

    `reserved` characters are refused whatever `character` says; `line_for` fills them in.
    """

    max_length: int
    character: str = PRINTABLE
    min_length: int = 0
    reserved: str = ""
    width_bits: ClassVar[None] = None

    @property
    def text(self) -> str:
        return f"text of {self.min_length}-{self.max_length} of {self.character}"

    @property
    def permitted(self) -> str:
        without = f" without any of {self.reserved}" if self.reserved else ""
        return f"{self.text}{without}"

    @property
    def pattern(self) -> str:
        """The regular expression of the whole text."""
        outside = f"(?![{re.escape(self.reserved)}])" if self.reserved else ""
        return f"(?:{outside}(?={PRINTABLE})(?:{self.character})){{{self.min_length},{self.max_length}}}"

    def fits(self, value: object) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None


@dataclass(frozen=True, slots=True)
class TextRest:
    """The fields that are left, at most `max_fields` of at most `max_length` characters each.

    The annotated type is `tuple[str, ...]`; nothing may follow.
    """

    max_fields: int
    max_length: int
    reserved: str = ""
    width_bits: ClassVar[None] = None

    @property
    def text(self) -> str:
        return f"up to {self.max_fields} more fields"

    @property
    def each(self) -> TextStr:
        """The mark of one of the fields."""
        return TextStr(self.max_length, reserved=self.reserved)

    @property
    def permitted(self) -> str:
        return f"a tuple of at most {self.max_fields} times {self.each.permitted}"

    def fits(self, value: object) -> bool:
        return isinstance(value, tuple) and len(value) <= self.max_fields and all(map(self.each.fits, value))


@dataclass(frozen=True, slots=True)
class Absent:
    """A field that may be missing: its own mark, or None."""

    mark: TextInt | TextStr
    width_bits: ClassVar[None] = None

    @property
    def text(self) -> str:
        return f"{self.mark.text}, may be missing"

    @property
    def permitted(self) -> str:
        return f"{self.mark.permitted}, or None"

    def fits(self, value: object) -> bool:
        return value is None or self.mark.fits(value)
