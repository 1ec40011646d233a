"""A serial port that is none: a pseudo terminal with a simulated device behind it."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable
from typing import Final

READ_BYTES: Final = 4096
"""What the kernel keeps of a pseudo terminal at most."""


class Pty(asyncio.Transport):
    """The device's end; ``path`` is the other one's.  Like a UART it loses what nobody takes.

    Both ends are held open: whoever opens ``path`` may leave and come back.  Closing pulls the plug.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._protocol: asyncio.Protocol | None = None
        self._closing = False

    async def dial(self, factory: Callable[[], asyncio.Protocol]) -> None:
        """Tie a device to it.

        Raises:
            ConnectionRefusedError: the plug is pulled.
        """
        if self._closing:
            raise ConnectionRefusedError(self.path)
        self._protocol = factory()
        self._loop.add_reader(self._master, self._read)
        self._protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        try:
            os.write(self._master, data)
        except BlockingIOError:
            return

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self._master)
        os.close(self._slave)
        os.close(self._master)
        if self._protocol is not None:
            self._loop.call_soon(self._protocol.connection_lost, None)

    def _read(self) -> None:
        assert self._protocol is not None
        self._protocol.data_received(os.read(self._master, READ_BYTES))
