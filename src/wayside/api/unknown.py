"""Unknown devices: they knock, and somebody decides."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler

from wayside.api.auth import READ
from wayside.api.parameters import Provided
from wayside.api.shapes import Time
from wayside.model.instant import to_rfc3339
from wayside.ports.platform import UnknownDevice


class UnknownView(msgspec.Struct, frozen=True):
    """A device that nobody has decided on: it is answered, and what it says is held back."""

    device: str
    protocol: str
    first_seen: Time
    last_seen: Time
    address: str
    frames: int
    events_held: int
    events_dropped: int
    messages: list[str]

    @classmethod
    def of(cls, unknown: UnknownDevice) -> UnknownView:
        return cls(
            unknown.device,
            unknown.protocol,
            to_rfc3339(unknown.first_seen),
            to_rfc3339(unknown.last_seen),
            unknown.address,
            unknown.frames,
            unknown.events_held,
            unknown.events_dropped,
            list(unknown.messages),
        )


class UnknownList(msgspec.Struct, frozen=True):
    """Who knocks, newest first."""

    items: list[UnknownView]


@get("/unknown-devices", opt=READ)
async def list_unknown_devices(services: Provided) -> UnknownList:
    """List the devices that wait for a decision; `POST /devices/{device}/accept` or `/reject` makes it."""
    return UnknownList([UnknownView.of(unknown) for unknown in services.devices.unknown()])


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (list_unknown_devices,)
