"""The demo's Bluetooth: a lock of every protocol that has such a link, in air that is all in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from random import Random
from typing import Final

import msgspec

from wayside.app.protocols import PROTOCOLS
from wayside.app.wires import gatts
from wayside.cli.output import note
from wayside.link.adapter import SYSTEM, Backends
from wayside.model.errors import Conflict
from wayside.model.identity import device_id
from wayside.ports.platform import Devices
from wayside.protocol.base import Link, Transport
from wayside.protocol.simulator import Behaviour

UUIDS: Final = "fff0/fff1/fff2"
"""For a protocol whose documents name none."""


class DemoLock(msgspec.Struct, frozen=True):
    """One lock, and how it is reached."""

    protocol: str
    link: Link
    number: int
    device: str
    address: str

    @property
    def gatt(self) -> str | None:
        """What the setting ``gatt`` has to say of it."""
        return None if self.link.gatt else f"{self.protocol}={UUIDS}"


def demo_locks(number: int) -> list[DemoLock]:
    """One of each protocol, with a number that none of the fleets has; none at all, which is said, without Bumble."""
    try:
        import bumble  # noqa: F401 - whether it is there
    except ModuleNotFoundError:
        note(
            "The Bluetooth devices are left out: they need Bumble, which is not installed (pip install bumble)."
        )
        return []
    locks: list[DemoLock] = []
    for protocol in PROTOCOLS:
        link = protocol.link(Transport.BLE)
        if link is not None:
            ident = link.simulator(Behaviour(number), Random(number)).ident  # noqa: S311 - only who it is
            # The two highest bits make it a random static address (Bluetooth Core, vol. 6, part B, 1.3.2.1).
            address = f"C0:00:00:00:00:{len(locks) + 1:02X}"
            locks.append(DemoLock(protocol.name, link, number, device_id(protocol.name, ident), address))
    return locks


def ble_settings(locks: Sequence[DemoLock]) -> dict[str, object]:
    """So that a server calls them."""
    if not locks:
        return {}
    return {
        "ble": True,
        "ble_devices": [f"{lock.device}={lock.address}" for lock in locks],
        "gatt": [lock.gatt for lock in locks if lock.gatt],
    }


async def on_air(locks: Sequence[DemoLock]) -> Backends:
    """Have them advertise.  What hears them is returned."""
    if not locks:
        return SYSTEM
    from wayside.simulate.air import Air

    air = Air()
    for lock in locks:
        gatt = gatts((lock.gatt,))[lock.protocol] if lock.gatt else None
        await air.lock(lock.link, lock.address, number=lock.number, gatt=gatt)
    return await air.central()


async def register(locks: Sequence[DemoLock], devices: Devices) -> None:
    """They are called, and never call: nobody would hear of them otherwise."""
    for lock in locks:
        with contextlib.suppress(Conflict):  # the folder is from an earlier demo
            await devices.create(lock.device, "", "demo")
