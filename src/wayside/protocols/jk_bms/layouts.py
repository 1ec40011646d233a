"""Replies of a composition that came before are read by a function written for just that composition.

A pack sends the same identifiers in the same places for years: some eighty of them, several times a minute.  So the
first reply is walked, and a straight-line function is made for its layout; later ones are recognised by their length
and by the bytes that no reading changes (identifiers, cell numbers), all compared at once as one large integer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from struct import Struct
from typing import Any, Final, NamedTuple

from wayside.model.events import Values
from wayside.protocols.jk_bms.identifiers import CELLS, PROTOCOL_VERSION
from wayside.protocols.jk_bms.items import CELL, Item, walk
from wayside.protocols.jk_bms.translate import cells, lines, number_code, presets, text, values_of
from wayside.wire.generate import define, run_source

# A firmware has one layout per number of cells: this is room for all that a fleet can be made of.  Whoever sends
# others to fill it costs some milliseconds each, once; what finds no room is walked, and none the worse for it.
LAYOUTS_MAX: Final = 128

# Making a function costs as much as walking some fifty replies; short ones are walked quickly enough.
ITEMS_MIN: Final = 20

# Settings (up to the working time, which goes on) stay for months, and are half of a reply: they are translated when
# they change.  They fill some 6 KB; with more batteries than this the oldest are translated again.
KEPT: Final = range(0x8E, 0xB6)
SETTINGS_KEPT: Final = 1024


class Layout(NamedTuple):
    """``read(data, version)`` is right for data of which the bits in ``mask`` are as in ``fixed``."""

    mask: int
    fixed: int
    read: Callable[[bytes, int], Values]


class Layouts:
    """The layouts that were met, by the length of their data."""

    def __init__(self) -> None:
        self._by_length: dict[int, list[Layout]] = {}
        self._count = 0

    def read(self, data: bytes, version: int) -> Values:
        """The values in a reply with many identifiers; ``version`` holds where C0 is not among them."""
        if known := self._by_length.get(len(data)):
            number = int.from_bytes(data)
            for layout in known:
                if number & layout.mask == layout.fixed:
                    return layout.read(data, version)
        found = walk(data)
        if self._worth_keeping(found.items) and not found.rest:
            self._count += 1
            self._by_length.setdefault(len(data), []).append(layout_of(data, found.items, self._count))
        return values_of(found, version)

    def _worth_keeping(self, items: list[Item]) -> bool:
        """Identifiers ascend in every real reply, which also rules out that one comes twice."""
        ascending = all(before.row.identifier < after.row.identifier for before, after in pairwise(items))
        return self._count < LAYOUTS_MAX and len(items) >= ITEMS_MIN and ascending


LAYOUTS: Final = Layouts()
"""One for all sessions: a fleet has few layouts."""


class _Part:
    """Neighbouring items, and what a function needs to read them: a ``struct`` format, the names it gives, lines."""

    def __init__(self) -> None:
        self.format = ">"
        self.reads: list[str] = []
        self.body: list[str] = []

    def add(self, item: Item) -> None:
        """Read the item next."""
        row, value = item
        if row is CELLS:
            self._add_cells(value)
            return
        code, raw = number_code(row), f"r{row.identifier:02x}"
        self.format += "x" + code
        self.reads += [] if code.endswith("x") else [raw]
        self.body += lines(row, raw)
        if row is PROTOCOL_VERSION:
            self.body.insert(0, f"version = {raw}")

    def _add_cells(self, value: bytes) -> None:
        numbers = [number for number, _ in CELL.iter_unpack(value)]
        names = [f"c{place}" for place in range(len(numbers))]
        self.format += "xx" + "xH" * len(numbers)
        self.reads += names
        for number, name in zip(numbers, names, strict=True):
            self.body.append(f"v['battery.cell.{number}.voltage'] = {name} / 1000")
        self.body.append(f"cells = ({', '.join(names)},)")
        self.body.append("v['battery.cell.voltage_delta'] = (max(cells) - min(cells)) / 1000")

    def skip(self, size: int) -> None:
        """Somebody else reads these bytes."""
        self.format += f"{size}x"

    def function(self, name: str, parameters: str, start: str) -> str:
        """The text; ``start`` makes the dict that the values go into."""
        unpacking = f"[{', '.join(self.reads)}] = unpack_{name}(data)"
        return define(name, parameters, [unpacking, f"v = {start}", *self.body, "return v"])


def layout_of(data: bytes, items: list[Item], number: int) -> Layout:
    """Write the functions for data that consists of just these items; ``number`` names them in tracebacks."""
    live, kept = _Part(), _Part()
    template: Values = {}
    mask = bytearray()
    begin = end = 0
    for item in items:
        start, fixed = len(mask), _fixed_bytes(item)
        mask += fixed
        template |= presets(item.row) if item.row is not CELLS else dict.fromkeys(cells(item.value), 0)
        if item.row.identifier not in KEPT:
            live.add(item)
            continue
        begin, end = begin or start, len(mask)
        kept.add(item)
        live.skip(len(fixed))
    scope: dict[str, Any] = {
        "text": text,
        "template": template.copy,
        "unpack_settings": Struct(kept.format).unpack,
        "unpack_read": Struct(live.format).unpack,
        "keep": lru_cache(SETTINGS_KEPT),
    }
    functions = [
        "@keep\n" + kept.function("settings", "data, /", "template()"),
        live.function("read", "data, version, /", f"settings(data[{begin}:{end}]).copy()"),
    ]
    run_source("\n\n".join(functions), f"battery layout {number}", scope)
    bits = int.from_bytes(mask)
    return Layout(bits, int.from_bytes(data) & bits, scope["read"])


def _fixed_bytes(item: Item) -> bytes:
    """FF where the item's bytes never change: its identifier; the cells' length and numbers, too."""
    if item.row is CELLS:
        return b"\xff\xff" + b"\xff\x00\x00" * (len(item.value) // CELL.size)
    return b"\xff" + bytes(len(item.value))
