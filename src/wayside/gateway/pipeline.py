"""Group commit: what devices said is made durable in batches, and only then are they answered.

Everybody adds to the batch that *gathers*.  It closes a few milliseconds after its first entry, or when it has
some hundreds of them, or at once when somebody waits for a command in it; while one batch is being committed the next
one gathers, so batches grow as the store slows down.  Batches are numbered: a connection remembers the number of the
batch that holds its last uncommitted entry, and what it sends after that waits in the same batch.

When the store cannot commit, the batch is kept and tried again, and above a number of entries ``on_full`` has
the sockets no longer read.  Nothing is dropped, and the order stays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from typing import Final, Protocol, TypeVar

import structlog

from wayside.gateway.limits import Limits
from wayside.gateway.stats import Stats
from wayside.model.commands import Transition
from wayside.model.errors import StoreUnavailable
from wayside.model.events import StoredEvent
from wayside.model.rentals import Change
from wayside.ports.bus import Bus, CommandChanged
from wayside.ports.rules import Consequence, Rules
from wayside.ports.store import AuditRecord, Batch, Committed, DeviceRecord, Entry, Store

# Of what an entry holds besides its bytes; only the sum over thousands of entries matters.
ENTRY_OVERHEAD_BYTES: Final = 512
RECEIVED: Final = attrgetter("received")
SENT: Final = attrgetter("sent")

# Sockets are read again when this share of the limit is left: half a limit's work between two changes of mind.
DRAINED: Final = 0.5

log = structlog.get_logger("wayside.gateway")


class Recipient(Protocol):
    """Where answers go."""

    def write(self, data: bytes) -> bool:
        """Send; False when the line is gone and nothing left."""

    def committed(self) -> None:
        """Everything of this line's that it asked to be told about is durable."""

    def speaks_for(self, device: str) -> bool:
        """Whether this is the line of that device."""

    def hang_up(self, reason: str) -> None:
        """Close, after what is written."""


class Guarded:
    """Bytes that carry out a command: asked about once more when their batch is durable, perhaps much later."""

    __slots__ = ("data", "dropped", "may_leave")

    def __init__(self, data: bytes, may_leave: Callable[[], bool], dropped: Callable[[], None]) -> None:
        self.data = data
        self.may_leave = may_leave
        self.dropped = dropped


Chunk = bytes | Guarded

T = TypeVar("T")


class _Gathering:
    """A batch, and what happens once it is durable."""

    __slots__ = (
        "_weighed",
        "audits",
        "bytes",
        "changes",
        "devices",
        "entries",
        "number",
        "sends",
        "steps",
        "tell",
        "waiters",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.bytes = 0
        self._weighed = 0
        self.entries: list[Entry] = []
        self.steps: list[CommandChanged] = []
        self.changes: list[Change] = []
        self.devices: list[DeviceRecord] = []
        self.audits: list[AuditRecord] = []
        self.sends: dict[Recipient, list[Chunk]] = {}
        self.tell: list[Recipient] = []
        self.waiters: list[asyncio.Future[None]] = []

    @property
    def size(self) -> int:
        """What a crash would lose of it: entries, steps, and what else there is."""
        return len(self.entries) + len(self.steps) + len(self.changes) + len(self.devices)

    def weigh(self) -> int:
        """About the bytes that its entries keep in memory; only those new since the last time are looked at."""
        fresh = self.entries[self._weighed :]
        self._weighed += len(fresh)
        self.bytes += ENTRY_OVERHEAD_BYTES * len(fresh)
        for frames in (map(RECEIVED, fresh), map(SENT, fresh)):
            self.bytes += sum(map(len, filter(None, frames)))
        return self.bytes


class Pipeline:
    """One per process.  ``gathering`` and ``durable`` are numbers of batches: the open one, the last committed."""

    def __init__(
        self, store: Store, bus: Bus, limits: Limits, stats: Stats, rules: Rules | None = None
    ) -> None:
        self.rules: Final = rules
        self._store = store
        self._bus = bus
        self._limits = limits
        self._stats = stats
        self._loop = asyncio.get_running_loop()
        self._batch = _Gathering(1)
        self._committing: _Gathering | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._measure()
        self.gathering = 1
        self.durable = 0
        self.full = False
        self.failure: str | None = None
        """Why the last try to commit failed; None while all is well."""
        self.on_full: Callable[[], None] = lambda: None
        self.on_drained: Callable[[], None] = lambda: None

    @property
    def uncommitted(self) -> int:
        """Entries and command steps that a crash would lose; none of them was acknowledged."""
        return self._batch.size + (self._committing.size if self._committing else 0)

    def add(self, entry: Entry) -> None:
        """To the batch that gathers.  Call ``kick`` when the input is done."""
        self._batch.entries.append(entry)

    def exchange(self, line: Recipient, entry: Entry, answer: bytes) -> int:
        """What nearly every frame comes to, in one: ``add`` the entry, and answer when it is durable.

        Gives the number of the batch.
        """
        batch = self._batch
        batch.entries.append(entry)
        batch.sends.setdefault(line, []).append(answer)
        return batch.number

    def exchanger(self, protocol: str) -> Callable[[Recipient, Entry, bytes], int]:
        """``exchange``, as ``adder`` is ``add``."""
        return self._exchange_and_ask if self._watched(protocol) else self.exchange

    def adder(self, protocol: str) -> Callable[[Entry], None]:
        """How entries of this protocol's devices are added: past the rules that watch over it, if any do."""
        return self._add_and_ask if self._watched(protocol) else self.add

    def step(self, device: str, transition: Transition) -> None:
        """A command's next state.  Does not close the batch: an input may be half done."""
        self._batch.steps.append(CommandChanged(device, transition))
        self.arm()
        if self.rules is not None:
            self._ask(self.rules.stepped, transition)

    def take(self, consequences: Sequence[Consequence]) -> None:
        """What rules decided about something in the batch that gathers."""
        for each in consequences:
            if isinstance(each, Entry):
                self.add(each)
            else:
                self._batch.changes.append(each)
            self.arm()

    def register(self, record: DeviceRecord, audit: AuditRecord) -> None:
        """A device that registers itself: durable before anything in this batch."""
        self._batch.devices.append(record)
        self._batch.audits.append(audit)
        self.arm()

    def send_when_durable(self, line: Recipient, number: int, chunk: Chunk) -> None:
        """Write it once batch ``number`` (one that is not durable yet) is."""
        self._uncommitted(number).sends.setdefault(line, []).append(chunk)

    def tell_when_durable(self, line: Recipient, number: int) -> None:
        """Call its ``committed`` once batch ``number`` (one that is not durable yet) is, after its answers."""
        self._uncommitted(number).tell.append(line)

    def arm(self) -> None:
        """Something was added in the midst of an input: the batch will close, but not yet."""
        if self._task is None and self._timer is None:
            self._timer = self._loop.call_later(self._limits.batch_ms / 1000, self._close)

    def kick(self) -> None:
        """An input is done: start the clock of the batch, or close it, or stop reading sockets."""
        batch = self._batch
        size = batch.size
        if not self.full and (size >= self._room or batch.weigh() >= self._room_bytes):
            self.full = True
            self.on_full()
        if self._task is not None or not size:
            return
        if size >= self._limits.batch_events or batch.steps:
            self._close()
        elif self._timer is None:
            self.arm()

    async def flush(self) -> None:
        """Everything added so far is durable when this returns.

        Raises:
            StoreUnavailable: a commit failed meanwhile.  What was added is kept and tried again all the same.
        """
        batch = self._batch if self._batch.size else self._committing
        if batch is None:
            return
        waiter = self._loop.create_future()
        batch.waiters.append(waiter)
        if self._task is None:
            self._close()
        await waiter

    async def stop(self) -> int:
        """Give up on what is not durable; returns how much that is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        return self.uncommitted

    def _watched(self, protocol: str) -> bool:
        return self.rules is not None and self.rules.watches(protocol)

    def _add_and_ask(self, entry: Entry) -> None:
        self.add(entry)
        if entry.event is not None and self.rules is not None:
            self._ask(self.rules.heard, entry)

    def _exchange_and_ask(self, line: Recipient, entry: Entry, answer: bytes) -> int:
        number = self.exchange(line, entry, answer)
        if self.rules is not None:
            self._ask(self.rules.heard, entry)
        return number

    def _ask(self, opinion: Callable[[T], Sequence[Consequence]], cause: T) -> None:
        """A fault in the rules must not keep anything from being stored."""
        try:
            consequences = opinion(cause)
        except Exception:
            log.exception("rules failed", cause=repr(cause)[:1000])
        else:
            self.take(consequences)

    def _measure(self) -> None:
        """What the gathering batch may hold beside the one that is being committed."""
        committing = self._committing
        self._room = self._limits.uncommitted - (committing.size if committing else 0)
        self._room_bytes = self._limits.uncommitted_bytes - (committing.weigh() if committing else 0)

    def _uncommitted(self, number: int) -> _Gathering:
        if number == self.gathering:
            return self._batch
        assert self._committing is not None, "that batch is durable already"
        return self._committing

    def _close(self) -> None:
        """The gathering batch goes to the store, and the next one begins."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch = self._committing = self._batch
        self.gathering += 1
        self._batch = _Gathering(self.gathering)
        self._measure()
        self._task = self._loop.create_task(self._commit(batch))

    async def _commit(self, batch: _Gathering) -> None:
        pause_s = self._limits.retry_s
        started = time.perf_counter()
        ids: range | list[int]
        refused: frozenset[str] = frozenset()
        while True:
            try:
                ids = await self._append(batch)
                break
            except StoreUnavailable as error:
                self._failed(batch, str(error))
            except Exception as error:
                # The store works, but not with this: one bad entry must not stop all others.
                log.exception("batch refused", entries=batch.size)
                self._failed(batch, repr(error))
                try:
                    ids, refused = await self._append_singly(batch)
                    break
                except StoreUnavailable as unavailable:
                    self._failed(batch, str(unavailable))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, self._limits.retry_max_s)
        if self.failure is not None:
            log.warning("store commits again", entries=self.uncommitted)
            self.failure = None
        self._stats.commits += 1
        self._stats.batch_entries.observe(batch.size)
        self._stats.commit_seconds.observe(time.perf_counter() - started)
        self._committed(batch, ids, refused)

    async def _append(self, batch: _Gathering) -> range:
        await self._register_devices(batch)
        if not batch.entries and not batch.steps and not batch.changes:
            return range(0)
        transitions = [step.transition for step in batch.steps]
        committed = await self._store.append(Batch(batch.entries, transitions, batch.changes))
        self._leave_out(batch, committed.refused)
        return range(committed.first_id, committed.first_id + len(batch.entries))

    def _leave_out(self, batch: _Gathering, refused: tuple[int, ...]) -> None:
        """Steps that the store knows to be impossible, as after a command's device was deleted: not to be told."""
        for position in reversed(refused):
            step = batch.steps.pop(position)
            log.error("step refused by the store", device=step.device, transition=step.transition)

    async def _register_devices(self, batch: _Gathering) -> None:
        await _write_each(batch.devices, self._store.put_device)
        await _write_each(batch.audits, self._store.audit)

    async def _append_singly(self, batch: _Gathering) -> tuple[list[int], frozenset[str]]:
        """Entry by entry; gives the ids and the devices whose entries the store could not take."""
        refused: set[str] = set()
        entries: list[Entry] = []
        ids: list[int] = []
        while batch.entries:
            entry = batch.entries[0]
            if (committed := await self._append_one(Batch([entry]), entry.device)) is not None:
                entries.append(entry)
                ids.append(committed.first_id)
            else:
                refused.add(entry.device)
            del batch.entries[0]
        batch.entries = entries
        batch.steps = [
            step
            for step in batch.steps
            if await self._append_one(Batch([], [step.transition]), step.device) is not None
        ]
        if batch.changes:
            await self._append_one(Batch(changes=batch.changes), "rules")
        return ids, frozenset(refused)

    async def _append_one(self, one: Batch, device: str) -> Committed | None:
        try:
            return await self._store.append(one)
        except StoreUnavailable:
            raise
        except Exception:
            self._stats.entries_refused += 1
            log.exception("entry refused by the store", device=device, batch=repr(one)[:1000])
            return None

    def _failed(self, batch: _Gathering, why: str) -> None:
        self._stats.commit_failures += 1
        if self.failure is None:
            log.error("store cannot commit: acknowledgements stop", why=why, entries=self.uncommitted)
        self.failure = why
        for pending in (batch, self._batch):
            for waiter in pending.waiters:
                if not waiter.done():
                    waiter.set_exception(StoreUnavailable(why))
            pending.waiters.clear()

    def _committed(self, batch: _Gathering, ids: range | list[int], refused: frozenset[str]) -> None:
        """Publish, answer, and go on with the next batch.  The one place where acknowledgements leave."""
        self._committing = None
        self._task = None
        self.durable = batch.number
        self._publish(batch, ids)
        for line, chunks in batch.sends.items():
            if refused and any(line.speaks_for(device) for device in refused):
                line.hang_up("not storable")
            elif len(chunks) == 1 and type(chunk := chunks[0]) is bytes:
                line.write(chunk)
            else:
                _write(line, chunks)
        for line in batch.tell:
            line.committed()
        for waiter in batch.waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._measure()
        if (
            self.full
            and self._batch.size <= self._room * DRAINED
            and self._batch.weigh() <= self._room_bytes * DRAINED
        ):
            self.full = False
            self.on_drained()
        self.kick()

    def _publish(self, batch: _Gathering, ids: range | list[int]) -> None:
        if not self._bus.listening:
            return
        publish = self._bus.publish
        for number, entry in zip(ids, batch.entries, strict=True):
            event = entry.event
            if event is not None:
                publish(
                    StoredEvent(
                        number,
                        entry.device,
                        event.kind,
                        event.at,
                        entry.received_at,
                        event.message,
                        event.values,
                    )
                )
        for step in batch.steps:
            publish(step)


async def _write_each(items: list[T], write: Callable[[T], Awaitable[None]]) -> None:
    """All at once, which the store can commit together.  What is durable leaves the list; the rest is raised."""
    outcomes = await asyncio.gather(*map(write, items), return_exceptions=True)
    failures = [outcome for outcome in outcomes if outcome is not None]
    items[:] = [item for item, outcome in zip(items, outcomes, strict=True) if outcome is not None]
    if failures:
        raise failures[0]


def _write(line: Recipient, chunks: list[Chunk]) -> None:
    """All of one line's answers in one write, without what may no longer leave."""
    leaving: list[Chunk] = []
    for chunk in chunks:
        if type(chunk) is not Guarded or chunk.may_leave():
            leaving.append(chunk)
        else:
            chunk.dropped()
    if leaving and not line.write(b"".join(c.data if isinstance(c, Guarded) else c for c in leaving)):
        for chunk in leaving:
            if isinstance(chunk, Guarded):
                chunk.dropped()
