"""Virtual air: simulated locks on controllers of their own, and a central that hears them.

Bumble is a development dependency: whoever imports this module needs it.
"""

from __future__ import annotations

import random
from typing import Any, Final

from bumble.controller import Controller
from bumble.device import Device
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink

from wayside.link.adapter import Backends
from wayside.protocol.base import Gatt, Link
from wayside.protocol.simulator import Behaviour
from wayside.simulate.ble import BlePeripheral
from wayside.simulate.stack import MTU, backends_on

CENTRAL: Final = "F0:F0:F0:F0:F0:F0"


class Air:
    """What is in reach of each other."""

    def __init__(self) -> None:
        self.link: Any = LocalLink()  # type: ignore[no-untyped-call]  # Bumble's own

    def device(self, address: str) -> Device:
        """A Bluetooth device on a controller of its own."""
        controller: Any = Controller(address, link=self.link, public_address=address)
        sink: Any = AsyncPipeSink(controller)
        return Device(name=address, address=Address(address), host=Host(controller, sink))

    async def central(self, *, mtu: int = MTU) -> Backends:
        """What bleak is to use to be in this air."""
        device = self.device(CENTRAL)
        await device.power_on()
        return backends_on(device, mtu=mtu)

    async def lock(
        self, link: Link, address: str, *, number: int = 1, gatt: Gatt | None = None
    ) -> BlePeripheral:
        """One simulated device without a fault, advertising."""
        simulator = link.simulator(Behaviour(number, faults=0.0), random.Random(number))  # noqa: S311 - they must fall the same twice
        wanted = gatt or link.gatt
        assert wanted is not None
        peripheral = BlePeripheral(self.device(address), wanted, simulator)
        await peripheral.start()
        return peripheral
