"""Unlocking: setting the clock, agreeing on a key, sending the order; to the caller one command.

    2E → time → 2C → codes → 2D → status.

What may happen in which step stands in ``TABLE``; what does not stand there is not about our unlocking.  Until 2D
leaves nothing can have been opened, and from then on only the lock knows.  2D never leaves twice: five wrong ones
in a row lock the lock out.
"""

from __future__ import annotations

import enum
from collections import deque
from typing import Final

from wayside.model.commands import State
from wayside.model.events import Values
from wayside.model.instant import Instant, seconds
from wayside.protocol.effects import Settle
from wayside.protocol.inflight import LATE_MAX
from wayside.protocol.turns import Turn
from wayside.protocols.door_lock.messages import OpenStatus

STEP_WITHIN_S: Final = 5.0
"""A question and its answer over BLE take a tenth of a second; a lock that is silent for this long is out of reach."""

OPENED_WITHIN_S: Final = 10.0
"""The same, and the time that a motor takes."""


class Step(enum.Enum):
    """Where the unlocking is."""

    IDLE = enum.auto()
    CLOCK = enum.auto()
    CODES = enum.auto()
    OPENING = enum.auto()


class Input(enum.Enum):
    """What can happen to it."""

    CLOCK_SET = enum.auto()
    CODE = enum.auto()
    OPENED = enum.auto()
    REFUSED = enum.auto()
    LOCKED_OUT = enum.auto()
    UNEXPLAINED = enum.auto()
    TIME_UP = enum.auto()
    LOST = enum.auto()


SILENT_BEFORE: Final = Turn(Step.IDLE, State.TIMED_OUT, "the lock did not answer in time; nothing was opened")
LOST_BEFORE: Final = Turn(Step.IDLE, State.FAILED, "the connection ended before anything was opened")

TABLE: Final[dict[tuple[Step, Input], Turn[Step]]] = {
    (Step.CLOCK, Input.CLOCK_SET): Turn(Step.CODES, State.ACKNOWLEDGED, "the lock took the time"),
    (Step.CLOCK, Input.TIME_UP): SILENT_BEFORE,
    (Step.CLOCK, Input.LOST): LOST_BEFORE,
    (Step.CODES, Input.CODE): Turn(Step.OPENING),
    (Step.CODES, Input.TIME_UP): SILENT_BEFORE,
    (Step.CODES, Input.LOST): LOST_BEFORE,
    (Step.OPENING, Input.OPENED): Turn(Step.IDLE, State.SUCCEEDED),
    (Step.OPENING, Input.REFUSED): Turn(
        Step.IDLE, State.FAILED, "the lock refused; five refusals in a row lock it out"
    ),
    (Step.OPENING, Input.LOCKED_OUT): Turn(
        Step.IDLE, State.FAILED, "the lock is locked out after five wrong tries"
    ),
    (Step.OPENING, Input.UNEXPLAINED): Turn(
        Step.IDLE, State.UNKNOWN, "the lock answered with a status that is not explained"
    ),
    (Step.OPENING, Input.TIME_UP): Turn(
        Step.IDLE, State.UNKNOWN, "the lock did not say in time whether it opened"
    ),
    (Step.OPENING, Input.LOST): Turn(
        Step.IDLE, State.UNKNOWN, "the connection ended before the lock said whether it opened"
    ),
}

WITHIN_S: Final = {Step.CLOCK: STEP_WITHIN_S, Step.CODES: STEP_WITHIN_S, Step.OPENING: OPENED_WITHIN_S}

INPUTS: Final = {
    OpenStatus.OK: Input.OPENED,
    OpenStatus.REFUSED: Input.REFUSED,
    OpenStatus.LOCKED_OUT: Input.LOCKED_OUT,
}

LATE: Final = {Input.OPENED, Input.REFUSED, Input.LOCKED_OUT}
"""What still tells how an unlocking went for which nobody waits any more."""


class Unlocking:
    """The one unlocking under way, and those of which nobody knows yet how they went."""

    def __init__(self) -> None:
        self.step = Step.IDLE
        self.deadline: Instant | None = None
        self._command = ""
        self._unknown: deque[str] = deque(maxlen=LATE_MAX)

    def start(self, command: str, at: Instant) -> None:
        """Its 2E is about to leave; only when ``step`` is idle."""
        self._command = command
        self._enter(Step.CLOCK, at)

    def remember(self, command: str) -> None:
        """Know an earlier connection's unlocking, should its answer still come."""
        self._unknown.append(command)

    def advance(self, happened: Input, at: Instant, values: Values | None = None) -> list[Settle]:
        """What that means for the command; nothing, where it is not about it."""
        turn = TABLE.get((self.step, happened))
        if turn is None:
            return self._late(happened, values or {}) if happened in LATE else []
        self._enter(turn.step, at)
        if turn.state is State.UNKNOWN:
            self._unknown.append(self._command)
        return [] if turn.state is None else [Settle(self._command, turn.state, turn.detail, values or {})]

    def _late(self, happened: Input, values: Values) -> list[Settle]:
        """The lock answers in the order in which it is asked: what comes outside its step is an earlier one's."""
        if not self._unknown:
            return []
        ending = TABLE[Step.OPENING, happened]
        assert ending.state is not None
        return [Settle(self._unknown.pop(), ending.state, ending.detail, values, late=True)]

    def _enter(self, step: Step, at: Instant) -> None:
        self.step = step
        self.deadline = at + seconds(WITHIN_S[step]) if step in WITHIN_S else None
