"""What stands behind the API, in memory: enough of each port for the API to be wrong about."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from litestar import Litestar
from litestar.testing import AsyncTestClient
from msgspec import Meta, Struct
from msgspec.structs import replace

from tests.api.cabinets import Cabinets, Feed
from tests.api.fake_bus import FakeBus
from tests.api.fake_media import FakeMedia, media_file
from tests.api.fake_relays import FakeRelays
from tests.api.one_app import app_for
from tests.api.paging import paged
from wayside.api.services import Distribution, MetricKind, Sample, Services
from wayside.api.tokens import Scope, Tokens
from wayside.engines.blobs import DirectoryBlobs
from wayside.media.firmware import FirmwareDirectory
from wayside.media.shelf import Shelf
from wayside.media.thumbnails import Thumbnails
from wayside.model.commands import Capability, CommandRecord, Risk, State, Transition
from wayside.model.errors import CommandError, Conflict, KeyReused, NotFound, StoreUnavailable
from wayside.model.events import Kind, Latest, StoredEvent, StoredFrame
from wayside.model.identity import split_device_id
from wayside.model.instant import SECOND, Instant, from_rfc3339, seconds
from wayside.ports.media import MediaFile
from wayside.ports.platform import (
    CommandRequest,
    Presence,
    Preview,
    PreviewFrame,
    UnknownDevice,
)
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
    DeviceStatus,
    EventQuery,
    FrameQuery,
    Page,
    Retention,
    Span,
    TokenRecord,
)
from wayside.protocol.base import Described, Link, Protocol, Side, Transport

T = TypeVar("T")

Client = AsyncTestClient[Litestar]

NOW = from_rfc3339("2026-03-01T12:00:00Z")


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Instant:
        return self.now

    def advance(self, duration_s: float) -> None:
        self.now += seconds(duration_s)


class FakeStore:
    """A store of lists.  ``broken`` makes every call fail."""

    def __init__(self) -> None:
        self.records: dict[str, DeviceRecord] = {}
        self.states: dict[str, dict[str, Latest]] = {}
        self.log: list[StoredEvent] = []
        self.frame_log: list[StoredFrame] = []
        self.command_records: dict[str, CommandRecord] = {}
        self.alarm_records: dict[int, Alarm] = {}
        self.token_records: dict[str, TokenRecord] = {}
        self.audit_log: list[AuditRecord] = []
        self.broken = False
        self.pages_read = 0
        self.broken_after_pages: int | None = None

    def check(self) -> None:
        if self.broken:
            raise StoreUnavailable("/var/lib/secret-path: no space left on device")

    async def open(self) -> None:
        self.check()

    async def close(self) -> None: ...

    def append(self, batch: Batch) -> Awaitable[Committed]:
        raise NotImplementedError

    async def healthy(self) -> str | None:
        return "no space left on device" if self.broken else None

    async def put_device(self, record: DeviceRecord) -> None:
        self.check()
        self.records[record.device] = record

    async def device(self, device: str) -> DeviceRecord | None:
        self.check()
        return self.records.get(device)

    async def devices(self, query: DeviceQuery) -> Page[DeviceRecord]:
        self.check()
        text = (query.search or "").lower()
        chosen = [
            record
            for _, record in sorted(self.records.items())
            if query.protocol in {None, record.protocol}
            and query.status in {None, record.status}
            and (text in record.device.lower() or text in record.name.lower())
        ]
        return paged(chosen, query.span, lambda record: record.created_at)

    async def all_devices(self) -> list[DeviceRecord]:
        return list(self.records.values())

    async def delete_device(self, device: str) -> bool:
        self.check()
        return self.records.pop(device, None) is not None

    def state(self, device: str) -> dict[str, Latest]:
        return self.states.get(device, {})

    async def events(self, query: EventQuery) -> Page[StoredEvent]:
        self.check()
        self.pages_read += 1
        if self.broken_after_pages is not None and self.pages_read > self.broken_after_pages:
            raise StoreUnavailable("gone")
        chosen = [
            event
            for event in reversed(self.log)
            if query.device in {None, event.device}
            and query.kind in {None, event.kind}
            and query.message in {None, event.message}
            and (query.name is None or query.name in event.values)
        ]
        return paged(chosen, query.span, lambda event: event.received_at)

    async def event(self, event: int) -> StoredEvent | None:
        self.check()
        return next((found for found in self.log if found.id == event), None)

    async def frames(self, query: FrameQuery) -> Page[StoredFrame]:
        self.check()
        chosen = [
            frame
            for frame in reversed(self.frame_log)
            if query.device in {None, frame.device} and query.message in {None, frame.message}
        ]
        return paged(chosen, query.span, lambda frame: frame.received_at)

    async def prune(self, retention: Retention, now: Instant) -> int:
        raise NotImplementedError

    async def create_command(self, record: CommandRecord) -> Created:
        self.check()
        for other in self.command_records.values():
            if record.idempotency_key is not None and other.idempotency_key == record.idempotency_key:
                if (other.device, other.capability, other.parameters) != (
                    record.device,
                    record.capability,
                    record.parameters,
                ):
                    raise KeyReused("this key was used with another body", "Idempotency-Key")
                return Created(other, fresh=False)
        self.command_records[record.id] = record
        return Created(record, fresh=True)

    async def command(self, command: str) -> CommandRecord | None:
        self.check()
        return self.command_records.get(command)

    async def command_with_key(self, requested_by: str, idempotency_key: str) -> CommandRecord | None:
        asked = (requested_by, idempotency_key)
        records = self.command_records.values()
        return next((r for r in records if (r.requested_by, r.idempotency_key) == asked), None)

    async def commands(self, query: CommandQuery) -> Page[CommandRecord]:
        self.check()
        chosen = [
            replace(record, transitions=())
            for record in reversed(self.command_records.values())
            if query.device in {None, record.device}
            and query.state in {None, record.state}
            and query.capability in {None, record.capability}
        ]
        return paged(chosen, query.span, lambda record: record.created_at)

    async def unfinished_commands(self) -> list[CommandRecord]:
        raise NotImplementedError

    async def next_command_number(self) -> int:
        return len(self.command_records) + 1

    async def alarms(self, query: AlarmQuery) -> Page[Alarm]:
        self.check()
        chosen = [
            alarm
            for _, alarm in sorted(self.alarm_records.items(), reverse=True)
            if query.device in {None, alarm.event.device}
            and query.acknowledged in {None, alarm.acknowledged_at is not None}
            and query.alarm in {None, alarm.event.values.get("alarm.kind")}
        ]
        return paged(chosen, query.span, lambda alarm: alarm.event.received_at)

    async def alarm(self, event: int) -> Alarm | None:
        self.check()
        return self.alarm_records.get(event)

    async def acknowledge_alarm(self, event: int, by: str, at: Instant, note: str) -> Alarm | None:
        self.check()
        alarm = self.alarm_records.get(event)
        if alarm is not None and alarm.acknowledged_at is None:
            alarm = replace(alarm, acknowledged_at=at, acknowledged_by=by, note=note)
            self.alarm_records[event] = alarm
        return alarm

    async def put_token(self, record: TokenRecord) -> None:
        self.check()
        self.token_records[record.id] = record

    async def tokens(self) -> list[TokenRecord]:
        self.check()
        return list(self.token_records.values())

    async def delete_token(self, token: str) -> bool:
        self.check()
        return self.token_records.pop(token, None) is not None

    async def audit(self, record: AuditRecord) -> None:
        self.check()
        self.audit_log.append(replace(record, id=len(self.audit_log) + 1))

    async def audit_records(self, span: Span) -> Page[AuditRecord]:
        self.check()
        return paged(self.audit_log[::-1], span, lambda record: record.at)


class FakeDevices:
    """Presence and decisions."""

    def __init__(self, store: FakeStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.online: set[str] = set()
        self.waiting: dict[str, UnknownDevice] = {}

    def presence(self, device: str) -> Presence:
        if device not in self.online:
            return Presence(online=False)
        return Presence(
            online=True, since=NOW - SECOND, last_seen=NOW, address="198.51.100.7:40000", transport="tcp"
        )

    def unknown(self) -> list[UnknownDevice]:
        return list(self.waiting.values())

    async def create(self, device: str, name: str, by: str) -> DeviceRecord:
        try:
            protocol, _ = split_device_id(device)
        except ValueError as error:
            raise CommandError(str(error), "device") from error
        if await self.store.device(device):
            raise Conflict("this device exists", "device")
        record = DeviceRecord(device, protocol, DeviceStatus.ACCEPTED, self.clock(), name)
        await self.store.put_device(record)
        return record

    async def accept(self, device: str, name: str, by: str) -> DeviceRecord:
        if device not in self.waiting and device not in self.store.records:
            raise NotFound("no such device", "device")
        self.waiting.pop(device, None)
        record = DeviceRecord(device, split_device_id(device)[0], DeviceStatus.ACCEPTED, self.clock(), name)
        await self.store.put_device(record)
        return record

    async def reject(self, device: str, by: str) -> DeviceRecord:
        return await self._change(device, status=DeviceStatus.REJECTED)

    async def rename(self, device: str, name: str, by: str) -> DeviceRecord:
        return await self._change(device, name=name)

    async def configure(self, device: str, changes: Mapping[str, str | None], by: str) -> DeviceRecord:
        known = await self.store.device(device)
        before = known.options if known else {}
        options = {name: text for name, text in {**before, **changes}.items() if text is not None}
        if "nonsense" in options:
            raise CommandError("demo has no option 'nonsense'", "options")
        return await self._change(device, options=options)

    async def delete(self, device: str, by: str) -> None:
        if not await self.store.delete_device(device):
            raise NotFound("no such device", "device")

    async def _change(self, device: str, **changes: object) -> DeviceRecord:
        record = await self.store.device(device)
        if record is None:
            raise NotFound("no such device", "device")
        record = replace(record, **changes)
        await self.store.put_device(record)
        return record


class FakeDesk:
    """Takes commands and leaves them queued."""

    def __init__(self, services: Callable[[], Services], store: FakeStore) -> None:
        self.services = services
        self.store = store

    async def _check(self, request: CommandRequest) -> None:
        record = await self.store.device(request.device)
        if record is None:
            raise NotFound("no such device", "device")
        protocol = self.services().protocol(record.protocol)
        capability = protocol.capability(request.capability) if protocol else None
        if capability is None:
            raise CommandError("no such capability", "capability")
        try:
            msgspec.convert(request.parameters, capability.parameters)
        except msgspec.ValidationError as error:
            raise CommandError(str(error), "parameters") from error
        if capability.risk is Risk.DANGEROUS and not request.confirm:
            raise CommandError("must be true for a dangerous command", "confirm")

    async def submit(self, request: CommandRequest) -> Created:
        await self._check(request)
        number = await self.store.next_command_number()
        now = self.services().clock()
        return await self.store.create_command(
            CommandRecord(
                id=f"c{number}",
                number=number,
                device=request.device,
                capability=request.capability,
                parameters=request.parameters,
                state=State.QUEUED,
                created_at=now,
                expires_at=now + seconds(request.expires_after_s or 60),
                requested_by=request.requested_by,
                idempotency_key=request.idempotency_key,
                transitions=(Transition(f"c{number}", State.ACCEPTED, now),),
            )
        )

    async def preview(self, request: CommandRequest) -> Preview:
        await self._check(request)
        return Preview((PreviewFrame("beep", bytes.fromhex("00ff")),), "then it waits")

    async def cancel(self, command: str, by: str) -> CommandRecord:
        record = await self.store.command(command)
        if record is None:
            raise NotFound("no such command", "command")
        if record.state is not State.QUEUED:
            raise Conflict("it has left already", "command")
        self.store.command_records[command] = replace(record, state=State.CANCELLED)
        return self.store.command_records[command]


class Beep(Struct, frozen=True, forbid_unknown_fields=True):
    times: Annotated[int, Meta(ge=1, le=9, description="How often")] = 1


def never(*_: object) -> object:
    raise AssertionError("the API starts no sessions")


DEMO = Protocol(
    name="demo",
    title="Demo",
    ident="[0-9]+",
    example="1",
    links=(Link(Transport.TCP, never, never, never, never, 60.0, 21000),),  # type: ignore[arg-type]  # never called
    capabilities=(
        Capability("beep", "Beep", Risk.ACTUATION, Beep),
        Capability("reset", "Factory reset", Risk.DANGEROUS),
    ),
    messages=(Described("hello", "01", Side.DEVICE, "1", Beep),),
)


class World:
    """An API with everything behind it, and a token of each scope."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self.store = FakeStore()
        self.bus = FakeBus()
        self.devices = FakeDevices(self.store, self.clock)
        self.tokens = Tokens(self.store, self.clock)
        self.shelf = FirmwareDirectory(directory, lambda: "http://lock.test", self.clock, bytes_max=1_000_000)
        self.relays = FakeRelays(self.store.records)
        self.media = FakeMedia(self.store.check)
        # The real ones: what is served of files is what lies on a disk.
        self.blobs = DirectoryBlobs(directory / "blobs")
        thumbnails = Thumbnails(directory / "thumbnails", self.blobs)
        self.media_shelf = Shelf(self.media, self.blobs, directory / "incoming", thumbnails)
        self.cabinets = Cabinets(self.store, self.clock)
        self.not_ready: str | None = None
        self.troubles: list[str] = []
        self.samples = [Sample("wayside_frames", MetricKind.COUNTER, "Frames", 3, {"protocol": "demo"})]
        self.distributions: list[Distribution] = []
        self.services = Services(
            store=self.store,
            bus=self.bus,
            devices=self.devices,
            desk=FakeDesk(lambda: self.services, self.store),
            relays=self.relays,
            firmware=self.shelf,
            media=self.media,
            shelf=self.media_shelf,
            rentals=self.cabinets.office,
            feed=Feed(),
            protocols=(DEMO,),
            tokens=self.tokens,
            clock=self.clock,
            stats=lambda: [*self.samples, *self.distributions],
            readiness=self.readiness,
            troubles=lambda: self.troubles,
            version="0.0.test",
        )
        self.token: dict[Scope, str] = {}

    async def readiness(self) -> str | None:
        return self.not_ready

    async def open(self) -> "World":
        self.shelf.open()
        self.blobs.open()
        self.media_shelf.open()
        first = await self.tokens.open()
        assert first is not None
        self.token[Scope.ADMIN] = first
        for scope in (Scope.READ, Scope.COMMAND):
            _, self.token[scope] = await self.tokens.create(f"{scope}-token", scope, None, "test")
        return self

    def app(self) -> Litestar:
        return app_for(self.services)

    def headers(self, scope: Scope = Scope.ADMIN) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token[scope]}"}

    def device(self, ident: str = "1", name: str = "") -> str:
        device = f"demo:{ident}"
        self.store.records[device] = DeviceRecord(device, "demo", DeviceStatus.ACCEPTED, NOW, name)
        return device

    def command(self, command: str) -> None:
        self.store.command_records[command] = CommandRecord(
            command, 1, "demo:1", "beep", {"times": 1}, State.QUEUED, NOW, NOW + SECOND, "test"
        )

    def event(self, number: int = 1, **changes: object) -> StoredEvent:
        event = StoredEvent(
            number, "demo:1", Kind.REPORT, NOW - 2 * SECOND, NOW + number, "hello", {"battery.level": 50}
        )
        event = replace(event, **changes)
        self.store.log.append(event)
        if event.kind is Kind.ALARM:
            self.store.alarm_records[event.id] = Alarm(event)
        return event

    def media_file(self, content: bytes = b"0123456789", number: int = 1, **changes: object) -> MediaFile:
        file = replace(media_file(content, number, NOW + number), **changes)
        self.media.by_id[file.id] = file
        path = self.blobs.local(file.id)
        assert path is not None
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return file


async def chunks(data: bytes, size: int = 4096) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]
