"""This machine's Bluetooth adapter, by bleak: connecting to a peripheral, and looking around.

``backend`` arguments are bleak's own: another Bluetooth stack than the system's, such as a simulated one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import BleakError

from wayside.link.advice import words

FIND_S: Final = 15.0
"""Locks advertise every second or two, to spare their batteries; and radio loses some of it."""


class Backends(msgspec.Struct, frozen=True):
    """Which Bluetooth stack; None: the system's."""

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None


SYSTEM: Final = Backends()


class Seen(msgspec.Struct, frozen=True):
    """What advertises here.  ``rssi`` in dBm."""

    address: str
    name: str
    services: tuple[str, ...]
    rssi: int


class BleakPeripheral:
    """A connected peripheral; see ``ports.gatt.Peripheral``."""

    def __init__(self, client: BleakClient, gone: asyncio.Event) -> None:
        self._client = client
        self._gone = gone

    @property
    def address(self) -> str | None:
        return self._client.address

    @property
    def mtu(self) -> int:
        return self._client.mtu_size

    async def subscribe(self, characteristic: str, heard: Callable[[bytes], None]) -> None:
        def told(_: BleakGATTCharacteristic, data: bytearray) -> None:
            heard(bytes(data))

        async with _os_errors():
            await self._client.start_notify(characteristic, told)

    async def write(self, characteristic: str, data: bytes) -> None:
        async with _os_errors():
            found = self._client.services.get_characteristic(characteristic)
            if found is None:
                raise ConnectionError(f"it has no characteristic {characteristic}")
            await self._client.write_gatt_char(found, data, response="write" in found.properties)

    async def gone(self) -> None:
        await self._gone.wait()


@asynccontextmanager
async def connected(
    service: str, address: str | None, backends: Backends, *, within_s: float = FIND_S
) -> AsyncIterator[BleakPeripheral]:
    """The peripheral with this address, or else the first that advertises this service.

    Raises:
        OSError: there is no adapter, or no such peripheral within that time.
    """
    gone = asyncio.Event()
    async with _os_errors():
        found = await _found(service, address, backends, within_s)
        client = BleakClient(
            found, disconnected_callback=lambda _: gone.set(), timeout=within_s, backend=backends.client
        )
        await client.connect()
    try:
        yield BleakPeripheral(client, gone)
    finally:
        async with _os_errors():
            await client.disconnect()


async def usable(backends: Backends) -> None:
    """Try the adapter.

    Raises:
        OSError: there is none, or it is switched off.
    """
    async with _os_errors(), BleakScanner(backend=backends.scanner):
        pass


async def look_around(backends: Backends, within_s: float, services: tuple[str, ...] = ()) -> list[Seen]:
    """What advertises one of these services, or anything at all; the nearest first.

    Raises:
        OSError: there is no adapter.
    """
    async with (
        _os_errors(),
        BleakScanner(service_uuids=list(services) or None, backend=backends.scanner) as scanner,
    ):
        await asyncio.sleep(within_s)
        found = scanner.discovered_devices_and_advertisement_data.values()
    seen = [
        Seen(device.address, said.local_name or "", tuple(dict.fromkeys(said.service_uuids)), said.rssi)
        for device, said in found
    ]
    return sorted(seen, key=lambda each: -each.rssi)


async def _found(service: str, address: str | None, backends: Backends, within_s: float) -> BLEDevice:
    try:
        async with asyncio.timeout(within_s), BleakScanner(backend=backends.scanner) as scanner:
            async for device, said in scanner.advertisement_data():
                if (
                    service in said.service_uuids
                    if address is None
                    else device.address.upper() == address.upper()
                ):
                    return device
    except TimeoutError:
        pass
    raise TimeoutError(f"nothing in reach has {address or service}")


@asynccontextmanager
async def _os_errors() -> AsyncIterator[None]:
    """What bleak raises, as what it means to whoever uses a link."""
    try:
        yield
    except (BleakError, FileNotFoundError, ConnectionRefusedError) as error:
        raise ConnectionError(words(error)) from error
