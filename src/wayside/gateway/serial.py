"""Serial ports: opened, kept, and opened again whenever they come back."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from wayside.gateway.belief import Belief
from wayside.gateway.connection import Connection
from wayside.gateway.hub import Hub, Route

log = structlog.get_logger("wayside.gateway")


class Serial(msgspec.Struct, frozen=True):
    """A serial port with one device behind it, 8N1.  ``ident``: what the operator calls the device."""

    protocol: str
    ident: str
    path: str
    baud: int


class SerialPort:
    """Keeps one port open for as long as the server runs; an adapter may be unplugged and plugged in again."""

    def __init__(self, hub: Hub, route: Route, serial: Serial) -> None:
        self._hub = hub
        self._route = route
        self._serial = serial
        self._keeping: asyncio.Task[None] | None = None
        self._complaint = ""

    def start(self) -> None:
        """Begin.  A port that is not there yet is no fault: it is waited for."""
        self._keeping = self._hub.loop.create_task(self._keep())

    def stop(self) -> None:
        """Open it no more; whoever talks over it goes on until it is hung up."""
        if self._keeping is not None:
            self._keeping.cancel()

    async def _keep(self) -> None:
        limits = self._hub.limits
        pause_s = limits.reopen_s
        while True:
            if await self._use():
                pause_s = limits.reopen_s
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, limits.reopen_max_s)

    async def _use(self) -> bool:
        """Talk over it until it is gone; False if it could not be opened."""
        import serialx  # noqa: PLC0415 - the drivers of all systems come with it, and most servers have no such port

        serial = self._serial
        refusal = self._hub.enter(serial.path)
        if refusal is not None:
            self._complain(refusal)
            return False
        connection = Connection(
            self._hub, self._route, serial.path, ident=serial.ident, belief=Belief.WHEN_HEARD
        )
        try:
            transport, _ = await serialx.create_serial_connection(
                self._hub.loop, lambda: connection, serial.path, serial.baud
            )
        except asyncio.CancelledError:
            self._hub.leave(serial.path)
            raise
        except (OSError, ValueError, serialx.SerialException) as error:
            self._hub.leave(serial.path)
            self._complain(getattr(error, "strerror", None) or str(error))
            return False
        self._complaint = ""
        log.info("serial port opened", port=serial.path, device=f"{serial.protocol}:{serial.ident}")
        await asyncio.shield(transport.wait_closed())
        log.info("serial port closed", port=serial.path)
        return True

    def _complain(self, reason: str) -> None:
        """Once per reason: it is tried again and again."""
        if reason != self._complaint:
            self._complaint = reason
            log.warning("serial port cannot be opened", port=self._serial.path, reason=reason)
