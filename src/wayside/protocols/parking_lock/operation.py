"""Unlocking and locking: asking for a key, using it, hearing how it ended; to the caller one command.

    R0 → key → L0 or L1 → result.  Heartbeats and anything else may come between any two of them.

What may happen in which step stands in ``TABLE``; what does not stand there is not about our operation.  Up to
the moment when L0 or L1 leaves nothing can have moved, and from then on only the lock knows: that is where
*failed* and *timed out* end and *unknown* begins.  L0 and L1 leave a second time only when the lock says that it
refused the key, for then it did not move.
"""

from __future__ import annotations

import enum
from itertools import chain
from typing import Final

from wayside.model.commands import Command, State
from wayside.model.instant import SECOND, Instant
from wayside.protocol.effects import Settle
from wayside.protocol.questions import OpenCommand
from wayside.protocol.turns import Turn
from wayside.protocols.parking_lock import messages as m
from wayside.protocols.parking_lock.attempts import GOALS, KINDS, Attempt, Attempts, Orders, Outgoing, Rules

KEY_WITHIN_S: Final = 20.0
"""A round trip over a mobile network, with the modem asleep at first, takes seconds; nothing moves meanwhile."""

KEY_VALID_S: Final = 30
"""How long an L0 that hangs in the network can still move the lever.  We use a key at once; a driver who waits
longer has begun to do something else."""

RESULT_WITHIN_S: Final = 60.0
"""The key's validity, the lever's travel of some seconds, and the way back."""


class Step(enum.Enum):
    """Where the operation is."""

    IDLE = enum.auto()
    ASKING = enum.auto()
    MOVING = enum.auto()
    ASKING_AGAIN = enum.auto()
    MOVING_AGAIN = enum.auto()


class Input(enum.Enum):
    """What can happen to it."""

    KEY = enum.auto()
    DONE = enum.auto()
    FAILED = enum.auto()
    KEY_REFUSED = enum.auto()
    TIME_UP = enum.auto()
    LOST = enum.auto()


SUCCEEDED: Final = Turn(Step.IDLE, State.SUCCEEDED)
FAILED: Final = Turn(Step.IDLE, State.FAILED, "the lock reports that it failed")
NO_KEY: Final = Turn(Step.IDLE, State.TIMED_OUT, "the lock gave no key in time; nothing was moved")
NO_RESULT: Final = Turn(Step.IDLE, State.UNKNOWN, "the lock did not say in time how it ended")
LOST_BEFORE: Final = Turn(Step.IDLE, State.FAILED, "the connection ended before anything was moved")
LOST_AFTER: Final = Turn(Step.IDLE, State.UNKNOWN, "the connection ended before the lock said how it ended")
REFUSED_TWICE: Final = Turn(Step.IDLE, State.FAILED, "the lock refused two keys; nothing was moved")

TABLE: Final[dict[tuple[Step, Input], Turn[Step]]] = {
    (Step.ASKING, Input.KEY): Turn(Step.MOVING, State.ACKNOWLEDGED, "the lock gave a key"),
    (Step.ASKING, Input.TIME_UP): NO_KEY,
    (Step.ASKING, Input.LOST): LOST_BEFORE,
    (Step.MOVING, Input.DONE): SUCCEEDED,
    (Step.MOVING, Input.FAILED): FAILED,
    (Step.MOVING, Input.KEY_REFUSED): Turn(Step.ASKING_AGAIN),
    (Step.MOVING, Input.TIME_UP): NO_RESULT,
    (Step.MOVING, Input.LOST): LOST_AFTER,
    (Step.ASKING_AGAIN, Input.KEY): Turn(Step.MOVING_AGAIN),
    (Step.ASKING_AGAIN, Input.TIME_UP): NO_KEY,
    (Step.ASKING_AGAIN, Input.LOST): LOST_BEFORE,
    (Step.MOVING_AGAIN, Input.DONE): SUCCEEDED,
    (Step.MOVING_AGAIN, Input.FAILED): FAILED,
    (Step.MOVING_AGAIN, Input.KEY_REFUSED): REFUSED_TWICE,
    (Step.MOVING_AGAIN, Input.TIME_UP): NO_RESULT,
    (Step.MOVING_AGAIN, Input.LOST): LOST_AFTER,
}

ASKING: Final = frozenset({Step.ASKING, Step.ASKING_AGAIN})
MOVING: Final = frozenset({Step.MOVING, Step.MOVING_AGAIN})

WITHIN_S: Final = {
    Step.ASKING: KEY_WITHIN_S,
    Step.MOVING: RESULT_WITHIN_S,
    Step.ASKING_AGAIN: KEY_WITHIN_S,
    Step.MOVING_AGAIN: RESULT_WITHIN_S,
}

LATE: Final = {
    Input.DONE: (State.SUCCEEDED, ""),
    Input.FAILED: (State.FAILED, "the lock reports that it failed"),
    Input.KEY_REFUSED: (State.FAILED, "the lock had refused the key; nothing was moved"),
}
"""What a result means for an operation that nobody waits for any more.  No key is asked for again: whoever wanted
it has been told that the outcome is unknown, and may have acted on that."""

INPUTS: Final = {
    m.Result.OK: Input.DONE,
    m.Result.FAILED: Input.FAILED,
    m.Result.KEY_REFUSED: Input.KEY_REFUSED,
}


RULES: Final = Rules(TABLE, WITHIN_S, Step.IDLE, Input.TIME_UP, Input.LOST, m.StatusRequest())


class Operations(Attempts[Step, Input]):
    """The operations of one connection."""

    def __init__(self) -> None:
        super().__init__(RULES)

    @property
    def moving(self) -> bool:
        """Whether the lever may be moving on our account."""
        return self.step in MOVING

    def start(self, command: Command, at: Instant) -> Orders:
        """Ask for a key."""
        if self._now is not None:
            return [Settle(command.id, State.REJECTED, "another operation is under way")]
        self._now = Attempt(command.id, command.number, KINDS[command.capability])
        self._enter(Step.ASKING, at)
        return [Outgoing(self._key_request(self._now, at), command.id)]

    def remember(self, command: OpenCommand) -> None:
        """Know an earlier connection's operation, should its result still come.

        One that was only *sent*, or timed out, never got as far as L0 or L1, and no result can be its own.  Nor one
        that is unknown and was never acknowledged, unless it went over BLE: then the result has its number.
        """
        if command.state in {State.ACKNOWLEDGED, State.UNKNOWN}:
            kind, keyed_at = KINDS[command.capability], command.acknowledged_at
            time = 0 if keyed_at is None else keyed_at // SECOND
            self._unknown.append(Attempt(command.id, command.number, kind, time, keyed_at is not None))

    def key(self, key: m.Key, at: Instant) -> Orders:
        """R0 was answered: use the key, if it is the one that we wait for."""
        if self._now is None or key.operation != self._now.kind or self.step not in ASKING:
            return []
        orders = self._advance(Input.KEY, at)
        if self._now.kind == m.Operation.LOCK:
            return [*orders, Outgoing(m.Lock(key.key))]
        self._now = self._now._replace(time=at // SECOND)
        return [*orders, Outgoing(m.Unlock(key.key, self._now.number, self._now.time))]

    def result(self, report: m.UnlockResult | m.LockResult, at: Instant) -> Orders:
        """L0 or L1 came: it ends our operation, or one of unknown outcome, or was nobody's (done over BLE)."""
        happened = INPUTS.get(report.result)
        attempt = self._whose(report)
        if happened is None or attempt is None:
            return []
        if attempt is self._now:
            return self._advance(happened, at)
        if attempt is self._ended:
            return []
        return self._late(attempt, *LATE[happened])

    def reported(self, locked: m.Locked, arm: m.Arm, at: Instant) -> Orders:
        """A report of state confirms an unknown outcome if lock and lever agree; see ``_confirm``."""
        return self._confirm(lambda attempt: (locked, arm) == GOALS[attempt.kind], at)

    def _turned(self, attempt: Attempt, turn: Turn[Step], at: Instant) -> Orders:
        """A key that was refused is asked for once more."""
        return [Outgoing(self._key_request(attempt, at))] if turn.step in ASKING else []

    def _whose(self, report: m.UnlockResult | m.LockResult) -> Attempt | None:
        """Whose result it is.

        L0 often echoes our number and time, and then it is certain, even if it is a repetition of one that was
        dealt with; the time is that of the key, which is when the command was acknowledged.  Otherwise, and always
        with L1 (which echoes the last unlocking), it belongs to what is under way, or else to the latest of the same
        kind that is unknown.
        """
        kind = m.Operation.UNLOCK if isinstance(report, m.UnlockResult) else m.Operation.LOCK
        known = self._known(kind)
        if isinstance(report, m.UnlockResult):
            same_number = (attempt for attempt in known if attempt.number == report.user)
            same_time = (attempt for attempt in known if attempt.time and attempt.time == report.time)
            if echoed := next(chain(same_number, same_time), None):
                return echoed
            return self._still_open(known, report.time)
        return self._still_open(known)

    @staticmethod
    def _key_request(attempt: Attempt, at: Instant) -> m.KeyRequest:
        return m.KeyRequest(attempt.kind, KEY_VALID_S, attempt.number, at // SECOND)
