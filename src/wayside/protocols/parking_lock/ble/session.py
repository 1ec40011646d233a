"""The server's side of a parking lock's BLE link."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Final, NamedTuple

import msgspec

from wayside.model.commands import Command, State
from wayside.model.errors import CommandError
from wayside.model.events import Event, Values
from wayside.model.instant import Instant, seconds
from wayside.protocol.alarm import Alarm
from wayside.protocol.base import Side
from wayside.protocol.effects import Ask, Close, Effects, Emit, Identify, Send, Settle
from wayside.protocol.imei import IMEI_DIGITS
from wayside.protocol.inflight import InFlight
from wayside.protocol.questions import FirmwareOffer, Question, Registration, WantFirmware
from wayside.protocol.session import Setup
from wayside.protocols.parking_lock.attempts import KINDS, Orders, Outgoing
from wayside.protocols.parking_lock.ble import messages as m
from wayside.protocols.parking_lock.ble.commands import (
    ANSWER_WITHIN_S,
    CARRIED,
    QUERIES,
    READINGS,
    change_of,
    items_of,
)
from wayside.protocols.parking_lock.ble.frames import Frame
from wayside.protocols.parking_lock.ble.operation import Operations
from wayside.protocols.parking_lock.ble.options import DEVICE_KEY_DEFAULT, options_from
from wayside.protocols.parking_lock.ble.transfers import Transfers
from wayside.protocols.parking_lock.ble.translate import arm_of, events, locked_of, verified
from wayside.protocols.parking_lock.commands import UpgradeParameters, auto_lock_key
from wayside.protocols.parking_lock.messages import Arm
from wayside.protocols.parking_lock.session import REBOOT_WITHIN_S

VERIFIED_WITHIN_S: Final = 5.0
"""Section 1.7.1: after this the lock hangs up by itself."""

# A lock that does not know the key which it has just given is broken: no reason to ask it for ever.
COMPLAINTS_MAX: Final = 3

# Nothing but an operation's result is said unasked, and it is known within seconds who it is.
HELD_EVENTS_MAX: Final = 16

POLLED: Final = (m.StatusRequest(), m.CoverRequest())
INTRODUCTION: Final = (*POLLED, m.AddressRequest())

REBOOTED: Final = "the lock answers again"
SILENT: Final = {
    State.TIMED_OUT: "the lock did not answer in time",
    State.UNCONFIRMED: "the lock did not answer, and the document defines no answer",
}
LOST: Final = {
    State.TIMED_OUT: (State.FAILED, "the connection ended before the lock answered"),
    State.UNCONFIRMED: (State.UNKNOWN, "the connection ended before the lock answered"),
}


class Asked(NamedTuple):
    """A question of our own: what answers it, and until when the next one waits for that."""

    answer: type
    deadline: Instant


ANSWERS: Final[dict[type, type]] = {
    m.StatusRequest: m.Status,
    m.CoverRequest: m.Cover,
    m.AddressRequest: m.Address,
}


class BleParkingLockSession:
    """One connection of one lock; see ``protocol.session.Session``.

    First the device key is shown, then, unless the transport knows it, the lock is asked who it is.  Commands that come
    before that wait.
    """

    def __init__(self, setup: Setup) -> None:
        options = options_from(setup.options)
        self._device_key = self._next_device_key = options.device_key
        self._changing_key: str | None = None
        self._poll_interval = seconds(options.poll_interval_s)
        self._random_bytes = setup.random_bytes
        self._identified = setup.ident is not None
        self._held: deque[Event] = deque(maxlen=HELD_EVENTS_MAX)
        self._key: int | None = None
        self._verify_by: Instant | None = None
        self._verified_at: Instant = 0
        self._complaints = 0
        self._early: list[Command] = []
        self._began_with: str | None = None
        self._operations = Operations()
        self._waiting: InFlight[str] = InFlight()
        self._transfers = Transfers()
        self._wanting_firmware: str | None = None
        self._rebooting: tuple[str, Instant] | None = None
        self._asking: deque[msgspec.Struct] = deque()
        self._asked: Asked | None = None
        self._last_sent: msgspec.Struct | None = None
        self._poll_at: Instant | None = None
        self._alarm = Alarm()

    def connected(self, at: Instant) -> Effects:
        """Show the device key: the lock waits five seconds for it."""
        return self._with_alarm([self._verify(at)])

    def receive(self, frame: Frame, at: Instant) -> Effects:
        """What a message means, and what follows from it.

        Raises:
            DecodeError: its data does not have the shape of its message.
        """
        message = m.parse(frame, Side.DEVICE)
        said = events(message, moving=self._operations.moving)
        effects = self._tell(said)
        if self._asked is not None and isinstance(message, self._asked.answer):
            self._asked = None
        handler = self._ON_MESSAGE.get(type(message))
        if handler is not None:
            effects += handler(self, message, said[0].values if said else {}, at)
        return self._with_alarm(effects + self._ask_next(at))

    def execute(self, command: Command, at: Instant) -> Effects:
        """Begin a command, or keep it until the lock has given its key and said who it is.

        Raises:
            CommandError: BLE does not carry it, or there is nothing in it to be done.
        """
        if command.capability not in CARRIED:
            raise CommandError(
                f"{command.capability} works over the network only, and this lock is connected over BLE",
                "capability",
            )
        if command.capability in _WRITES:
            items_of(command.parameters)
        if self._key is not None and self._identified:
            return self._with_alarm(self._begin(command, at))
        self._early.append(command)
        if self._key is not None or self._verify_by is not None:
            return []
        self._began_with = command.id
        return self._with_alarm([self._verify(at, command.id)])

    def answer(self, question: Question | Identify, value: Any, at: Instant) -> Effects:  # noqa: ANN401 - see questions.py
        """The platform knows the lock, or has the firmware."""
        if isinstance(question, Identify):
            return self._registered(value)
        if isinstance(question, WantFirmware):
            return self._with_alarm(self._firmware(question, value, at))
        return []

    def wake(self, at: Instant) -> Effects:
        """Somebody has waited long enough, or it is time to ask how things are."""
        self._alarm.rang()
        if self._verify_by is not None and at >= self._verify_by:
            self._verify_by = None
            return self._with_alarm([Close("the lock does not answer the device key")])
        effects = self._carry(self._operations.wake(at))
        expired = self._waiting.expire(at)
        effects += [
            Settle(waiting.command, waiting.unanswered, SILENT[waiting.unanswered]) for waiting in expired
        ]
        if self._changing_key in {waiting.command for waiting in expired}:
            effects.append(self._try_new_key(at))
        effects += self._transferred(self._transfers.wake(at), {})
        if self._asked is not None and at >= self._asked.deadline:
            self._asked = None
            if not self._identified:
                return self._with_alarm([*effects, Close("the lock does not say who it is")])
        if self._poll_at is not None and at >= self._poll_at:
            self._poll_at = at + self._poll_interval
            if not self._asking and not self._transfers.busy:
                self._asking.extend(POLLED)
        return self._with_alarm(effects + self._ask_next(at))

    def disconnected(self, at: Instant) -> Effects:
        """A lost question has failed; a lost change may have been made; what never left may leave elsewhere."""
        self._alarm.rang()
        self._poll_at = self._verify_by = self._asked = None
        effects = self._carry(self._operations.lost(at))
        for waiting in self._waiting.drop():
            state, detail = LOST[waiting.unanswered]
            effects.append(Settle(waiting.command, state, detail))
        effects += self._transfers.lost()
        if self._wanting_firmware is not None:
            detail = "the connection ended before anything was sent"
            effects.append(Settle(self._wanting_firmware, State.REJECTED, detail))
            self._wanting_firmware = None
        if self._began_with is not None:
            detail = "the connection ended before the lock gave its key; nothing was done"
            effects.append(Settle(self._began_with, State.FAILED, detail))
            self._began_with = None
        self._early.clear()
        return effects

    # What the lock says.

    def _on_verified(self, message: m.Verified, _values: Values, at: Instant) -> Effects:
        if self._verify_by is None:
            return []
        self._verify_by = None
        effects = self._proven(accepted=message.accepted == 1)
        if message.accepted != 1:
            detail = "the lock refuses the device key"
            early, self._early, self._began_with = self._early, [], None
            return [*effects, *(Settle(each.id, State.REJECTED, detail) for each in early), Close(detail)]
        self._key = message.key
        self._verified_at = at
        effects += self._tell((verified(by_default_key=self._device_key == DEVICE_KEY_DEFAULT),))
        if self._identified:
            return effects + self._ready(at)
        return effects + self._transferred(self._transfers.read(None, at), {})

    def _try_new_key(self, at: Instant) -> Send:
        """The document has no answer to a change of the device key: showing the new one tells."""
        self._device_key = self._next_device_key
        return self._verify(at)

    def _proven(self, *, accepted: bool) -> Effects:
        """What the lock made of the device key says how its change went, if one is open."""
        if self._changing_key is None or self._device_key != self._next_device_key:
            return []
        command, self._changing_key = self._changing_key, None
        if accepted:
            return [Settle(command, State.SUCCEEDED, "the lock takes the new key", late=True)]
        detail = "the lock does not take the new key: the one before it is still its own"
        return [Settle(command, State.FAILED, detail, late=True)]

    def _on_complaint(self, message: m.Complaint, _values: Values, at: Instant) -> Effects:
        """Our key is no good: what was sent last was not done, and a new key is asked for."""
        if self._key is None or message.reason not in {m.Reason.NO_KEY, m.Reason.WRONG_KEY}:
            return []
        effects: Effects = []
        last, self._last_sent = self._last_sent, None
        if isinstance(last, m.Unlock | m.Lock):
            effects += self._carry(self._operations.refused(at))
        elif last is not None and (refused := self._waiting.take(_key_of(last))) and not refused.late:
            detail = "the lock refused the communication key; nothing was done"
            effects.append(Settle(refused.command, State.FAILED, detail))
        self._complaints += 1
        if self._complaints > COMPLAINTS_MAX:
            return [*effects, Close("the lock refuses the key that it gave")]
        self._asked = None
        return [*effects, self._verify(at)]

    def _on_report(self, message: m.UnlockReport | m.LockReport, values: Values, at: Instant) -> Effects:
        effects = self._carry(self._operations.report(message, at), values)
        if message.progress in {m.Progress.DONE, m.Progress.TIMED_OUT}:
            effects.append(
                self._send(m.UnlockConfirmed() if isinstance(message, m.UnlockReport) else m.LockConfirmed())
            )
        return effects

    def _on_status(self, message: m.Status, values: Values, at: Instant) -> Effects:
        effects = self._succeeded(_key_of(message), values)
        effects += self._succeeded(auto_lock_key(message.auto_lock), values)
        at_end = arm_of(message) is not Arm.OTHER
        return effects + self._carry(
            self._operations.reported(locked_of(message), at_end=at_end, at=at), values
        )

    def _on_cover(self, message: m.Cover, values: Values, _at: Instant) -> Effects:
        return self._succeeded(_key_of(message), values)

    def _on_address(self, message: m.Address, values: Values, at: Instant) -> Effects:
        if self._identified:
            return self._succeeded(_key_of(message), values)
        if not values:
            return [Close("the lock does not say who it is")]
        return self._identify(message.mac.hex().upper(), at)

    def _on_answer(self, message: Any, _values: Values, at: Instant) -> Effects:  # noqa: ANN401 - five classes alike
        """The document has no answers to changes.  0 means *no* in those that it has: not taken for a *yes*."""
        values: Values = {"module.data.raw": message.data.hex()} if message.data else {}
        if isinstance(message, m.SetAutoLockAnswer):
            self._asking.append(m.StatusRequest())
            return []
        waiting = self._waiting.take(_key_of(message))
        if waiting is None:
            return []
        if message.data[:1] == b"\0":
            if waiting.late:
                return []
            detail = "the lock answered, and the document does not say what that means"
            effects: Effects = [Settle(waiting.command, State.UNCONFIRMED, detail, values)]
            return [*effects, self._try_new_key(at)] if waiting.command == self._changing_key else effects
        if isinstance(message, m.SetDeviceKeyAnswer):
            self._device_key, self._changing_key = self._next_device_key, None
        return [Settle(waiting.command, State.SUCCEEDED, values=values, late=waiting.late)]

    def _on_transfer(
        self, message: m.Transfer | m.PacketRequest | m.Packet, _values: Values, at: Instant
    ) -> Effects:
        orders = self._transfers.hear(message, at)
        items = self._transfers.items
        if items is None:
            return self._transferred(orders, {})
        event = self._transfers.event(items)
        imei = items.get("IMEI", "")
        if self._identified:
            return [*self._tell((event,)), *self._transferred(orders, event.values)]
        self._held.append(event)
        if len(imei) == IMEI_DIGITS and imei.isascii() and imei.isdigit():
            return self._identify(imei, at)
        self._asking.append(m.AddressRequest())
        return []

    # What the platform wants.

    def _begin(self, command: Command, at: Instant) -> Effects:
        capability = command.capability
        if capability in KINDS:
            return self._carry(self._operations.start(command, at))
        if capability in QUERIES:
            question = QUERIES[capability]
            self._waiting.open(_key_of(question), command.id, at + seconds(ANSWER_WITHIN_S))
            return [self._send(question, command.id)]
        if capability in READINGS:
            return self._transferred(self._transfers.read(command.id, at), {})
        if capability in _WRITES:
            return self._transferred(
                self._transfers.configure(command.id, items_of(command.parameters), at), {}
            )
        if capability == "upgrade":
            return self._upgrade(command)
        if capability == "reboot":
            self._rebooting = command.id, at
            detail = "the lock restarts without an answer"
            return [self._send(m.Reboot(), command.id), Settle(command.id, State.UNCONFIRMED, detail)]
        return self._change(command, at)

    def _change(self, command: Command, at: Instant) -> Effects:
        change = change_of(command.parameters)
        key = _key_of(change)
        if isinstance(change, m.SetAutoLock):
            # What is wanted now is what counts: an earlier wish that was left open can no longer be confirmed.
            key = auto_lock_key(change.enabled)
            self._waiting.take(auto_lock_key(1 - change.enabled))
            self._asking.append(m.StatusRequest())
        elif isinstance(change, m.SetDeviceKey):
            self._next_device_key, self._changing_key = change.device_key, command.id
        self._waiting.open(key, command.id, at + seconds(ANSWER_WITHIN_S), State.UNCONFIRMED)
        return [self._send(change, command.id), *self._ask_next(at)]

    def _upgrade(self, command: Command) -> Effects:
        parameters = command.parameters
        assert isinstance(parameters, UpgradeParameters)
        if self._wanting_firmware is not None or self._transfers.busy:
            return [Settle(command.id, State.REJECTED, "another transfer is under way")]
        self._wanting_firmware = command.id
        return [Ask(WantFirmware(command.id, parameters.firmware, contents=True))]

    # What the platform answers.

    def _firmware(self, question: WantFirmware, offer: FirmwareOffer | None, at: Instant) -> Effects:
        if question.command != self._wanting_firmware:
            return []
        self._wanting_firmware = None
        if offer is None:
            detail = f"there is no firmware file {question.firmware}"
            return [Settle(question.command, State.REJECTED, detail)]
        if offer.data is None:
            detail = (
                "this gateway does not hand out the file's bytes, and the lock cannot fetch them over BLE"
            )
            return [Settle(question.command, State.REJECTED, detail)]
        return self._transferred(self._transfers.upgrade(question.command, offer.data, at), {})

    def _registered(self, registration: Registration) -> Effects:
        for command in registration.open_commands:
            if command.capability in KINDS and command.state in {State.ACKNOWLEDGED, State.UNKNOWN}:
                self._operations.remember(command)
            elif command.capability == "reboot" and command.sent_at is not None:
                self._rebooting = command.id, command.sent_at
        return self._confirm_reboot()

    def _confirm_reboot(self) -> Effects:
        if self._rebooting is None:
            return []
        command, sent_at = self._rebooting
        if not sent_at < self._verified_at <= sent_at + seconds(REBOOT_WITHIN_S):
            return []
        self._rebooting = None
        return [Settle(command, State.SUCCEEDED, REBOOTED, late=True)]

    # Common to all.

    def _verify(self, at: Instant, command: str | None = None) -> Send:
        self._key = None
        self._verify_by = at + seconds(VERIFIED_WITHIN_S)
        return self._send(m.Verify(self._device_key), command)

    def _identify(self, ident: str, at: Instant) -> Effects:
        self._identified = True
        held = [Emit(event) for event in self._held]
        self._held.clear()
        return [Identify(ident), *held, *self._ready(at)]

    def _ready(self, at: Instant) -> Effects:
        """Key and identity are known: make acquaintance, once, and do what was asked for meanwhile."""
        effects = self._confirm_reboot()
        if self._poll_at is None:
            self._poll_at = at + self._poll_interval
            self._asking.extend(INTRODUCTION)
        early, self._early, self._began_with = self._early, [], None
        for command in early:
            effects += self._begin(command, at)
        return effects

    def _tell(self, said: tuple[Event, ...]) -> Effects:
        if self._identified:
            return [Emit(event) for event in said]
        self._held.extend(said)
        return []

    def _ask_next(self, at: Instant) -> Effects:
        """Questions of our own go one at a time; commands do not wait for them."""
        if self._asked is not None or self._key is None or not self._asking:
            return []
        question = self._asking.popleft()
        self._asked = Asked(ANSWERS[type(question)], at + seconds(ANSWER_WITHIN_S))
        return [self._send(question)]

    def _succeeded(self, key: str, values: Values) -> Effects:
        waiting = self._waiting.take(key)
        if waiting is None:
            return []
        return [Settle(waiting.command, State.SUCCEEDED, values=values, late=waiting.late)]

    def _send(self, message: msgspec.Struct, command: str | None = None) -> Send:
        self._last_sent = message
        data = m.write(message, self._key or 0, self._random_bytes(1)[0])
        return Send(data, m.name_of_message(message), command)

    def _carry(self, orders: Orders, values: Values | None = None) -> Effects:
        effects: Effects = []
        for order in orders:
            match order:
                case Outgoing(message, command):
                    effects.append(self._send(message, command))
                case Settle():
                    effects.append(msgspec.structs.replace(order, values=values) if values else order)
        return effects

    def _transferred(self, orders: Orders, values: Values) -> Effects:
        effects = self._carry(orders, values)
        if self._transfers.nameless:
            effects.append(Close("the lock does not say who it is"))
        return effects

    def _with_alarm(self, effects: Effects) -> Effects:
        return effects + self._alarm.set(
            self._verify_by,
            self._operations.deadline,
            self._waiting.next_deadline,
            self._transfers.deadline,
            self._asked.deadline if self._asked is not None else None,
            self._poll_at,
        )

    _ON_MESSAGE: ClassVar[dict[type, Callable[[Any, Any, Values, Instant], Effects]]] = {
        m.Verified: _on_verified,
        m.Complaint: _on_complaint,
        m.UnlockReport: _on_report,
        m.LockReport: _on_report,
        m.Status: _on_status,
        m.Cover: _on_cover,
        m.Address: _on_address,
        m.SetDeviceKeyAnswer: _on_answer,
        m.SetAlarmSoundAnswer: _on_answer,
        m.SetAutoLockAnswer: _on_answer,
        m.FindAnswer: _on_answer,
        m.SetBusAddressAnswer: _on_answer,
        m.Transfer: _on_transfer,
        m.PacketRequest: _on_transfer,
        m.Packet: _on_transfer,
    }


_WRITES: Final = frozenset({"set_server", "set_network"})


def _key_of(message: msgspec.Struct) -> str:
    """What a request and its answer share."""
    return m.name_of_message(message)
