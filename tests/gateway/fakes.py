"""A store and a bus in memory, of which a test decides when, and whether, they commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from wayside.model.commands import CommandRecord, State
from wayside.model.errors import KeyReused, StoreUnavailable
from wayside.model.events import Latest
from wayside.model.instant import Instant
from wayside.ports.bus import Notice
from wayside.ports.store import (
    AuditRecord,
    Batch,
    Committed,
    Created,
    DeviceRecord,
    Entry,
    audit_of,
)

ENDED = {State.SUCCEEDED, State.FAILED, State.REJECTED, State.EXPIRED, State.CANCELLED}


class FakeStore:
    """What the gateway uses of ``ports.store.Store``.

    ``gate``: cleared, commits wait.  ``failing``: every write raises.  ``poison``: entries that it cannot take.
    """

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.failing = False
        self.poison: Callable[[Entry], bool] = lambda _: False
        self.batches: list[Batch] = []
        self.begun = 0
        self.entries: list[Entry] = []
        self.records: dict[str, DeviceRecord] = {}
        self.command_records: dict[str, CommandRecord] = {}
        self.audits: list[AuditRecord] = []
        self.states: dict[str, dict[str, Latest]] = {}
        self.order: list[str] = []
        self.number = 0

    async def append(self, batch: Batch) -> Committed:
        self.begun += 1
        await self.gate.wait()
        self._check()
        if any(map(self.poison, batch.entries)):
            raise ValueError("cannot be stored")
        self.order.append("append")
        self.batches.append(Batch(list(batch.entries), list(batch.transitions), list(batch.changes)))
        first = len(self.entries) + 1
        self.entries.extend(batch.entries)
        for step in batch.transitions:
            before = self.command_records[step.command]
            self.command_records[step.command] = msgspec.structs.replace(
                before,
                state=step.state,
                late=step.late,
                detail=step.detail,
                values=step.values,
                transitions=(*before.transitions, step),
            )
        return Committed(first)

    async def put_device(self, record: DeviceRecord) -> None:
        await self.gate.wait()
        self._check()
        self.order.append("put_device")
        self.records[record.device] = record

    async def all_devices(self) -> list[DeviceRecord]:
        return list(self.records.values())

    async def delete_device(self, device: str) -> bool:
        self._check()
        self.entries = [entry for entry in self.entries if entry.device != device]
        return self.records.pop(device, None) is not None

    def state(self, device: str) -> dict[str, Latest]:
        return self.states.get(device, {})

    async def create_command(self, record: CommandRecord) -> Created:
        self._check()
        await asyncio.sleep(0)
        for earlier in self.command_records.values():
            if record.idempotency_key is not None and (earlier.requested_by, earlier.idempotency_key) == (
                record.requested_by,
                record.idempotency_key,
            ):
                if (earlier.device, earlier.capability, earlier.parameters) != (
                    record.device,
                    record.capability,
                    record.parameters,
                ):
                    raise KeyReused("used for another command", "idempotency_key")
                return Created(earlier, fresh=False)
        assert all(record.number != earlier.number for earlier in self.command_records.values())
        self.command_records[record.id] = record
        self.audits.append(audit_of(record))
        return Created(record, fresh=True)

    async def command(self, command: str) -> CommandRecord | None:
        return self.command_records.get(command)

    async def command_with_key(self, requested_by: str, idempotency_key: str) -> CommandRecord | None:
        asked = (requested_by, idempotency_key)
        records = self.command_records.values()
        return next((r for r in records if (r.requested_by, r.idempotency_key) == asked), None)

    async def unfinished_commands(self) -> list[CommandRecord]:
        return [record for record in self.command_records.values() if record.state not in ENDED]

    async def next_command_number(self) -> int:
        await asyncio.sleep(0)
        self.number += 1
        return self.number

    async def audit(self, record: AuditRecord) -> None:
        self._check()
        self.audits.append(record)

    def _check(self) -> None:
        if self.failing:
            raise StoreUnavailable("disk full")

    # What a test asks.

    def values(self, device: str) -> list[object]:
        """The values of the device's reports, as stored."""
        return [
            entry.event.values["value"]
            for entry in self.entries
            if entry.device == device and entry.event is not None and "value" in entry.event.values
        ]

    def presence(self, device: str) -> list[tuple[object, object]]:
        """Its presence events: status and reason."""
        return [
            (entry.event.values["connection.status"], entry.event.values["connection.reason"])
            for entry in self.entries
            if entry.device == device
            and entry.event is not None
            and "connection.status" in entry.event.values
        ]

    def steps(self, command: str) -> list[State]:
        """The states that the command came to, in order."""
        return [step.state for step in self.command_records[command].transitions]


class FakeBus:
    """Remembers everything."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    @property
    def listening(self) -> bool:
        return True

    def publish(self, notice: Notice) -> None:
        self.notices.append(notice)


class FakeClock:
    """Stands still until told."""

    def __init__(self, now: Instant = 1_700_000_000_000_000) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now

    def pass_s(self, duration_s: float) -> None:
        self.now += round(duration_s * 1_000_000)
