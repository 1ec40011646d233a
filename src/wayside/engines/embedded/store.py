"""The embedded store: one SQLite file, one thread that writes, a few that read, the last states in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import NamedTuple, TypeVar

import apsw
import structlog

from wayside.engines.embedded import access, commands, devices, log, media, rentals
from wayside.engines.embedded.append import append_entries
from wayside.engines.embedded.checkpoints import Checkpoints
from wayside.engines.embedded.files import Files, open_files
from wayside.engines.embedded.readers import Readers
from wayside.engines.embedded.retention import prune
from wayside.engines.embedded.writer import Writer
from wayside.engines.fold import Names
from wayside.model.commands import CommandRecord
from wayside.model.errors import StoreUnavailable
from wayside.model.events import Latest, StoredEvent, StoredFrame
from wayside.model.instant import Instant
from wayside.model.rentals import Rental, Snapshot
from wayside.ports.media import Forgotten, Kept, MediaFile, MediaQuery, Recording, Usage
from wayside.ports.rentals import RentalQuery
from wayside.ports.store import (
    Alarm,
    AlarmQuery,
    AuditRecord,
    Batch,
    CommandQuery,
    Committed,
    Created,
    DeviceQuery,
    DeviceRecord,
    EventQuery,
    FrameQuery,
    Page,
    Retention,
    Span,
    TokenRecord,
)

T = TypeVar("T")

logger = structlog.get_logger(__name__)


class Parts(NamedTuple):
    """What an open store is made of."""

    files: Files
    writer: Writer
    readers: Readers
    checkpoints: Checkpoints


class EmbeddedStore:
    """``ports.store.Store`` in one folder.  ``vfs`` names another SQLite file layer than the system's."""

    def __init__(self, folder: Path, *, vfs: str | None = None) -> None:
        self._folder = folder
        self._vfs = vfs
        self._parts: Parts | None = None

    async def open(self) -> None:
        """Create or migrate the schema and load the last states.

        Raises:
            ConfigError: the folder cannot be written, is in use, or holds something else or newer.
        """
        files = await asyncio.to_thread(open_files, self._folder, self._vfs)
        writer = Writer(files.db, files.ledger, files.upkeep)
        checkpoints = Checkpoints(writer, files.ledger, files.states)
        self._parts = Parts(files, writer, Readers(self._folder, self._vfs), checkpoints)

    async def close(self) -> None:
        """Finish what was submitted, write the states down, let go of the folder."""
        if self._parts is None:
            return
        parts, self._parts = self._parts, None
        await parts.checkpoints.stop()
        try:
            await parts.checkpoints.write()
        except StoreUnavailable as error:
            logger.warning(
                "store: closed without a checkpoint, the next start reads the log", reason=str(error)
            )
        await parts.readers.close()
        await parts.writer.stop()
        await asyncio.to_thread(parts.files.close)

    def append(self, batch: Batch) -> Awaitable[Committed]:
        """Make the batch durable; the states know of it when this is done."""
        parts = self._up
        entries, transitions, changes = tuple(batch.entries), tuple(batch.transitions), tuple(batch.changes)

        names: list[Names] = []

        def work(db: apsw.Connection) -> Committed:
            nonlocal names
            first_id, names = append_entries(db, parts.files.ledger, entries)
            if changes:
                rentals.apply_changes(db, changes)
            return Committed(first_id, commands.apply(db, transitions))

        def after(committed: Committed) -> None:
            parts.files.states.fold(entries, names, committed.first_id)
            parts.checkpoints.folded()

        return parts.writer.submit(work, after=after, rows=len(entries))

    async def healthy(self) -> str | None:
        """None, or why the store cannot commit right now.  After a failure it tries."""
        if self._parts is None:
            return "the store is not open"
        writer = self._parts.writer
        if (stuck := writer.stuck()) is not None or writer.trouble is None:
            return stuck
        try:
            await writer.submit(_probe)
        except StoreUnavailable as error:
            return str(error)
        return None

    # Devices
    async def put_device(self, record: DeviceRecord) -> None:
        """Insert or replace."""
        await self._write(lambda db: devices.put(db, record))

    async def device(self, device: str) -> DeviceRecord | None:
        """One device."""
        return await self._read(lambda db: devices.device(db, device))

    async def devices(self, query: DeviceQuery) -> Page[DeviceRecord]:
        """Devices by id, ascending."""
        return await self._read(lambda db: devices.devices(db, query))

    async def all_devices(self) -> list[DeviceRecord]:
        """Every device."""
        return await self._read(devices.all_devices)

    async def delete_device(self, device: str) -> bool:
        """Forget the device.  All of it is invisible at once; its rows are removed by and by."""
        parts = self._up
        ledger, states = parts.files.ledger, parts.files.states
        async with parts.checkpoints.lock:
            return await parts.writer.submit(
                lambda db: devices.delete(db, ledger, device), after=lambda _: states.forget(device)
            )

    def state(self, device: str) -> dict[str, Latest]:
        """The last value of every name."""
        return self._up.files.states.of(device)

    # The log
    async def events(self, query: EventQuery) -> Page[StoredEvent]:
        """Newest first."""
        return await self._read(lambda db: log.events(db, query))

    async def event(self, event: int) -> StoredEvent | None:
        """One event."""
        return await self._read(lambda db: log.event(db, event))

    async def frames(self, query: FrameQuery) -> Page[StoredFrame]:
        """Newest first."""
        return await self._read(lambda db: log.frames(db, query))

    async def prune(self, retention: Retention, now: Instant) -> int:
        """Remove one slice; first have indexed and checkpointed what is to go."""
        parts = self._up
        pruned = await self._write(lambda db: prune(db, retention, now))
        if pruned.behind:
            last_id, index = parts.files.states.folded_id, parts.files.upkeep.index
            while await self._write(lambda db: index.catch_up(db, last_id)):
                pass
            await parts.checkpoints.write()
            pruned = await self._write(lambda db: prune(db, retention, now))
        return pruned.rows

    # Commands
    async def create_command(self, record: CommandRecord) -> Created:
        """Store it, or bring back the one with its idempotency key."""
        ledger = self._up.files.ledger
        return await self._write(lambda db: commands.create(db, ledger, record))

    async def command(self, command: str) -> CommandRecord | None:
        """One command with all its transitions."""
        return await self._read(lambda db: commands.command(db, command))

    async def command_with_key(self, requested_by: str, idempotency_key: str) -> CommandRecord | None:
        """The command that this caller asked for with this key."""
        return await self._read(lambda db: commands.command_with_key(db, requested_by, idempotency_key))

    async def commands(self, query: CommandQuery) -> Page[CommandRecord]:
        """Newest first."""
        return await self._read(lambda db: commands.commands(db, query))

    async def unfinished_commands(self) -> list[CommandRecord]:
        """Oldest first."""
        return await self._read(commands.unfinished)

    async def next_command_number(self) -> int:
        """Taken when this returns: no later call gives it again."""
        return await self._write(commands.next_number)

    # Rentals
    async def rental_snapshot(self) -> Snapshot:
        """What the rules begin with."""
        return await self._read(rentals.snapshot)

    async def rental(self, rental: str) -> Rental | None:
        """One rental."""
        return await self._read(lambda db: rentals.rental(db, rental))

    async def rentals(self, query: RentalQuery) -> Page[Rental]:
        """Newest first."""
        return await self._read(lambda db: rentals.rentals(db, query))

    # Media
    async def expect_blob(self, file: str) -> None:
        """It is an orphan until its record is kept."""
        await self._write(lambda db: media.expect(db, file))

    async def keep_file(self, file: MediaFile) -> Kept:
        """The same bytes of the same device under the same name are kept once."""
        ledger = self._up.files.ledger
        return await self._write(lambda db: media.keep(db, ledger, file))

    async def file(self, file: str) -> MediaFile | None:
        """One file."""
        return await self._read(lambda db: media.file(db, file))

    async def file_with_content(self, device: str, sha256: str, name: str) -> MediaFile | None:
        """The device's file of this name with these bytes."""
        return await self._read(lambda db: media.with_content(db, device, sha256, name))

    async def files(self, query: MediaQuery) -> Page[MediaFile]:
        """Newest first."""
        return await self._read(lambda db: media.files(db, query))

    async def files_named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The newest file of each device and name."""
        return await self._read(lambda db: media.named(db, names))

    async def forget_file(self, file: str) -> Forgotten | None:
        """Its blob is an orphan from then on, unless it is also another's."""
        return await self._write(lambda db: media.forget(db, file))

    async def orphans(self, limit: int) -> list[str]:
        """Blobs whose record is gone."""
        return await self._read(lambda db: media.orphans(db, limit))

    async def bury(self, gone: Collection[str]) -> None:
        """These blobs are gone."""
        await self._write(lambda db: media.bury(db, gone))

    async def surplus(
        self, now: Instant, age_s: float | None, device_bytes: int | None, limit: int
    ) -> list[MediaFile]:
        """What is too old, or beyond its device's share."""
        return await self._read(lambda db: media.surplus(db, now, age_s, device_bytes, limit))

    async def usage(self, device: str, since: Instant) -> Usage:
        """How much of the device is kept."""
        return await self._read(lambda db: media.usage(db, device, since))

    async def put_recordings(self, device: str, recordings: list[Recording]) -> None:
        """The list replaces the one before."""
        ledger = self._up.files.ledger
        await self._write(lambda db: media.put_recordings(db, ledger, device, recordings))

    async def recordings(self, device: str, span: Span) -> Page[Recording]:
        """What the device said it holds."""
        return await self._read(lambda db: media.recordings(db, device, span))

    # Alarms
    async def alarms(self, query: AlarmQuery) -> Page[Alarm]:
        """Newest first."""
        return await self._read(lambda db: log.alarms(db, query))

    async def alarm(self, event: int) -> Alarm | None:
        """One alarm."""
        return await self._read(lambda db: log.alarm(db, event))

    async def acknowledge_alarm(self, event: int, by: str, at: Instant, note: str) -> Alarm | None:
        """The first acknowledgement stays."""
        return await self._write(lambda db: log.acknowledge(db, event, by, at, note))

    # Tokens and audit
    async def put_token(self, record: TokenRecord) -> None:
        """Insert or replace."""
        await self._write(lambda db: access.put_token(db, record))

    async def tokens(self) -> list[TokenRecord]:
        """Oldest first."""
        return await self._read(access.tokens)

    async def delete_token(self, token: str) -> bool:
        """False if there was none."""
        return await self._write(lambda db: access.delete_token(db, token))

    async def audit(self, record: AuditRecord) -> None:
        """Append."""
        await self._write(lambda db: access.add_audit(db, record))

    async def audit_records(self, span: Span) -> Page[AuditRecord]:
        """Newest first."""
        return await self._read(lambda db: access.audit_records(db, span))

    @property
    def _up(self) -> Parts:
        if self._parts is None:
            raise StoreUnavailable("the store is not open")
        return self._parts

    async def _write(self, work: Callable[[apsw.Connection], T]) -> T:
        return await self._up.writer.submit(work)

    async def _read(self, query: Callable[[apsw.Connection], T]) -> T:
        return await self._up.readers.read(query)


PROBE_BYTES = 65_536


def _probe(db: apsw.Connection) -> None:
    """Take some room and give it back: fails when the disk is full."""
    db.execute("INSERT INTO probe VALUES (zeroblob(?))", (PROBE_BYTES,))
    db.execute("DELETE FROM probe")
