"""From items to values: signs, units, what is no reading; each rule once, as the lines of a function.

The lines make two kinds of function: one per identifier, here, for replies of any composition; and one per
composition, in ``layouts.py``, for those that come again and again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Any, Final

from wayside.model.events import Event, Kind, Values
from wayside.protocols.jk_bms.identifiers import (
    CELLS,
    PROTOCOL_VERSION,
    STATUSES,
    TABLE,
    WARNINGS,
    Cells,
    Choice,
    Current,
    Number,
    Row,
    Secret,
    Status,
    Switch,
    Temperature,
    Text,
    Warnings,
)
from wayside.protocols.jk_bms.items import CELL, Walk
from wayside.wire.generate import define, run_source

TEMPERATURE_RAW_MAX: Final = 140
TEMPERATURE_RAW_ZERO: Final = 100
WARNINGS_BIT: Final = {f"battery.warning.{name}": 1 << bit for bit, name in enumerate(WARNINGS)}
STATUSES_BIT: Final = {name: 1 << bit for bit, name in enumerate(STATUSES)}

# A pack says the same four texts for ever.  Thousands of packs fit; who sends random texts pushes out only these.
TEXTS_KEPT: Final = 4096

_FILLING: Final = re.compile(r"[^ -~]+")


@lru_cache(maxsize=TEXTS_KEPT)
def text(raw: bytes) -> str:
    """Without the NULs and underscores that it is filled up with; NULs between two parts become one blank."""
    return _FILLING.sub(" ", raw.decode("latin-1")).strip(" _")


def number_code(row: Row) -> str:
    """The ``struct`` code of the row's data."""
    match row.rule:
        case Text():
            return f"{row.size}s"
        case Secret() | Cells():
            return f"{row.size}x"
        case Number(signed=True):
            return {1: "b", 2: "h", 4: "i"}[row.size]
        case _:
            return {1: "B", 2: "H", 4: "I"}[row.size]


def presets(row: Row) -> Values:
    """The names that the row's lines give a value to, or leave as they are here."""
    values: Values = {} if isinstance(row.rule, Secret | Cells) else {row.value_name: 0}
    if isinstance(row.rule, Warnings | Status):
        values |= dict.fromkeys(WARNINGS_BIT if isinstance(row.rule, Warnings) else STATUSES_BIT, False)
    return values


def lines(row: Row, raw: str) -> list[str]:
    """What puts the reading ``raw`` into ``v``, where the row's presets already are.

    Only the current looks at ``version``, the number of C0.
    """
    return _LINES[type(row.rule)](row.rule, row.value_name, raw)


def _number(rule: Number, name: str, raw: str) -> list[str]:
    return [f"v[{name!r}] = {raw}" if rule.per_unit == 1 else f"v[{name!r}] = {raw} / {rule.per_unit}"]


def _temperature(_: Temperature, name: str, raw: str) -> list[str]:
    return [
        f"if {raw} <= {TEMPERATURE_RAW_MAX}:",
        f"    v[{name!r}] = {raw} if {raw} < {TEMPERATURE_RAW_ZERO} else {TEMPERATURE_RAW_ZERO} - {raw}",
        "else:",
        f"    v.pop({name!r}, None)",
    ]


def _current(_: Current, name: str, raw: str) -> list[str]:
    return [
        "if version == 1:",
        f"    v[{name!r}] = ({raw} & 0x7FFF if {raw} & 0x8000 else -{raw}) / 100",
        "elif version == 0:",
        f"    v[{name!r}] = (10000 - {raw}) / 100",
        "else:",
        f"    v.pop({name!r}, None)",
    ]


def _warnings(_: Warnings, name: str, raw: str) -> list[str]:
    bits = [f"    v[{warning!r}] = {raw} & {bit} != 0" for warning, bit in WARNINGS_BIT.items()]
    return [f"if {raw}:", f"    v[{name!r}] = {raw}", *bits]


def _status(_: Status, name: str, raw: str) -> list[str]:
    bits = [f"v[{status!r}] = {raw} & {bit} != 0" for status, bit in STATUSES_BIT.items()]
    return [f"v[{name!r}] = {raw}", *bits]


def _code(rule: Switch | Choice, name: str, raw: str) -> list[str]:
    """A code without a name stays a number, under a name of its own."""
    count, opened = (
        (2, f"{raw} == 1") if isinstance(rule, Switch) else (len(rule.names), f"{rule.names!r}[{raw}]")
    )
    unknown = [f"    v.pop({name!r}, None)", f"    v['{name}_raw'] = {raw}"]
    return [f"if {raw} < {count}:", f"    v[{name!r}] = {opened}", "else:", *unknown]


def _text(_: Text, name: str, raw: str) -> list[str]:
    return [f"if {raw} := text({raw}):", f"    v[{name!r}] = {raw}", "else:", f"    v.pop({name!r}, None)"]


def _nothing(_rule: Secret | Cells, _name: str, _raw: str) -> list[str]:
    return []


_LINES: Final[dict[type, Callable[[Any, str, str], list[str]]]] = {
    Number: _number,
    Temperature: _temperature,
    Current: _current,
    Warnings: _warnings,
    Status: _status,
    Switch: _code,
    Choice: _code,
    Text: _text,
    Secret: _nothing,
    Cells: _nothing,
}


def _single_readers() -> dict[int, Callable[[bytes, int], Values]]:
    scope: dict[str, Any] = {"text": text}
    functions = []
    for row in TABLE:
        name = f"read_{row.name}"
        scope |= {f"unpack_{name}": Struct(">" + number_code(row)).unpack, f"preset_{name}": presets(row)}
        reads = [] if isinstance(row.rule, Secret | Cells) else [f"[raw] = unpack_{name}(data)"]
        body = [*reads, f"v = preset_{name}.copy()", *lines(row, "raw"), "return v"]
        functions.append(define(name, "data, version, /", body))
    run_source("\n\n".join(functions), f"readings {__name__}", scope)
    return {row.identifier: scope[f"read_{row.name}"] for row in TABLE}


_READERS: Final = _single_readers()


def reading(row: Row, value: bytes, version: int) -> Values:
    """What one item says; ``version`` is the number of C0, as far as it is known, else 0."""
    return cells(value) if row is CELLS else _READERS[row.identifier](value, version)


def cells(value: bytes) -> Values:
    """The cells' voltages by the numbers that they came with, and how far they are apart."""
    measured = tuple(CELL.iter_unpack(value))
    values: Values = {f"battery.cell.{number}.voltage": millivolts / 1000 for number, millivolts in measured}
    millivolts = [voltage for _, voltage in measured]
    values["battery.cell.voltage_delta"] = (max(millivolts) - min(millivolts)) / 1000
    return values


def values_of(walk: Walk, version: int) -> Values:
    """What all items say, and what no rule describes as it came."""
    for row, value in walk.items:
        if row is PROTOCOL_VERSION:
            version = value[0]
    values: Values = {}
    for row, value in walk.items:
        values |= reading(row, value, version)
    if walk.rest:
        values["module.data.raw"] = walk.rest.hex()
    return values


def alarms(message: str, warnings: int) -> list[Event]:
    """An alarm for each named bit that is set."""
    return [
        Event(Kind.ALARM, message, {"alarm.kind": name, "alarm.code": bit})
        for bit, name in enumerate(WARNINGS)
        if warnings >> bit & 1
    ]
