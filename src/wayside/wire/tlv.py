"""Tagged items, one after the other: a tag, then a value whose length is known or stands before it.

    PERIPHERALS = TlvFormat("Peripherals", tag=U16, default=U8, special={0x0007: U16, 0x0009: U16})
    for tag, value in PERIPHERALS.items(data): ...

A rule is an `Int` (a length of that width stands before the value) or an `int` (the value has just
that many bytes). Where nothing is said of a tag and there is no default, its end cannot be found.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from wayside.wire.errors import DecodeError, EncodeError
from wayside.wire.fields import U8, Int

Rule = Int | int


class TlvItem(NamedTuple):
    """One tagged value, as it lay on the wire."""

    tag: int
    value: bytes


@dataclass(frozen=True, slots=True)
class TlvFormat:
    """How the items of one message are told apart; numbers have their high byte first."""

    name: str
    tag: Int = U8
    default: Rule | None = U8
    special: Mapping[int, Rule] = field(default_factory=dict)

    def items(self, data: bytes | bytearray | memoryview) -> Iterator[TlvItem]:
        """The items in their order.

        Raises DecodeError where an item is cut short or its tag is not known; the items before it
        have been handed out by then.
        """
        at = 0
        while at < len(data):
            tag, at = self._number(data, at, self.tag, "tag")
            rule = self.special.get(tag, self.default)
            if rule is None:
                raise DecodeError(f"{self.name}: tag {tag:#x} before byte {at} has no known length")
            if isinstance(rule, Int):
                length, at = self._number(data, at, rule, f"length of {tag:#x}")
            else:
                length = rule
            if at + length > len(data):
                raise DecodeError(f"{self.name}: {length} bytes of {tag:#x} wanted, {len(data) - at} there")
            yield TlvItem(tag, bytes(data[at : at + length]))
            at += length

    def encode(self, items: Iterable[TlvItem]) -> bytes:
        """The items as bytes; raises EncodeError for a tag or value that does not fit."""
        return b"".join([self._encode_one(item) for item in items])

    def _number(
        self, data: bytes | bytearray | memoryview, at: int, width: Int, what: str
    ) -> tuple[int, int]:
        end = at + width.size
        if end > len(data):
            raise DecodeError(f"{self.name}: {width.size} bytes of {what} wanted, {len(data) - at} there")
        return int.from_bytes(data[at:end], "big"), end

    def _encode_one(self, item: TlvItem) -> bytes:
        tag, value = item
        if not self.tag.fits(tag):
            raise EncodeError(f"{self.name}.tag: {tag!r} is not {self.tag.permitted}", "tag")
        rule = self.special.get(tag, self.default)
        head = tag.to_bytes(self.tag.size, "big")
        match rule:
            case Int() if len(value) <= rule.high:
                return head + len(value).to_bytes(rule.size, "big") + value
            case int() if len(value) == rule:
                return head + value
            case Int():
                permitted = f"at most {rule.high} bytes"
            case int():
                permitted = f"exactly {rule} bytes"
            case None:
                permitted = "writable: the tag has no known length"
        raise EncodeError(f"{self.name}.{tag:#x}: {reprlib.repr(value)} is not {permitted}", "value")
