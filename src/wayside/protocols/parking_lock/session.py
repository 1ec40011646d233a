"""The server's side of a lock's TCP connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from wayside.model.commands import Command, State
from wayside.model.errors import CommandError
from wayside.model.events import Values
from wayside.model.instant import Instant, seconds
from wayside.protocol.alarm import Alarm
from wayside.protocol.base import Side
from wayside.protocol.effects import Ask, Close, Effects, Emit, Identify, Send, Settle
from wayside.protocol.inflight import InFlight
from wayside.protocol.questions import FirmwareOffer, Question, Registration, WantFirmware
from wayside.protocol.session import Setup
from wayside.protocols.parking_lock import messages as m
from wayside.protocols.parking_lock.attempts import KINDS, Orders, Outgoing
from wayside.protocols.parking_lock.commands import (
    ANSWER_WITHIN_S,
    AUTO_LOCK_KEYS,
    QUERIES,
    UPGRADE_WITHIN_S,
    AutoLockParameters,
    ServerParameters,
    UpgradeParameters,
    auto_lock_key,
)
from wayside.protocols.parking_lock.frames import Frame
from wayside.protocols.parking_lock.operation import Operations
from wayside.protocols.parking_lock.translate import events
from wayside.wire.errors import EncodeError

VENDOR: Final = "OM"
"""The vendor code of every printed frame; once a lock has sent its own, that one is echoed."""

REBOOT_WITHIN_S: Final = 300.0
"""A lock that restarts needs a minute or two to find its network and sign in.  A sign-in within this time proves
the restart well enough; one hours later may have any reason, and proves nothing."""

NO_ANSWER: Final = "the protocol defines no answer to this"


class ParkingLockSession:
    """One connection of one lock; see ``protocol.session.Session``.

    The first valid frame says whose connection this is; a frame with another IMEI ends it.
    """

    def __init__(self, setup: Setup) -> None:
        self._imei = setup.ident
        self._vendor = VENDOR
        self._operations = Operations()
        self._queries: InFlight[str] = InFlight()
        self._changes: InFlight[str] = InFlight()
        self._wanting_firmware: str | None = None
        self._upgrading: str | None = None
        self._rebooting: tuple[str, Instant] | None = None
        self._signed_in_at: Instant = 0
        self._alarm = Alarm()

    def connected(self, at: Instant) -> Effects:  # noqa: ARG002 - the Session's signature
        """Nothing: the lock speaks first."""
        return []

    def receive(self, frame: Frame, at: Instant) -> Effects:
        """What a line means, and its receipt where it wants one.

        Raises:
            DecodeError: the line's fields are not those of its message.
        """
        if self._imei is not None and frame.imei != self._imei:
            return [Close(f"a frame of {frame.imei} on the connection of {self._imei}")]
        message = m.parse(frame, Side.DEVICE)
        effects: Effects = []
        if self._imei is None:
            self._imei = frame.imei
            effects.append(Identify(frame.imei))
        self._vendor = frame.vendor
        said = events(message, moving=self._operations.moving)
        effects += [Emit(event) for event in said]
        handler = self._ON_MESSAGE.get(type(message))
        if handler is not None:
            effects += handler(self, message, said[0].values if said else {}, at)
        return self._with_alarm(effects)

    def execute(self, command: Command, at: Instant) -> Effects:
        """Begin a command.

        Raises:
            CommandError: the network does not carry it, or a parameter cannot be put into a line.
        """
        handler = self._ON_COMMAND.get(command.capability)
        if handler is None:
            raise CommandError(
                f"{command.capability} works over BLE only, and this lock is connected over the network",
                "capability",
            )
        if self._imei is None:
            return [Settle(command.id, State.REJECTED, "the lock has not said yet who it is")]
        try:
            return self._with_alarm(handler(self, command, at))
        except EncodeError as error:
            raise CommandError(str(error), f"parameters.{error.field}") from error

    def answer(self, question: Question | Identify, value: Any, at: Instant) -> Effects:  # noqa: ANN401 - see questions.py
        """The platform knows the lock, or has the firmware."""
        if isinstance(question, Identify):
            return self._registered(value)
        return self._with_alarm(self._firmware(question, value, at))

    def wake(self, at: Instant) -> Effects:
        """Somebody has waited long enough."""
        self._alarm.rang()
        effects = self._carry(self._operations.wake(at))
        effects += [
            Settle(waiting.command, State.TIMED_OUT, "the lock did not answer in time")
            for waiting in self._queries.expire(at)
        ]
        for waiting in self._changes.expire(at):
            if waiting.command == self._upgrading:
                effects.append(
                    Settle(waiting.command, State.UNKNOWN, "the lock did not report the upgrade's end")
                )
            else:
                effects.append(Settle(waiting.command, State.TIMED_OUT, "the lock did not answer in time"))
        return self._with_alarm(effects)

    def disconnected(self, at: Instant) -> Effects:
        """A lost question has failed; a lost change may have been made."""
        self._alarm.rang()
        effects = self._carry(self._operations.lost(at))
        effects += [
            Settle(waiting.command, State.FAILED, "the connection ended before the lock answered")
            for waiting in self._queries.drop()
        ]
        effects += [
            Settle(waiting.command, State.UNKNOWN, "the connection ended before the lock answered")
            for waiting in self._changes.drop()
        ]
        if self._wanting_firmware is not None:
            effects.append(
                Settle(
                    self._wanting_firmware, State.REJECTED, "the connection ended before anything was sent"
                )
            )
            self._wanting_firmware = None
        return effects

    # What the lock says.

    def _on_sign_in(self, _: m.SignIn, _values: Values, at: Instant) -> Effects:
        self._signed_in_at = at
        return self._confirm_reboot()

    def _on_state(self, message: m.Heartbeat | m.Status, values: Values, at: Instant) -> Effects:
        effects: Effects = []
        if isinstance(message, m.Status):
            effects += _succeeded(self._queries, "S5", values)
        if message.auto_lock is not None:
            # A setting read back: it confirms one that nobody answered, but not one that may still be answered.
            key = auto_lock_key(message.auto_lock)
            waiting = self._changes.peek(key)
            if waiting is not None and waiting.late:
                effects += _succeeded(self._changes, key, values)
        return effects + self._carry(self._operations.reported(message.locked, message.arm, at))

    def _on_key(self, message: m.Key, _values: Values, at: Instant) -> Effects:
        return self._carry(self._operations.key(message, at))

    def _on_result(self, message: m.UnlockResult | m.LockResult, values: Values, at: Instant) -> Effects:
        word = "L0" if isinstance(message, m.UnlockResult) else "L1"
        effects = self._carry(self._operations.result(message, at), values)
        # The receipt stands behind what it acknowledges, and before the next attempt.
        settled = [effect for effect in effects if isinstance(effect, Settle)]
        rest = [effect for effect in effects if not isinstance(effect, Settle)]
        return [*settled, self._send(m.Receipt(word)), *rest]

    def _on_alarm(self, _: m.Alarm, _values: Values, _at: Instant) -> Effects:
        return [self._send(m.Receipt("W0"))]

    def _on_version(self, _: m.Version, values: Values, _at: Instant) -> Effects:
        return _succeeded(self._queries, "G0", values)

    def _on_auto_lock(self, message: m.AutoLockReport, values: Values, _at: Instant) -> Effects:
        if effects := _succeeded(self._changes, auto_lock_key(message.enabled), values):
            return effects
        for key in AUTO_LOCK_KEYS:
            waiting = self._changes.peek(key)
            if waiting is not None and not waiting.late:
                self._changes.take(key)
                return [Settle(waiting.command, State.FAILED, "the lock kept its setting", values)]
        return []

    def _on_upgrade(self, message: m.UpgradeReport, values: Values, _at: Instant) -> Effects:
        waiting = self._changes.peek("U0")
        if waiting is None:
            return []
        begun = waiting.command == self._upgrading
        if message.code == m.UpgradeCode.RECEIVED and not begun and not waiting.late:
            self._upgrading = waiting.command
            return [Settle(waiting.command, State.ACKNOWLEDGED, "the lock fetches the file", values)]
        if message.code == m.UpgradeCode.REJECTED:
            self._changes.take("U0")
            # A command that was acknowledged, or left open, can no longer be rejected: it failed.
            state = State.FAILED if begun or waiting.late else State.REJECTED
            return [Settle(waiting.command, state, "the lock rejected the upgrade", values, waiting.late)]
        if message.code == m.UpgradeCode.ENDED:
            return _succeeded(self._changes, "U0", values)
        return []

    # What the platform wants.

    def _operate(self, command: Command, at: Instant) -> Effects:
        return self._carry(self._operations.start(command, at))

    def _query(self, command: Command, at: Instant) -> Effects:
        word, message = QUERIES[command.capability]
        self._queries.open(word, command.id, at + seconds(ANSWER_WITHIN_S))
        return [self._send(message, command.id)]

    def _set_auto_lock(self, command: Command, at: Instant) -> Effects:
        parameters = command.parameters
        assert isinstance(parameters, AutoLockParameters)
        # What is wanted now is what counts: an earlier wish that was left open can no longer be confirmed.
        for key in AUTO_LOCK_KEYS:
            self._changes.take(key)
        self._changes.open(auto_lock_key(parameters.enabled), command.id, at + seconds(ANSWER_WITHIN_S))
        return [self._send(m.SetAutoLock(int(parameters.enabled)), command.id)]

    def _set_server(self, command: Command, _at: Instant) -> Effects:
        parameters = command.parameters
        assert isinstance(parameters, ServerParameters)
        return self._unanswered(m.SetServer(parameters.host, parameters.port), command)

    def _find(self, command: Command, _at: Instant) -> Effects:
        return self._unanswered(m.Find(), command)

    def _reboot(self, command: Command, at: Instant) -> Effects:
        self._rebooting = command.id, at
        return self._unanswered(m.Reboot(), command)

    def _upgrade(self, command: Command, _at: Instant) -> Effects:
        parameters = command.parameters
        assert isinstance(parameters, UpgradeParameters)
        self._wanting_firmware = command.id
        return [Ask(WantFirmware(command.id, parameters.firmware))]

    def _unanswered(self, message: msgspec.Struct, command: Command) -> Effects:
        return [self._send(message, command.id), Settle(command.id, State.UNCONFIRMED, NO_ANSWER)]

    # What the platform answers.

    def _firmware(self, question: Question, offer: FirmwareOffer | None, at: Instant) -> Effects:
        if not isinstance(question, WantFirmware) or question.command != self._wanting_firmware:
            return []
        self._wanting_firmware = None
        if offer is None:
            return [
                Settle(question.command, State.REJECTED, f"there is no firmware file {question.firmware}")
            ]
        try:
            send = self._send(m.Upgrade(offer.url, offer.byte_sum), question.command)
        except EncodeError as error:
            return [
                Settle(question.command, State.REJECTED, f"the file cannot be offered to the lock: {error}")
            ]
        self._changes.open("U0", question.command, at + seconds(UPGRADE_WITHIN_S))
        return [send]

    def _registered(self, registration: Registration) -> Effects:
        for command in registration.open_commands:
            if command.capability in KINDS:
                self._operations.remember(command)
            elif command.capability in QUERIES:
                self._queries.remember(QUERIES[command.capability][0], command.id)
            elif isinstance(command.parameters, AutoLockParameters):
                self._changes.remember(auto_lock_key(command.parameters.enabled), command.id)
            elif command.capability == "upgrade":
                self._changes.remember("U0", command.id)
            elif command.capability == "reboot" and command.sent_at is not None:
                self._rebooting = command.id, command.sent_at
        return self._confirm_reboot()

    def _confirm_reboot(self) -> Effects:
        if self._rebooting is None:
            return []
        command, sent_at = self._rebooting
        if not sent_at < self._signed_in_at <= sent_at + seconds(REBOOT_WITHIN_S):
            return []
        self._rebooting = None
        return [Settle(command, State.SUCCEEDED, "the lock has signed in again", late=True)]

    # Common to all.

    def _send(self, message: msgspec.Struct, command: str | None = None) -> Send:
        return Send(m.write(message, self._vendor, self._imei or ""), m.name_of(message), command)

    def _carry(self, orders: Orders, values: Values | None = None) -> Effects:
        effects: Effects = []
        for order in orders:
            match order:
                case Outgoing(message, command):
                    effects.append(self._send(message, command))
                case Settle():
                    effects.append(msgspec.structs.replace(order, values=values) if values else order)
        return effects

    def _with_alarm(self, effects: Effects) -> Effects:
        return effects + self._alarm.set(
            self._operations.deadline, self._queries.next_deadline, self._changes.next_deadline
        )

    _ON_MESSAGE: ClassVar[dict[type, Callable[[Any, Any, Values, Instant], Effects]]] = {
        m.SignIn: _on_sign_in,
        m.Heartbeat: _on_state,
        m.Status: _on_state,
        m.Key: _on_key,
        m.UnlockResult: _on_result,
        m.LockResult: _on_result,
        m.Version: _on_version,
        m.Alarm: _on_alarm,
        m.UpgradeReport: _on_upgrade,
        m.AutoLockReport: _on_auto_lock,
    }
    _ON_COMMAND: ClassVar[dict[str, Callable[[Any, Command, Instant], Effects]]] = {
        "unlock": _operate,
        "lock": _operate,
        "status": _query,
        "version": _query,
        "auto_lock": _set_auto_lock,
        "find": _find,
        "reboot": _reboot,
        "set_server": _set_server,
        "upgrade": _upgrade,
    }


def _succeeded(inflight: InFlight[str], key: str, values: Values) -> Effects:
    """The command that waits under this key has its answer."""
    waiting = inflight.take(key)
    if waiting is None:
        return []
    return [Settle(waiting.command, State.SUCCEEDED, values=values, late=waiting.late)]
