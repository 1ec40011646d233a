"""The simulated cabinet's mechanics: slots, banks that charge, and those that customers carry about."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.model.instant import Instant, seconds
from wayside.protocol.simulator import Random
from wayside.protocols.power_bank.messages import Slot

CHARGED_AFTER_S: Final = 3 * 3600.0
"""From empty to full."""
FLAT_BELOW: Final = 0.05
RETURNED_LEVEL: Final = (0.0, 0.8)


class Standing(msgspec.Struct, frozen=True):
    """A bank in a slot, with its charge (0 to 1) at an instant."""

    bank: str
    level: float
    since: Instant

    def level_at(self, at: Instant) -> float:
        """It charges all the time."""
        return min(1.0, self.level + (at - self.since) / seconds(CHARGED_AFTER_S))


def bank_numbers(number: int, slots: int) -> list[str]:
    """The banks that belong to simulated cabinet ``number``: one for each slot, ten characters each."""
    return [f"PB{number % 1_000_000:06d}{slot:02d}" for slot in range(1, slots + 1)]


class Cabinet:
    """All its own banks at first: one is out with a customer, the others stand in the first slots."""

    def __init__(self, number: int, slots: int, random: Random) -> None:
        self._random = random
        banks = bank_numbers(number, slots)
        self.slots: dict[int, Standing | None] = dict.fromkeys(range(1, slots + 1))
        for slot, bank in enumerate(banks[:-1], start=1):
            self.slots[slot] = Standing(bank, random.uniform(0.3, 1.0), 0)
        self.out = banks[-1:]
        self.faulty: set[int] = set()

    def inventory(self, at: Instant) -> tuple[Slot, ...]:
        """What AQ says."""
        return tuple(self._slot(number, standing, at) for number, standing in self.slots.items())

    def holds(self, slot: int, bank: str) -> bool:
        """Whether this bank stands there and could be given out."""
        standing = self.slots.get(slot)
        return standing is not None and standing.bank == bank and slot not in self.faulty

    def give(self, slot: int) -> str:
        """The bank leaves its slot."""
        standing = self.slots[slot]
        assert standing is not None, f"slot {slot} is empty"
        self.slots[slot] = None
        self.out.append(standing.bank)
        return standing.bank

    def take(self, slot: int, bank: str, at: Instant) -> None:
        """A customer's bank is locked into a slot."""
        assert self.slots[slot] is None, f"slot {slot} is taken"
        self.out.remove(bank)
        self.slots[slot] = Standing(bank, self._random.uniform(*RETURNED_LEVEL), at)

    def free_slot(self) -> int | None:
        """Where a customer would put a bank."""
        free = [
            number
            for number, standing in self.slots.items()
            if standing is None and number not in self.faulty
        ]
        return self._random.choice(free) if free else None

    def _slot(self, number: int, standing: Standing | None, at: Instant) -> Slot:
        if number in self.faulty:
            return Slot(number, "ER", standing.bank if standing else None)
        if standing is None:
            return Slot(number, "EM")
        level = standing.level_at(at)
        if level < FLAT_BELOW:
            return Slot(number, "EM", standing.bank)
        return Slot(number, "FU" if level >= 1 else "NF", standing.bank)
