"""From the data of a reply to its items: identifier and bytes, one after the other (section 4.3, table 5.1)."""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from wayside.protocols.jk_bms.identifiers import CELLS, PASSWORD, ROWS, Row

CELL: Final = Struct(">BH")
"""A cell's number and its millivolts."""

MASK: Final = b"*"
"""What stands in place of each byte of a secret."""


class Item(NamedTuple):
    """One identifier with its data; the cells' length byte is left out."""

    row: Row
    value: bytes


class Walk(NamedTuple):
    """What a reply holds.

    ``rest``: from the first identifier whose end cannot be found, without what may be the password; empty as a rule.
    """

    items: list[Item]
    rest: bytes


def walk(data: bytes, *, single: bool = False) -> Walk:
    """Cut the data; never fails, but may leave all of it as rest.

    ``single``: the reply to the reading of one identifier, where firmware differs on whether a length byte stands
    before the cells.  It does where all of the data can be cut that way: some packs answer a reading with everything.
    """
    found = _cut(data)
    bare = single and bool(found.rest) and data[0] == CELLS.identifier and len(data) % CELL.size == 1
    return Walk([Item(CELLS, data[1:])], b"") if bare and len(data) > 1 else found


def _cut(data: bytes) -> Walk:
    items: list[Item] = []
    at = 0
    while at < len(data):
        row = ROWS.get(data[at])
        if row is None:
            break
        start, size = at + 1, row.size
        if row is CELLS:
            size = data[start] if start < len(data) else 0
            start += 1
            if not size or size % CELL.size:
                break
        end = start + size
        if end > len(data):
            break
        items.append(Item(row, data[start:end]))
        at = end
    return Walk(items, blanked(data)[at:] if at < len(data) else b"")


def blanked(octets: bytes) -> bytes:
    """Bytes that no rule describes, without anything that may be the password: whatever follows its identifier."""
    parts = octets.split(bytes((PASSWORD.identifier,)))
    shown = bytearray(parts[0])
    for part in parts[1:]:
        shown.append(PASSWORD.identifier)
        shown += MASK * min(PASSWORD.size, len(part)) + part[PASSWORD.size :]
    return bytes(shown)
