"""The one thread that writes: jobs in, group commits, results back into the event loop.

Appends that have piled up share a transaction; every other job has its own.  A job is done when its transaction is
durable, and failed when nothing of it is there.  Between two commits, and when nothing is waiting, one slice of
upkeep may run.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, Protocol, TypeVar

import apsw
import structlog

from wayside.engines.embedded.connection import unavailable
from wayside.engines.embedded.ledger import Ledger
from wayside.model.errors import StoreUnavailable

T = TypeVar("T")

MERGED_ROWS_MAX: Final = 4_000
"""Two full batches of the gateway: a commit of some 20 ms.  More would only make the first of them wait."""

UPKEEP_EVERY_S: Final = 0.25
"""How often an idle writer looks whether upkeep is due."""

UPKEEP_RETRY_S: Final = 5.0
"""After upkeep failed; appends go on trying meanwhile."""

STUCK_S: Final = 5.0
"""A commit that takes longer is worth telling: a disk that hangs rather than fails."""

log = structlog.get_logger(__name__)


class Upkeep(Protocol):
    """Work that follows behind the commits."""

    def step(self, db: apsw.Connection) -> bool:
        """Do one slice of what is due, in the open transaction; whether there was anything to do."""


class Job(Generic[T]):
    """Something to do in a transaction; ``after`` is called in the loop once that is durable."""

    __slots__ = ("after", "done", "rows", "work")

    def __init__(
        self,
        work: Callable[[apsw.Connection], T],
        done: asyncio.Future[T],
        after: Callable[[T], None] | None,
        rows: int | None,
    ) -> None:
        self.work = work
        self.done = done
        self.after = after
        self.rows = rows


class Writer:
    """Start it once, submit from the loop that it was started in, stop it once."""

    def __init__(self, db: apsw.Connection, ledger: Ledger, upkeep: Upkeep) -> None:
        self._db = db
        self._ledger = ledger
        self._upkeep = upkeep
        self._upkeep_after = 0.0
        self._jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._next: Job[Any] | None = None
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._began: float | None = None
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name="wayside-store", daemon=True)
        self._thread.start()

    def submit(
        self,
        work: Callable[[apsw.Connection], T],
        *,
        after: Callable[[T], None] | None = None,
        rows: int | None = None,
    ) -> asyncio.Future[T]:
        """Have ``work`` done in a transaction; jobs that say how many ``rows`` they append may share one."""
        done: asyncio.Future[T] = self._loop.create_future()
        if self._stopping:
            done.set_exception(StoreUnavailable("the store is closed"))
        else:
            self._jobs.put(Job(work, done, after, rows))
        return done

    async def stop(self) -> None:
        """Finish what was submitted, and end the thread."""
        self._stopping = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def stuck(self) -> str | None:
        """That a commit does not end, if so."""
        began = self._began
        taken_s = 0.0 if began is None else time.monotonic() - began
        return f"a commit has been under way for {taken_s:.0f} s" if taken_s > STUCK_S else None

    @property
    def trouble(self) -> str | None:
        """Why the last commit failed; None if it did not."""
        return self._trouble

    # All below runs in the thread.

    def _run(self) -> None:
        more = False
        while (group := self._take(0 if more else UPKEEP_EVERY_S)) is not None:
            if group:
                self._commit(group)
            more = self._keep_up()

    def _take(self, patience_s: float) -> list[Job[Any]] | None:
        """The next jobs for one transaction: none when nothing came in time, None at the end."""
        job = self._next
        self._next = None
        if job is None:
            try:
                job = self._jobs.get(timeout=patience_s) if patience_s else self._jobs.get_nowait()
            except queue.Empty:
                return []
            if job is None:
                return None
        group = [job]
        rows = job.rows
        while rows is not None and rows < MERGED_ROWS_MAX:
            try:
                following = self._jobs.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._jobs.put(None)
                break
            if following.rows is None:
                self._next = following
                break
            group.append(following)
            rows += following.rows
        return group

    def _commit(self, group: list[Job[Any]]) -> None:
        """Do the jobs in one transaction; where one of several spoils it, each in its own."""
        self._began = time.monotonic()
        failure: Exception
        try:
            with self._transaction():
                results = [job.work(self._db) for job in group]
        except apsw.Error as error:
            self._trouble = str(unavailable(error))
            failure = unavailable(error)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the one who submitted the job
            if len(group) > 1:
                for job in group:
                    self._commit([job])
                return
            failure = error
        else:
            self._trouble = None
            self._tell(_succeed, group, results)
            return
        finally:
            self._began = None
        self._tell(_fail, group, failure)

    def _keep_up(self) -> bool:
        """Run one slice of upkeep, unless it failed a moment ago; whether there may be more."""
        if time.monotonic() < self._upkeep_after:
            return False
        try:
            with self._transaction():
                return self._upkeep.step(self._db)
        except Exception as error:
            # Whatever it is, appends go on: a thread that ended would leave everybody waiting for ever.
            self._upkeep_after = time.monotonic() + UPKEEP_RETRY_S
            if isinstance(error, apsw.Error):
                log.warning("store: upkeep failed, will be tried again", reason=str(unavailable(error)))
            else:
                log.exception("store: a fault in upkeep, will be tried again")
            return False

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, the ledger included."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # SQLite has already rolled back after some errors, and has not after others.
            if self._db.in_transaction:
                with contextlib.suppress(apsw.Error):
                    self._db.execute("ROLLBACK")
            self._ledger.undo()
            raise
        self._ledger.keep()

    def _tell(self, outcome: Callable[[list[Job[Any]], T], None], group: list[Job[Any]], result: T) -> None:
        # The loop is gone when whoever ran it did not close the store; nobody is left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(outcome, group, result)


def _succeed(group: list[Job[Any]], results: list[Any]) -> None:
    for job, result in zip(group, results, strict=True):
        if job.after is not None:
            job.after(result)
        if not job.done.done():
            job.done.set_result(result)


def _fail(group: list[Job[Any]], failure: Exception) -> None:
    for job in group:
        if not job.done.done():
            job.done.set_exception(failure)
