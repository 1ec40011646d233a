"""Orders to give a bank out: how each ends, and what an inventory proves when the cabinet did not say.

CC is sent once.  MC BO and MR BF end it, however late.  Where neither came the outcome is unknown, and the cabinet
is asked what stands in its slots: a bank that is still in its slot was not given out, *if* the cabinet can no
longer be at work.  A slot without it proves nothing about the order (README), and stays unknown.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from wayside.model.commands import Command, State
from wayside.model.instant import Instant, seconds
from wayside.protocol.effects import Settle
from wayside.protocol.inflight import InFlight, Waiting
from wayside.protocol.questions import OpenCommand
from wayside.protocols.power_bank import messages as m
from wayside.protocols.power_bank.commands import BORROW_WITHIN_S, BorrowParameters

# A cabinet that did not answer CQ is asked again; it is the only way to learn what became of the order.
DOUBT_AGAIN_S: Final = 15.0

NO_WORD: Final = "the cabinet did not say in time whether it gave the bank out"
LOST: Final = "the connection ended before the cabinet said whether it gave the bank out"
FAILED: Final = "the cabinet could not give the bank out"
STILL_THERE: Final = "the bank still stands in its slot"


class Order(NamedTuple):
    """What frames tell orders apart by."""

    slot: int
    bank: str


class Borrows:
    """The order under way, and those whose outcome is unknown.

    A *doubt* is one of the latter of which no inventory has told yet whether its slot has changed; it holds the
    instant from which an inventory proves something.  Until then nothing else may be ordered from that slot.
    """

    def __init__(self) -> None:
        self._orders: InFlight[Order] = InFlight()
        self._latest: Order | None = None
        self._doubts: dict[Order, Instant] = {}

    @property
    def deadline(self) -> Instant | None:
        """When ``expire`` has something to do."""
        return self._orders.next_deadline

    def refusal(self, slot: int) -> str | None:
        """Why nothing may be ordered from this slot now, or None."""
        if self._orders.next_deadline is not None:
            return "another borrowing is under way"
        if any(doubt.slot == slot for doubt in self._doubts):
            return "what became of an earlier borrowing from this slot is not known yet; the cabinet is being asked"
        return None

    def start(self, command: Command, at: Instant) -> m.Borrow:
        """The order to send."""
        order = _order(command.parameters)
        # An earlier order for the same, left open, can no longer be told from this one.
        self._orders.take(order)
        self._latest = order
        self._orders.open(order, command.id, at + seconds(BORROW_WITHIN_S))
        return m.Borrow(order.slot, order.bank)

    def remember(self, command: OpenCommand, last: m.OfBank | None, at: Instant) -> list[Settle]:
        """Know an order of an earlier connection.  ``last``: what this one has already reported about its slot."""
        order = _order(command.parameters)
        self._orders.remember(order, command.id)
        self._doubts[order] = (command.sent_at or at) + seconds(BORROW_WITHIN_S)
        return self.reported(last) if last is not None and last.bank == order.bank else []

    def reported(self, report: m.OfBank) -> list[Settle]:
        """MC BO or MR BF ends the order that it is about; no other report does."""
        outcome = OUTCOMES.get(type(report))
        if outcome is None:
            return []
        order = Order(report.slot, report.bank)
        self._doubts.pop(order, None)
        return _settled(self._orders.take(order), *outcome)

    def compare(self, inventory: m.Inventory, at: Instant) -> list[Settle]:
        """What the slots say about orders of unknown outcome."""
        slots = {slot.slot: slot for slot in inventory.slots}
        settled: list[Settle] = []
        for order, proves_at in list(self._doubts.items()):
            slot = slots.get(order.slot)
            if slot is None or at < proves_at:
                continue
            if slot.bank == order.bank:
                del self._doubts[order]
                settled += _settled(self._orders.take(order), State.FAILED, STILL_THERE)
            elif slot.state != "ER" or slot.bank is not None:
                del self._doubts[order]
        return settled

    def expire(self, at: Instant) -> list[Settle]:
        """Time may be up; from now on an inventory can prove something."""
        expired = self._orders.expire(at)
        if expired and self._latest is not None:  # one at a time, so it is the latest
            self._doubts[self._latest] = at
        return [Settle(waiting.command, State.UNKNOWN, NO_WORD) for waiting in expired]

    def lost(self) -> list[Settle]:
        """The connection is gone."""
        return [Settle(waiting.command, State.UNKNOWN, LOST) for waiting in self._orders.drop()]

    def ask_again_at(self, at: Instant) -> Instant | None:
        """When an inventory is wanted next, if one was asked for just now; None if no doubt needs it."""
        return max(min(self._doubts.values()), at + seconds(DOUBT_AGAIN_S)) if self._doubts else None


OUTCOMES: Final = {
    m.Borrowed: (State.SUCCEEDED, ""),
    m.BorrowFailed: (State.FAILED, FAILED),
}


def _order(parameters: object) -> Order:
    assert isinstance(parameters, BorrowParameters)
    return Order(parameters.slot, parameters.bank)


def _settled(waiting: Waiting | None, state: State, detail: str) -> list[Settle]:
    return [] if waiting is None else [Settle(waiting.command, state, detail, late=waiting.late)]
