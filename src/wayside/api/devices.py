"""Devices: who is ours, who is here, what they last said."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from wayside.api.auth import ADMIN, READ
from wayside.api.parameters import DEVICE_MAX, NAME_PATTERN, TEXT_MAX, By, Device, Provided, Window
from wayside.api.shapes import Next, Time, time
from wayside.model.errors import NotFound
from wayside.model.events import Latest, Value
from wayside.model.instant import SECOND, Instant, to_rfc3339
from wayside.ports.platform import Presence
from wayside.ports.store import DeviceQuery, DeviceRecord, DeviceStatus

# ``online`` is known to the gateway, not to the store: a list that filters by it looks at this many pages of
# devices, then gives the caller the cursor to go on with.
PAGES_PER_REQUEST_MAX: Final = 20

DeviceName = Annotated[str, Meta(max_length=100, pattern=NAME_PATTERN, description="A name for people")]


class LatestView(msgspec.Struct, frozen=True):
    """The last known value of a name.  ``age_s`` is never negative, also when the device's clock runs ahead."""

    value: Value
    at: Time
    age_s: float

    @classmethod
    def of(cls, latest: Latest, now: Instant) -> LatestView:
        return cls(latest.value, to_rfc3339(latest.at), max(0, now - latest.at) / SECOND)


class PresenceView(msgspec.Struct, frozen=True):
    """A device's connection.  ``since``: when this state began; null if it was never here."""

    online: bool
    since: Time | None
    last_seen: Time | None
    address: str | None
    transport: str | None

    @classmethod
    def of(cls, presence: Presence) -> PresenceView:
        return cls(
            presence.online,
            time(presence.since),
            time(presence.last_seen),
            presence.address,
            presence.transport,
        )


class DeviceView(msgspec.Struct, frozen=True):
    """A device.  ``state`` is null in lists, unless they are asked for it."""

    device: str
    protocol: str
    name: str
    status: DeviceStatus
    created_at: Time
    presence: PresenceView
    state: dict[str, LatestView] | None

    @classmethod
    def of(cls, record: DeviceRecord, presence: Presence, state: dict[str, LatestView] | None) -> DeviceView:
        return cls(
            record.device,
            record.protocol,
            record.name,
            record.status,
            to_rfc3339(record.created_at),
            PresenceView.of(presence),
            state,
        )


class DevicePage(msgspec.Struct, frozen=True):
    """Devices, by id."""

    items: list[DeviceView]
    next: Next


class NewDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device that may connect from now on."""

    device: Annotated[str, Meta(max_length=DEVICE_MAX, description="`<protocol>:<ident>`")]
    name: DeviceName = ""


class DeviceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be changed about a device."""

    name: DeviceName


Options = Annotated[
    dict[str, str],
    Meta(
        description="By the names in the protocol's page; "
        "`gatt`, `ble_address` and `ble_keep` for whatever speaks Bluetooth"
    ),
]


class DeviceOptions(msgspec.Struct, frozen=True):
    """What is set for this one device; what is not, is as the server's settings say."""

    options: Options


class DeviceOptionsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options to set; null takes one away.  The others stay."""

    options: dict[str, str | None]


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an accepted device is called."""

    name: DeviceName = ""


@get("/devices", opt=READ)
async def list_devices(
    *,
    services: Provided,
    window: Window,
    protocol: Annotated[
        str | None, QueryParameter(max_length=TEXT_MAX, description="Only devices of this protocol")
    ] = None,
    status: FromQuery[DeviceStatus | None] = None,
    search: Annotated[
        str | None, QueryParameter(max_length=TEXT_MAX, description="A part of the id or the name")
    ] = None,
    online: Annotated[bool | None, QueryParameter(description="Connected right now, or not")] = None,
    with_state: Annotated[bool, QueryParameter(name="state", description="With the last values")] = False,
) -> DevicePage:
    """List devices by id.  With `online`, a page can be short, even empty, and still have a `next`."""
    found: list[DeviceView] = []
    span = window
    for _ in range(PAGES_PER_REQUEST_MAX):
        page = await services.store.devices(DeviceQuery(protocol, status, search, span))
        found = [
            _view(services, record, with_state=with_state)
            for record in page.items
            if online is None or services.devices.presence(record.device).online == online
        ]
        if found or page.next is None:
            break
        span = msgspec.structs.replace(span, cursor=page.next)
    return DevicePage(found, page.next)


@get("/devices/{device:str}", opt=READ)
async def get_device(services: Provided, device: Device) -> DeviceView:
    """Show one device with its connection and the last value of every name."""
    return _view(services, await known(services, device), with_state=True)


@post("/devices", opt=ADMIN)
async def create_device(services: Provided, by: By, data: JSONBody[NewDevice]) -> Response[DeviceView]:
    """Register a device before it ever connects."""
    record = await services.devices.create(data.device, data.name, by.name)
    return Response(
        _view(services, record, with_state=True), headers={"Location": f"/api/v1/devices/{record.device}"}
    )


@patch("/devices/{device:str}", opt=ADMIN)
async def rename_device(
    services: Provided, by: By, device: Device, data: JSONBody[DeviceChange]
) -> DeviceView:
    """Give a device another name."""
    return _view(services, await services.devices.rename(device, data.name, by.name), with_state=True)


@get("/devices/{device:str}/options", opt=ADMIN)
async def get_device_options(services: Provided, device: Device) -> DeviceOptions:
    """Show the options of one device, keys and passwords among them."""
    return DeviceOptions((await known(services, device)).options)


@patch("/devices/{device:str}/options", opt=ADMIN)
async def set_device_options(
    services: Provided, by: By, device: Device, data: JSONBody[DeviceOptionsChange]
) -> DeviceOptions:
    """Set options of one device, such as its key.  If it is connected, its connection is closed and begins anew."""
    return DeviceOptions((await services.devices.configure(device, data.options, by.name)).options)


@post("/devices/{device:str}/accept", opt=ADMIN, status_code=200)
async def accept_device(
    services: Provided, by: By, device: Device, data: JSONBody[Acceptance | None] = None
) -> DeviceView:
    """Take in an unknown or rejected device: what was held back of it is stored, its connection goes on."""
    name = data.name if data else ""
    return _view(services, await services.devices.accept(device, name, by.name), with_state=True)


@post("/devices/{device:str}/reject", opt=ADMIN, status_code=200)
async def reject_device(services: Provided, by: By, device: Device) -> DeviceView:
    """Refuse a device: its connection is closed, now and whenever it comes back."""
    return _view(services, await services.devices.reject(device, by.name), with_state=True)


@delete("/devices/{device:str}", opt=ADMIN)
async def delete_device(services: Provided, by: By, device: Device) -> None:
    """Forget a device and its whole history, and close its connection."""
    await services.devices.delete(device, by.name)


async def known(services: Provided, device: str) -> DeviceRecord:
    """The device's record.

    Raises:
        NotFound: nobody has decided on such a device.
    """
    record = await services.store.device(device)
    if record is None:
        raise NotFound("no such device", "device")
    return record


def _view(services: Provided, record: DeviceRecord, *, with_state: bool) -> DeviceView:
    state = None
    if with_state:
        now = services.clock()
        last = services.store.state(record.device)
        state = {name: LatestView.of(latest, now) for name, latest in sorted(last.items())}
    return DeviceView.of(record, services.devices.presence(record.device), state)


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (
    list_devices,
    get_device,
    create_device,
    rename_device,
    get_device_options,
    set_device_options,
    accept_device,
    reject_device,
    delete_device,
)
