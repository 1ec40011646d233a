"""Which device is at which Bluetooth address, and over which characteristics it is spoken to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from wayside.gateway.device import Device
from wayside.gateway.hub import Hub, Route
from wayside.model.commands import WAITING
from wayside.model.errors import Conflict, NotFound
from wayside.model.identity import split_device_id
from wayside.ports.store import DeviceStatus
from wayside.protocol.base import Gatt, Protocol, Transport
from wayside.protocol.uuids import gatt_from

GATT: Final = "gatt"
"""The option of a device whose UUIDs are others than its protocol's."""

BLE_ADDRESS: Final = "ble_address"
"""The option of a device that is not called by its address."""

BLE_KEEP: Final = "ble_keep"
"""The option of a device whose connection is kept, in place of being made for each command."""

YES_OR_NO: Final = {"yes": True, "no": False}

_MAC: Final = re.compile(r"[0-9A-F]{12}")


class Way(msgspec.Struct, frozen=True):
    """How a device is reached.  ``address`` None: nobody knows, but whoever stands beside it may find it."""

    device: Device
    route: Route
    gatt: Gatt
    address: str | None


class Directory:
    """The ways to all devices that have BLE.

    ``addresses``: by device, as the operator says; a device that is called by its address needs none.  ``gatts``: by
    protocol, where its document names no UUIDs.  What is set for a device itself goes before both.
    """

    def __init__(
        self,
        hub: Hub,
        devices: Mapping[str, Device],
        protocols: Mapping[str, Protocol],
        options: Mapping[str, dict[str, str]],
        *,
        addresses: Mapping[str, str],
        gatts: Mapping[str, Gatt],
    ) -> None:
        self._hub = hub
        self._devices = devices
        self._protocols = protocols
        self._options = options
        self._addresses = addresses
        self._gatts = gatts

    def way(self, device: str) -> Way:
        """How to reach it.

        Raises:
            NotFound: no such device.
            Conflict: it is rejected, has no BLE, or nobody has said which UUIDs it has.
        """
        known = self._devices.get(device)
        if known is None:
            raise NotFound(f"there is no device {device}", "device")
        if known.record.status is DeviceStatus.REJECTED:
            raise Conflict("the device is rejected: accept it first", "device")
        protocol = self._protocols.get(known.record.protocol)
        link = protocol.link(Transport.BLE) if protocol else None
        if protocol is None or link is None:
            raise Conflict(f"{known.record.protocol} has no BLE link", "device")
        own = known.record.options
        gatt = gatt_from(own[GATT]) if GATT in own else self._gatts.get(protocol.name) or link.gatt
        if gatt is None:
            raise Conflict(f"nobody has said which UUIDs {protocol.name} has: see the setting gatt", "device")
        route = Route(protocol, link, self._hub, self._options.get(protocol.name, {}) | own)
        address = own[BLE_ADDRESS].upper() if BLE_ADDRESS in own else self._address(device)
        return Way(known, route, gatt, address)

    def wanted(self) -> list[Device]:
        """Devices that should be connected: commands wait for them, or they are kept."""
        return [device for device in self._devices.values() if wanted(device)]

    def _address(self, device: str) -> str | None:
        ident = split_device_id(device)[1]
        if device not in self._addresses and _MAC.fullmatch(ident):
            return ":".join(ident[n : n + 2] for n in range(0, len(ident), 2))
        return self._addresses.get(device)


def wanted(device: Device) -> bool:
    """Whether it should be connected."""
    return kept(device) or any(job.state in WAITING for job in device.jobs.values())


def kept(device: Device) -> bool:
    """Whether its connection is not let go when there is nothing more to do."""
    return YES_OR_NO[device.record.options.get(BLE_KEEP, "no")]


def elsewhere(device: Device) -> str | None:
    """Why BLE would only take the device away from a better link; None if it would not."""
    if device.line is not None and device.line.link.transport is not Transport.BLE:
        return f"the device is connected over {device.line.link.transport}"
    return None
