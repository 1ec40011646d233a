"""The server's side of a cabinet's connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from wayside.model.commands import Command, State
from wayside.model.events import Event
from wayside.model.instant import Instant, seconds
from wayside.protocol.alarm import Alarm
from wayside.protocol.base import Side
from wayside.protocol.effects import Ask, Close, Effects, Emit, Identify, Send, Settle
from wayside.protocol.inflight import InFlight
from wayside.protocol.questions import BankKnown, Question, Registration, WantBank
from wayside.protocol.session import Setup
from wayside.protocols.power_bank import messages as m
from wayside.protocols.power_bank.borrows import Borrows
from wayside.protocols.power_bank.commands import ANSWER_WITHIN_S, BorrowParameters
from wayside.protocols.power_bank.frames import Frame
from wayside.protocols.power_bank.options import options_from
from wayside.protocols.power_bank.reports import Reports
from wayside.protocols.power_bank.translate import checksum_learnt, events, flagged, refused
from wayside.protocols.power_bank.verifier import Verifier

# How a charge gets on is reported only when asked for, and an availability feed is worth little when it is older.
# Question and answer with their TCP headers make some 15 MB a month.
INVENTORY_EVERY_S: Final = 60.0

QUERY: Final = "CQ"
"""What commands that wait for an inventory wait under."""

Said = tuple[Event, ...]


class PowerBankSession:
    """One connection of one cabinet; see ``protocol.session.Session``.

    Every frame names its cabinet: the first valid one says whose connection this is, one with another IMEI ends it.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._imei = setup.ident
        self._configure(setup.ident)
        self._reports = Reports()
        self._borrows = Borrows()
        self._queries: InFlight[str] = InFlight()
        self._quarantined = False
        self._ask_at: Instant | None = None
        self._alarm = Alarm()

    def _configure(self, imei: str | None) -> None:
        """Take the options of this cabinet; of any, while it has not said who it is."""
        options = options_from(self._setup.options_for(imei))
        self._configured_for = imei
        self._dotted = options.dotted
        self._verifier = Verifier(options)

    def connected(self, at: Instant) -> Effects:  # noqa: ARG002 - the Session's signature
        """Nothing: the cabinet speaks first."""
        return []

    def receive(self, frame: Frame, at: Instant) -> Effects:
        """What a frame means, and its answer where it wants one.

        Raises:
            ChecksumError: the CRC is wrong, and such frames are not taken.
            DecodeError: the fields are not those of the message.
        """
        if self._imei is None and frame.imei != self._configured_for:
            # Who it is, is proven by nothing, but how its CRC is computed must be known before the CRC is.
            self._configure(frame.imei)
        right = self._verifier.right(frame)
        message = m.parse(frame, Side.DEVICE)
        if self._imei is not None and frame.imei != self._imei:
            return [Close(f"a frame of {frame.imei} on the connection of {self._imei}")]
        effects: Effects = []
        if self._imei is None:
            self._imei = frame.imei
            effects.append(Identify(frame.imei))
        if self._verifier.learnt is not None:
            effects.append(Emit(checksum_learnt(self._verifier.learnt)))
            self._verifier.learnt = None
        said = events(message)
        if not right:
            said = flagged(said, frame.name)
        handler = self._ON_MESSAGE.get(type(message), PowerBankSession._on_other)
        return self._with_alarm(effects + handler(self, message, said, at))

    def execute(self, command: Command, at: Instant) -> Effects:
        """Begin a command."""
        if self._imei is None:
            return [Settle(command.id, State.REJECTED, "the cabinet has not said yet who it is")]
        return self._with_alarm(self._ON_COMMAND[command.capability](self, command, at))

    def answer(self, question: Question | Identify, value: Any, at: Instant) -> Effects:  # noqa: ANN401 - see questions.py
        """The platform knows the cabinet, or a bank that somebody wants to return."""
        match question:
            case Identify():
                return self._with_alarm(self._registered(value, at))
            case WantBank(slot, bank) if isinstance(value, BankKnown) and value.ours:
                return [self._send(m.BankIsKnown(slot, bank))]
            case WantBank(slot, bank):
                return [Emit(refused(slot, bank)), self._send(m.BankIsUnknown(slot, bank))]
        return []

    def wake(self, at: Instant) -> Effects:
        """Somebody has waited long enough, or the slots should be looked at again."""
        self._alarm.rang()
        effects: Effects = [
            Settle(waiting.command, State.TIMED_OUT, "the cabinet did not answer in time")
            for waiting in self._queries.expire(at)
        ]
        if unknown := self._borrows.expire(at):
            effects += unknown
            self._ask_at = at
        if self._ask_at is not None and self._ask_at <= at:
            effects.append(self._send(m.InventoryRequest()))
            routine = at + seconds(INVENTORY_EVERY_S)
            self._ask_at = min(routine, self._borrows.ask_again_at(at) or routine)
        return self._with_alarm(effects)

    def disconnected(self, at: Instant) -> Effects:  # noqa: ARG002 - the Session's signature
        """A lost question has failed; of a lost order only the cabinet knows."""
        self._alarm.rang()
        self._ask_at = None
        effects: Effects = [
            Settle(waiting.command, State.FAILED, "the connection ended before the cabinet answered")
            for waiting in self._queries.drop()
        ]
        return [*effects, *self._borrows.lost()]

    # What the cabinet says.

    def _on_report(self, report: m.OfBank, said: Said, _at: Instant) -> Effects:
        """MC and MR: kept before they are acknowledged; one that is repeated gets its receipt once more.

        In quarantine nothing is acknowledged, and what is held there may be dropped: there every report is news.
        """
        effects: Effects = []
        if self._quarantined or self._reports.is_news(report):
            effects += [Emit(event) for event in said]
            effects += self._borrows.reported(report)
        receipt = m.RECEIPTS[type(report)](report.slot, report.bank)
        return [*effects, self._send(receipt)]

    def _on_bank_query(self, query: m.BankQuery, said: Said, _at: Instant) -> Effects:
        self._reports.forget(query.slot)
        return [*(Emit(event) for event in said), Ask(WantBank(query.slot, query.bank))]

    def _on_inventory(self, inventory: m.Inventory, said: Said, at: Instant) -> Effects:
        self._reports.compare(inventory)
        effects: Effects = [Emit(event) for event in said]
        effects += self._borrows.compare(inventory, at)
        waiting = self._queries.take(QUERY)
        if waiting is not None:
            effects.append(Settle(waiting.command, State.SUCCEEDED, values=said[0].values, late=waiting.late))
        return effects

    def _on_other(self, _: msgspec.Struct, said: Said, _at: Instant) -> Effects:
        return [Emit(event) for event in said]

    # What the platform wants.

    def _query(self, command: Command, at: Instant) -> Effects:
        self._queries.open(QUERY, command.id, at + seconds(ANSWER_WITHIN_S))
        return [self._send(m.InventoryRequest(), command.id)]

    def _borrow(self, command: Command, at: Instant) -> Effects:
        parameters = command.parameters
        assert isinstance(parameters, BorrowParameters)
        if refusal := self._borrows.refusal(parameters.slot):
            return [Settle(command.id, State.REJECTED, refusal)]
        self._reports.forget(parameters.slot)
        return [self._send(self._borrows.start(command, at), command.id)]

    def _registered(self, registration: Registration, at: Instant) -> Effects:
        """Orders that an earlier connection left open are known again; the cabinet is asked what stands in it."""
        effects: Effects = []
        for command in registration.open_commands:
            if isinstance(command.parameters, BorrowParameters):
                last = self._reports.last(command.parameters.slot)
                effects += self._borrows.remember(command, last, at)
            else:
                self._queries.remember(QUERY, command.id)
        self._quarantined = not registration.accepted
        if registration.accepted:
            self._ask_at = at
        else:
            self._reports = Reports()
        return effects

    # Common to all.

    def _send(self, message: msgspec.Struct, command: str | None = None) -> Send:
        data = m.write(message, self._imei or "", self._verifier.ours, dotted=self._dotted)
        return Send(data, m.name_of(message), command)

    def _with_alarm(self, effects: Effects) -> Effects:
        return effects + self._alarm.set(self._queries.next_deadline, self._borrows.deadline, self._ask_at)

    _ON_MESSAGE: ClassVar[dict[type, Callable[[Any, Any, Said, Instant], Effects]]] = {
        m.Inventory: _on_inventory,
        m.BankQuery: _on_bank_query,
        m.Borrowed: _on_report,
        m.Returned: _on_report,
        m.BorrowFailed: _on_report,
        m.ReturnFailed: _on_report,
    }
    _ON_COMMAND: ClassVar[dict[str, Callable[[Any, Command, Instant], Effects]]] = {
        "query": _query,
        "borrow": _borrow,
    }
