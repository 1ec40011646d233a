"""The vocabulary: one name, one unit, one type, for every device family.

Rules: a name is never used again with another meaning; no unit stands in a name; a value that the device says is
meaningless just now is left out, not sent as 0; an unknown code stays a number under ``….raw`` and never breaks
the event.  ``docs/reference/vocabulary.md`` is generated from this registry, and the tests hold every name and
value that a protocol emits against it.
"""

from __future__ import annotations

import enum
import math
import re
from typing import Final

import msgspec

from wayside.model.events import Value, Values
from wayside.model.names import CHOICES, ROWS


class ValueType(enum.StrEnum):
    """What JSON type a value has."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    STRING = "string"
    STRINGS = "strings"
    ANY = "any"


class Name(msgspec.Struct, frozen=True):
    """One entry.  ``name`` may hold ``{n}`` or ``{name}`` segments; ``choices`` is empty where any text may stand."""

    name: str
    type: ValueType
    unit: str
    description: str
    device_class: str
    choices: tuple[str, ...] = ()


VOCABULARY: Final[dict[str, Name]] = {
    name: Name(name, ValueType(kind), unit, description, device_class, CHOICES.get(name, ()))
    for name, kind, unit, description, device_class in ROWS
}

_NUMBER: Final = re.compile(r"(?<=\.)\d+(?=\.|$)")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]*")

_TYPES: Final[dict[ValueType, tuple[type, ...]]] = {
    ValueType.NUMBER: (int, float),
    ValueType.INTEGER: (int,),
    ValueType.BOOLEAN: (bool,),
    ValueType.STRING: (str,),
    ValueType.STRINGS: (list,),
    ValueType.ANY: (bool, int, float, str),
}


def lookup(name: str) -> Name | None:
    """The entry of a name as it stands in an event (``sensor.temperature.2``), or None."""
    if entry := VOCABULARY.get(name):
        return entry
    if entry := VOCABULARY.get(_NUMBER.sub("{n}", name)):
        return entry
    stem, _, word = name.rpartition(".")
    return VOCABULARY.get(stem + ".{name}") if _WORD.fullmatch(word) else None


def complaints(values: Values) -> list[str]:
    """What is wrong with an event's values, one line each; empty when every name and type is as registered."""
    return [problem for name, value in values.items() if (problem := _complaint(name, value))]


def _complaint(name: str, value: Value) -> str | None:
    entry = lookup(name)
    if entry is None:
        return f"{name} is not in the vocabulary"
    is_number = entry.type in {ValueType.NUMBER, ValueType.INTEGER}
    if not isinstance(value, _TYPES[entry.type]) or (is_number and isinstance(value, bool)):
        return f"{name} is {type(value).__name__}, registered as {entry.type}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{name} is not a finite number"
    if entry.choices and value not in entry.choices:
        return f"{name} is {value!r}, not one of {', '.join(entry.choices)}"
    return None
