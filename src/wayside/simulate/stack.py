"""A Bluetooth stack for bleak that is all in this process: Bumble's host on a virtual controller.

Bumble is a development dependency: whoever imports this module needs it.
"""

# ruff: noqa: ANN401, ARG002 - what bleak and Bumble hand over has no types; the signatures are bleak's

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError
from bleak.uuids import normalize_uuid_str
from bumble.core import UUID, AdvertisingData
from bumble.device import Device, Peer
from bumble.hci import Address

from wayside.link.adapter import Backends

PROPERTIES: Final = {
    0x02: "read",
    0x04: "write-without-response",
    0x08: "write",
    0x10: "notify",
    0x20: "indicate",
}
MTU: Final = 185
"""What phones usually ask for."""
MTU_LEAST: Final = 23
"""What every connection begins with (Bluetooth Core, vol. 3, part G, 5.2.1)."""
ATT_HEAD: Final = 3
"""The bytes of the MTU that a write's own head takes."""
SHORT_UUID_BYTES: Final = 2


def name_of(uuid: UUID) -> str:
    """As bleak writes it."""
    return normalize_uuid_str(
        uuid.to_hex_str("-") if len(uuid.uuid_bytes) > SHORT_UUID_BYTES else uuid.to_hex_str()
    )


@contextmanager
def bleak_errors() -> Iterator[None]:
    """What Bumble raises, as bleak's.

    Bumble cancels what waits for an answer when its connection ends: to whoever waits that would look as if they
    themselves had been cancelled.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise BleakError("disconnected") from error
    except Exception as error:
        raise BleakError(repr(error)) from error


class Scanner(BaseBleakScanner):
    """What ``central`` hears."""

    central: Device

    def __init__(
        self, detection_callback: Any = None, service_uuids: Any = None, mode: str = "active", **_: Any
    ) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        self.central.on("advertisement", self._seen)
        await self.central.start_scanning()

    async def stop(self) -> None:
        self.central.remove_listener("advertisement", self._seen)
        await self.central.stop_scanning()

    def _seen(self, said: Any) -> None:
        lists = said.data.get_all(AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS) or []
        services = [name_of(uuid) for found in lists for uuid in found]
        if not self.is_allowed_uuid(services):
            return
        name = said.data.get(AdvertisingData.COMPLETE_LOCAL_NAME)
        data = AdvertisementData(name, {}, {}, services, None, said.rssi, ())
        address = str(said.address).partition("/")[0]
        found = self.create_or_update_device(address, address, name, said.address, data)
        self.call_detection_callbacks(found, data)


class Client(BaseBleakClient):
    """One connection of ``central``, which makes one at a time.  ``wish``: the MTU that it asks for."""

    central: Device
    connecting: asyncio.Lock
    wish: int

    def __init__(self, found: Any, services: Any = None, **options: Any) -> None:
        super().__init__(found, **options)
        self._at = getattr(found, "details", None) or Address(found)
        self._connection: Any = None
        self._peer: Any = None

    @property
    def name(self) -> str:
        return self.address

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else MTU_LEAST

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool = False, **_: Any) -> None:  # noqa: FBT001, FBT002 - bleak's
        try:
            async with self.connecting:
                self._connection = await self.central.connect(self._at, timeout=self._timeout)
        except Exception as error:
            raise BleakError(f"{self.address}: {error!r}") from error
        self._connection.on("disconnection", self._gone)
        self._peer = Peer(self._connection)
        with bleak_errors():
            await self._discover()

    async def _discover(self) -> None:
        if self.wish > MTU_LEAST:
            await self._peer.request_mtu(self.wish)
        self.services = BleakGATTServiceCollection()
        await self._peer.discover_services()
        for service in self._peer.services:
            known = BleakGATTService(service, service.handle, name_of(service.uuid))
            self.services.add_service(known)
            for found in await service.discover_characteristics():
                properties: Any = [word for bit, word in PROPERTIES.items() if int(found.properties) & bit]
                self.services.add_characteristic(
                    BleakGATTCharacteristic(
                        found,
                        found.handle,
                        name_of(found.uuid),
                        properties,
                        lambda: self.mtu_size - ATT_HEAD,
                        known,
                    )
                )

    def _gone(self, *_: object) -> None:
        was, self._connection = self._connection, None
        if was is not None and self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect()

    async def write_gatt_char(self, characteristic: Any, data: Any, response: bool) -> None:  # noqa: FBT001 - bleak's
        self._check()
        with bleak_errors():
            await characteristic.obj.write_value(bytes(data), with_response=response)

    async def start_notify(self, characteristic: Any, callback: Any, **_: Any) -> None:
        self._check()
        with bleak_errors():
            await self._peer.subscribe(characteristic.obj, lambda value: callback(bytearray(value)))

    def _check(self) -> None:
        if self._connection is None:
            raise BleakError("not connected")

    async def pair(self, *_: Any, **__: Any) -> None: ...

    async def unpair(self) -> None: ...

    async def read_gatt_char(self, characteristic: Any, **_: Any) -> bytearray:
        with bleak_errors():
            return bytearray(await characteristic.obj.read_value())

    async def read_gatt_descriptor(self, descriptor: Any, **_: Any) -> bytearray:
        raise NotImplementedError

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None:
        raise NotImplementedError

    async def stop_notify(self, characteristic: Any) -> None:
        with bleak_errors():
            await self._peer.unsubscribe(characteristic.obj)


def backends_on(device: Device, *, mtu: int = MTU) -> Backends:
    """What ``device`` sees and connects to."""
    scanner = type("Scanner", (Scanner,), {"central": device})
    client = type("Client", (Client,), {"central": device, "connecting": asyncio.Lock(), "wish": mtu})
    return Backends(scanner, client)
