"""The store: devices, the log of events and frames, commands, alarms, tokens, audit.

One contract suite (``tests/store``) runs against every engine.  Nothing above this file sees a dialect.

The log is append-only, and a batch is the unit of commitment: when ``append`` has returned, all of the batch
survives a crash; when it raises, none of it is there.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable
from typing import Generic, Protocol, TypeVar

import msgspec

from wayside.model.commands import CommandRecord, State, Transition
from wayside.model.events import Event, Kind, Latest, StoredEvent, StoredFrame
from wayside.model.instant import Instant
from wayside.model.rentals import Change

T = TypeVar("T")

PAGE_MAX = 1000
"""The most items one page holds: some hundred kilobytes of JSON, encoded in milliseconds."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A row of the log: one exchange with a device, and at most one event that it meant.

    A frame that meant two events makes two entries, the second without ``received``.
    """

    device: str
    received_at: Instant
    message: str
    event: Event | None = None
    received: bytes | None = None
    sent: bytes | None = None


class Batch(msgspec.Struct):
    """What one group commit makes durable, in order."""

    entries: list[Entry] = []
    transitions: list[Transition] = []
    changes: list[Change] = []


class DeviceStatus(enum.StrEnum):
    """Whether a device is ours."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class DeviceRecord(msgspec.Struct, frozen=True):
    """A device that somebody (or the open registration) decided on.

    ``options``: its own, before those of its protocol; keys and passwords are among them.
    """

    device: str
    protocol: str
    status: DeviceStatus
    created_at: Instant
    name: str = ""
    options: dict[str, str] = {}


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list, newest first.  ``next`` continues it; None at the end.

    A page can be short, even empty, and still have a ``next``: filters that no index serves look at a bounded
    number of rows per page.
    """

    items: tuple[T, ...]
    next: str | None = None


class Span(msgspec.Struct, frozen=True):
    """Limits common to all lists.  ``since`` ≤ time < ``until``, by the server's time of receipt (or creation)."""

    limit: int = 100
    cursor: str | None = None
    since: Instant | None = None
    until: Instant | None = None


class EventQuery(msgspec.Struct, frozen=True):
    """Which events; None means any.  ``name``: only events that have a value of this name."""

    device: str | None = None
    kind: Kind | None = None
    message: str | None = None
    name: str | None = None
    span: Span = Span()


class FrameQuery(msgspec.Struct, frozen=True):
    """Which frames."""

    device: str | None = None
    message: str | None = None
    span: Span = Span()


class DeviceQuery(msgspec.Struct, frozen=True):
    """Which devices; ``search`` is a part of the id or the name, case ignored.  Sorted by id."""

    protocol: str | None = None
    status: DeviceStatus | None = None
    search: str | None = None
    span: Span = Span()


class CommandQuery(msgspec.Struct, frozen=True):
    """Which commands."""

    device: str | None = None
    state: State | None = None
    capability: str | None = None
    span: Span = Span()


class AlarmQuery(msgspec.Struct, frozen=True):
    """Which alarms."""

    device: str | None = None
    acknowledged: bool | None = None
    alarm: str | None = None
    span: Span = Span()


class Alarm(msgspec.Struct, frozen=True):
    """An alarm event, and who has seen to it.  ``event.id`` is the alarm's id."""

    event: StoredEvent
    acknowledged_at: Instant | None = None
    acknowledged_by: str | None = None
    note: str = ""


class AuditRecord(msgspec.Struct, frozen=True):
    """Who did what, when: every change that a caller made."""

    at: Instant
    actor: str
    action: str
    subject: str
    detail: str = ""
    id: int = 0


def audit_of(command: CommandRecord) -> AuditRecord:
    """Who wanted the command.  No parameters: some are secrets."""
    detail = f"{command.device} {command.capability}"
    return AuditRecord(command.created_at, command.requested_by, "command.create", command.id, detail)


class TokenRecord(msgspec.Struct, frozen=True):
    """An API token; the token itself is never kept, only its SHA-256."""

    id: str
    name: str
    scopes: tuple[str, ...]
    digest: bytes
    created_at: Instant
    expires_at: Instant | None = None


class Retention(msgspec.Struct, frozen=True):
    """How long the log is kept; None: without limit.  Raw frames may go earlier than the events beside them."""

    frames_age_s: float | None = None
    events_age_s: float | None = None
    log_bytes: int | None = None


class Committed(msgspec.Struct, frozen=True):
    """``first_id`` is the id of the batch's first entry; the others follow without a gap.

    ``refused`` are the positions of transitions that may not follow the state of their command (or whose command
    is gone): each is left out by itself, because events beside it must not be lost.
    """

    first_id: int
    refused: tuple[int, ...] = ()


class Created(msgspec.Struct, frozen=True):
    """``command`` is the one to show; ``fresh`` is False when the idempotency key brought an earlier one back."""

    command: CommandRecord
    fresh: bool


class Store(Protocol):
    """Every method may raise ``StoreUnavailable``; then nothing of it is stored."""

    async def open(self) -> None:
        """Create or migrate the schema and load what must be in memory."""

    async def close(self) -> None:
        """Finish what was begun, then let go."""

    def append(self, batch: Batch) -> Awaitable[Committed]:
        """Make the batch durable.  Batches commit in the order of the calls."""

    async def healthy(self) -> str | None:
        """None, or why the store cannot commit right now."""

    # Devices
    async def put_device(self, record: DeviceRecord) -> None:
        """Insert or replace."""

    async def device(self, device: str) -> DeviceRecord | None:
        """One device."""

    async def devices(self, query: DeviceQuery) -> Page[DeviceRecord]:
        """Devices by id, ascending."""

    async def all_devices(self) -> list[DeviceRecord]:
        """Every device, for the gateway's registry at start."""

    async def delete_device(self, device: str) -> bool:
        """Forget the device, its state and its history; False if there was none."""

    def state(self, device: str) -> dict[str, Latest]:
        """The last value of every name, folded from all committed events; from memory, empty if unknown."""

    # The log
    async def events(self, query: EventQuery) -> Page[StoredEvent]:
        """Newest first."""

    async def event(self, event: int) -> StoredEvent | None:
        """One event."""

    async def frames(self, query: FrameQuery) -> Page[StoredFrame]:
        """Newest first."""

    async def prune(self, retention: Retention, now: Instant) -> int:
        """Remove one bounded slice of what is too old or too much; how many rows it touched, 0 when done."""

    # Commands
    async def create_command(self, record: CommandRecord) -> Created:
        """Store an accepted command; with an idempotency key that this caller used before, give that one back.

        ``audit_of`` it is stored with it: there is no command of which the audit log does not know who wanted it.

        Raises:
            KeyReused: the key belongs to a command with another device, capability or parameters.
        """

    async def command(self, command: str) -> CommandRecord | None:
        """One command with all its transitions."""

    async def command_with_key(self, requested_by: str, idempotency_key: str) -> CommandRecord | None:
        """The command that this caller asked for with this key."""

    async def commands(self, query: CommandQuery) -> Page[CommandRecord]:
        """Newest first, without transitions."""

    async def unfinished_commands(self) -> list[CommandRecord]:
        """Those that are waiting, in flight or open, oldest first, for recovery at start."""

    async def next_command_number(self) -> int:
        """The number the next command gets: one more than any before, within 32 bits; taken when this returns."""

    # Alarms
    async def alarms(self, query: AlarmQuery) -> Page[Alarm]:
        """Newest first."""

    async def alarm(self, event: int) -> Alarm | None:
        """One alarm."""

    async def acknowledge_alarm(self, event: int, by: str, at: Instant, note: str) -> Alarm | None:
        """Mark it seen; the first acknowledgement stays.  None if there is no such alarm."""

    # Tokens and audit
    async def put_token(self, record: TokenRecord) -> None:
        """Store a token's digest."""

    async def tokens(self) -> list[TokenRecord]:
        """All of them, oldest first."""

    async def delete_token(self, token: str) -> bool:
        """False if there was none."""

    async def audit(self, record: AuditRecord) -> None:
        """Append to the audit log."""

    async def audit_records(self, span: Span) -> Page[AuditRecord]:
        """Newest first."""
