"""Devices that nobody has decided on: what they say is held, bounded, and none of it is acknowledged."""

from __future__ import annotations

from collections import deque
from typing import Final

from wayside.gateway.device import Line
from wayside.gateway.limits import Limits
from wayside.gateway.pipeline import ENTRY_OVERHEAD_BYTES
from wayside.model.instant import Instant
from wayside.ports.platform import UnknownDevice
from wayside.ports.store import Entry

# Message names shown per unknown device: enough to see what sort of device it is.
MESSAGES_SHOWN_MAX: Final = 16


class Guest:
    """One unknown device; ``entries`` are those of its messages that meant something."""

    __slots__ = (
        "address",
        "dropped",
        "entries",
        "first_seen",
        "frames",
        "id",
        "last_seen",
        "line",
        "messages",
        "protocol",
    )

    def __init__(self, device: str, protocol: str, at: Instant) -> None:
        self.id = device
        self.protocol = protocol
        self.first_seen = self.last_seen = at
        self.address = ""
        self.line: Line | None = None
        self.frames = 0
        self.entries: deque[Entry] = deque()
        self.dropped = 0
        self.messages: dict[str, None] = {}

    def shown(self) -> UnknownDevice:
        """As people see it."""
        return UnknownDevice(
            self.id,
            self.protocol,
            self.first_seen,
            self.last_seen,
            self.address,
            self.frames,
            len(self.entries),
            self.dropped,
            tuple(self.messages),
        )


class Quarantine:
    """All unknown devices; the one that was silent longest makes room for a new one, if it is not connected."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._guests: dict[str, Guest] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._guests)

    def get(self, device: str) -> Guest | None:
        """The guest of this name."""
        return self._guests.get(device)

    def knock(self, device: str, protocol: str, line: Line, at: Instant) -> Guest | None:
        """An unknown device has said who it is.  None: there is no room for it."""
        guest = self._guests.get(device)
        if guest is None:
            if len(self._guests) >= self._limits.quarantine_devices and not self._make_room():
                return None
            guest = self._guests[device] = Guest(device, protocol, at)
        guest.line, guest.address, guest.last_seen = line, line.address, at
        return guest

    def hold(self, guest: Guest, message: str, entries: list[Entry], at: Instant) -> None:
        """One exchange with it.  When there is too much, the oldest of its entries go first."""
        guest.frames += 1
        guest.last_seen = at
        if len(guest.messages) < MESSAGES_SHOWN_MAX:
            guest.messages[message] = None
        for entry in entries:
            if entry.event is None:
                continue
            guest.entries.append(entry)
            self._bytes += _size(entry)
            while guest.entries and (
                len(guest.entries) > self._limits.quarantine_events
                or self._bytes > self._limits.quarantine_bytes
            ):
                self._bytes -= _size(guest.entries.popleft())
                guest.dropped += 1

    def remove(self, device: str) -> Guest | None:
        """It was decided on; what was held of it goes with it."""
        guest = self._guests.pop(device, None)
        if guest is not None:
            self._bytes -= sum(map(_size, guest.entries))
        return guest

    def unknown(self) -> list[UnknownDevice]:
        """Who knocks, newest first."""
        return [g.shown() for g in sorted(self._guests.values(), key=lambda g: g.last_seen, reverse=True)]

    def _make_room(self) -> bool:
        silent = [guest for guest in self._guests.values() if guest.line is None]
        if not silent:
            return False
        self.remove(min(silent, key=lambda guest: guest.last_seen).id)
        return True


def _size(entry: Entry) -> int:
    return ENTRY_OVERHEAD_BYTES + len(entry.received or b"") + len(entry.sent or b"")
