"""Which bank stands in which slot.  The one place where that changes, so that no bank ever stands in two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from wayside.model.instant import Instant
from wayside.model.rentals import Place, Slot

EMPTY: Final = "empty"
CHARGING: Final = "charging"
UNKNOWN: Final = "unknown"


class Shelves:
    """The slots of all cabinets, and where each bank is: two views of the same thing."""

    def __init__(self, slots: Iterable[Slot]) -> None:
        self._slots: dict[str, dict[int, Slot]] = {}
        self._places: dict[str, Place] = {}
        for slot in slots:
            self._keep(slot)

    def __iter__(self) -> Iterator[Slot]:
        for cabinet in self._slots.values():
            yield from cabinet.values()

    def cabinet(self, cabinet: str) -> list[Slot]:
        """Its slots by number; none if it has never said anything."""
        return [slot for _, slot in sorted(self._slots.get(cabinet, {}).items())]

    def at(self, place: Place) -> Slot | None:
        """What is known of a slot."""
        return self._slots.get(place.cabinet, {}).get(place.slot)

    def place_of(self, bank: str) -> Place | None:
        """Where a bank stands, if in any slot."""
        return self._places.get(bank)

    def put(self, place: Place, state: str, bank: str | None, at: Instant) -> tuple[Slot, ...]:
        """This now stands there.  Returns every slot that changed: this one, and the one that the bank was in."""
        known = self.at(place)
        gave = known.gave if known is not None and bank is None else None
        left: tuple[Slot, ...] = ()
        before = self._places.get(bank) if bank is not None else None
        if before is not None and before != place:
            left = (self._keep(Slot(before, EMPTY, at)),)
        return (*left, *self._change(Slot(place, state, at, bank, gave)))

    def give(self, place: Place, bank: str, at: Instant) -> tuple[Slot, ...]:
        """The cabinet gave this bank out of that slot, which is empty now."""
        return self._change(Slot(place, EMPTY, at, gave=bank))

    def forget(self, cabinet: str) -> list[str]:
        """The cabinet is gone; the banks that stood in it stand nowhere."""
        banks = [slot.bank for slot in self._slots.pop(cabinet, {}).values() if slot.bank is not None]
        for bank in banks:
            del self._places[bank]
        return banks

    def _change(self, slot: Slot) -> tuple[Slot, ...]:
        known = self.at(slot.place)
        if known is not None and (known.state, known.bank, known.gave) == (slot.state, slot.bank, slot.gave):
            return ()
        return (self._keep(slot),)

    def _keep(self, slot: Slot) -> Slot:
        cabinet = self._slots.setdefault(slot.place.cabinet, {})
        before = cabinet.get(slot.place.slot)
        if before is not None and before.bank is not None:
            del self._places[before.bank]
        cabinet[slot.place.slot] = slot
        if slot.bank is not None:
            self._places[slot.bank] = slot.place
        return slot
