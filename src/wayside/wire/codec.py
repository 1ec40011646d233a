"""Binary messages: the annotations are the layout, and two straight-line functions are written from them.

Nothing is interpreted per packet: `codec_for` reads the marks once, at import, and generates the
text of `decode` and `encode`. `print(codec.source)` shows it; a traceback shows its lines.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Generic, Literal, NamedTuple, Protocol, TypeVar

from wayside.wire.errors import DecodeError
from wayside.wire.fields import Counted, Items, Listed, Nested, Rest
from wayside.wire.fixed import FixedRun
from wayside.wire.generate import define, run_source
from wayside.wire.layout import Field, FieldLayout, check_kind, encode_refusal, fields_of

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)

UNWRITABLE: Final = (struct.error, TypeError, AttributeError)
"""What the fast path of encode meets when a value does not fit; the slow path then names the field."""


class Decode(Protocol[M_co]):
    """Reads one message that starts at `offset` and takes all bytes from there on."""

    def __call__(self, data: bytes, offset: int = 0, /) -> M_co: ...


class Codec(NamedTuple, Generic[M]):
    """How one message is read and written.

    `decode` raises DecodeError for a missing and for a surplus byte; `encode` raises EncodeError,
    which names the field, for a value that does not fit.
    """

    message: type[M]
    size: int
    """Bytes on the wire; the least number of them when `fixed` is false."""
    fixed: bool
    layout: tuple[FieldLayout, ...]
    decode: Decode[M]
    encode: Callable[[M], bytes]
    source: str
    """The generated text of both functions."""


def codec_for(message: type[M], order: Literal[">", "<"] = ">") -> Codec[M]:
    """Generate the codec of a message class; `order` is ">" for the high byte first, "<" for the low.

    Raises TypeError for a class that cannot be laid out.
    """
    return _Generator(message, order).codec()


class _Generator(Generic[M]):
    """Writes the two functions of one message, field after field."""

    def __init__(self, message: type[M], order: Literal[">", "<"]) -> None:
        self.message = message
        self.name = message.__name__
        self.order: Literal[">", "<"] = order
        self.fields = fields_of(message)
        self.scope: dict[str, Any] = {
            "_message": message,
            "_UNWRITABLE": UNWRITABLE,
            "_refusal": partial(encode_refusal, self.name, self.fields),
            "_wrong_size": self._wrong_size,
            "_wrong_count": self._wrong_count,
        }
        self.open_ended = ""
        """The field that reaches to the end, if there is one."""
        self.parts: list[FixedRun | Field] = self._cut()
        self.size = sum(part.size for part in self.parts if isinstance(part, FixedRun))
        self.fixed = all(isinstance(part, FixedRun) for part in self.parts)

    def codec(self) -> Codec[M]:
        decode = self._fixed_decode() if self.fixed else self._varying_decode()
        source = "\n\n".join(
            [define("decode", "_data, _offset=0, /", decode), define("encode", "m, /", self._encode())]
        )
        run_source(source, f"codec {self.message.__module__}.{self.message.__qualname__}", self.scope)
        return Codec(
            message=self.message,
            size=self.size,
            fixed=self.fixed,
            layout=tuple(self._row(field) for field in self.fields),
            decode=self.scope["decode"],
            encode=self.scope["encode"],
            source=source,
        )

    def _cut(self) -> list[FixedRun | Field]:
        """Fixed runs and varying fields in turn, starting with a run; the last run may be empty."""
        run = FixedRun(self.message, self.order, self.scope)
        parts: list[FixedRun | Field] = [run]
        for field in self.fields:
            mark = field.mark
            if not isinstance(mark, Counted | Listed | Rest | Items):
                run.add(field, field.name, f"m.{field.name}")
                continue
            check_kind(self.message, field)
            if self.open_ended:
                raise TypeError(
                    f"{self.name}.{field.name}: only fields of fixed size may follow {self.open_ended}"
                )
            match mark:
                case Counted(prefix) | Listed(prefix):
                    run.add_prefix(prefix, f"_{field.name}_count", f"len(m.{field.name})")
                case _:
                    run.end()
                    self.open_ended = field.name
            if isinstance(mark, Listed | Items):
                self._prepare_items(field)
            run = FixedRun(self.message, self.order, self.scope)
            parts += [field, run]
        run.end()
        for number, part in enumerate(parts):
            if isinstance(part, FixedRun):
                packer = struct.Struct(part.format)
                self.scope |= {f"_unpack_{number}": packer.unpack_from, f"_pack_{number}": packer.pack}
        return parts

    def _prepare_items(self, field: Field) -> None:
        codec = codec_for(field.item, self.order)
        if not codec.fixed or not codec.size:
            raise TypeError(f"{self.name}.{field.name}: {field.item.__name__} has no fixed size")
        self.scope[f"_{field.name}_encode"] = codec.encode

    def _item_run(self, field: Field) -> FixedRun:
        """One item as the body of a comprehension: `build for reads in unpack(…)`."""
        run = FixedRun(self.message, self.order, self.scope)
        run.add(Field(field.name, field.item, Nested(field.item), ""), field.name, "m")
        self.scope[f"_{field.name}_unpack"] = struct.Struct(run.format).iter_unpack
        return run

    def _fixed_decode(self) -> list[str]:
        run = self.parts[0]
        assert isinstance(run, FixedRun)
        return [
            f"if len(_data) - _offset != {self.size}:",
            "    raise _wrong_size(len(_data) - _offset)",
            *_unpack_line(run, 0, "_offset"),
            *_return_lines(run.builds),
        ]

    def _varying_decode(self) -> list[str]:
        lines = [
            "_at, _end = _offset, len(_data)",
            f"if _end - _at < {self.size}:",
            "    raise _wrong_size(_end - _at)",
        ]
        builds: list[str] = []
        after = self.size
        for number, part in enumerate(self.parts):
            if isinstance(part, FixedRun):
                after -= part.size
                lines += _unpack_line(part, number, "_at")
                lines += [f"_at += {part.size}"] if part.size else []
                builds += part.builds
            else:
                lines += self._varying_lines(part, after)
                builds.append(part.name)
        if not self.open_ended:
            lines += ["if _at != _end:", "    raise _wrong_size(_end - _offset, _at - _offset)"]
        return lines + _return_lines(builds)

    def _varying_lines(self, field: Field, after: int) -> list[str]:
        """Read one varying field, leaving `after` bytes at least for what follows it."""
        name, mark = field.name, field.mark
        if isinstance(mark, Rest) and not after:
            return [f"{name} = _data[_at:]"]
        item = self._item_run(field) if isinstance(mark, Listed | Items) else None
        unit = item.size if item else 1
        limit = f"_end - {after}" if after else "_end"
        lines = [f"_stop = {limit}"]
        if isinstance(mark, Counted | Listed):
            length = f"_{name}_count * {unit}" if item else f"_{name}_count"
            lines = [
                f"_stop = _at + {length}",
                f"if _stop > {limit}:",
                f"    raise _wrong_count('{name}', _{name}_count, {unit}, {limit} - _at)",
            ]
        elif item:
            lines += [
                f"if (_stop - _at) % {unit}:",
                f"    raise _wrong_count('{name}', (_stop - _at) // {unit} + 1, {unit}, _stop - _at)",
            ]
        if item:
            reads, build = ", ".join(item.reads), item.builds[0]
            lines.append(f"{name} = tuple([{build} for [{reads}] in _{name}_unpack(_data[_at:_stop])])")
        else:
            lines.append(f"{name} = _data[_at:_stop]")
        return [*lines, "_at = _stop"]

    def _encode(self) -> list[str]:
        writes, misfits = list[str](), list[str]()
        for number, part in enumerate(self.parts):
            if isinstance(part, FixedRun):
                writes += [f"_pack_{number}({', '.join(part.writes)})"] if part.size else []
                misfits += part.misfits
            elif isinstance(part.mark, Listed | Items):
                writes.append(f"*[_{part.name}_encode(_item) for _item in m.{part.name}]")
            else:
                writes.append(f"m.{part.name}")
        packed = writes[0] if self.fixed and writes else f"b''.join([{', '.join(writes)}])"
        failed = ["except _UNWRITABLE as _error:", "    raise _refusal(m) from _error"]
        if not misfits:
            return ["try:", f"    return {packed}", *failed]
        return [
            "try:",
            f"    if not ({' or '.join(misfits)}):",
            f"        return {packed}",
            *failed,
            "raise _refusal(m)",
        ]

    def _row(self, field: Field) -> FieldLayout:
        text, width = field.mark.text, field.mark.width_bits
        if isinstance(field.mark, Nested):
            width = 8 * codec_for(field.mark.item, self.order).size
        elif isinstance(field.mark, Listed | Items):
            text += f": {field.item.__name__}"
        elif field.enum:
            text += f", {field.enum.__name__}"
        return FieldLayout(field.name, text, width, field.doc)

    def _wrong_size(self, there: int, wanted: int | None = None) -> DecodeError:
        if wanted is None:
            return DecodeError(
                f"{self.name}: {'' if self.fixed else 'at least '}{self.size} bytes wanted, {there} there"
            )
        return DecodeError(f"{self.name}: {wanted} bytes wanted, {there} there")

    def _wrong_count(self, field: str, count: int, unit: int, there: int) -> DecodeError:
        things = "bytes" if unit == 1 else f"items of {unit} bytes"
        return DecodeError(f"{self.name}.{field}: {count} {things} wanted, {there} bytes there")


def _unpack_line(run: FixedRun, number: int, at: str) -> list[str]:
    if not run.reads:
        return []
    return [f"[{', '.join(run.reads)}] = _unpack_{number}(_data, {at})"]


def _return_lines(builds: list[str]) -> list[str]:
    """One field a line, so that a traceback names the field."""
    return ["return _message(", *(f"    {build}," for build in builds), ")"]
