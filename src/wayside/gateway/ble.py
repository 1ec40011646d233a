"""This machine's Bluetooth: locks are called when a command waits for them, and let go when nothing does.

A lock spares its battery: it keeps no connection, and hangs up on whoever says nothing.  Those whose connection the
operator wants kept are called whenever they are not here.  Each is called by one task at a time, and connecting is one
at a time for all, because adapters can do no more.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import structlog

from wayside.gateway.connection import Connection
from wayside.gateway.device import Device
from wayside.gateway.gatt import GattTransport
from wayside.gateway.hub import Hub
from wayside.gateway.nearby import Directory, Way, elsewhere, kept, wanted
from wayside.link.adapter import Backends, BleakPeripheral, connected, usable
from wayside.link.tasks import end
from wayside.model.commands import IN_FLIGHT, WAITING, Capability
from wayside.model.errors import CommandError
from wayside.model.identity import split_device_id

log = structlog.get_logger("wayside.gateway")


class Radio:
    """Implements ``reach.Reach``."""

    def __init__(self, hub: Hub, directory: Directory, backends: Backends) -> None:
        self._hub = hub
        self._directory = directory
        self._backends = backends
        self._ready = False
        self._watching: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._complaints: dict[str, str] = {}

    def start(self) -> None:
        """Begin.  An adapter that is not there is waited for."""
        self._watching = self._hub.loop.create_task(self._watch())

    async def stop(self) -> None:
        """Call nobody any more; whoever talks has been hung up before."""
        await end(*(task for task in (self._watching, *self._calls.values()) if task is not None))

    def can(self, device: Device, capability: Capability) -> bool:
        way = self._way(device)
        return self._ready and way is not None and way.route.link.carries(capability.name)

    def call(self, device: Device) -> None:
        if self._ready and device.id not in self._calls and self._way(device) is not None:
            self._calls[device.id] = self._hub.loop.create_task(self._call(device))

    def _way(self, device: Device) -> Way | None:
        """How to call it; None if it cannot be called, or must not."""
        if elsewhere(device) is not None:
            return None
        try:
            way = self._directory.way(device.id)
        except CommandError:
            return None
        return way if way.address is not None else None

    async def _watch(self) -> None:
        """Until there is an adapter; then for those that are to be kept, whatever became of their connections."""
        limits = self._hub.limits
        pause_s, complaint = limits.reopen_s, ""
        while True:
            try:
                await usable(self._backends)
            except OSError as error:
                if str(error) != complaint:
                    complaint = str(error)
                    log.warning("Bluetooth cannot be used", reason=complaint)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, limits.reopen_max_s)
            else:
                break
        self._ready = True
        log.info("Bluetooth is ready")
        while True:
            for device in self._directory.wanted():
                self.call(device)
            await asyncio.sleep(limits.reopen_max_s)

    async def _call(self, device: Device) -> None:
        """Try until it is here, or nothing waits for it any more."""
        limits, loop = self._hub.limits, self._hub.loop
        pause_s = limits.reopen_s
        try:
            while device.line is None and wanted(device) and (way := self._way(device)) is not None:
                began_s = loop.time()
                try:
                    await self._visit(way)
                except OSError as error:
                    self._complain(device, error)
                if loop.time() - began_s > limits.reopen_max_s:
                    pause_s = limits.reopen_s
                if wanted(device):
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, limits.reopen_max_s)
        finally:
            del self._calls[device.id]

    async def _visit(self, way: Way) -> None:
        """Connect, carry out what waits, and leave.  Raises ``OSError`` if it could not be reached."""
        found = connected(way.gatt.service, way.address, self._backends, within_s=self._hub.limits.ble_find_s)
        async with AsyncExitStack() as leaving:
            async with self._connecting:
                peripheral = await leaving.enter_async_context(found)
            await self._talk(way, peripheral)

    async def _talk(self, way: Way, peripheral: BleakPeripheral) -> None:
        hub, device, address = self._hub, way.device, way.address
        assert address is not None
        refusal = elsewhere(device) or hub.enter(address)
        if refusal is not None:
            raise ConnectionRefusedError(refusal)
        ident = split_device_id(device.id)[1]
        connection = Connection(hub, way.route, address, ident=ident, mtu=peripheral.mtu)
        transport = GattTransport(peripheral, way.gatt, connection, hub.limits)
        try:
            await transport.open()
        except OSError:
            hub.leave(address)
            raise
        self._complaints.pop(device.id, None)
        gone = hub.loop.create_task(peripheral.gone())
        gone.add_done_callback(lambda _: transport.lost(ConnectionResetError("the device is gone")))
        try:
            await self._until_idle(device, transport)
            connection.hang_up("nothing more to do")
            await transport.ended.wait()
        finally:
            gone.cancel()
            transport.lost(None)

    async def _until_idle(self, device: Device, transport: GattTransport) -> None:
        """Until nothing was to do for a while, or the link has ended; of one that is kept, that alone."""
        if kept(device):
            await transport.ended.wait()
            return
        busy = True
        while busy:
            busy = _busy(device)
            try:
                async with asyncio.timeout(self._hub.limits.ble_linger_s):
                    await transport.ended.wait()
                    return
            except TimeoutError:
                busy = busy or _busy(device)

    def _complain(self, device: Device, error: OSError) -> None:
        """Once per reason: it is tried again and again."""
        reason = str(error)
        if self._complaints.get(device.id) != reason:
            self._complaints[device.id] = reason
            log.warning("cannot reach the device", device=device.id, reason=reason)


def _busy(device: Device) -> bool:
    return any(job.state in WAITING | IN_FLIGHT for job in device.jobs.values())
