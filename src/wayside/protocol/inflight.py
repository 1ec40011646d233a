"""Commands that wait for their answer, by whatever the protocol tells them apart with.

Every session has the same bookkeeping: remember a command under a key, find it when the answer comes, notice
when none comes, and still know it when the answer comes late.
"""

from __future__ import annotations

from typing import Final, Generic, NamedTuple, TypeVar

from wayside.model.commands import State
from wayside.model.instant import Instant

# How many unanswered commands one session remembers for late answers: the oldest are forgotten.  A device
# that leaves more than this without a word is not answering at all.
LATE_MAX: Final = 32

K = TypeVar("K")


class Waiting(NamedTuple):
    """A command that was sent.

    ``late``: its time was up before the answer came; ``unanswered``: what silence makes of it; ``then_s``: how long
    a second answer may take after the first, None where there is only one.
    """

    command: str
    deadline: Instant
    late: bool
    unanswered: State = State.TIMED_OUT
    then_s: float | None = None


class InFlight(Generic[K]):
    """Commands under way (bounded by the gateway's lanes) and the last ones that nobody answered."""

    __slots__ = ("_late", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[K, Waiting] = {}
        self._late: dict[K, Waiting] = {}

    def open(
        self,
        key: K,
        command: str,
        deadline: Instant,
        unanswered: State = State.TIMED_OUT,
        then_s: float | None = None,
    ) -> None:
        """Wait for ``key`` until ``deadline``.  A key that is still waiting is replaced."""
        self._waiting[key] = Waiting(command, deadline, late=False, unanswered=unanswered, then_s=then_s)

    def remember(self, key: K, command: str, then_s: float | None = None) -> None:
        """Know ``key`` only for a late answer (a command that an earlier connection left open)."""
        while len(self._late) >= LATE_MAX:
            del self._late[next(iter(self._late))]
        self._late[key] = Waiting(command, 0, late=True, then_s=then_s)

    def peek(self, key: K) -> Waiting | None:
        """The command that an answer with ``key`` would belong to."""
        return self._waiting.get(key) or self._late.get(key)

    def take(self, key: K) -> Waiting | None:
        """The command that an answer with ``key`` belongs to; it waits no longer."""
        return self._waiting.pop(key, None) or self._late.pop(key, None)

    def expire(self, at: Instant) -> list[Waiting]:
        """Commands whose time is up; each is still known for a late answer."""
        due = [(key, waiting) for key, waiting in self._waiting.items() if waiting.deadline <= at]
        for key, waiting in due:
            del self._waiting[key]
            self.remember(key, waiting.command, waiting.then_s)
        return [waiting for _, waiting in due]

    def drop(self) -> list[Waiting]:
        """Everything that still waits, when the connection is gone."""
        dropped = list(self._waiting.values())
        self._waiting.clear()
        return dropped

    @property
    def next_deadline(self) -> Instant | None:
        """When ``expire`` has something to do."""
        return min((waiting.deadline for waiting in self._waiting.values()), default=None)
