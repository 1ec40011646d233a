"""What an event says about banks and slots: the vocabulary's names, not those of any protocol."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from wayside.model.events import Values
from wayside.rental.shelves import UNKNOWN

_SLOT: Final = re.compile(r"cabinet\.slot\.(\d+)\.(state|state\.raw|bank)")


class Shown(NamedTuple):
    """A slot as an inventory shows it."""

    state: str
    bank: str | None


class Moved(NamedTuple):
    """A bank that left a slot or entered it, or should have."""

    kind: str
    result: str
    slot: int
    bank: str


def inventory(values: Values) -> dict[int, Shown]:
    """The slots that an event speaks of; empty if it is no inventory."""
    states: dict[int, str] = {}
    banks: dict[int, str] = {}
    for name, value in values.items():
        match = _SLOT.fullmatch(name)
        if match is None or not isinstance(value, str):
            continue
        slot = int(match[1])
        if match[2] == "bank":
            banks[slot] = value
        else:
            states[slot] = value if match[2] == "state" else UNKNOWN
    return {slot: Shown(state, banks.get(slot)) for slot, state in sorted(states.items())}


def movement(values: Values) -> Moved | None:
    """The operation that an event reports, or None."""
    kind, result = values.get("operation.kind"), values.get("operation.result")
    slot, bank = values.get("cabinet.slot"), values.get("bank.id")
    if isinstance(kind, str) and isinstance(result, str) and isinstance(slot, int) and isinstance(bank, str):
        return Moved(kind, result, slot, bank)
    return None
