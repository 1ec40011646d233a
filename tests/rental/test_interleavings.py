"""Thousands of short stories with everything that can go wrong on the way, and what must hold in each of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rental.records import CABINET, OTHER, Desk, inventory, moved
from tests.rental.town import RECEIPT_NAMES, SLOTS, Town
from wayside.model.commands import State
from wayside.model.errors import Conflict
from wayside.model.events import Event
from wayside.model.rentals import RentalState
from wayside.rental.states import OPEN

STORIES = 1000
BATCHES = 20


@pytest.mark.parametrize("batch", range(BATCHES))
def test_stories(batch: int) -> None:
    for seed in range(batch, STORIES, BATCHES):
        town = Town(seed)
        for _ in range(25):
            town.happen()
        town.settle()
        for street in town.streets:
            assert not street.bad
            assert not street.undecodable
            receipts = sum(send.message in RECEIPT_NAMES for send in street.sent)
            assert receipts == street.heard, f"story {seed}: a report without its receipt"
            for slot, standing in street.cabinet.cabinet.slots.items():
                known = town.ledger.slots(street.device)[slot - 1]
                assert known.bank == (standing.bank if standing else None), f"story {seed}: slot {slot}"
        alarms = {notice.event.values["alarm.kind"] for notice in town.records.notices}
        assert "bank_borrowed_unasked" not in alarms, f"story {seed}: an order was forgotten"
        for rental in town.records.rentals.values():
            assert rental.state not in {RentalState.REQUESTED, RentalState.DISPENSING}, f"story {seed}"


def test_the_stories_are_worth_telling() -> None:
    """Without this the others would pass in a town where nothing ever happens."""
    ends: set[RentalState] = set()
    messages: set[str] = set()
    for seed in range(60):
        town = Town(seed)
        for _ in range(25):
            town.happen()
        town.settle()
        ends |= {rental.state for rental in town.records.rentals.values()}
        messages |= {event.message for street in town.streets for event in street.events}
    assert ends >= {RentalState.RENTED, RentalState.RETURNED, RentalState.FAILED, RentalState.NOT_GIVEN}
    assert messages >= {"inventory", "borrowed", "borrow_failed", "returned", "return_failed", "bank_query"}


BANKS = st.sampled_from("ABX")
PLACES = st.integers(1, SLOTS)
SHOWN = st.one_of(
    st.sampled_from(["empty", "fault"]), BANKS.map("full {}".format), BANKS.map("charging {}".format)
)
EVENTS = st.one_of(
    st.lists(SHOWN, max_size=SLOTS).map(lambda slots: inventory(*slots)),
    st.builds(
        moved,
        st.sampled_from(["borrow", "return"]),
        st.sampled_from(["ok", "failed", "refused"]),
        PLACES,
        BANKS,
    ),
)
STATES = st.sampled_from([State.SENT, State.UNKNOWN, State.FAILED, State.SUCCEEDED, State.REJECTED])
INPUTS = st.one_of(
    st.tuples(st.sampled_from([CABINET, OTHER]), EVENTS),
    st.tuples(PLACES, BANKS),
    st.tuples(STATES),
    st.floats(0, 100),
)


@given(st.lists(INPUTS, max_size=40))
def test_anything_in_any_order(inputs: list[object]) -> None:
    """Also what no cabinet would say: the ledger stays whole, starts nothing by itself, and minds no repetition."""
    desk = Desk("A", "B")
    said: set[tuple[str, int, str]] = set()
    for number, happened in enumerate(inputs):
        match happened:
            case (str(cabinet), Event() as event):
                if event.message == "borrow_ok":
                    said.add((cabinet, int(str(event.values["cabinet.slot"])), str(event.values["bank.id"])))
                desk.say(event, cabinet)
                assert desk.say(event, cabinet) == []
            case (int(slot), str(bank)) if bank != "X":
                try:
                    desk.request(f"r{number}", slot, bank)
                except Conflict:
                    continue
            case (State() as state,):
                for rental in list(desk.records.rentals.values()):
                    desk.came_to(rental.id, rental.bank, state)
            case float(duration_s):
                desk.wait(duration_s)
            case _:
                continue
    for rental in desk.records.rentals.values():
        taken = (rental.taken_from.cabinet, rental.taken_from.slot, rental.bank)
        assert rental.started_at is None or taken in said
        assert (rental.ended_at is None) == (rental.state in OPEN)
