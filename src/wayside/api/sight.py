"""What a caller gets to see: secrets that devices send or are sent are for administrators only.

Secrets are the bytes that a protocol's ``redact`` replaces, and the parameters that a capability marks as such.  What
cannot be judged, because this server no longer speaks the protocol or knows the capability, is hidden altogether.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from wayside.api.services import Services
from wayside.api.tokens import Caller, Scope
from wayside.model.commands import CommandRecord
from wayside.model.events import StoredFrame
from wayside.model.identity import split_device_id
from wayside.model.secrets import HIDDEN, without_secrets
from wayside.ports.platform import Preview
from wayside.protocol.base import Protocol

MASK: Final = b"*"


def frame_for(by: Caller, services: Services, frame: StoredFrame) -> StoredFrame:
    """A stored frame as the caller may see it."""
    if by.may(Scope.ADMIN):
        return frame
    protocol = _protocol(services, frame.device)
    received = None if frame.received is None else _redacted(protocol, frame.received)
    sent = None if frame.sent is None else _redacted(protocol, frame.sent)
    return replace(frame, received=received, sent=sent)


def preview_for(by: Caller, services: Services, device: str, preview: Preview) -> Preview:
    """A preview as the caller may see it."""
    if by.may(Scope.ADMIN):
        return preview
    protocol = _protocol(services, device)
    frames = (replace(frame, data=_redacted(protocol, frame.data)) for frame in preview.frames)
    return replace(preview, frames=tuple(frames))


def command_for(by: Caller, services: Services, record: CommandRecord) -> CommandRecord:
    """A command as the caller may see it."""
    if by.may(Scope.ADMIN):
        return record
    protocol = _protocol(services, record.device)
    capability = protocol.capability(record.capability) if protocol else None
    if capability is None:
        return replace(record, parameters=dict.fromkeys(record.parameters, HIDDEN))
    return replace(record, parameters=without_secrets(capability, record.parameters))


def _protocol(services: Services, device: str) -> Protocol | None:
    return services.protocol(split_device_id(device)[0])


def _redacted(protocol: Protocol | None, raw: bytes) -> bytes:
    return MASK * len(raw) if protocol is None else protocol.redacted(raw)
