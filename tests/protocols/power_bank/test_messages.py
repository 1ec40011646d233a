from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.power_bank.printed import IMEI, PRINTED, Printed, frame
from wayside.protocol.base import Side
from wayside.protocols.power_bank import messages as m
from wayside.protocols.power_bank.crc import CANDIDATES, Crc
from wayside.protocols.power_bank.frames import NAMES, BraceFramer, Frame
from wayside.wire.errors import ChecksumError, DecodeError, EncodeError

BANKS = st.from_regex(r"[0-9A-Za-z]{1,24}", fullmatch=True)
SLOT_NUMBERS = st.integers(1, m.SLOT_MAX)
STATES = st.sampled_from(["FU", "NF", "NU", "EM", "ER", "QQ"])


def slots() -> st.SearchStrategy[m.Slot]:
    return st.builds(m.Slot, SLOT_NUMBERS, STATES, st.none() | BANKS)


def messages() -> st.SearchStrategy[object]:
    inventories = st.lists(slots(), min_size=1, max_size=m.SLOT_MAX, unique_by=lambda slot: slot.slot)
    about_banks = [row.structure for row in m.MESSAGES if issubclass(row.structure, m.OfBank)]
    return st.one_of(
        st.builds(m.Heartbeat),
        st.builds(m.InventoryRequest),
        inventories.map(tuple).map(m.Inventory),
        *(st.builds(kind, SLOT_NUMBERS, BANKS) for kind in about_banks),
    )


def opened(data: bytes, side: Side) -> Frame:
    (found,) = BraceFramer(side).feed(data)
    assert isinstance(found, Frame)
    return found


def parsed(content: str, side: Side = Side.DEVICE) -> object:
    return m.parse(opened(frame(content), side), side)


@pytest.mark.parametrize("printed", PRINTED)
def test_printed_frames_say_what_the_document_says(printed: Printed) -> None:
    assert m.parse_checked(opened(frame(printed.content), printed.side), printed.side) == printed.message


def test_every_message_is_printed_and_the_other_way_round() -> None:
    assert [type(printed.message) for printed in PRINTED] == [row.structure for row in m.MESSAGES]
    assert [row.section for row in m.MESSAGES] == [f"4.{number}" for number in range(1, 16)]
    assert {row.code: row.name for row in m.MESSAGES} == NAMES


@pytest.mark.parametrize(
    ("message", "content", "dotted"),
    [
        (m.Heartbeat(), "CH", "CH"),
        (m.Borrow(3, "AB12"), "CC,BW,3,AB12", "CC,BW,3,AB12"),
        (m.BankQuery(3, "AB12"), "MQ,3,AB12", "MQ,3,AB12"),
        (m.BankIsKnown(3, "AB12"), "RQ,T,3,AB12", "RQ,T.3,AB12"),
        (m.BorrowedReceipt(3, "AB12"), "AM,BO,3,AB12", "AM,BO.3,AB12"),
        (
            m.Inventory((m.Slot(1, "FU", "AB12"), m.Slot(2, "EM"))),
            "AQ,1.FU.AB12;2.EM;",
            "AQ,1.FU.AB12;2.EM;",
        ),
    ],
)
def test_how_they_are_written(message: m.Heartbeat, content: str, dotted: str) -> None:
    assert m.write(message, IMEI) == frame(content)
    assert m.write(message, IMEI, dotted=True) == frame(dotted)


@given(messages(), st.booleans(), st.sampled_from(CANDIDATES))
def test_round_trip(message: m.Heartbeat, dotted: bool, crc: Crc) -> None:  # noqa: FBT001 - drawn
    for row in m.MESSAGES:
        if row.structure is type(message):
            found = opened(m.write(message, IMEI, crc, dotted=dotted), row.side)
            assert m.parse(found, row.side) == message
            assert found.name == row.name == m.name_of(message)
            assert crc.fits(found.text, found.crc)


@pytest.mark.parametrize(
    "spelling", ["1.FU.AB;2.NU.CD;3.EM;", "1,FU,AB,2,NU,CD,3,EM", "1.FU.AB.2.NU.CD.3.EM."]
)
@pytest.mark.parametrize("blank", ["", " "])
def test_an_inventory_however_it_is_separated(spelling: str, blank: str) -> None:
    content = "AQ," + "".join(f"{blank}{one}{blank}" if one in ",.;" else one for one in spelling)
    assert parsed(content) == m.Inventory((m.Slot(1, "FU", "AB"), m.Slot(2, "NU", "CD"), m.Slot(3, "EM")))


@pytest.mark.parametrize(
    ("content", "slots"),
    [
        ("1.EM;2.EM.AB;3.ER.CD", (m.Slot(1, "EM"), m.Slot(2, "EM", "AB"), m.Slot(3, "ER", "CD"))),
        ("1.FU.12;2.FU.2", (m.Slot(1, "FU", "12"), m.Slot(2, "FU", "2"))),
        ("1.FU.2;2.EM", (m.Slot(1, "FU", "2"), m.Slot(2, "EM"))),
        ("1.ZZ.AB", (m.Slot(1, "ZZ", "AB"),)),
    ],
)
def test_banks_that_are_missing_or_look_like_slots(content: str, slots: tuple[m.Slot, ...]) -> None:
    assert parsed(f"AQ,{content}") == m.Inventory(slots)


@pytest.mark.parametrize(
    "content",
    [
        "AQ",
        "AQ,1.FU.AB;1.EM",
        "AQ,0.FU.AB",
        "AQ,65.FU.AB",
        "AQ,1",
        "AQ,1.F.AB",
        "AQ,x.FU.AB",
        "CH,1",
        "MQ,1",
        "MQ,0,AB",
        "MQ,1,A-B",
        "MQ,1,A'B",
        "MC,BO,1",
        "MC,BO,1,AB,CD",
        "MC,BO,AB,1",
        f"MC,BO,1,{'A' * 25}",
    ],
)
def test_what_has_not_its_messages_shape_is_refused(content: str) -> None:
    with pytest.raises(DecodeError):
        parsed(content)


def test_the_other_sides_words_are_not_understood() -> None:
    assert parsed("CC,BW,1,AB") == m.Unrecognised(("1", "AB"))
    assert parsed("Z9,1,2") == m.Unrecognised(("1", "2"))


def test_a_reader_without_a_session_wants_the_default_crc() -> None:
    with pytest.raises(ChecksumError):
        m.parse_checked(opened(frame("CH", crc="0000"), Side.DEVICE), Side.DEVICE)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"{}'), max_size=60))
def test_any_content_is_a_message_or_refused(content: str) -> None:
    for found in BraceFramer(Side.DEVICE).feed(frame(content)):
        if isinstance(found, Frame):
            try:
                m.parse(found, Side.DEVICE)
            except DecodeError:
                continue


def test_what_cannot_be_written_is_refused_by_name() -> None:
    with pytest.raises(EncodeError) as caught:
        m.write(m.Borrow(1, 'A"}'), IMEI)
    assert caught.value.field == "bank"
