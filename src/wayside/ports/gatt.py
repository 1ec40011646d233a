"""A BLE peripheral as its central sees it, whoever that is: an adapter of this machine, or a phone far away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

ATT_HEADER_BYTES: Final = 3
"""Of each write and notification: what an MTU has less room for (Bluetooth Core, vol. 3, part F, 3.4.5)."""


class GattClient(Protocol):
    """A connected peripheral.  Characteristics are UUIDs in lower case; every ``OSError`` means that it is gone."""

    @property
    def mtu(self) -> int:
        """The ATT MTU that was negotiated."""

    async def subscribe(self, characteristic: str, heard: Callable[[bytes], None]) -> None:
        """Have every notification told.  Raises ``OSError``."""

    async def write(self, characteristic: str, data: bytes) -> None:
        """At most ``mtu - 3`` bytes; with a response where the characteristic has one.

        Raises:
            OSError: it failed, or nobody knows; the peripheral may have them.
        """


def pieces(data: bytes, mtu: int) -> Iterator[bytes]:
    """What is written one after the other, each as long as the link takes."""
    room = mtu - ATT_HEADER_BYTES
    return (data[start : start + room] for start in range(0, len(data), room))


class Peripheral(GattClient, Protocol):
    """One that somebody connected to, and has to let go again."""

    @property
    def address(self) -> str | None:
        """Where the system tells it, as ``AA:BB:CC:DD:EE:FF``."""

    async def gone(self) -> None:
        """Until it is disconnected, by whomever."""
