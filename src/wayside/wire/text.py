"""Comma lines: text messages declared like the binary ones, one field of the line per field of the struct.

    class Heartbeat(Struct, frozen=True, gc=False):
        locked: Annotated[int, TextInt(0, 1)]
        voltage_mv: Annotated[int, TextInt(0, 65535)]
        iccid: Annotated[str, TextStr(22, "[0-9A-F]")]
        autolock: Annotated[int | None, TextInt(0, 1)] = None

    HEARTBEAT = line_for(Heartbeat, separator=",", reserved="*#")

A field with a default may be missing at the end of a line. A trailing None is left out when written,
so a default of None round-trips. Text is kept as it is; numbers lose leading zeros and nothing else.
Only printable ASCII passes, and never the separator or a reserved character, in either direction.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest
from types import NoneType
from typing import Any, Generic, NamedTuple, TypeVar, get_args

import msgspec

from wayside.wire.errors import DecodeError, EncodeError
from wayside.wire.fields import Members
from wayside.wire.generate import define, run_source
from wayside.wire.layout import Field, FieldLayout, fields_of, first_misfit
from wayside.wire.textfields import Absent, TextInt, TextRest, TextStr, is_integer

M = TypeVar("M")

UNWRITABLE = (TypeError, ValueError)
"""What the fast path of encode meets when a value does not fit; the slow path then names the field."""


class LineCodec(NamedTuple, Generic[M]):
    """How one message is read from the fields of a line, and written as the line's text.

    `decode` takes the fields already split, and raises DecodeError; `encode` returns them joined by
    the separator, without what frames a line, and raises EncodeError, which names the field.
    """

    message: type[M]
    layout: tuple[FieldLayout, ...]
    decode: Callable[[Sequence[str]], M]
    encode: Callable[[M], str]
    source: str
    """The generated text of both functions."""


def line_for(message: type[M], separator: str = ",", reserved: str = "") -> LineCodec[M]:
    """Generate the codec of a message class; `reserved` are the characters that frame a line.

    Raises TypeError for a class that cannot be laid out.
    """
    return _Generator(message, separator, reserved).codec()


class _Generator(Generic[M]):
    """Writes the two functions of one message, field after field."""

    def __init__(self, message: type[M], separator: str, reserved: str) -> None:
        self.message = message
        self.name = message.__name__
        self.separator = separator
        self.fields = [_resolve(message, field, separator + reserved) for field in fields_of(message)]
        self.defaults = _defaults(message, self.fields)
        self.most = len(self.fields)
        self.least = self.most - len(self.defaults)
        if self.fields and isinstance(rest := self.fields[-1].mark, TextRest):
            self.most += rest.max_fields - 1
            self.least -= self.fields[-1].name not in self.defaults
        self.scope: dict[str, Any] = {
            "_message": message,
            "_UNWRITABLE": UNWRITABLE,
            "_is_integer": is_integer,
            "_refusal": self._refusal,
            "_wrong_count": self._wrong_count,
            "_wrong_field": self._wrong_field,
        }

    def codec(self) -> LineCodec[M]:
        decode = define("decode", "_fields, /", self._decode())
        source = f"{decode}\n\n{define('encode', 'm, /', self._encode())}"
        run_source(source, f"line {self.message.__module__}.{self.message.__qualname__}", self.scope)
        layout = tuple(FieldLayout(field.name, _row_text(field), None, field.doc) for field in self.fields)
        return LineCodec(self.message, layout, self.scope["decode"], self.scope["encode"], source)

    def _decode(self) -> list[str]:
        right = (
            f"_count == {self.most}" if self.least == self.most else f"{self.least} <= _count <= {self.most}"
        )
        lines = ["_count = len(_fields)", f"if not {right}:", "    raise _wrong_count(_count)"]
        for number, field in enumerate(self.fields):
            read = self._read(field, number)
            if field.name in self.defaults and not isinstance(field.mark, TextRest):
                self.scope[f"_{field.name}_default"] = self.defaults[field.name]
                lines += [f"{field.name} = _{field.name}_default", f"if _count > {number}:"]
                read = [f"    {line}" for line in read]
            lines += read
        return [*lines, "return _message(", *(f"    {field.name}," for field in self.fields), ")"]

    def _read(self, field: Field, number: int) -> list[str]:
        name, mark = field.name, _bare(field)
        refuse = f"    raise _wrong_field({number}, {name})"
        if isinstance(mark, TextStr):
            self.scope[f"_{name}_fits"] = re.compile(mark.pattern).fullmatch
            return [f"{name} = _fields[{number}]", f"if not _{name}_fits({name}):", refuse]
        if isinstance(mark, TextRest):
            self.scope[f"_{name}_fits"] = re.compile(mark.each.pattern).fullmatch
            return [f"{name} = tuple(_fields[{number}:])", f"if not all(map(_{name}_fits, {name})):", refuse]
        lines = [
            f"{name} = _fields[{number}]",
            f"if not _is_integer({name}) or not {mark.low} <= int({name}) <= {mark.high}:",
            refuse,
            f"{name} = int({name})",
        ]
        if field.enum:
            self.scope[f"_{name}_of"] = Members(field.enum)
            lines[-1] = f"{name} = _{name}_of[int({name})]"
        return lines

    def _encode(self) -> list[str]:
        absent = [field for field in self.fields if isinstance(field.mark, Absent)]
        present = [field for field in self.fields if field not in absent]
        conditions = [_condition(field) for field in self.fields] + _no_gaps(self.fields)
        lines = [
            f"_line = [{', '.join(_write(field) for field in present if not isinstance(field.mark, TextRest))}]"
        ]
        for field in absent:
            lines += [f"if m.{field.name} is not None:", f"    _line.append({_write(field)})"]
        lines += [f"_line += m.{field.name}" for field in present if isinstance(field.mark, TextRest)]
        return [
            "try:",
            f"    if {' and '.join(conditions) or 'True'}:",
            *(f"        {line}" for line in lines),
            f"        return {self.separator!r}.join(_line)",
            "except _UNWRITABLE as _error:",
            "    raise _refusal(m) from _error",
            "raise _refusal(m)",
        ]

    def _refusal(self, message: object) -> EncodeError:
        misfit = first_misfit(self.name, self.fields, message)
        if misfit is not None:
            return misfit
        gap = next(field.name for field in self.fields if getattr(message, field.name) is None)
        return EncodeError(f"{self.name}.{gap}: None, though a later field has a value", gap)

    def _wrong_count(self, there: int) -> DecodeError:
        wanted = str(self.most) if self.least == self.most else f"{self.least} to {self.most}"
        return DecodeError(f"{self.name}: {wanted} fields wanted, {there} there")

    def _wrong_field(self, number: int, value: object) -> DecodeError:
        field = self.fields[number]
        return DecodeError(f"{self.name}.{field.name}: {reprlib.repr(value)} is not {field.mark.permitted}")


def _resolve(message: type, field: Field, reserved: str) -> Field:
    """The field with its optional type opened and its mark told what the line reserves."""
    kind, mark = field.kind, field.mark
    if isinstance(mark, TextStr | TextRest):
        mark = replace(mark, reserved=reserved)
    if NoneType in get_args(kind) and isinstance(mark, TextInt | TextStr):
        kind = next(one for one in get_args(kind) if one is not NoneType)
        mark = Absent(mark)
    found = Field(field.name, kind, mark, field.doc)
    match _bare(found):
        case TextInt():
            right = kind is int or found.enum is not None
        case TextStr():
            right = kind is str
        case TextRest():
            right = get_args(kind) == (str, ...)
    if not right:
        raise TypeError(f"{message.__name__}.{field.name}: {field.kind} cannot be {mark.text}")
    return found


def _bare(field: Field) -> TextInt | TextStr | TextRest:
    mark = field.mark.mark if isinstance(field.mark, Absent) else field.mark
    if not isinstance(mark, TextInt | TextStr | TextRest):
        raise TypeError(f"{field.name}: {mark.text} does not belong in a line of text")
    return mark


def _defaults(message: type, fields: list[Field]) -> dict[str, object]:
    """The defaults by field; refuses, at import, an order of fields that a line cannot have."""
    defaults = {
        field.name: field.default
        for field in msgspec.structs.fields(message)
        if field.default is not msgspec.NODEFAULT
    }
    for field, following in zip_longest(fields, fields[1:]):
        where = f"{message.__name__}.{field.name}"
        if isinstance(field.mark, TextRest) and following:
            raise TypeError(f"{where}: nothing may follow the rest of the fields")
        if isinstance(field.mark, Absent):
            if defaults.get(field.name, ...) is not None:
                raise TypeError(f"{where}: a field that may be missing needs None as its default")
            if following and not isinstance(following.mark, Absent | TextRest):
                raise TypeError(f"{where}: only fields that may be missing, too, can follow")
    return defaults


def _condition(field: Field) -> str:
    """The expression that is true when the value fits."""
    value, mark = f"m.{field.name}", _bare(field)
    match mark:
        case TextInt(low, high):
            fits = f"{low} <= {value} <= {high}"
        case TextStr():
            fits = f"_{field.name}_fits({value})"
        case TextRest(max_fields):
            fits = f"isinstance({value}, tuple) and len({value}) <= {max_fields}"
            fits += f" and all(map(_{field.name}_fits, {value}))"
    return f"({value} is None or {fits})" if isinstance(field.mark, Absent) else fits


def _no_gaps(fields: list[Field]) -> list[str]:
    """Expressions that are true when no value follows a missing one."""
    pairs = [(field, after) for field, after in pairwise(fields) if isinstance(field.mark, Absent)]
    return [
        f"(m.{field.name} is not None or m.{after.name} {'== ()' if isinstance(after.mark, TextRest) else 'is None'})"
        for field, after in pairs
    ]


def _write(field: Field) -> str:
    return f"f'{{m.{field.name}:d}}'" if isinstance(_bare(field), TextInt) else f"m.{field.name}"


def _row_text(field: Field) -> str:
    return f"{field.mark.text}, {field.enum.__name__}" if field.enum else field.mark.text
