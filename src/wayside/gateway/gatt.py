"""A connected BLE peripheral as a transport: frames are written in pieces, notifications are what is received."""

from __future__ import annotations

import asyncio

from wayside.gateway.limits import Limits
from wayside.ports.gatt import GattClient, pieces
from wayside.protocol.base import Gatt


class GattTransport(asyncio.Transport):
    """For a ``Connection``.  One write is under way at a time; the next follows when the peripheral has it.

    Whoever made the client disconnects it, once ``ended`` is set.
    """

    def __init__(
        self, client: GattClient, gatt: Gatt, protocol: asyncio.BaseProtocol, limits: Limits
    ) -> None:
        super().__init__()
        assert isinstance(protocol, asyncio.Protocol)
        self.ended = asyncio.Event()
        self._client = client
        self._gatt = gatt
        self._protocol = protocol
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._unwritten = 0
        self._high = limits.write_buffer_bytes
        self._reading = False
        self._unread = b""
        self._closing = False
        self._writing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen to it, then tell the connection that it is up.

        Raises:
            OSError: the peripheral is gone, or has no such characteristic.
        """
        async with asyncio.timeout(self._limits.gatt_write_s):
            await self._client.subscribe(self._gatt.notify, self._heard)
        if self._closing:
            raise ConnectionAbortedError("gone before it was listened to")
        self._writing = self._loop.create_task(self._write_all())
        self._protocol.connection_made(self)
        self.resume_reading()

    def lost(self, error: Exception | None) -> None:
        """The peripheral is gone: hang up, whatever is not written."""
        if self.ended.is_set():
            return
        self._closing = True
        self.ended.set()
        if self._writing is not None:
            self._writing.cancel()
            self._queue.put_nowait(None)  # a cancellation can get lost, see link.tasks
            self._loop.call_soon(self._protocol.connection_lost, error)

    # What a connection asks of its transport.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing:
            return
        self._unwritten += len(data)
        for piece in pieces(bytes(data), self._client.mtu):
            self._queue.put_nowait(piece)
        if self._unwritten > self._high:
            self._protocol.pause_writing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:  # noqa: ARG002 - asyncio's
        self._high = self._high if high is None else high

    def get_write_buffer_size(self) -> int:
        return self._unwritten

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._queue.put_nowait(None)

    def abort(self) -> None:
        self.lost(None)

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        unread, self._unread = self._unread, b""
        if unread:
            self._protocol.data_received(unread)

    # Inside.

    def _heard(self, data: bytes) -> None:
        if self._closing:
            return
        if self._reading:
            self._protocol.data_received(data)
        elif len(self._unread) + len(data) > self._limits.pending_bytes:
            self.lost(ConnectionAbortedError("said more than could be taken"))
        else:
            self._unread += data

    async def _write_all(self) -> None:
        try:
            while (piece := await self._queue.get()) is not None and not self.ended.is_set():
                async with asyncio.timeout(self._limits.gatt_write_s):
                    await self._client.write(self._gatt.write, piece)
                self._unwritten -= len(piece)
        except OSError as error:  # a TimeoutError, too
            self.lost(error)
        else:
            self.lost(None)
