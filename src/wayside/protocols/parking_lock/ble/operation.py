"""Unlocking and locking over BLE: one order, then what the lock says of it.

    0x05 or 0x15, type 1 → result 0 → result 1 or 2 → type 2

What may happen in which step stands in ``TABLE``; what does not stand there is not about our operation.  From the
moment when the order leaves the lever may move, so silence is *unknown*, and the order never leaves twice.  That one
command can be several steps, that a late result is true, and what confirms an unknown outcome is as over TCP.
"""

from __future__ import annotations

import enum
from typing import Final

from wayside.model.commands import Command, State
from wayside.model.instant import SECOND, Instant
from wayside.protocol.effects import Settle
from wayside.protocol.questions import OpenCommand
from wayside.protocol.turns import Turn
from wayside.protocols.parking_lock.attempts import GOALS, KINDS, Attempt, Attempts, Orders, Outgoing, Rules
from wayside.protocols.parking_lock.ble.messages import (
    ORDER,
    Lock,
    LockReport,
    Progress,
    StatusRequest,
    Unlock,
    UnlockReport,
)
from wayside.protocols.parking_lock.messages import Locked, Operation

STARTED_WITHIN_S: Final = 5.0
"""A write and a notification take a tenth of a second."""

RESULT_WITHIN_S: Final = 30.0
"""The lever travels for some seconds; the lock itself gives up long before this."""

USERS: Final = 1 << 32


class Step(enum.Enum):
    """Where the operation is."""

    IDLE = enum.auto()
    ORDERED = enum.auto()
    MOVING = enum.auto()


class Input(enum.Enum):
    """What can happen to it."""

    STARTED = enum.auto()
    DONE = enum.auto()
    FAILED = enum.auto()
    REFUSED = enum.auto()
    TIME_UP = enum.auto()
    LOST = enum.auto()


DONE: Final = Turn(Step.IDLE, State.SUCCEEDED)
FAILED: Final = Turn(Step.IDLE, State.FAILED, "the lock reports that the lever did not arrive in time")
NO_RESULT: Final = Turn(Step.IDLE, State.UNKNOWN, "the lock did not say in time how it ended")
LOST: Final = Turn(Step.IDLE, State.UNKNOWN, "the connection ended before the lock said how it ended")

TABLE: Final[dict[tuple[Step, Input], Turn[Step]]] = {
    (Step.ORDERED, Input.STARTED): Turn(Step.MOVING, State.ACKNOWLEDGED, "the lever begins to move"),
    (Step.ORDERED, Input.DONE): DONE,
    (Step.ORDERED, Input.FAILED): FAILED,
    (Step.ORDERED, Input.REFUSED): Turn(
        Step.IDLE, State.FAILED, "the lock refused the communication key; nothing was moved"
    ),
    (Step.ORDERED, Input.TIME_UP): NO_RESULT,
    (Step.ORDERED, Input.LOST): LOST,
    (Step.MOVING, Input.DONE): DONE,
    (Step.MOVING, Input.FAILED): FAILED,
    (Step.MOVING, Input.TIME_UP): NO_RESULT,
    (Step.MOVING, Input.LOST): LOST,
}

WITHIN_S: Final = {Step.ORDERED: STARTED_WITHIN_S, Step.MOVING: RESULT_WITHIN_S}

INPUTS: Final = {
    Progress.STARTED: Input.STARTED,
    Progress.DONE: Input.DONE,
    Progress.TIMED_OUT: Input.FAILED,
}

LATE: Final = {Input.DONE: (State.SUCCEEDED, ""), Input.FAILED: (State.FAILED, FAILED.detail)}

RULES: Final = Rules(TABLE, WITHIN_S, Step.IDLE, Input.TIME_UP, Input.LOST, StatusRequest())


class Operations(Attempts[Step, Input]):
    """The operations of one connection."""

    def __init__(self) -> None:
        super().__init__(RULES)

    @property
    def moving(self) -> bool:
        """Whether the lever may be moving on our account."""
        return self.step is not Step.IDLE

    def start(self, command: Command, at: Instant) -> Orders:
        """Give the order."""
        if self._now is not None:
            return [Settle(command.id, State.REJECTED, "another operation is under way")]
        kind = KINDS[command.capability]
        self._now = Attempt(command.id, command.number, kind, at // SECOND)
        self._enter(Step.ORDERED, at)
        if kind is Operation.LOCK:
            return [Outgoing(Lock(), command.id)]
        return [Outgoing(Unlock(ORDER, command.number % USERS, self._now.time % USERS), command.id)]

    def remember(self, command: OpenCommand) -> None:
        """Know an earlier connection's operation, should its result still come."""
        sent_at = command.sent_at or 0
        self._unknown.append(
            Attempt(command.id, command.number, KINDS[command.capability], sent_at // SECOND)
        )

    def report(self, report: UnlockReport | LockReport, at: Instant) -> Orders:
        """A result came: it is about our operation, or about one of unknown outcome, or was nobody's."""
        happened = INPUTS.get(report.progress)
        attempt = self._whose(report)
        if happened is None or attempt is None or attempt is self._ended:
            return []
        if attempt is self._now:
            return self._advance(happened, at)
        if happened not in LATE:
            return []
        return self._late(attempt, *LATE[happened])

    def reported(self, locked: Locked, *, at_end: bool, at: Instant) -> Orders:
        """A report of state confirms an unknown outcome once the lever has arrived (``at_end``); see ``_confirm``."""
        return self._confirm(lambda attempt: at_end and locked is GOALS[attempt.kind][0], at)

    def refused(self, at: Instant) -> Orders:
        """The lock takes no frames with our key."""
        return self._advance(Input.REFUSED, at)

    def _whose(self, report: UnlockReport | LockReport) -> Attempt | None:
        """Whose result it is.

        0x05 echoes the order's time, which makes it certain, even if it is a repetition of one that was dealt with.
        0x15 has that of the last unlocking: it belongs to what is under way, or else to the latest that is unknown.
        """
        kind = Operation.UNLOCK if isinstance(report, UnlockReport) else Operation.LOCK
        known = self._known(kind)
        if kind is Operation.UNLOCK:
            echoed = next((each for each in known if each.time and each.time % USERS == report.time), None)
            if echoed is not None:
                return echoed
            return self._still_open(known, report.time)
        return self._still_open(known)
