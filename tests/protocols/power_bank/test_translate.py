"""What the messages mean, worked out by hand from section 3 and the vocabulary."""

from __future__ import annotations

import msgspec
import pytest

from tests.protocols.power_bank.printed import A, B
from wayside.model.events import Event, Kind, Values
from wayside.model.vocabulary import complaints
from wayside.protocols.power_bank import messages as m
from wayside.protocols.power_bank.crc import DEFAULT
from wayside.protocols.power_bank.translate import checksum_learnt, events, flagged, refused

ABOUT: Values = {"cabinet.slot": 2, "bank.id": A}


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (m.BankQuery(2, A), Event(Kind.REPORT, "bank_query", ABOUT)),
        (
            m.Borrowed(2, A),
            Event(
                Kind.OPERATION, "borrowed", {"operation.kind": "borrow", "operation.result": "ok", **ABOUT}
            ),
        ),
        (
            m.Returned(2, A),
            Event(
                Kind.OPERATION, "returned", {"operation.kind": "return", "operation.result": "ok", **ABOUT}
            ),
        ),
        (
            m.BorrowFailed(2, A),
            Event(
                Kind.OPERATION,
                "borrow_failed",
                {"operation.kind": "borrow", "operation.result": "failed", **ABOUT},
            ),
        ),
        (
            m.ReturnFailed(2, A),
            Event(
                Kind.OPERATION,
                "return_failed",
                {"operation.kind": "return", "operation.result": "failed", **ABOUT},
            ),
        ),
    ],
)
def test_reports(message: msgspec.Struct, event: Event) -> None:
    assert events(message) == (event,)
    assert complaints(event.values) == []


def test_an_inventory() -> None:
    slots = (
        m.Slot(1, "FU", A),
        m.Slot(2, "NF", B),
        m.Slot(3, "NU", "C"),
        m.Slot(4, "EM"),
        m.Slot(5, "EM", "D"),
        m.Slot(6, "ER"),
        m.Slot(7, "QQ", "E"),
    )
    (event,) = events(m.Inventory(slots))
    assert (event.kind, event.message, event.at) == (Kind.REPORT, "inventory", None)
    assert event.values == {
        "cabinet.slot.1.state": "full",
        "cabinet.slot.1.bank": A,
        "cabinet.slot.2.state": "charging",
        "cabinet.slot.2.bank": B,
        "cabinet.slot.3.state": "charging",
        "cabinet.slot.3.bank": "C",
        "cabinet.slot.4.state": "empty",
        "cabinet.slot.5.state": "flat",
        "cabinet.slot.5.bank": "D",
        "cabinet.slot.6.state": "fault",
        "cabinet.slot.7.state.raw": "QQ",
        "cabinet.slot.7.bank": "E",
    }
    assert complaints(event.values) == []


def test_what_says_nothing() -> None:
    assert events(m.Heartbeat()) == ()
    assert events(m.Unrecognised(("1",))) == ()


def test_events_of_our_own() -> None:
    values = refused(2, A).values
    assert values == {"operation.kind": "return", "operation.result": "refused", **ABOUT}
    assert complaints(values) == []
    learnt = checksum_learnt(DEFAULT).values
    assert learnt == {"frame.checksum.profile": "modbus/text/high/upper"}
    assert complaints(learnt) == []


def test_a_wrong_crc_is_flagged_with_and_without_events() -> None:
    (event,) = flagged(events(m.BankQuery(2, A)), "bank_query")
    assert event.values == {**ABOUT, "frame.checksum.valid": False}
    (bare,) = flagged((), "heartbeat")
    assert bare == Event(Kind.REPORT, "heartbeat", {"frame.checksum.valid": False})
    assert complaints(event.values) == []
