from __future__ import annotations

import msgspec
import pytest

from tests.rental.records import CABINET, OTHER, START, Desk, moved
from wayside.model.commands import State
from wayside.model.errors import CommandError, Conflict, NotFound
from wayside.model.rentals import Place, Rental, Slot, Snapshot
from wayside.model.vocabulary import complaints
from wayside.rental.ledger import AT_WORK_S, Ledger


@pytest.fixture
def desk() -> Desk:
    """A and B stand in slots 1 and 2, slot 3 is empty; C is ours and somewhere."""
    desk = Desk("A", "B", "C")
    desk.show("full A", "charging B", "empty")
    return desk


def rented() -> Desk:
    desk = Desk("A", "B", "C")
    desk.show("full A", "charging B", "empty")
    desk.order("r1", 1, "A")
    desk.borrowed(1, "A")
    return desk


class TestBorrowing:
    def test_a_rental_starts_only_on_the_cabinets_word(self, desk: Desk) -> None:
        desk.request("r1", 1, "A")
        assert desk.state("r1") == "requested"
        desk.came_to("r1", "A", State.SENT)
        assert desk.state("r1") == "dispensing"
        desk.came_to("r1", "A", State.SUCCEEDED)
        assert desk.state("r1") == "dispensing"
        assert desk.records.rentals["r1"].started_at is None
        desk.wait(3)
        desk.borrowed(1, "A")
        rental = desk.records.rentals["r1"]
        assert (rental.state, rental.started_at, rental.requested_by) == ("rented", desk.now, "me")
        assert desk.place("A") is None

    def test_said_again_it_changes_nothing(self) -> None:
        desk = rented()
        assert desk.borrowed(1, "A") == []

    def test_a_bank_is_not_rented_twice(self) -> None:
        desk = rented()
        with pytest.raises(Conflict, match="borrowed already") as caught:
            desk.request("r2", 1, "A")
        assert caught.value.field == "parameters.bank"

    def test_one_open_borrowing_per_slot(self, desk: Desk) -> None:
        desk.order("r1", 1, "A")
        desk.show("full B", "empty", "empty")
        with pytest.raises(Conflict, match="about to leave"):
            desk.request("r2", 1, "B")
        desk.came_to("r1", "A", State.UNKNOWN)
        desk.request("r2", 1, "B")

    @pytest.mark.parametrize(("slot", "bank"), [(2, "A"), (3, "A"), (1, "B"), (1, "C"), (4, "A")])
    def test_a_bank_is_asked_for_where_it_stands(self, desk: Desk, slot: int, bank: str) -> None:
        with pytest.raises(Conflict) as caught:
            desk.request("r1", slot, bank)
        assert caught.value.field == "parameters.slot"

    def test_a_bank_that_is_not_ours_cannot_be_asked_for(self, desk: Desk) -> None:
        desk.show("full X", "empty", "empty")
        with pytest.raises(NotFound):
            desk.request("r1", 1, "X")

    @pytest.mark.parametrize("state", [State.REJECTED, State.EXPIRED, State.CANCELLED])
    def test_an_order_that_never_left_has_failed(self, desk: Desk, state: State) -> None:
        desk.request("r1", 1, "A")
        desk.came_to("r1", "A", state)
        assert desk.state("r1") == "refused"
        desk.request("r2", 1, "A")

    def test_a_bank_given_out_on_an_order_that_never_left_is_nobodys_wish(self, desk: Desk) -> None:
        desk.request("r1", 1, "A")
        desk.came_to("r1", "A", State.REJECTED)
        desk.borrowed(1, "A")
        assert desk.state("r1") == "refused"
        assert desk.alarms() == ["bank_borrowed_unasked"]

    def test_the_cabinet_cannot_give_it_out(self, desk: Desk) -> None:
        desk.order("r1", 1, "A")
        desk.failed(1, "A")
        assert (desk.state("r1"), desk.place("A")) == ("failed", 1)
        assert desk.failed(1, "A") == []

    def test_the_failure_was_an_earlier_one_said_again(self, desk: Desk) -> None:
        desk.order("r1", 1, "A")
        desk.failed(1, "A")
        desk.borrowed(1, "A")
        assert desk.state("r1") == "rented"
        assert desk.failed(1, "A") == []

    def test_said_again_when_the_bank_has_long_been_rented_elsewhere(self, desk: Desk) -> None:
        desk.order("r1", 1, "A")
        desk.borrowed(1, "A")
        desk.returned(2, "A", OTHER)
        desk.order("r2", 2, "A", OTHER)
        desk.borrowed(2, "A", OTHER)
        desk.show("empty", "charging B", "empty")
        desk.restart()
        assert desk.borrowed(1, "A") == []
        assert desk.state("r2") == "rented"

    def test_failures_and_refusals_of_others_change_nothing(self, desk: Desk) -> None:
        desk.order("r1", 1, "A")
        assert desk.failed(2, "B") == []
        assert desk.failed(2, "A") == []
        assert desk.say(moved("return", "failed", 1, "A")) == []
        assert desk.say(moved("return", "refused", 1, "A")) == []
        assert desk.state("r1") == "dispensing"

    def test_somebody_elses_command_changes_nothing(self, desk: Desk) -> None:
        desk.order("r1", 1, "A")
        assert desk.came_to("r0", "A", State.FAILED) == []
        assert desk.came_to("r1", "B", State.FAILED) == []
        assert desk.came_to("r1", "X", State.FAILED) == []

    def test_a_bank_that_nobody_asked_for_is_rented_all_the_same(self, desk: Desk) -> None:
        desk.borrowed(2, "B")
        rental = desk.ledger.latest_rental("B")
        assert rental is not None
        assert (rental.state, rental.requested_at, rental.started_at) == ("rented", None, desk.now)
        assert desk.alarms() == ["bank_borrowed_unasked"]
        assert desk.borrowed(2, "B") == []
        desk.returned(2, "B")
        assert desk.state(rental.id) == "returned"

    def test_a_bank_that_is_not_ours_is_given_out(self, desk: Desk) -> None:
        desk.show("full A", "charging B", "full X")
        desk.borrowed(3, "X")
        assert desk.alarms() == ["bank_unregistered", "bank_unregistered_borrowed"]
        assert desk.ledger.latest_rental("X") is None
        assert [slot.bank for slot in desk.ledger.slots(CABINET)] == ["A", "B", None]

    def test_given_out_elsewhere_the_first_rental_has_ended(self) -> None:
        desk = rented()
        desk.borrowed(2, "A", OTHER)
        assert desk.state("r1") == "returned"
        second = desk.ledger.latest_rental("A")
        assert second is not None
        assert (second.state, second.taken_from) == ("rented", Place(OTHER, 2))

    def test_the_best_banks_are_offered_first(self, desk: Desk) -> None:
        desk.show("charging A", "full B", "full X", "flat C")
        assert [slot.bank for slot in desk.ledger.available(CABINET)] == ["B", "A"]
        desk.request("r1", 2, "B")
        assert [slot.bank for slot in desk.ledger.available(CABINET)] == ["A"]
        assert desk.ledger.available(OTHER) == []


class TestUnknown:
    @pytest.fixture
    def desk(self) -> Desk:
        """A was ordered from slot 1, and the cabinet is gone."""
        desk = Desk("A", "B", "C")
        desk.show("full A", "charging B", "empty")
        desk.order("r1", 1, "A")
        desk.came_to("r1", "A", State.UNKNOWN)
        assert desk.state("r1") == "unknown"
        return desk

    def test_a_late_success_counts(self, desk: Desk) -> None:
        desk.wait(3600)
        desk.borrowed(1, "A")
        assert desk.state("r1") == "rented"

    def test_a_late_failure_counts(self, desk: Desk) -> None:
        desk.failed(1, "A")
        assert desk.state("r1") == "failed"

    def test_its_bank_cannot_be_asked_for(self, desk: Desk) -> None:
        with pytest.raises(Conflict):
            desk.request("r2", 1, "A")

    def test_an_inventory_with_the_bank_ends_it_when_the_motor_cannot_be_running(self, desk: Desk) -> None:
        desk.wait(AT_WORK_S - 1)
        desk.show("full A", "charging B", "empty")
        assert desk.state("r1") == "unknown"
        desk.wait(1)
        desk.show("full A", "charging B", "empty")
        assert desk.state("r1") == "not_given"
        desk.request("r2", 1, "A")

    def test_the_command_found_that_out_first(self, desk: Desk) -> None:
        desk.came_to("r1", "A", State.FAILED)
        assert desk.state("r1") == "not_given"

    def test_not_given_is_a_guess_and_the_cabinets_word_wins(self, desk: Desk) -> None:
        desk.came_to("r1", "A", State.FAILED)
        desk.borrowed(1, "A")
        rental = desk.records.rentals["r1"]
        assert (rental.state, rental.ended_at) == ("rented", None)

    def test_an_inventory_without_the_bank_leaves_it_open(self, desk: Desk) -> None:
        desk.wait(60)
        desk.show("empty", "charging B", "empty")
        assert (desk.state("r1"), desk.place("A")) == ("unknown", None)
        assert desk.alarms() == []

    def test_the_bank_turns_up_in_another_slot_without_ever_having_been_rented(self, desk: Desk) -> None:
        desk.show("empty", "charging B", "full A")
        rental = desk.records.rentals["r1"]
        assert (rental.state, rental.started_at, rental.returned_to) == ("returned", None, Place(CABINET, 3))

    def test_the_cabinets_word_comes_when_the_bank_is_back_in_another_one(self, desk: Desk) -> None:
        desk.returned(2, "A", OTHER)
        desk.borrowed(1, "A")
        rental = desk.records.rentals["r1"]
        assert (rental.state, rental.started_at) == ("returned", None)
        assert "as the cabinet said" in rental.detail
        assert desk.records.banks["A"].place == Place(OTHER, 2)
        assert desk.alarms() == []
        assert desk.borrowed(1, "A") == []

    @pytest.mark.parametrize("restarted", [False, True])
    def test_that_word_ends_no_later_rental(self, desk: Desk, *, restarted: bool) -> None:
        """The line of the first cabinet was bad for so long that somebody else has the bank now."""
        desk.returned(2, "A", OTHER)
        desk.order("r2", 2, "A", OTHER)
        desk.borrowed(2, "A", OTHER)
        if restarted:
            desk.restart()
        desk.borrowed(1, "A")
        assert (desk.state("r1"), desk.state("r2")) == ("returned", "rented")
        assert desk.place("A") is None
        assert desk.alarms() == []

    def test_a_restart_changes_nothing(self, desk: Desk) -> None:
        desk.restart()
        desk.borrowed(1, "A")
        assert desk.state("r1") == "rented"


class TestReturning:
    def test_a_bank_comes_back_to_another_cabinet(self) -> None:
        desk = rented()
        desk.wait(600)
        desk.returned(2, "A", OTHER)
        rental = desk.records.rentals["r1"]
        assert (rental.state, rental.ended_at, rental.returned_to) == ("returned", desk.now, Place(OTHER, 2))
        assert desk.records.banks["A"].place == Place(OTHER, 2)
        assert desk.alarms() == []

    def test_said_again_it_changes_nothing(self) -> None:
        desk = rented()
        desk.returned(3, "A")
        assert desk.returned(3, "A") == []
        assert desk.borrowed(1, "A") == []
        assert desk.state("r1") == "returned"

    def test_with_no_open_rental_the_place_is_updated_and_somebody_told(self, desk: Desk) -> None:
        desk.returned(3, "C")
        assert desk.place("C") == 3
        assert desk.alarms() == ["bank_returned_unasked"]
        assert desk.returned(3, "C") == []

    def test_a_stranger_is_told_of(self, desk: Desk) -> None:
        desk.returned(3, "X")
        assert desk.alarms() == ["bank_unregistered"]

    def test_the_bank_that_was_thought_to_stand_there_is_missing(self, desk: Desk) -> None:
        desk.returned(2, "C")
        assert (desk.place("B"), desk.place("C")) == (None, 2)
        assert desk.alarms() == ["bank_missing", "bank_returned_unasked"]

    def test_it_can_be_rented_again(self) -> None:
        desk = rented()
        desk.returned(1, "A")
        desk.order("r2", 1, "A")
        desk.borrowed(1, "A")
        assert (desk.state("r1"), desk.state("r2")) == ("returned", "rented")

    def test_only_ours_are_let_in(self, desk: Desk) -> None:
        assert desk.ledger.knows("A")
        assert not desk.ledger.knows("X")
        desk.records.keep(desk.ledger.retire("A", desk.now))
        assert not desk.ledger.knows("A")
        desk.records.keep(desk.ledger.register("A", desk.now, "again"))
        assert desk.ledger.knows("A")


class TestInventory:
    def test_it_is_the_truth_about_what_stands_in_the_slots(self, desk: Desk) -> None:
        desk.show("full B", "empty", "flat C")
        assert [desk.place(bank) for bank in "ABC"] == [None, 1, 3]
        assert desk.alarms() == ["bank_missing"]

    def test_two_banks_that_changed_places_are_not_missed(self, desk: Desk) -> None:
        desk.show("full B", "full A", "empty")
        assert [desk.place(bank) for bank in "AB"] == [2, 1]
        assert desk.alarms() == []

    def test_the_same_again_changes_nothing(self, desk: Desk) -> None:
        desk.wait(60)
        assert desk.show("full A", "charging B", "empty") == []

    def test_a_charge_that_gets_on_changes_only_the_slot(self, desk: Desk) -> None:
        (change,) = desk.show("full A", "full B", "empty")
        assert isinstance(change, Slot)
        assert (change.state, change.bank) == ("full", "B")

    def test_a_slot_that_is_not_mentioned_stays(self, desk: Desk) -> None:
        desk.show("full A")
        assert desk.place("B") == 2

    def test_a_rented_bank_that_stands_in_a_slot_is_back(self) -> None:
        desk = rented()
        desk.show("full A", "charging B", "empty")
        rental = desk.records.rentals["r1"]
        assert (rental.state, rental.detail) == ("returned", "seen in its slot")
        assert desk.returned(1, "A") == []

    def test_a_bank_about_to_leave_may_still_be_seen(self, desk: Desk) -> None:
        desk.order("r1", 1, "A")
        desk.show("full A", "charging B", "empty")
        assert desk.state("r1") == "dispensing"

    def test_a_bank_seen_in_two_slots_stands_in_the_first(self, desk: Desk) -> None:
        desk.show("full A", "full A", "empty")
        assert (desk.place("A"), desk.place("B")) == (1, None)
        assert "bank_in_two_slots" in desk.alarms()
        count = len(desk.alarms())
        desk.show("full A", "full A", "empty")
        assert len(desk.alarms()) == count

    def test_a_bank_seen_in_another_cabinet_has_left_the_first(self, desk: Desk) -> None:
        desk.show("full A", cabinet=OTHER)
        assert [slot.state for slot in desk.ledger.slots(CABINET)] == ["empty", "charging", "empty"]

    def test_a_stranger_is_told_of_once(self, desk: Desk) -> None:
        for _ in range(3):
            desk.show("full A", "charging B", "full X")
        assert desk.alarms() == ["bank_unregistered"]

    def test_a_state_that_nobody_knows(self, desk: Desk) -> None:
        values = {"cabinet.slot.1.state.raw": "QQ", "cabinet.slot.1.bank": "A"}
        desk.say(msgspec.structs.replace(moved("", "", 0, ""), values=values))
        assert desk.ledger.slots(CABINET)[0].state == "unknown"
        assert desk.ledger.available(CABINET)[0].bank == "B"


class TestBanks:
    @pytest.mark.parametrize(
        ("bank", "label", "field"),
        [
            ("", "", "bank"),
            ("A-1", "", "bank"),
            ("A" * 25, "", "bank"),
            ("A", "x" * 101, "label"),
            ("A", "\n", "label"),
        ],
    )
    def test_what_no_bank_can_have_is_refused_by_name(self, bank: str, label: str, field: str) -> None:
        with pytest.raises(CommandError) as caught:
            Ledger().register(bank, START, label)
        assert caught.value.field == field

    def test_registering_one_that_stands_in_a_slot_already(self, desk: Desk) -> None:
        desk.show("full A", "charging B", "full X")
        desk.records.keep(desk.ledger.register("X", desk.now))
        desk.records.check(desk.ledger)
        assert desk.place("X") == 3

    def test_a_borrowed_one_cannot_be_retired(self) -> None:
        with pytest.raises(Conflict):
            rented().ledger.retire("A", START)

    def test_unknown_ones(self) -> None:
        for act in (Ledger().retire, lambda bank, at: Ledger().write_off(bank, "me", at)):
            with pytest.raises(NotFound):
                act("A", START)

    def test_a_lost_bank_is_written_off_and_found(self) -> None:
        desk = rented()
        desk._done(desk.ledger.write_off("A", "me", desk.now))
        assert desk.state("r1") == "lost"
        with pytest.raises(Conflict):
            desk.ledger.write_off("A", "me", desk.now)
        desk.show("full A", "charging B", "empty")
        assert desk.alarms() == ["bank_found"]
        desk.request("r2", 1, "A")

    def test_a_deleted_cabinet_holds_nothing(self, desk: Desk) -> None:
        desk._done(desk.ledger.forget(CABINET, desk.now))
        assert desk.ledger.slots(CABINET) == []
        assert desk.place("A") is None

    def test_orders_to_a_deleted_cabinet_do_not_stay_open_for_ever(self, desk: Desk) -> None:
        desk.request("r1", 1, "A")
        desk.order("r2", 2, "B")
        desk._done(desk.ledger.forget(CABINET, desk.now))
        assert (desk.state("r1"), desk.state("r2")) == ("refused", "unknown")
        desk._done(desk.ledger.write_off("B", "me", desk.now))
        desk.show("full A", "full B", cabinet=OTHER)
        desk.request("r3", 1, "A", OTHER)

    def test_a_rental_is_found_by_its_id_while_it_is_the_latest(self, desk: Desk) -> None:
        desk.request("r1", 1, "A")
        desk.came_to("r1", "A", State.EXPIRED)
        assert desk.ledger.rental("r1") == desk.ledger.latest_rental("A")
        desk.request("r2", 1, "A")
        assert desk.ledger.rental("r1") is None
        assert Ledger(desk.ledger.snapshot()).rental("r2") == desk.ledger.rental("r2")

    def test_notices_are_events_of_the_vocabulary(self, desk: Desk) -> None:
        desk.returned(3, "X")
        (notice,) = desk.records.notices
        assert notice.cabinet == CABINET
        assert complaints(notice.event.values) == []
        assert desk.say(notice.event) == []

    def test_records_are_json(self) -> None:
        desk = rented()
        snapshot = desk.ledger.snapshot()
        assert msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot) == snapshot
        assert all(isinstance(rental, Rental) for rental in snapshot.rentals)
