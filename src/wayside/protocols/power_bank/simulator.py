"""A simulated cabinet: it gives banks out when told, takes them back when the server knows them, and has bad days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from wayside.model.instant import Instant, seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Close, Send, WakeAt
from wayside.protocol.framing import BadFrame
from wayside.protocol.imei import imei_of
from wayside.protocol.simulator import Behaviour, Random, Reactions
from wayside.protocols.power_bank import messages as m
from wayside.protocols.power_bank.cabinet import Cabinet
from wayside.protocols.power_bank.crc import DEFAULT, Crc
from wayside.protocols.power_bank.frames import BraceFramer
from wayside.wire.errors import DecodeError

MODEL: Final = "86626204"
NUMBERS: Final = 1_000_000
SLOTS: Final = 3
"""As many as the document's cabinets have."""

EJECT_S: Final = (1.5, 4.0)
"""The slot's motor."""
CUSTOMER_S: Final = (60.0, 600.0)
"""Between two customers who want to return a bank."""
ANSWER_S: Final = 8.0
"""How long a customer holds a bank to the slot while the cabinet waits for RQ; it asks twice."""
QUERIES_MAX: Final = 2
REPEAT_AFTER_S: Final = 12.0

# A cabinet that cannot report what it does should not do much: with so many reports unheard it serves nobody.
UNHEARD_MAX: Final = 4

STRANGER: Final = "XX99999999"
"""A bank of some other system, that somebody tries to leave here."""


class PowerBankSimulator:
    """One cabinet; see ``protocol.simulator.Simulator``.

    ``slots``: how many it has.  ``crc``: how it computes its CRC; frames that have another are ignored.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        random: Random,
        *,
        slots: int = SLOTS,
        crc: Crc = DEFAULT,
        dotted: bool = False,
    ) -> None:
        self.ident = imei_of(MODEL, behaviour.number % NUMBERS)
        self.cabinet = Cabinet(behaviour.number, slots, random)
        self._behaviour = behaviour
        self._random = random
        self._crc = crc
        self._dotted = dotted
        self._framer = BraceFramer(Side.SERVER)
        self._timers: dict[str, Instant] = {}
        self._ejecting: m.Borrow | None = None
        self._offered: m.BankQuery | None = None
        self._queries = 0
        self._unheard: list[m.OfBank] = []

    def connected(self, at: Instant) -> Reactions:
        """A heartbeat, then what happened meanwhile, then what nobody has acknowledged."""
        self._framer = BraceFramer(Side.SERVER)
        if "heartbeat" not in self._timers:
            self._set("customer", at, self._random.uniform(*CUSTOMER_S))
        self._timers["heartbeat"] = at
        before = list(self._unheard)
        return self._with_alarm([*self._due(at), *map(self._say, before)])

    def received(self, data: bytes, at: Instant) -> Reactions:
        """Frames from the server; what is nonsense, for another cabinet or has a wrong CRC is ignored."""
        reactions: Reactions = []
        for frame in self._framer.feed(data):
            if isinstance(frame, BadFrame) or frame.imei != self.ident:
                continue
            if not self._crc.fits(frame.text, frame.crc):
                continue
            try:
                message = m.parse(frame, Side.SERVER)
            except DecodeError:
                continue
            handler = self._ON_MESSAGE.get(type(message))
            if handler is not None:
                reactions += handler(self, message, at)
        return self._with_alarm(reactions)

    def wake(self, at: Instant) -> Reactions:
        """Whatever was due."""
        return self._with_alarm(self._due(at))

    def offer(self, slot: int, bank: str, at: Instant) -> Reactions:
        """A customer holds a bank to a slot."""
        self._offered, self._queries = m.BankQuery(slot, bank), 1
        self._set("answer", at, ANSWER_S)
        return self._with_alarm([self._say(self._offered)])

    # What the server says.

    def _on_inventory_request(self, _: m.InventoryRequest, at: Instant) -> Reactions:
        if self._misfortune():
            return []
        return [self._say(m.Inventory(self.cabinet.inventory(at)))]

    def _on_borrow(self, order: m.Borrow, at: Instant) -> Reactions:
        if order == self._ejecting:
            return []
        busy = self._ejecting is not None or self._offered is not None
        if busy or not self.cabinet.holds(order.slot, order.bank):
            return self._report(m.BorrowFailed(order.slot, order.bank), at)
        self._ejecting = order
        self._set("ejected", at, self._random.uniform(*EJECT_S))
        return [Close("network lost")] if self._misfortune() else []

    def _on_known(self, answer: m.BankIsKnown, at: Instant) -> Reactions:
        offered = self._offered
        if offered is None or (answer.slot, answer.bank) != (offered.slot, offered.bank):
            return []
        self._turn_away()
        fits = self.cabinet.slots.get(answer.slot, ...) is None and answer.bank in self.cabinet.out
        if not fits or self._misfortune():
            return self._report(m.ReturnFailed(answer.slot, answer.bank), at)
        self.cabinet.take(answer.slot, answer.bank, at)
        return self._report(m.Returned(answer.slot, answer.bank), at)

    def _on_unknown(self, answer: m.BankIsUnknown, _at: Instant) -> Reactions:
        offered = self._offered
        if offered is not None and (answer.slot, answer.bank) == (offered.slot, offered.bank):
            self._turn_away()
        return []

    def _on_receipt(self, receipt: m.OfBank, _at: Instant) -> Reactions:
        self._unheard = [
            report
            for report in self._unheard
            if m.RECEIPTS[type(report)](report.slot, report.bank) != receipt
        ]
        return []

    # What happens by itself.

    def _beat(self, at: Instant) -> Reactions:
        self._set("heartbeat", at, self._behaviour.interval_s)
        return [self._say(m.Heartbeat())]

    def _ejected(self, at: Instant) -> Reactions:
        order, self._ejecting = self._ejecting, None
        assert order is not None, "the motor ran for nobody"
        if self._misfortune():
            return self._report(m.BorrowFailed(order.slot, order.bank), at)
        self.cabinet.give(order.slot)
        return self._report(m.Borrowed(order.slot, order.bank), at)

    def _customer(self, at: Instant) -> Reactions:
        self._set("customer", at, self._random.uniform(*CUSTOMER_S))
        slot = self.cabinet.free_slot()
        busy = self._ejecting is not None or self._offered is not None
        if slot is None or busy or len(self._unheard) >= UNHEARD_MAX:
            return []
        if self._misfortune():
            return self.offer(slot, STRANGER, at)
        return self.offer(slot, self._random.choice(self.cabinet.out), at) if self.cabinet.out else []

    def _unanswered(self, at: Instant) -> Reactions:
        if self._offered is None or self._queries >= QUERIES_MAX:
            self._turn_away()
            return []
        self._queries += 1
        self._set("answer", at, ANSWER_S)
        return [self._say(self._offered)]

    def _repeat(self, at: Instant) -> Reactions:
        if self._unheard:
            self._set("repeat", at, REPEAT_AFTER_S)
        return [self._say(report) for report in self._unheard]

    # Common to all.

    def _due(self, at: Instant) -> Reactions:
        reactions: Reactions = []
        while self._timers[name := min(self._timers, key=self._timers.__getitem__)] <= at:
            del self._timers[name]
            reactions += self._ON_TIMER[name](self, at)
        return reactions

    def _turn_away(self) -> None:
        self._offered = None
        self._timers.pop("answer", None)

    def _report(self, report: m.OfBank, at: Instant) -> Reactions:
        if report not in self._unheard:
            self._unheard.append(report)
        self._set("repeat", at, REPEAT_AFTER_S)
        return [self._say(report)]

    def _say(self, message: msgspec.Struct) -> Send:
        return Send(m.write(message, self.ident, self._crc, dotted=self._dotted), m.name_of(message))

    def _misfortune(self) -> bool:
        return self._random.random() < self._behaviour.faults

    def _set(self, name: str, at: Instant, after_s: float) -> None:
        self._timers[name] = at + seconds(after_s)

    def _with_alarm(self, reactions: Reactions) -> Reactions:
        return [*reactions, WakeAt(min(self._timers.values()))]

    _ON_MESSAGE: ClassVar[dict[type, Callable[[Any, Any, Instant], Reactions]]] = {
        m.InventoryRequest: _on_inventory_request,
        m.Borrow: _on_borrow,
        m.BankIsKnown: _on_known,
        m.BankIsUnknown: _on_unknown,
        m.BorrowedReceipt: _on_receipt,
        m.ReturnedReceipt: _on_receipt,
        m.BorrowFailedReceipt: _on_receipt,
        m.ReturnFailedReceipt: _on_receipt,
    }
    _ON_TIMER: ClassVar[dict[str, Callable[[Any, Instant], Reactions]]] = {
        "heartbeat": _beat,
        "customer": _customer,
        "answer": _unanswered,
        "ejected": _ejected,
        "repeat": _repeat,
    }
