"""Two cabinets, one server and its ledger, on lines that fail, with customers who carry banks from one to the other."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Final

from tests.harness import Duet, duplicate, pass_on
from tests.rental.records import Records
from wayside.model.commands import IN_FLIGHT, Command, State
from wayside.model.errors import Conflict
from wayside.model.rentals import Place, Rental
from wayside.protocol.base import Side
from wayside.protocol.effects import Effect, Emit
from wayside.protocol.questions import BankKnown, Question, WantBank
from wayside.protocol.session import Setup
from wayside.protocol.simulator import Behaviour
from wayside.protocols.power_bank import messages as m
from wayside.protocols.power_bank.cabinet import bank_numbers
from wayside.protocols.power_bank.commands import BorrowParameters
from wayside.protocols.power_bank.frames import BraceFramer, Frame
from wayside.protocols.power_bank.session import PowerBankSession
from wayside.protocols.power_bank.simulator import PowerBankSimulator
from wayside.rental.ledger import Ledger

SLOTS: Final = 3
REPORTS: Final = {"borrowed", "returned", "borrow_failed", "return_failed"}


class Street(Duet):
    """One cabinet's connection, with the ledger where the gateway has it."""

    def __init__(self, town: Town, number: int) -> None:
        self.town = town
        self.cabinet = PowerBankSimulator(
            Behaviour(number, faults=0.1), random.Random(town.random.random()), slots=SLOTS
        )
        self.device = f"power-bank:{self.cabinet.ident}"
        self.heard = 0
        super().__init__(
            PowerBankSession(Setup()), self.cabinet, BraceFramer(Side.DEVICE), answer=self._is_ours
        )

    def hear(self, data: bytes) -> None:
        for found in BraceFramer(Side.DEVICE).feed(data):
            self.heard += isinstance(found, Frame) and found.name in REPORTS
        super().hear(data)

    def come_back(self) -> None:
        self.reconnect(PowerBankSession(Setup()), BraceFramer(Side.DEVICE))

    def crash(self) -> None:
        """The server is gone without a word; after its restart, what was in flight may have happened."""
        self.connected = False
        self.to_device.cut()
        self.to_server.cut()
        self._session_alarm = self._simulator_alarm = None
        for command, states in self.states.items():
            if states[-1] in IN_FLIGHT:
                self._step_command(command, State.UNKNOWN)

    def power_cut(self) -> None:
        """The cabinet starts anew, and has forgotten everything but what stands in its slots."""
        if self.connected:
            self.disconnect()
        self._simulator_alarm = None
        before = self.cabinet.cabinet
        self.cabinet = self.simulator = PowerBankSimulator(
            Behaviour(0, faults=0.1), random.Random(self.town.random.random()), slots=SLOTS
        )
        self.cabinet.ident = self.device.partition(":")[2]
        self.cabinet.cabinet = before

    def _is_ours(self, question: Question) -> BankKnown:
        assert isinstance(question, WantBank)
        return BankKnown(self.town.ledger.knows(question.bank))

    def _carry_out_one(self, effect: Effect) -> None:
        if isinstance(effect, Emit):
            self.town.records.keep(self.town.ledger.event(self.device, effect.event, self.now))
        super()._carry_out_one(effect)

    def _step_command(self, command: str, state: State) -> None:
        super()._step_command(command, state)
        parameters = self._commands[command].parameters
        assert isinstance(parameters, BorrowParameters)
        self.town.records.keep(self.town.ledger.command(command, parameters.bank, state, self.now))


class Town:
    """Everything, and the dice that decide what happens next."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.records = Records()
        self.ledger = Ledger()
        self.streets = [Street(self, number) for number in (1, 2)]
        first, second = (street.cabinet.cabinet for street in self.streets)
        first.out += second.out
        second.out = first.out
        self.given: Counter[str] = Counter()
        self.commands = 0
        for street in self.streets:
            self._count(street)
        for bank in bank_numbers(1, SLOTS) + bank_numbers(2, SLOTS):
            self.records.keep(self.ledger.register(bank, 0))
        for street in self.streets:
            street.connect()

    def happen(self) -> None:
        """One thing of many; then look whether all is as it must be."""
        street = self.random.choice(self.streets)
        self.random.choice(HAPPENINGS)(self, street)
        self.run(self.random.choice((0, 0.5, 3, 10, 40)))
        self.check()

    def run(self, duration_s: float) -> None:
        for street in self.streets:
            street.run(duration_s)
            if not street.connected and self.random.random() < 0.5:
                street.come_back()

    def settle(self) -> None:
        """The lines are good again, and nobody comes any more."""
        for street in self.streets:
            street.to_device.tamper = street.to_server.tamper = pass_on
            street.to_device.release(street.now)
            street.to_server.release(street.now)
            street.cabinet._behaviour = Behaviour(0, faults=0.0)
        for _ in range(8):
            for street in self.streets:
                if not street.connected:
                    street.come_back()
                street.cabinet._timers.pop("customer", None)
                street.run(30)
                self.check()

    def check(self) -> None:
        self.records.check(self.ledger)
        started = Counter(rental.bank for rental in self._started())
        assert all(count <= self.given[bank] for bank, count in started.items()), (
            "rented without being given out"
        )

    def order(self, street: Street) -> None:
        """Somebody asks for any bank that the ledger has to offer, or tries one that it has not."""
        slots = self.ledger.available(street.device)
        place, bank = Place(street.device, self.random.randrange(1, SLOTS + 1)), self._any_bank()
        if slots and self.random.random() < 0.8:
            slot = self.random.choice(slots)
            place, bank = slot.place, slot.bank or ""
        self.commands += 1
        command = f"c{self.commands}"
        try:
            self.records.keep(self.ledger.request(command, place, bank, "somebody", street.now))
        except Conflict:
            return
        if street.connected:
            street.execute(Command(command, self.commands, "borrow", BorrowParameters(place.slot, bank)))
        else:
            self.records.keep(self.ledger.command(command, bank, State.EXPIRED, street.now))

    def offer(self, street: Street) -> None:
        """A customer brings a bank."""
        cabinet = street.cabinet.cabinet
        slot = cabinet.free_slot()
        if street.connected and slot is not None and cabinet.out and street.cabinet._offered is None:
            street._react(street.cabinet.offer(slot, self.random.choice(cabinet.out), street.now))

    def restart(self, _: Street) -> None:
        for street in self.streets:
            street.crash()
        self.ledger = Ledger(self.records.snapshot())

    def _any_bank(self) -> str:
        return self.random.choice(self.ledger.banks()).id

    def _started(self) -> list[Rental]:
        return [rental for rental in self.records.rentals.values() if rental.started_at is not None]

    def _count(self, street: Street) -> None:
        """Notice every bank that really leaves its slot."""
        give = street.cabinet.cabinet.give

        def counted(slot: int) -> str:
            bank = give(slot)
            self.given[bank] += 1
            return bank

        street.cabinet.cabinet.give = counted  # type: ignore[method-assign] # ground truth, seen from outside


def _lose(_: Town, street: Street) -> None:
    if street.connected:
        street.disconnect()


def _hold(_: Town, street: Street) -> None:
    street.to_server.hold() if street.to_server._held is None else street.to_server.release(street.now)


def _hold_answers(_: Town, street: Street) -> None:
    street.to_device.hold() if street.to_device._held is None else street.to_device.release(street.now)


def _twice(_: Town, street: Street) -> None:
    street.to_server.tamper = duplicate if street.to_server.tamper is pass_on else pass_on


def _power_cut(_: Town, street: Street) -> None:
    street.power_cut()


HAPPENINGS: Final[tuple[Callable[[Town, Street], None], ...]] = (
    Town.order,
    Town.order,
    Town.order,
    Town.offer,
    Town.offer,
    _lose,
    _lose,
    _hold,
    _hold_answers,
    _twice,
    Town.restart,
    _power_cut,
)

RECEIPT_NAMES: Final = {m.name_of(kind(1, "A")) for kind in m.RECEIPTS.values()}
