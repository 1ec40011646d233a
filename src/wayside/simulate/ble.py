"""A simulated device as a BLE peripheral, on whatever controller Bumble can drive: a virtual one, or a USB stick.

Bumble is a development dependency: whoever imports this module needs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from bumble.transport import open_transport

from wayside.model.instant import SECOND, Instant
from wayside.ports.gatt import pieces
from wayside.protocol.base import Gatt
from wayside.protocol.effects import Close, Send, WakeAt
from wayside.protocol.simulator import Reactions, Simulator
from wayside.simulate.device import now

# Of the 31 bytes of an advertisement the flags take 3, the service 18, and the name's own head 2.
NAME_LENGTH_MAX: Final = 8

ADVERTISING_INTERVAL_MS: Final = 30.0
"""Real locks take a second or more, to spare their batteries; nobody wants to wait for that here."""

FLAGS: Final = b"\x06"
"""Generally discoverable, LE only."""


class BlePeripheral:
    """Drives one simulator over one connection after another."""

    def __init__(self, device: Device, gatt: Gatt, simulator: Simulator) -> None:
        self.simulator = simulator
        self._device = device
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._connection: Connection | None = None
        self._saying: asyncio.Queue[Send | Close] = asyncio.Queue()
        self._mouth: asyncio.Task[None] | None = None
        self._notify: Characteristic[bytes] = Characteristic(
            UUID(gatt.notify),
            Characteristic.Properties.NOTIFY | Characteristic.Properties.READ,
            Characteristic.Permissions.READABLE,
            b"",
        )
        write: Characteristic[bytes] = Characteristic(
            UUID(gatt.write),
            Characteristic.Properties.WRITE | Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
            Characteristic.Permissions.WRITEABLE,
            CharacteristicValue(write=self._written),
        )
        device.add_service(Service(UUID(gatt.service), [write, self._notify]))
        device.advertising_data = bytes(
            AdvertisingData(
                [
                    (AdvertisingData.Type.FLAGS, FLAGS),
                    (
                        AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                        bytes(UUID(gatt.service)),
                    ),
                    (
                        AdvertisingData.Type.COMPLETE_LOCAL_NAME,
                        simulator.ident[-NAME_LENGTH_MAX:].encode(),
                    ),
                ]
            )
        )
        device.on("connection", self._connected)

    async def start(self) -> None:
        """Advertise, again after each connection."""
        await self._device.power_on()
        await self._device.start_advertising(
            auto_restart=True,
            advertising_interval_min=ADVERTISING_INTERVAL_MS,
            advertising_interval_max=ADVERTISING_INTERVAL_MS,
        )

    async def drop(self) -> None:
        """Walk out of reach."""
        if self._connection is not None:
            await self._connection.disconnect()

    def _connected(self, connection: Connection) -> None:
        self._connection = connection
        connection.on("disconnection", self._disconnected)
        self._saying = asyncio.Queue()
        self._mouth = self._loop.create_task(self._say_all(connection, self._saying))
        self._react(self.simulator.connected(now()))

    def _disconnected(self, _reason: int) -> None:
        self._connection = None
        if self._mouth is not None:
            self._mouth.cancel()
        self._set_alarm(None)

    def _written(self, _connection: Connection, value: bytes) -> None:
        self._react(self.simulator.received(bytes(value), now()))

    def _react(self, reactions: Reactions) -> None:
        for reaction in reactions:
            if isinstance(reaction, WakeAt):
                self._set_alarm(reaction.at)
            elif isinstance(reaction, Send | Close):  # locks neither upload nor stream
                self._saying.put_nowait(reaction)

    async def _say_all(self, connection: Connection, saying: asyncio.Queue[Send | Close]) -> None:
        """Notifications leave one after the other, in the order in which they were meant."""
        while isinstance(reaction := await saying.get(), Send):
            for piece in pieces(reaction.data, connection.att_mtu):
                await self._device.notify_subscriber(connection, self._notify, piece)
        await connection.disconnect()

    def _set_alarm(self, at: Instant | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if at is not None:
            self._alarm = self._loop.call_later(max(0.0, (at - now()) / SECOND), self._wake)

    def _wake(self) -> None:
        self._alarm = None
        self._react(self.simulator.wake(now()))


@asynccontextmanager
async def on_controller(
    transport: str, address: str, gatt: Gatt, simulator: Simulator
) -> AsyncIterator[BlePeripheral]:
    """A peripheral on the controller behind one of Bumble's transports, such as ``usb:0`` or ``hci-socket:0``.

    Raises:
        OSError: there is no such controller.
    """
    try:
        opened = await open_transport(transport)
    except OSError:
        raise
    except Exception as error:  # Bumble hands on whatever libusb, sockets and drivers of this system raise
        raise OSError(str(error) or type(error).__name__) from error
    async with opened as controller:
        device = Device.with_hci(simulator.ident, Address(address), controller.source, controller.sink)
        peripheral = BlePeripheral(device, gatt, simulator)
        await peripheral.start()
        yield peripheral
