"""What unlocking and locking have in common over TCP and over BLE.

One operation is under way at a time.  Its steps are rows of a table that each link has for itself; what became of
it, what stays *unknown*, and what a late word still settles is the same on both, and stands here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from wayside.model.commands import State
from wayside.model.instant import Instant, seconds
from wayside.protocol.effects import Settle
from wayside.protocol.inflight import LATE_MAX
from wayside.protocol.turns import Turn
from wayside.protocols.parking_lock import messages as m

QUERY_WITHIN_S: Final = 30.0
"""How long after an unknown outcome a report of state is still taken to be about it.  Auto lock acts after three
minutes without a car (section 1.7.9), so within this time nothing but the operation moves the lever by itself."""

ECHO_NEAR_S: Final = 24 * 3600
"""A lock repeats a result until it hears the receipt; one that was without network has a day for it."""

KINDS: Final = {"unlock": m.Operation.UNLOCK, "lock": m.Operation.LOCK}

GOALS: Final = {
    m.Operation.UNLOCK: (m.Locked.UNLOCKED, m.Arm.DOWN),
    m.Operation.LOCK: (m.Locked.LOCKED, m.Arm.UP),
}
"""What the lock reports when the operation has had its effect; both must agree."""


class Attempt(NamedTuple):
    """An operation, as far as a result can be recognised by it.

    ``time`` is what the order carried, 0 if not known; ``ordered``: that there was one is known.
    """

    command: str
    number: int
    kind: m.Operation
    time: int = 0
    ordered: bool = True


class Outgoing(NamedTuple):
    """A message to send; ``command`` on the one that begins a command."""

    message: msgspec.Struct
    command: str | None = None


Orders = list[Settle | Outgoing]

S = TypeVar("S")
I = TypeVar("I")  # noqa: E741 - an input, as S is a step


class Rules(NamedTuple, Generic[S, I]):
    """A link's own part: its table, how long each step may take, and its names for what every operation can meet."""

    table: Mapping[tuple[S, I], Turn[S]]
    within_s: Mapping[S, float]
    idle: S
    time_up: I
    lost: I
    question: msgspec.Struct
    """Asks for the lock's state."""


class Attempts(Generic[S, I]):
    """The one operation under way, those whose outcome is unknown, and the last one that ended."""

    def __init__(self, rules: Rules[S, I]) -> None:
        self._rules = rules
        self.step = rules.idle
        self.deadline: Instant | None = None
        self._now: Attempt | None = None
        self._ended: Attempt | None = None
        self._unknown: deque[Attempt] = deque(maxlen=LATE_MAX)
        self._query_until: Instant = 0

    @property
    def moving(self) -> bool:
        """Whether the lever may be moving on our account."""
        raise NotImplementedError

    def wake(self, at: Instant) -> Orders:
        """Time may be up; where the lever may have moved, the lock is asked how it stands."""
        if self.deadline is None or at < self.deadline:
            return []
        asked_to_move = self.moving
        orders = self._advance(self._rules.time_up, at)
        if asked_to_move:
            self._query_until = at + seconds(QUERY_WITHIN_S)
            orders.append(Outgoing(self._rules.question))
        return orders

    def lost(self, at: Instant) -> Orders:
        """The connection is gone."""
        return self._advance(self._rules.lost, at)

    def _turned(self, attempt: Attempt, turn: Turn[S], at: Instant) -> Orders:  # noqa: ARG002 - for those who override
        """What else a turn asks for."""
        return []

    def _advance(self, happened: I, at: Instant) -> Orders:
        attempt, turn = self._now, self._rules.table.get((self.step, happened))
        if attempt is None or turn is None:
            return []
        self._enter(turn.step, at)
        orders: Orders = [] if turn.state is None else [Settle(attempt.command, turn.state, turn.detail)]
        orders += self._turned(attempt, turn, at)
        if turn.step is self._rules.idle:
            self._now = None
            if turn.state is State.UNKNOWN:
                self._unknown.append(attempt)
            else:
                self._ended = attempt
        return orders

    def _enter(self, step: S, at: Instant) -> None:
        self.step = step
        within_s = self._rules.within_s.get(step)
        self.deadline = None if within_s is None else at + seconds(within_s)

    def _late(self, attempt: Attempt, state: State, detail: str) -> Orders:
        """The lock has said what became of one whose outcome was unknown."""
        self._unknown.remove(attempt)
        self._ended = attempt
        return [Settle(attempt.command, state, detail, late=True)]

    def _confirm(self, reached: Callable[[Attempt], bool], at: Instant) -> Orders:
        """A report of state, soon after an outcome became unknown, confirms it if the goal is reached.

        If it is not, that proves nothing: the result may still be on its way.
        """
        if at > self._query_until or not self._unknown or self._now is not None:
            return []
        attempt = self._unknown[-1]
        if not reached(attempt):
            return []
        self._query_until = 0
        return self._late(attempt, State.SUCCEEDED, "the lock's state says so")

    def _known(self, kind: m.Operation) -> list[Attempt]:
        """Those that a result of this kind may belong to, the likeliest first."""
        current = self._now if self.moving else None
        return [
            each
            for each in (current, *reversed(self._unknown), self._ended)
            if each is not None and each.kind is kind
        ]

    def _still_open(self, known: list[Attempt], time: int = 0) -> Attempt | None:
        """The likeliest of them that was ordered and of which the lock has not said how it ended.

        ``time`` is what an unlocking's result echoes.  One that is near an order's and not the same is the echo of
        another order: of a phone's, or of one whose result was dealt with and whose receipt was lost.  Anything
        else is no echo of a time, and says nothing.
        """
        for attempt in known:
            another = 0 < abs(time - attempt.time) < ECHO_NEAR_S
            if attempt.ordered and attempt is not self._ended and not another:
                return attempt
        return None
