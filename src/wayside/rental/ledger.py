"""The ledger: who has which bank.  Fed with everything that cabinets say and commands come to, in the order of storing.

Rules (each has a test of its name in ``tests/rental``):

- a rental starts only when the cabinet says that it gave the bank out;
- a bank stands in one slot or in none, and has one open rental or none;
- an inventory is the truth about what stands in the slots;
- the same word again changes nothing;
- what nobody had asked for is kept all the same, and somebody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, ClassVar, Final

import msgspec

from wayside.model.commands import State
from wayside.model.errors import CommandError, Conflict, NotFound
from wayside.model.events import Event
from wayside.model.instant import Instant, seconds
from wayside.model.rentals import Bank, Change, Forgotten, Place, Rental, RentalState, Slot, Snapshot
from wayside.rental.checks import misfit
from wayside.rental.notices import Alarm, Notice, notice
from wayside.rental.reading import Moved, Shown, inventory, movement
from wayside.rental.shelves import CHARGING, EMPTY, UNKNOWN, Shelves
from wayside.rental.states import ASKED, OPEN, OUTCOMES, TABLE, Input

Outcome = Change | Notice
"""What came of one input: records to be stored with it, and alarms."""

# A cabinet whose order is younger may still be at work: the bank that stands in its slot may leave it any moment.
AT_WORK_S: Final = 30.0

CONFIRMED: Final = "given out at an unknown time, as the cabinet said when it was back already"

CAN_BE_BORROWED: Final = ("full", "charging")
"""Slot states whose bank may be given out, the best first."""


class Ledger:
    """In memory; what it decides is returned, to be stored with the input that caused it.

    Methods that people call raise ``CommandError``; what devices say never raises.
    """

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        snapshot = snapshot or Snapshot()
        self._banks = {bank.id: bank for bank in snapshot.banks}
        self._shelves = Shelves(snapshot.slots)
        self._rentals = {rental.bank: rental for rental in snapshot.rentals}
        self._by_id = {rental.id: rental for rental in snapshot.rentals}
        self._asked = {rental.taken_from: rental.bank for rental in snapshot.rentals if rental.state in ASKED}
        self._changes: list[Outcome] = []

    # What can be looked up.

    def snapshot(self) -> Snapshot:
        """All that a new ledger needs to go on from here."""
        return Snapshot(tuple(self._banks.values()), tuple(self._shelves), tuple(self._rentals.values()))

    def knows(self, bank: str) -> bool:
        """Whether a cabinet may take this bank in: the answer to ``WantBank``."""
        found = self._banks.get(bank)
        return found is not None and found.retired_at is None

    def bank(self, bank: str) -> Bank | None:
        """One bank."""
        return self._banks.get(bank)

    def banks(self) -> list[Bank]:
        """All that were ever registered, by id."""
        return [bank for _, bank in sorted(self._banks.items())]

    def slots(self, cabinet: str) -> list[Slot]:
        """What is known of a cabinet's slots, by number."""
        return self._shelves.cabinet(cabinet)

    def latest_rental(self, bank: str) -> Rental | None:
        """A bank's open rental, or the one before."""
        return self._rentals.get(bank)

    def rental(self, rental: str) -> Rental | None:
        """The rental of this id, if it is some bank's latest."""
        return self._by_id.get(rental)

    def available(self, cabinet: str) -> list[Slot]:
        """The slots whose bank can be asked for, the fullest first: charge has no number, so time stands for it."""
        good = [
            slot for slot in self.slots(cabinet) if slot.state in CAN_BE_BORROWED and self._is_free(slot.bank)
        ]
        return sorted(good, key=lambda slot: (CAN_BE_BORROWED.index(slot.state), slot.since))

    # What people do.

    def register(self, bank: str, at: Instant, label: str | None = None) -> list[Outcome]:
        """Make a bank ours, or ours again; one that is already gets the new label, if one is given."""
        known = self._banks.get(bank)
        if label is None:
            label = known.label if known is not None else ""
        if (wrong := misfit(bank, label)) is not None:
            raise CommandError(wrong[1], wrong[0])
        if known is None:
            place = self._shelves.place_of(bank)
            self._keep(Bank(bank, at, label, place=place))
        else:
            self._keep(msgspec.structs.replace(known, label=label, retired_at=None))
        return self._done()

    def retire(self, bank: str, at: Instant) -> list[Outcome]:
        """Ours no longer: cabinets will refuse it.  Its history stays."""
        known = self._registered(bank)
        if known.rental is not None:
            raise Conflict(f"bank {bank} is borrowed: end rental {known.rental} first", "bank")
        self._keep(msgspec.structs.replace(known, retired_at=at))
        return self._done()

    def request(self, command: str, place: Place, bank: str, by: str, at: Instant) -> list[Outcome]:
        """Somebody asks for a bank.  To be called for every borrow command, before it can be sent."""
        known = self._registered(bank, "parameters.bank")
        if known.rental is not None:
            raise Conflict(f"bank {bank} is borrowed already, or about to be", "parameters.bank")
        if known.place != place:
            where = f"in {known.place}" if known.place else "in no slot that we know of"
            raise Conflict(f"bank {bank} stands {where}", "parameters.slot")
        if place in self._asked:
            raise Conflict(f"bank {self._asked[place]} is about to leave {place}", "parameters.slot")
        self._open(Rental(command, bank, place, RentalState.REQUESTED, requested_at=at, requested_by=by))
        return self._done()

    def write_off(self, bank: str, by: str, at: Instant) -> list[Outcome]:
        """End a bank's open rental without it: nobody expects it back."""
        known = self._registered(bank)
        if known.rental is None:
            raise Conflict(f"bank {bank} is not borrowed", "bank")
        self._step(self._rentals[bank], Input.WRITTEN_OFF, at, f"written off by {by}")
        return self._done()

    def forget(self, cabinet: str, at: Instant) -> list[Outcome]:
        """A cabinet was deleted, and so were its commands: what stood in it stands nowhere; it says no more."""
        for place, bank in list(self._asked.items()):
            if place.cabinet == cabinet:
                rental = self._rentals[bank]
                sent = rental.state is not RentalState.REQUESTED
                self._step(rental, Input.SILENT if sent else Input.REFUSED, at, "the cabinet was deleted")
        for bank in self._shelves.forget(cabinet):
            self._put_down(bank)
        self._changes.append(Forgotten(cabinet))
        return self._done()

    # What happens.

    def command(self, command: str, bank: str, state: State, at: Instant) -> list[Outcome]:
        """A borrow command for this bank came to a new state."""
        rental, happened = self._rentals.get(bank), OUTCOMES.get(state)
        if rental is not None and rental.id == command and happened is not None:
            self._step(rental, happened, at)
        return self._done()

    def event(self, cabinet: str, event: Event, at: Instant) -> list[Outcome]:
        """A cabinet said something; ``at`` is when it was received."""
        if shown := inventory(event.values):
            self._look(cabinet, shown, at)
        elif (moved := movement(event.values)) is not None:
            handler = self._ON_MOVE.get((moved.kind, moved.result))
            if handler is not None:
                handler(self, Place(cabinet, moved.slot), moved, at)
        return self._done()

    # A bank was given out, or was not.

    def _borrowed(self, place: Place, moved: Moved, at: Instant) -> None:
        rental = self._rentals.get(moved.bank)
        same = rental is not None and rental.taken_from == place
        slot = self._shelves.at(place)
        if rental is not None and same and rental.state is RentalState.RETURNED and rental.started_at is None:
            self._confirm(rental)
            return
        if (slot is not None and slot.gave == moved.bank) or (
            rental is not None and same and rental.state is RentalState.RENTED
        ):
            return  # said again, or what was known already
        if self._shelves.place_of(moved.bank) not in {None, place}:
            self._clear(moved.bank, at)
        self._displace(place, moved.bank, at)
        self._changes += self._shelves.give(place, moved.bank, at)
        self._put_down(moved.bank)
        if rental is not None and same and self._step(rental, Input.BORROWED, at):
            return
        if moved.bank in self._banks:
            self._borrowed_unasked(place, moved.bank, at)
        else:
            self._tell(Alarm.STRANGER_TAKEN, place, moved.bank)

    def _confirm(self, rental: Rental) -> None:
        """The word that was missing comes when the bank is long back in another cabinet: there it stays."""
        if rental.detail != CONFIRMED:
            self._open(msgspec.structs.replace(rental, detail=CONFIRMED))

    def _borrowed_unasked(self, place: Place, bank: str, at: Instant) -> None:
        if (earlier := self._rentals.get(bank)) is not None:
            self._step(earlier, Input.ELSEWHERE, at, f"given out again from {place}")
        identity = f"unasked-{at}-{bank}"
        self._open(Rental(identity, bank, place, RentalState.RENTED, started_at=at))
        self._tell(Alarm.BORROWED_UNASKED, place, bank)

    def _borrow_failed(self, place: Place, moved: Moved, at: Instant) -> None:
        rental = self._rentals.get(moved.bank)
        if rental is not None and rental.taken_from == place:
            self._step(rental, Input.BORROW_FAILED, at, "the cabinet could not give it out")

    # A bank came back.

    def _returned(self, place: Place, moved: Moved, at: Instant) -> None:
        if self._shelves.place_of(moved.bank) == place:
            return  # said again, or an inventory was faster
        self._displace(place, moved.bank, at)
        self._stand(place, CHARGING, moved.bank, at)
        rental = self._rentals.get(moved.bank)
        if moved.bank not in self._banks:
            self._tell(Alarm.STRANGER, place, moved.bank)
        elif rental is None or not self._step(rental, Input.RETURNED, at, returned_to=place):
            self._tell(Alarm.RETURNED_UNASKED, place, moved.bank)

    # What stands in the slots.

    def _look(self, cabinet: str, shown: dict[int, Shown], at: Instant) -> None:
        """Take away first what is no longer where it stood, so that a bank that changed slots is not missed."""
        there = {seen.bank for seen in shown.values() if seen.bank is not None}
        for slot, seen in shown.items():
            self._displace(Place(cabinet, slot), seen.bank, at, there)
        placed: set[str] = set()
        for slot, seen in shown.items():
            place = Place(cabinet, slot)
            if seen.bank is None:
                self._stand(place, seen.state, None, at)
            elif seen.bank in placed:
                if self._stand(place, UNKNOWN, None, at):
                    self._tell(Alarm.IN_TWO_SLOTS, place, seen.bank)
            else:
                placed.add(seen.bank)
                self._find(place, seen.state, seen.bank, at)

    def _find(self, place: Place, state: str, bank: str, at: Instant) -> None:
        """A bank stands there."""
        before = self._shelves.place_of(bank)
        self._stand(place, state, bank, at)
        rental = self._rentals.get(bank)
        if bank not in self._banks:
            if before != place:
                self._tell(Alarm.STRANGER, place, bank)
        elif rental is not None and rental.state in OPEN:
            self._found_rented(rental, place, at)
        elif rental is not None and rental.state is RentalState.LOST and before is None:
            self._tell(Alarm.LOST_BANK_FOUND, place, bank)

    def _found_rented(self, rental: Rental, place: Place, at: Instant) -> None:
        """It stands in a slot, though it should be out, or on its way."""
        if rental.state is RentalState.RENTED or place != rental.taken_from:
            self._step(rental, Input.RETURNED, at, "seen in its slot", returned_to=place)
        elif rental.state is RentalState.UNKNOWN and at >= (rental.sent_at or 0) + seconds(AT_WORK_S):
            self._step(rental, Input.STILL_THERE, at, "it still stands in its slot")

    def _displace(self, place: Place, bank: str | None, at: Instant, elsewhere: Container[str] = ()) -> None:
        """Whatever else stood in this slot has left it.  ``elsewhere``: banks that are seen in other slots now."""
        slot = self._shelves.at(place)
        if slot is None or slot.bank is None or slot.bank == bank:
            return
        gone = slot.bank
        self._clear(gone, at)
        if gone not in elsewhere and self._is_free(gone):
            self._tell(Alarm.MISSING, place, gone)

    # The small steps that all of it is made of.

    def _step(
        self, rental: Rental, happened: Input, at: Instant, detail: str = "", returned_to: Place | None = None
    ) -> bool:
        """The one place where a rental's state changes; False if nothing came of it."""
        state = TABLE[rental.state].get(happened)
        if state is None:
            return False
        rental = msgspec.structs.replace(
            rental,
            state=state,
            sent_at=at if happened is Input.SENT else rental.sent_at,
            started_at=at if happened is Input.BORROWED else rental.started_at,
            ended_at=None if state in OPEN else at,
            returned_to=returned_to,
            detail=detail,
        )
        self._open(rental)
        if state is RentalState.RETURNED and rental.started_at is None:
            self._left(rental, at)
        return True

    def _left(self, rental: Rental, at: Instant) -> None:
        """Its slot gave the bank out without our hearing of it: should that word still come, it is no news."""
        slot = self._shelves.at(rental.taken_from)
        if rental.returned_to != rental.taken_from and slot is not None and slot.bank is None:
            self._changes += self._shelves.give(rental.taken_from, rental.bank, at)

    def _open(self, rental: Rental) -> None:
        if (before := self._rentals.get(rental.bank)) is not None:
            del self._by_id[before.id]
        self._rentals[rental.bank] = self._by_id[rental.id] = rental
        self._changes.append(rental)
        if rental.state in ASKED:
            self._asked[rental.taken_from] = rental.bank
        elif self._asked.get(rental.taken_from) == rental.bank:
            del self._asked[rental.taken_from]
        bank = self._banks[rental.bank]
        self._keep(msgspec.structs.replace(bank, rental=rental.id if rental.state in OPEN else None))

    def _stand(self, place: Place, state: str, bank: str | None, at: Instant) -> bool:
        """What stands in a slot; False if that is known already."""
        changed = self._shelves.put(place, state, bank, at)
        self._changes += changed
        if bank is not None:
            self._put_down(bank)
        return bool(changed)

    def _clear(self, bank: str, at: Instant) -> None:
        place = self._shelves.place_of(bank)
        assert place is not None, f"bank {bank} stands nowhere"
        self._stand(place, EMPTY, None, at)
        self._put_down(bank)

    def _put_down(self, bank: str) -> None:
        """Write into a registered bank's own record where it stands."""
        known, place = self._banks.get(bank), self._shelves.place_of(bank)
        if known is not None and known.place != place:
            self._keep(msgspec.structs.replace(known, place=place))

    def _keep(self, bank: Bank) -> None:
        if self._banks.get(bank.id) != bank:
            self._banks[bank.id] = bank
            self._changes.append(bank)

    def _registered(self, bank: str, field: str = "bank") -> Bank:
        if not self.knows(bank):
            raise NotFound(f"there is no bank {bank[:24]!r}", field)
        return self._banks[bank]

    def _is_free(self, bank: str | None) -> bool:
        """Whether it is ours and nobody has it or has asked for it."""
        return bank is not None and self.knows(bank) and self._banks[bank].rental is None

    def _tell(self, alarm: Alarm, place: Place, bank: str) -> None:
        self._changes.append(notice(alarm, place, bank))

    def _done(self) -> list[Outcome]:
        changes, self._changes = self._changes, []
        return changes

    _ON_MOVE: ClassVar[dict[tuple[str, str], Callable[[Any, Place, Moved, Instant], None]]] = {
        ("borrow", "ok"): _borrowed,
        ("borrow", "failed"): _borrow_failed,
        ("return", "ok"): _returned,
    }
