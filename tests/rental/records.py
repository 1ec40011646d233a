"""A store of what a ledger decides, and a ledger that is spoken to briefly."""

from __future__ import annotations

from wayside.model.commands import State
from wayside.model.events import Event, Kind, Values
from wayside.model.instant import Instant, seconds
from wayside.model.rentals import Bank, Forgotten, Place, Rental, Slot, Snapshot
from wayside.rental.ledger import Ledger, Outcome
from wayside.rental.notices import Notice
from wayside.rental.states import OPEN

START: Instant = 1_700_000_000 * 1_000_000
CABINET, OTHER = "power-bank:866262045678903", "power-bank:866262045678911"


class Records:
    """What a store would hold: the last record of each key, and every notice."""

    def __init__(self) -> None:
        self.banks: dict[str, Bank] = {}
        self.slots: dict[Place, Slot] = {}
        self.rentals: dict[str, Rental] = {}
        self.notices: list[Notice] = []

    def keep(self, changes: list[Outcome]) -> list[Outcome]:
        for change in changes:
            match change:
                case Bank():
                    self.banks[change.id] = change
                case Slot():
                    self.slots[change.place] = change
                case Rental():
                    self.rentals[change.id] = change
                case Notice():
                    self.notices.append(change)
                case Forgotten():
                    gone = change.cabinet
                    self.slots = {place: slot for place, slot in self.slots.items() if place.cabinet != gone}
        return changes

    def snapshot(self) -> Snapshot:
        """What a ledger is started with again: of each bank the rental that was stored last."""
        latest = {rental.bank: rental for rental in self.rentals.values()}
        return Snapshot(tuple(self.banks.values()), tuple(self.slots.values()), tuple(latest.values()))

    def check(self, ledger: Ledger) -> None:
        """What must hold at any time."""
        standing = [slot.bank for slot in self.slots.values() if slot.bank is not None]
        assert len(standing) == len(set(standing)), "a bank stands in two places"
        rented = [rental.bank for rental in self.rentals.values() if rental.state in OPEN]
        assert len(rented) == len(set(rented)), "a bank is rented twice"
        for bank in self.banks.values():
            place = next((slot.place for slot in self.slots.values() if slot.bank == bank.id), None)
            assert bank.place == place
            assert (bank.rental is not None) == (bank.id in rented)
        again = Ledger(self.snapshot()).snapshot()
        now = ledger.snapshot()
        for stored, held in (
            (again.banks, now.banks),
            (again.slots, now.slots),
            (again.rentals, now.rentals),
        ):
            assert sorted(map(repr, stored)) == sorted(map(repr, held)), "the store tells another story"


def inventory(*slots: str) -> Event:
    """``"full A"``, ``"empty"``, … for slots 1, 2, …"""
    values: Values = {}
    for number, slot in enumerate(slots, start=1):
        state, _, bank = slot.partition(" ")
        values[f"cabinet.slot.{number}.state"] = state
        if bank:
            values[f"cabinet.slot.{number}.bank"] = bank
    return Event(Kind.REPORT, "inventory", values)


def moved(kind: str, result: str, slot: int, bank: str) -> Event:
    values: Values = {
        "operation.kind": kind,
        "operation.result": result,
        "cabinet.slot": slot,
        "bank.id": bank,
    }
    return Event(Kind.OPERATION, f"{kind}_{result}", values)


class Desk:
    """A ledger with a clock and a store, checked after every input."""

    def __init__(self, *banks: str) -> None:
        self.records = Records()
        self.ledger = Ledger()
        self.now = START
        for bank in banks:
            self.records.keep(self.ledger.register(bank, self.now))

    def restart(self) -> None:
        self.ledger = Ledger(self.records.snapshot())

    def wait(self, duration_s: float) -> None:
        self.now += seconds(duration_s)

    def say(self, event: Event, cabinet: str = CABINET) -> list[Outcome]:
        return self._done(self.ledger.event(cabinet, event, self.now))

    def show(self, *slots: str, cabinet: str = CABINET) -> list[Outcome]:
        return self.say(inventory(*slots), cabinet)

    def borrowed(self, slot: int, bank: str, cabinet: str = CABINET) -> list[Outcome]:
        return self.say(moved("borrow", "ok", slot, bank), cabinet)

    def failed(self, slot: int, bank: str) -> list[Outcome]:
        return self.say(moved("borrow", "failed", slot, bank))

    def returned(self, slot: int, bank: str, cabinet: str = CABINET) -> list[Outcome]:
        return self.say(moved("return", "ok", slot, bank), cabinet)

    def request(self, command: str, slot: int, bank: str, cabinet: str = CABINET) -> list[Outcome]:
        return self._done(self.ledger.request(command, Place(cabinet, slot), bank, "me", self.now))

    def order(self, command: str, slot: int, bank: str, cabinet: str = CABINET) -> None:
        """Requested and sent."""
        self.request(command, slot, bank, cabinet)
        self.came_to(command, bank, State.SENT)

    def came_to(self, command: str, bank: str, state: State) -> list[Outcome]:
        return self._done(self.ledger.command(command, bank, state, self.now))

    def state(self, rental: str) -> str:
        return self.records.rentals[rental].state.value

    def alarms(self) -> list[str]:
        return [str(notice.event.values["alarm.kind"]) for notice in self.records.notices]

    def place(self, bank: str) -> int | None:
        place = self.records.banks[bank].place
        return place.slot if place else None

    def _done(self, changes: list[Outcome]) -> list[Outcome]:
        self.records.keep(changes)
        self.records.check(self.ledger)
        return changes
