"""A run of fields of fixed size: one `struct` call each way, and the expressions around it."""

from __future__ import annotations

import re
from struct import Struct
from typing import Any, Final

from wayside.wire.errors import DecodeError
from wayside.wire.fields import Bcd, Bits, Int, Members, Nested, Raw
from wayside.wire.layout import Field, check_kind, fields_of

CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
WORDS: Final = {8: "B", 16: "H", 32: "I"}


class FixedRun:
    """Collects what the generated functions need to read and write neighbouring fields.

    `reads` are the names that unpacking assigns, `builds` one expression per field over them;
    `writes` are the arguments of packing, `misfits` expressions that are true when a value does
    not fit and packing itself would not notice.
    """

    def __init__(self, message: type[Any], order: str, scope: dict[str, Any]) -> None:
        self.message = message
        self.order = order
        self.scope = scope
        self.format = order
        self.reads: list[str] = []
        self.builds: list[str] = []
        self.writes: list[str] = []
        self.misfits: list[str] = []
        self._bits: list[tuple[Field, str, str]] = []

    @property
    def size(self) -> int:
        """How many bytes the run takes."""
        return Struct(self.format).size

    def add(self, field: Field, name: str, value: str) -> None:
        """Lay out one field: decode calls it `name`, encode finds it in the expression `value`."""
        check_kind(self.message, field)
        if isinstance(field.mark, Bits):
            self._bits.append((field, name, value))
            self._close_full_word()
            return
        self.end()
        match field.mark:
            case Int(3):
                self._add_three_bytes(field, name, value)
            case Int(size, signed):
                code = CODES[size]
                self._add(code.lower() if signed else code, name, self._open(field, name, name), value)
            case Raw(size):
                self._add(f"{size}s", name, name, value)
                self.misfits.append(f"len({value}) != {size}")
            case Bcd(size):
                self._add_digits(field, size, name, value)
            case Nested(item):
                self._add_nested(item, name, value)
            case _:
                raise TypeError(f"{self.message.__name__}.{field.name}: {field.mark.text} has no fixed size")

    def add_prefix(self, width: Int, name: str, value: str) -> None:
        """Add the length or count that announces a field of varying size."""
        self.end()
        self.format += CODES[width.size]
        self.reads.append(name)
        self.writes.append(value)

    def end(self) -> None:
        """Refuse bits that do not fill a word before something else begins."""
        if self._bits:
            names = ", ".join(field.name for field, _, _ in self._bits)
            raise TypeError(f"{self.message.__name__}: the bits of {names} do not fill 8, 16 or 32")

    def _add(self, code: str, name: str, build: str, value: str) -> None:
        self.format += code
        self.reads.append(name)
        self.builds.append(build)
        self.writes.append(value)

    def _add_three_bytes(self, field: Field, name: str, value: str) -> None:
        high, low = (f"_{name}_high", f"{value} >> 16"), (f"_{name}_low", f"{value} & 65535")
        pair = (high, low) if self.order == ">" else (low, high)
        self.format += "BH" if self.order == ">" else "HB"
        self.reads += [read for read, _ in pair]
        self.writes += [write for _, write in pair]
        self.builds.append(self._open(field, name, f"_{name}_high << 16 | _{name}_low"))

    def _add_digits(self, field: Field, size: int, name: str, value: str) -> None:
        where = f"{self.message.__name__}.{field.name}"

        def digits(packed: bytes) -> str:
            text = packed.hex()
            if not text.isdigit():
                raise DecodeError(f"{where}: {text} is not packed decimal digits")
            return text

        self.scope[f"_{name}_digits"] = digits
        self.scope[f"_{name}_fits"] = re.compile(f"[0-9]{{{2 * size}}}").fullmatch
        self.scope["_fromhex"] = bytes.fromhex
        self._add(f"{size}s", name, f"_{name}_digits({name})", f"_fromhex({value})")
        self.misfits.append(f"not _{name}_fits({value})")

    def _add_nested(self, item: type[Any], name: str, value: str) -> None:
        run = FixedRun(item, self.order, self.scope)
        for field in fields_of(item):
            run.add(field, f"{name}__{field.name}", f"{value}.{field.name}")
        run.end()
        self.scope[f"_{name}_type"] = item
        self.format += run.format[1:]
        self.reads += run.reads
        self.writes += run.writes
        self.misfits += run.misfits
        self.builds.append(f"_{name}_type({', '.join(run.builds)})")

    def _close_full_word(self) -> None:
        whole = left = sum(field.mark.width for field, _, _ in self._bits if isinstance(field.mark, Bits))
        if left not in WORDS:
            return
        word = f"_{self._bits[0][1]}_word"
        self.format += WORDS[left]
        self.reads.append(word)
        parts = []
        for field, name, value in self._bits:
            width = field.mark.width_bits or 0
            left -= width
            highest = left + width == whole  # above it there is nothing to be masked
            mask = (1 << width) - 1
            if field.kind is bool:
                self.builds.append(f"{word} >= {1 << left}" if highest else f"{word} & {mask << left} != 0")
            else:
                shifted = f"{word} >> {left}" if left else word
                self.builds.append(self._open(field, name, shifted if highest else f"{shifted} & {mask}"))
            parts.append(f"{value} << {left}" if left else value)
            self.misfits.append(f"{value} >> {width}")
        self.writes.append(" | ".join(parts))
        self._bits = []

    def _open(self, field: Field, name: str, expression: str) -> str:
        """The expression itself, or the enum's member for it."""
        if field.enum is None:
            return expression
        self.scope[f"_{name}_of"] = Members(field.enum)
        return f"_{name}_of[{expression}]"
