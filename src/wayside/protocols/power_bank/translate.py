"""What a cabinet's messages mean, in the words of the vocabulary.  None of them carries a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from wayside.model.events import Event, Kind, Values
from wayside.protocols.power_bank import messages as m
from wayside.protocols.power_bank.crc import Crc

STATES: Final = {"FU": "full", "NF": "charging", "NU": "charging", "ER": "fault"}
"""NF in the document's list of words, NU in its description of AQ: both "not full"."""

FLAT_OR_EMPTY: Final = "EM"


def events(message: msgspec.Struct) -> tuple[Event, ...]:
    """What a message from the cabinet says; nothing, for one that says only that it is there."""
    row = ROWS.get(type(message))
    if row is None:
        return ()
    kind, name, values_of = row
    return (Event(kind, name, values_of(message)),)


def refused(slot: int, bank: str) -> Event:
    """The cabinet is told that a bank is not ours: the first of the two ways in which a return fails (section 8)."""
    return Event(Kind.OPERATION, "bank_unknown", _operation("return", "refused")(m.BankQuery(slot, bank)))


def checksum_learnt(crc: Crc) -> Event:
    """How this cabinet computes its CRC was found out."""
    return Event(Kind.REPORT, "checksum_learnt", {"frame.checksum.profile": str(crc)})


def flagged(said: tuple[Event, ...], name: str) -> tuple[Event, ...]:
    """The events of a frame whose CRC is wrong say so; a frame without events gets one."""
    wrong: Values = {"frame.checksum.valid": False}
    if not said:
        return (Event(Kind.REPORT, name, wrong),)
    return tuple(msgspec.structs.replace(event, values=event.values | wrong) for event in said)


def _inventory(message: m.Inventory) -> Values:
    values: Values = {}
    for slot in message.slots:
        name = f"cabinet.slot.{slot.slot}"
        if slot.state == FLAT_OR_EMPTY:
            values[f"{name}.state"] = "empty" if slot.bank is None else "flat"
        elif slot.state in STATES:
            values[f"{name}.state"] = STATES[slot.state]
        else:
            values[f"{name}.state.raw"] = slot.state
        if slot.bank is not None:
            values[f"{name}.bank"] = slot.bank
    return values


def _bank(message: m.OfBank) -> Values:
    return {"cabinet.slot": message.slot, "bank.id": message.bank}


def _operation(kind: str, result: str) -> Callable[[m.OfBank], Values]:
    def values_of(message: m.OfBank) -> Values:
        return {"operation.kind": kind, "operation.result": result} | _bank(message)

    return values_of


ROWS: Final[dict[type, tuple[Kind, str, Callable[[Any], Values]]]] = {
    m.Inventory: (Kind.REPORT, "inventory", _inventory),
    m.BankQuery: (Kind.REPORT, "bank_query", _bank),
    m.Borrowed: (Kind.OPERATION, "borrowed", _operation("borrow", "ok")),
    m.Returned: (Kind.OPERATION, "returned", _operation("return", "ok")),
    m.BorrowFailed: (Kind.OPERATION, "borrow_failed", _operation("borrow", "failed")),
    m.ReturnFailed: (Kind.OPERATION, "return_failed", _operation("return", "failed")),
}
