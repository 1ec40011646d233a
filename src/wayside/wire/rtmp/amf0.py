"""AMF0, the encoding of RTMP's commands (Adobe's "AMF 0 Specification", 2007), bounded in depth and in number."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Final

from wayside.wire.rtmp.errors import RtmpError

Value = float | bool | str | dict[str, "Value"] | list["Value"] | None

# `connect` and `onMetaData` are one object deep; a list in an object is the most that encoders are seen to send.
DEPTH_MAX: Final = 8

# A `connect` has about ten properties, metadata some thirty.
VALUES_MAX: Final = 512

NAME_BYTES_MAX: Final = 0xFFFF
"""What two bytes can say; longer texts have a type of their own."""

NUMBER, BOOLEAN, STRING, OBJECT, NULL, UNDEFINED = 0, 1, 2, 3, 5, 6
ECMA_ARRAY, OBJECT_END, STRICT_ARRAY, DATE, LONG_STRING = 8, 9, 10, 11, 12

_DOUBLE: Final = struct.Struct(">d")
_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")


def decode(data: bytes) -> list[Value]:
    """Every value, one after the other.

    Raises:
        RtmpError: it is cut off, too deep, too much, or of a type that no publisher needs.
    """
    reader = _Reader(data)
    values: list[Value] = []
    try:
        while reader.at < len(data):
            values.append(reader.value(0))
    except (struct.error, IndexError) as error:
        raise RtmpError("AMF0 is cut off") from error
    return values


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at, self._values = data, 0, 0
        self._readers: dict[int, Callable[[int], Value]] = {
            NUMBER: lambda _: self._double(),
            BOOLEAN: lambda _: self._byte() != 0,
            STRING: lambda _: self._text(_U16),
            OBJECT: self._object,
            NULL: lambda _: None,
            UNDEFINED: lambda _: None,
            ECMA_ARRAY: self._ecma_array,
            STRICT_ARRAY: self._strict_array,
            DATE: lambda _: self._date(),
            LONG_STRING: lambda _: self._text(_U32),
        }

    def value(self, depth: int) -> Value:
        self._values += 1
        if self._values > VALUES_MAX:
            raise RtmpError(f"more than {VALUES_MAX} AMF0 values")
        if depth > DEPTH_MAX:
            raise RtmpError(f"AMF0 is nested more than {DEPTH_MAX} deep")
        kind = self._byte()
        read = self._readers.get(kind)
        if read is None:
            raise RtmpError(f"AMF0 type {kind}")
        return read(depth)

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _number(self, form: struct.Struct) -> int:
        (number,) = form.unpack_from(self.data, self.at)
        self.at += form.size
        return int(number)

    def _double(self) -> float:
        (number,) = _DOUBLE.unpack_from(self.data, self.at)
        self.at += _DOUBLE.size
        return float(number)

    def _date(self) -> float:
        milliseconds = self._double()
        self._number(_U16)  # the time zone, which is reserved
        return milliseconds

    def _text(self, form: struct.Struct) -> str:
        length = self._number(form)
        raw = self.data[self.at : self.at + length]
        if len(raw) < length:
            raise RtmpError("AMF0 is cut off")
        self.at += length
        return raw.decode("utf-8", "replace")

    def _object(self, depth: int) -> Value:
        found: dict[str, Value] = {}
        while True:
            name = self._text(_U16)
            if not name and self.data[self.at] == OBJECT_END:
                self.at += 1
                return found
            found[name] = self.value(depth + 1)

    def _ecma_array(self, depth: int) -> Value:
        self._number(_U32)  # how many there are, by a count that encoders get wrong: the end mark decides
        return self._object(depth)

    def _strict_array(self, depth: int) -> Value:
        return [self.value(depth + 1) for _ in range(self._number(_U32))]


def encode(*values: Value) -> bytes:
    """The values, one after the other."""
    return b"".join(map(_encoded, values))


def ecma_array(pairs: Mapping[str, Value]) -> bytes:
    """An associative array, which is how FLV has its metadata."""
    return bytes((ECMA_ARRAY,)) + _U32.pack(len(pairs)) + _pairs(pairs)


def _encoded(value: Value) -> bytes:
    if value is None:
        return bytes((NULL,))
    if isinstance(value, bool):
        return bytes((BOOLEAN, value))
    if isinstance(value, int | float):
        return bytes((NUMBER,)) + _DOUBLE.pack(value)
    if isinstance(value, str):
        raw = value.encode()
        if len(raw) > NAME_BYTES_MAX:
            return bytes((LONG_STRING,)) + _U32.pack(len(raw)) + raw
        return bytes((STRING,)) + _U16.pack(len(raw)) + raw
    if isinstance(value, list):
        return bytes((STRICT_ARRAY,)) + _U32.pack(len(value)) + encode(*value)
    return bytes((OBJECT,)) + _pairs(value)


def _pairs(pairs: Mapping[str, Value]) -> bytes:
    parts = []
    for name, value in pairs.items():
        raw = name.encode()[:NAME_BYTES_MAX]
        parts.append(_U16.pack(len(raw)) + raw + _encoded(value))
    return b"".join(parts) + _U16.pack(0) + bytes((OBJECT_END,))
