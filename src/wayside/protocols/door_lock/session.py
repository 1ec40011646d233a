"""The server's side of a door lock's BLE link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from wayside.model.commands import Command, State
from wayside.model.events import Values
from wayside.model.instant import SECOND, Instant, seconds
from wayside.protocol.alarm import Alarm
from wayside.protocol.base import Side
from wayside.protocol.effects import Close, Effects, Emit, Identify, Send, Settle
from wayside.protocol.inflight import InFlight
from wayside.protocol.questions import Question, Registration
from wayside.protocol.session import Setup
from wayside.protocols.door_lock import messages as m
from wayside.protocols.door_lock.clock import moment, set_clock
from wayside.protocols.door_lock.commands import UnlockParameters
from wayside.protocols.door_lock.frames import Frame
from wayside.protocols.door_lock.identity import ident_of
from wayside.protocols.door_lock.options import CLOCK_INTERVAL_S, options_from
from wayside.protocols.door_lock.translate import events
from wayside.protocols.door_lock.unlocking import INPUTS, STEP_WITHIN_S, Input, Step, Unlocking

CODE_END: Final = b"\x00\x01"
"""How the captured phone ends its code; nothing says what for."""

PACKETS: Final = 0x10000
"""The packet number of 2D has 16 bits."""


class DoorLockSession:
    """One connection of one lock; see ``protocol.session.Session``.

    The MAC in the first answer's header says whose connection this is, unless the transport knows already; a frame
    with another ends it.
    """

    def __init__(self, setup: Setup) -> None:
        self._options = options_from(setup.options)
        self._random_bytes = setup.random_bytes
        self._identified = setup.ident is not None
        self._mac: bytes | None = None
        self._unlocking = Unlocking()
        self._number = self._window_minutes = 0
        self._clocks: InFlight[str] = InFlight()
        self._locked_out_until: Instant = 0
        self._clock_at: Instant | None = None
        self._alarm = Alarm()

    def connected(self, at: Instant) -> Effects:
        """Set the clock: the answer says who it is."""
        self._clock_at = at + seconds(CLOCK_INTERVAL_S)
        return self._with_alarm([self._clock(at)])

    def receive(self, frame: Frame, at: Instant) -> Effects:
        """What an answer means, and the next step of an unlocking that waits for it.

        Raises:
            DecodeError: a request, or an answer that does not have the shape of its message.
        """
        if self._mac is not None and frame.mac != self._mac:
            return [Close(f"a frame of {ident_of(frame.mac)} on the connection of {ident_of(self._mac)}")]
        message = m.parse(frame, Side.DEVICE)
        self._mac = frame.mac
        effects: Effects = []
        if not self._identified:
            self._identified = True
            effects.append(Identify(ident_of(frame.mac)))
        said = events(message, self._options.timezone_minutes)
        effects += [Emit(event) for event in said]
        handler = self._ON_MESSAGE.get(type(message))
        if handler is not None:
            effects += handler(self, message, said[0].values if said else {}, at)
        return self._with_alarm(effects)

    def execute(self, command: Command, at: Instant) -> Effects:
        """Begin a command: with the time, in either case."""
        if not self._identified:
            return [Settle(command.id, State.REJECTED, "the lock has not said yet who it is")]
        return self._with_alarm(self._ON_COMMAND[command.capability](self, command, at))

    def answer(self, question: Question | Identify, value: Any, at: Instant) -> Effects:  # noqa: ANN401, ARG002 - see questions.py; the Session's signature
        """What an earlier connection left open, an answer may still settle."""
        if isinstance(value, Registration):
            for command in value.open_commands:
                # One that was only sent, or timed out, never got as far as 2D: no answer can be its own.
                if command.capability == "unlock" and command.state in {State.ACKNOWLEDGED, State.UNKNOWN}:
                    self._unlocking.remember(command.id)
        return []

    def wake(self, at: Instant) -> Effects:
        """The clock is due, or somebody has waited long enough."""
        self._alarm.rang()
        effects: Effects = []
        if self._unlocking.deadline is not None and at >= self._unlocking.deadline:
            deaf = self._unlocking.step is not Step.OPENING
            effects += self._unlocking.advance(Input.TIME_UP, at)
            if deaf:
                # An answer that came now would be taken for the next unlocking's, with a key that is no longer good.
                return self._with_alarm([*effects, Close("the lock does not answer")])
        effects += [
            Settle(waiting.command, State.TIMED_OUT, "the lock did not answer in time")
            for waiting in self._clocks.expire(at)
        ]
        if self._clock_at is not None and at >= self._clock_at:
            self._clock_at = at + seconds(CLOCK_INTERVAL_S)
            effects.append(self._clock(at))
        return self._with_alarm(effects)

    def disconnected(self, at: Instant) -> Effects:
        """A lost 2D may have opened the door; everything else has failed."""
        self._alarm.rang()
        self._clock_at = None
        effects: Effects = [*self._unlocking.advance(Input.LOST, at)]
        effects += [
            Settle(waiting.command, State.FAILED, "the connection ended before the lock answered")
            for waiting in self._clocks.drop()
        ]
        return effects

    # What the lock says.

    def _on_clock_set(self, _: m.ClockSet, values: Values, at: Instant) -> Effects:
        effects: Effects = []
        waiting = self._clocks.take("clock")
        if waiting is not None:
            effects.append(Settle(waiting.command, State.SUCCEEDED, values=values, late=waiting.late))
        if self._unlocking.step is Step.CLOCK:
            effects += self._unlocking.advance(Input.CLOCK_SET, at)
            effects.append(self._send(m.AppCode(self._random_bytes(m.CODE_BYTES - len(CODE_END)) + CODE_END)))
        return effects

    def _on_lock_code(self, message: m.LockCode, _values: Values, at: Instant) -> Effects:
        if self._unlocking.step is not Step.CODES:
            return []
        settled = self._unlocking.advance(Input.CODE, at)
        zone_min = self._options.timezone_minutes
        window = m.Window(
            m.WINDOW_MARK,
            self._number % PACKETS,
            moment(at, zone_min),
            moment(at + seconds(60.0 * self._window_minutes), zone_min),
        )
        block = self._options.cipher.encrypt(message.code, m.WINDOW.encode(window))
        return [*settled, self._send(m.Open(block))]

    def _on_opened(self, message: m.OpenAnswer, values: Values, at: Instant) -> Effects:
        if message.status == m.OpenStatus.LOCKED_OUT:
            self._locked_out_until = at + seconds(message.wait_s)
        return [*self._unlocking.advance(INPUTS.get(message.status, Input.UNEXPLAINED), at, values)]

    # What the platform wants.

    def _unlock(self, command: Command, at: Instant) -> Effects:
        parameters = command.parameters
        assert isinstance(parameters, UnlockParameters)
        if self._unlocking.step is not Step.IDLE:
            return [Settle(command.id, State.REJECTED, "another unlocking is under way")]
        if at < self._locked_out_until:
            wait_s = -(-(self._locked_out_until - at) // SECOND)
            detail = f"the lock is locked out after five wrong tries, for {wait_s} s more"
            return [Settle(command.id, State.REJECTED, detail, {"lock.wait": wait_s})]
        self._number, self._window_minutes = command.number, parameters.window_minutes
        self._unlocking.start(command.id, at)
        return [self._clock(at, command.id)]

    def _set_clock(self, command: Command, at: Instant) -> Effects:
        self._clocks.open("clock", command.id, at + seconds(STEP_WITHIN_S))
        return [self._clock(at, command.id)]

    # Common to all.

    def _clock(self, at: Instant, command: str | None = None) -> Send:
        return self._send(set_clock(at, self._options.timezone_minutes), command)

    def _send(self, message: msgspec.Struct, command: str | None = None) -> Send:
        return Send(m.write(message, self._options.central_mac), m.message_name(message), command)

    def _with_alarm(self, effects: Effects) -> Effects:
        return effects + self._alarm.set(self._unlocking.deadline, self._clocks.next_deadline, self._clock_at)

    _ON_MESSAGE: ClassVar[dict[type, Callable[[Any, Any, Values, Instant], Effects]]] = {
        m.ClockSet: _on_clock_set,
        m.LockCode: _on_lock_code,
        m.OpenAnswer: _on_opened,
    }
    _ON_COMMAND: ClassVar[dict[str, Callable[[Any, Command, Instant], Effects]]] = {
        "unlock": _unlock,
        "set_clock": _set_clock,
    }
