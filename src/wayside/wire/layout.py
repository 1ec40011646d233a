"""A message class seen as a list of marked fields: what the binary and the text codecs both start from."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from typing import Annotated, NamedTuple, TypeGuard, get_args, get_origin, get_type_hints

import msgspec

from wayside.wire.errors import EncodeError
from wayside.wire.fields import Bcd, Bits, Counted, Int, Items, Listed, Mark, Nested, OpenIntEnum, Raw, Rest

GENERATED_CODE_USES = frozenset({"all", "bytes", "int", "len", "map", "tuple"})
"""Names that a field may not take, because the generated functions call them."""


class FieldLayout(NamedTuple):
    """One row of a message's table."""

    name: str
    type: str
    width_bits: int | None
    """None where the width depends on the value."""
    doc: str


class Field(NamedTuple):
    """One field of a message: its name, its Python type and how it lies on the wire."""

    name: str
    kind: object
    mark: Mark
    doc: str

    @property
    def item(self) -> type[msgspec.Struct]:
        """The message that a list field repeats."""
        item: type[msgspec.Struct] = get_args(self.kind)[0]
        return item

    @property
    def enum(self) -> type[OpenIntEnum] | None:
        """The enum that the field's code opens to, if the type is one."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, OpenIntEnum) else None

    def fits(self, value: object) -> bool:
        """Whether the value has the declared type and range."""
        if isinstance(value, tuple | list) and isinstance(self.mark, Listed | Items):
            return self.mark.fits(value) and all(isinstance(one, self.item) for one in value)
        return self.mark.fits(value)


def fields_of(message: type) -> tuple[Field, ...]:
    """The marked fields in their order on the wire.

    Raises TypeError, at import, for a class or field that cannot be laid out.
    """
    if not _is_message(message):
        raise TypeError(f"{message!r} is not a msgspec.Struct")
    hints = get_type_hints(message, include_extras=True)
    return tuple(_field(message, name, hints[name]) for name in message.__struct_fields__)


def _field(message: type, name: str, hint: object) -> Field:
    where = f"{message.__name__}.{name}"
    if name.startswith("_") or name in GENERATED_CODE_USES:
        raise TypeError(f"{where}: the generated code needs this name for itself")
    kind, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    marks = [extra for extra in extras if not isinstance(extra, str)]
    if not marks and _is_message(kind):
        marks = [Nested(kind)]
    if len(marks) != 1:
        raise TypeError(f"{where}: one mark wanted beside the type, {len(marks)} there")
    return Field(name, kind, marks[0], " ".join(extra for extra in extras if isinstance(extra, str)))


def _is_message(kind: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def check_kind(message: type, field: Field) -> None:
    """Refuse, at import, a Python type that the field's mark cannot produce."""
    kind, mark = field.kind, field.mark
    match mark:
        case Bits(1):
            right = kind in (bool, int)
        case Int() | Bits():
            right = kind is int or field.enum is not None
        case Raw() | Counted() | Rest():
            right = kind is bytes
        case Bcd():
            right = kind is str
        case Listed() | Items():
            arguments = get_args(kind)
            right = get_origin(kind) is tuple and arguments[1:] == (...,) and _is_message(arguments[0])
        case _:
            right = isinstance(mark, Nested)
    if not right:
        raise TypeError(f"{message.__name__}.{field.name}: {kind} cannot be {mark.text}")


def encode_refusal(name: str, fields: Iterable[Field], message: object) -> EncodeError:
    """The error for the first field whose value does not fit; the slow path of every encode."""
    return first_misfit(name, fields, message) or EncodeError(f"{name}: cannot be written", "")


def first_misfit(name: str, fields: Iterable[Field], message: object) -> EncodeError | None:
    """The error for the first field whose value does not fit, or None when all do."""
    for field in fields:
        value = getattr(message, field.name)
        if not field.fits(value):
            text = f"{name}.{field.name}: {reprlib.repr(value)} is not {field.mark.permitted}"
            return EncodeError(text, field.name)
        if isinstance(field.mark, Nested):
            inner = first_misfit(field.mark.item.__name__, fields_of(field.mark.item), value)
            if inner is not None:
                return inner
    return None
