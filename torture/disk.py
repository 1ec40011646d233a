"""The victim's disk: full, read-only or slow on demand, and able to take the process with it."""

from __future__ import annotations

import os
import signal
import time
from typing import Final

import apsw

from tests.engines.embedded.failing_disk import FailingDisk

FAILURES: Final[dict[str, type[apsw.Error]]] = {"full": apsw.FullError, "read-only": apsw.ReadOnlyError}
"""What SQLite says of such a disk."""

SLOW_S: Final = 0.15
"""What a write to a ``slow`` disk takes once it is to be durable: a card that is worn out."""


class Countdown:
    """Kills this process when it has been counted down so often; never, if ``left`` is 0."""

    def __init__(self, left: int = 0) -> None:
        self.left = left

    def count(self) -> bool:
        """Whether this was the last time."""
        if self.left:
            self.left -= 1
            return self.left == 0
        return False


def die() -> None:
    """As by ``kill -9``: nothing of this process runs after this line."""
    os.kill(os.getpid(), signal.SIGKILL)


class VictimDisk(FailingDisk):
    """``state`` is "", a name in ``FAILURES``, or ``slow``.

    ``before_write`` kills while a transaction is on the disk only in part, ``after_sync`` when it is durable and
    nobody has heard of it.
    """

    def __init__(self) -> None:
        super().__init__("torture", default=True)
        self.state = ""
        self.before_write = Countdown()
        self.after_sync = Countdown()

    def check(self, operation: str, error: type[apsw.Error]) -> None:
        if self.state in FAILURES:
            raise FAILURES[self.state](f"the disk is {self.state}")
        if self.state == "slow" and operation == "sync":
            time.sleep(SLOW_S)
        if operation == "write" and self.before_write.count():
            die()

    def done(self, operation: str) -> None:
        if operation == "sync" and self.after_sync.count():
            die()
