"""Relays that only remember."""

import asyncio
from collections.abc import Callable, Mapping

from wayside.model.errors import Conflict, NotFound
from wayside.ports.relay import Connect, Disconnect, FromRelay, OutOfTurn, ToRelay
from wayside.ports.store import DeviceRecord


class FakeRelayLine:
    """Remembers what it hears; a ``fault`` is what it says is wrong with the next."""

    def __init__(self, tell: Callable[[ToRelay], None]) -> None:
        self.tell = tell
        self.heard: list[FromRelay] = []
        self.fault: str | None = None
        self.ended = asyncio.Event()

    def hear(self, message: FromRelay) -> None:
        if self.fault is not None:
            raise OutOfTurn(self.fault)
        self.heard.append(message)

    def lost(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self.tell(Disconnect("the relay is gone"))

    async def over(self) -> None:
        await self.ended.wait()


class FakeRelays:
    """Takes any device that there is, unless told to ``refuse``."""

    def __init__(self, records: Mapping[str, DeviceRecord]) -> None:
        self._records = records
        self.refuse: str | None = None
        self.lines: list[FakeRelayLine] = []

    def check(self, device: str) -> None:
        if device not in self._records:
            raise NotFound("no such device", "device")
        if self.refuse is not None:
            raise Conflict(self.refuse, "device")

    def open(self, device: str, address: str, tell: Callable[[ToRelay], None]) -> FakeRelayLine:
        self.check(device)
        line = FakeRelayLine(tell)
        self.lines.append(line)
        tell(Connect(device, "6e400001-b5a3-f393-e0a9-e50e24dcca9e"))
        return line
