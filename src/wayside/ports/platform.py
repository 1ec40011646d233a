"""What the API may ask of the gateway: who is here, who knocks, and have this done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from wayside.model.commands import CommandRecord
from wayside.model.instant import Instant
from wayside.ports.store import Created, DeviceRecord


class Presence(msgspec.Struct, frozen=True):
    """The connection of a device.  ``since`` is when this state began; ``last_seen`` its last valid frame."""

    online: bool
    since: Instant | None = None
    last_seen: Instant | None = None
    address: str | None = None
    transport: str | None = None


class UnknownDevice(msgspec.Struct, frozen=True):
    """A device in quarantine: it is answered as its protocol requires, and nothing of it is stored yet."""

    device: str
    protocol: str
    first_seen: Instant
    last_seen: Instant
    address: str
    frames: int
    events_held: int
    events_dropped: int
    messages: tuple[str, ...] = ()


class Devices(Protocol):
    """Who is ours and who is here.  Every change is durable and audited before the call returns."""

    def presence(self, device: str) -> Presence:
        """Of any device; one that was never seen is offline since None."""

    def unknown(self) -> list[UnknownDevice]:
        """Who knocks, newest first."""

    async def create(self, device: str, name: str, by: str) -> DeviceRecord:
        """Register a device before it ever connects.  Raises ``CommandError`` (bad id), ``Conflict`` (exists)."""

    async def accept(self, device: str, name: str, by: str) -> DeviceRecord:
        """Take an unknown or rejected device in.

        What quarantine holds of it is stored, and its connection goes on as a known device's.  Raises ``NotFound``.
        """

    async def reject(self, device: str, by: str) -> DeviceRecord:
        """Refuse it: its connection is closed, and so is every later one.  Raises ``NotFound``."""

    async def rename(self, device: str, name: str, by: str) -> DeviceRecord:
        """Give it a name for people.  Raises ``NotFound``."""

    async def configure(self, device: str, changes: Mapping[str, str | None], by: str) -> DeviceRecord:
        """Set options of this one device; None takes one away.  Its connection, if there is one, begins anew.

        Raises ``NotFound``, ``CommandError`` (no such option, or not this value).
        """

    async def delete(self, device: str, by: str) -> None:
        """Forget it and its history, close its connection.  Raises ``NotFound``."""


class CommandRequest(msgspec.Struct, frozen=True):
    """A command as a caller asks for it.

    ``queue``: wait for an offline device until it expires (an actuation is refused at once otherwise).
    ``confirm``: must be true for a dangerous one.  ``expires_after_s`` None: the capability's own.
    """

    device: str
    capability: str
    requested_by: str
    parameters: dict[str, object] = {}
    idempotency_key: str | None = None
    expires_after_s: float | None = None
    queue: bool | None = None
    confirm: bool = False


class PreviewFrame(msgspec.Struct, frozen=True):
    """Bytes that would be sent.  Later frames of a dialogue depend on the device's answers and are not shown."""

    message: str
    data: bytes


class Preview(msgspec.Struct, frozen=True):
    """What a command would send were it sent now."""

    frames: tuple[PreviewFrame, ...]
    note: str = ""


class CommandDesk(Protocol):
    """Have a device do something."""

    async def submit(self, request: CommandRequest) -> Created:
        """Check, store, and hand over if the device is here.  Durable when this returns.

        Raises:
            NotFound: no such device.
            CommandError: no such capability, bad parameters, confirmation missing; names the field.
            Conflict: the device is offline and the command must not wait.
            KeyReused: same idempotency key, another body.
        """

    async def preview(self, request: CommandRequest) -> Preview:
        """The exact bytes, without sending or storing anything.  Raises as ``submit``."""

    async def cancel(self, command: str, by: str) -> CommandRecord:
        """Take back what has not left yet.  Raises ``NotFound``, ``Conflict`` (already sent)."""
