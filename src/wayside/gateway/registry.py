"""Who is ours and who is here: all devices in memory, every decision durable and audited before it counts."""

from __future__ import annotations

import asyncio
import enum
import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import structlog

from wayside.gateway.commands import Desk
from wayside.gateway.device import Device, Line
from wayside.gateway.limits import Limits
from wayside.gateway.options import DEVICE_OPTIONS, Check, changed, unchecked
from wayside.gateway.pipeline import Pipeline
from wayside.gateway.quarantine import Guest, Quarantine
from wayside.model.errors import CommandError, Conflict, NotFound
from wayside.model.events import Event, Kind
from wayside.model.identity import device_id, split_device_id
from wayside.model.instant import MINUTE, Instant
from wayside.model.rate import Rate
from wayside.ports.platform import Presence, UnknownDevice
from wayside.ports.store import AuditRecord, DeviceRecord, DeviceStatus, Entry, Store
from wayside.protocol.base import Protocol

log = structlog.get_logger("wayside.gateway")

# A name for people: one line of a list.
NAME_LENGTH_MAX: Final = 100

# Offline events at start are stored in portions, so that the pipeline does not count itself full.
CLEAN_UP_AT_ONCE: Final = 1_000

REGISTERED_BY: Final = "open registration"
CONNECTION: Final = "connection"


class Registering(enum.StrEnum):
    """What becomes of a device that nobody has decided on."""

    OPEN = "open"
    """It is accepted, and that is recorded before its first answer."""
    QUARANTINE = "quarantine"
    """It is answered as its protocol requires, and held until somebody decides."""


class TurnedAwayFor(enum.StrEnum):
    """Why a device that says who it is may not come in; the reason of its connection's end."""

    QUARANTINE = "no room in quarantine"
    REGISTRATION = "no room for new devices"
    DELETED = "deleted"
    """Just now, and not all of it is gone yet."""


class Registry:
    """Implements ``ports.platform.Devices``."""

    def __init__(
        self,
        *,
        devices: dict[str, Device],
        protocols: Mapping[str, Protocol],
        store: Store,
        pipeline: Pipeline,
        desk: Desk,
        limits: Limits,
        clock: Callable[[], Instant],
        registering: Registering,
        check_options: Check = unchecked,
    ) -> None:
        self._devices = devices
        self._protocols = protocols
        self._store = store
        self._pipeline = pipeline
        self._desk = desk
        self._limits = limits
        self._clock = clock
        self._registering = registering
        self._new = Rate(limits.connections_per_address)
        self._complained_at: Instant | None = None
        self._check_options = check_options
        self._deciding = asyncio.Lock()
        self._deleting: set[str] = set()
        self.quarantine = Quarantine(limits)

    async def load(self) -> None:
        """Read every device, and note those offline that the last run left online."""
        at = self._clock()
        for number, record in enumerate(await self._store.all_devices(), start=1):
            device = self._devices[record.device] = Device(record)
            last = self._store.state(device.id).get("connection.status")
            if last is None:
                continue
            device.since = last.at
            if last.value == "online":
                self._note(device, "offline", "the server was restarted", at)
            if number % CLEAN_UP_AT_ONCE == 0:
                await self._pipeline.flush()
        await self._pipeline.flush()

    # What people ask.

    def presence(self, device: str) -> Presence:
        """See ``ports.platform.Devices``."""
        known = self._devices.get(device)
        return known.presence() if known else Presence(online=False)

    def unknown(self) -> list[UnknownDevice]:
        """See ``ports.platform.Devices``."""
        return self.quarantine.unknown()

    async def create(self, device: str, name: str, by: str) -> DeviceRecord:
        """See ``ports.platform.Devices``."""
        protocol = self._protocol_of(device)
        async with self._deciding:
            if device in self._devices:
                raise Conflict(f"there is a device {device} already", "device")
            record = DeviceRecord(device, protocol, DeviceStatus.ACCEPTED, self._clock(), _checked(name))
            return await self._decide(record, "device.create", by)

    async def accept(self, device: str, name: str, by: str) -> DeviceRecord:
        """See ``ports.platform.Devices``."""
        async with self._deciding:
            known, guest = self._known(device)
            if known is not None:
                record = msgspec.structs.replace(
                    known.record, status=DeviceStatus.ACCEPTED, name=_checked(name) or known.record.name
                )
            else:
                assert guest is not None
                at = self._clock()
                record = DeviceRecord(device, guest.protocol, DeviceStatus.ACCEPTED, at, _checked(name))
            return await self._decide(record, "device.accept", by)

    async def reject(self, device: str, by: str) -> DeviceRecord:
        """See ``ports.platform.Devices``."""
        async with self._deciding:
            known, guest = self._known(device)
            if known is not None:
                record = msgspec.structs.replace(known.record, status=DeviceStatus.REJECTED)
            else:
                assert guest is not None
                record = DeviceRecord(device, guest.protocol, DeviceStatus.REJECTED, self._clock())
            return await self._decide(record, "device.reject", by)

    async def rename(self, device: str, name: str, by: str) -> DeviceRecord:
        """See ``ports.platform.Devices``."""
        async with self._deciding:
            known = self._devices.get(device)
            if known is None:
                raise NotFound(f"there is no device {device}", "device")
            record = msgspec.structs.replace(known.record, name=_checked(name))
            return await self._decide(record, "device.rename", by)

    async def configure(self, device: str, changes: Mapping[str, str | None], by: str) -> DeviceRecord:
        """See ``ports.platform.Devices``."""
        async with self._deciding:
            known = self._devices.get(device)
            if known is None:
                raise NotFound(f"there is no device {device}", "device")
            options = changed(known.record.options, changes)
            if options == known.record.options:
                return known.record
            try:
                self._check_options(known.record.protocol, options)
            except ValueError as error:
                raise CommandError(str(error), "options") from error
            record = msgspec.structs.replace(known.record, options=options)
            record = await self._decide(record, DEVICE_OPTIONS, by, ", ".join(sorted(changes)))
            if known.line is not None:
                known.line.hang_up("its options were changed")
            return record

    async def delete(self, device: str, by: str) -> None:
        """See ``ports.platform.Devices``."""
        async with self._deciding:
            known, guest = self._known(device)
            if known is not None:
                line, known.line = known.line, None
                self._desk.forget(known)
                del self._devices[device]
                if self._pipeline.rules is not None:
                    self._pipeline.take(self._pipeline.rules.deleted(device, self._clock()))
            else:
                assert guest is not None
                line = guest.line
                self.quarantine.remove(device)
            if line is not None:
                line.forget()
            self._deleting.add(device)
            try:
                await self._pipeline.flush()  # what is under way must not arrive after its history is gone
                if known is not None:
                    await self._store.delete_device(device)
                await self._store.audit(AuditRecord(self._clock(), by, "device.delete", device))
            except BaseException:
                if known is not None:
                    self._devices[device] = known
                raise
            finally:
                self._deleting.discard(device)

    # What connections ask and say.

    def options_of(self, protocol: Protocol) -> Callable[[str], dict[str, str]]:
        """What was set for each of its devices, and what they have taught us."""
        devices, state = self._devices, self._store.state

        def options_of(ident: str) -> dict[str, str]:
            known = devices.get(f"{protocol.name}:{ident}")
            if known is None:
                return {}
            last = state(known.id) if protocol.teaches else {}
            taught = {
                option: str(last[name].value) for name, option in protocol.teaches.items() if name in last
            }
            return taught | known.record.options

        return options_of

    def identify(self, line: Line, protocol: str, ident: str, at: Instant) -> Device | Guest | TurnedAwayFor:
        """A connection says who it is; the newest such connection wins."""
        device = device_id(protocol, ident)
        if device in self._deleting:
            return TurnedAwayFor.DELETED
        known = self._devices.get(device)
        if known is None and self._registering is Registering.QUARANTINE:
            before = self.quarantine.get(device)
            earlier = before.line if before else None
            guest = self.quarantine.knock(device, protocol, line, at)
            if earlier is not None and earlier is not line:
                earlier.replaced()
            return guest or TurnedAwayFor.QUARANTINE
        if known is None:
            if not self._may_register(line, at):
                return TurnedAwayFor.REGISTRATION
            record = DeviceRecord(device, protocol, DeviceStatus.ACCEPTED, at)
            known = self._devices[device] = Device(record)
            known.registered_in = self._pipeline.gathering
            self._pipeline.register(record, AuditRecord(at, REGISTERED_BY, "device.create", device))
        if known.record.status is DeviceStatus.ACCEPTED:
            self._attach(known, line, at)
        return known

    def left(self, device: Device, line: Line, reason: str, at: Instant) -> None:
        """A connection ended.  Only the one that speaks for the device can take it offline."""
        if device.line is not line:
            return
        device.line = None
        device.last_seen = line.last_seen or device.last_seen
        self._desk.gone(device, at, offline=True)
        self._note(device, "offline", reason, at)

    def guest_left(self, guest: Guest, line: Line) -> None:
        """The same for a stranger."""
        if guest.line is line:
            guest.line = None

    # Inside.

    def _may_register(self, line: Line, at: Instant) -> bool:
        """Whether open registration lets one more device in, from this address, now."""
        if len(self._devices) >= self._limits.registered_devices:
            reason = "there are too many devices"
        elif self._new.count(line.address, at):
            reason = "too many new devices from this address"
        else:
            return True
        if self._complained_at is None or at - self._complained_at >= MINUTE:
            self._complained_at = at
            log.warning("new devices are turned away", reason=reason, address=line.address)
        return False

    def _attach(self, device: Device, line: Line, at: Instant) -> None:
        earlier, device.line = device.line, line
        device.refusals = 0
        if earlier is None:
            self._note(device, "online", "connected", at)
        elif earlier is not line:
            log.info("another connection speaks for the device", device=device.id, address=line.address)
            earlier.replaced()
            self._desk.gone(device, at, offline=False)

    def _note(self, device: Device, status: str, reason: str, at: Instant) -> None:
        device.since = at
        event = Event(
            Kind.PRESENCE, CONNECTION, {"connection.status": status, "connection.reason": reason}, at
        )
        self._pipeline.add(Entry(device.id, at, CONNECTION, event))
        self._pipeline.arm()

    async def _decide(
        self, record: DeviceRecord, action: str, by: str, detail: str | None = None
    ) -> DeviceRecord:
        """Make it durable, then true."""
        detail = record.name if detail is None else detail
        device = self._devices.get(record.device)
        if device is None:
            await self._store.put_device(record)
        else:
            await self._replace(device, record)
        await self._store.audit(AuditRecord(self._clock(), by, action, record.device, detail))
        if device is None:
            device = self._devices[record.device] = Device(record)
        guest = self.quarantine.remove(record.device)
        if record.status is DeviceStatus.REJECTED:
            self._turn_out(device, guest)
        elif guest is not None:
            self._take_in(device, guest)
            await self._pipeline.flush()
        return device.record

    async def _replace(self, device: Device, record: DeviceRecord) -> None:
        """Store what was decided, with what commands that succeed meanwhile make of the device's options."""
        seen = device.record.options
        while True:
            await self._pipeline.flush()  # a batch that is under way may hold the device as it was
            await self._store.put_device(record)
            now = device.record.options
            if now == seen:
                device.record = record
                return
            news = {name: text for name, text in now.items() if seen.get(name) != text}
            record, seen = msgspec.structs.replace(record, options=record.options | news), now

    def _turn_out(self, device: Device, guest: Guest | None) -> None:
        self._desk.dismiss(device, self._clock(), "the device was rejected")
        for line in (device.line, guest.line if guest else None):
            if line is not None:
                line.hang_up("rejected")

    def _take_in(self, device: Device, guest: Guest) -> None:
        add = self._pipeline.adder(guest.protocol)
        for entry in guest.entries:
            add(entry)
        self._pipeline.kick()
        if guest.line is not None:
            self._attach(device, guest.line, self._clock())
            guest.line.admit(device)

    def _known(self, device: str) -> tuple[Device | None, Guest | None]:
        known, guest = self._devices.get(device), self.quarantine.get(device)
        if known is None and guest is None:
            raise NotFound(f"there is no device {device}", "device")
        return known, guest

    def _protocol_of(self, device: str) -> str:
        try:
            name, ident = split_device_id(device)
        except ValueError as error:
            raise CommandError(str(error), "device") from None
        protocol = self._protocols.get(name)
        if protocol is None:
            known = ", ".join(sorted(self._protocols))
            raise CommandError(f"there is no protocol {name}; there are: {known}", "device")
        if not re.fullmatch(protocol.ident, ident):
            raise CommandError(f"{ident} is no {protocol.title}'s; one is {protocol.example}", "device")
        return name


def _checked(name: str) -> str:
    if len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise CommandError(f"at most {NAME_LENGTH_MAX} printable characters", "name")
    return name
