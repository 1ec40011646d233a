"""Which stream a path means: ``live/0/864…`` of a publisher, channel and ident of an address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from wayside.model.identity import IDENT, device_id
from wayside.protocol.base import Protocol
from wayside.protocol.live import Channel

APP: Final = "live"


class Place(msgspec.Struct, frozen=True):
    """A device that could be meant, and its channel."""

    device: str
    channel: Channel


class Paths:
    """The protocols whose devices can be watched, and what their paths mean."""

    def __init__(self, protocols: Iterable[Protocol]) -> None:
        self._protocols = {protocol.name: protocol for protocol in protocols if protocol.channels}
        self._idents = {name: re.compile(protocol.ident) for name, protocol in self._protocols.items()}

    def published(self, path: str) -> list[Place]:
        """``live/<channel>/<ident>``, or ``live/<ident>`` for a channel that has no place in it.

        At most one device of each protocol.
        """
        match path.split("/"):
            case [app, name, ident] if app == APP:
                return [place for place in self._of(ident, name) if place.channel.in_path]
            case [app, ident] if app == APP:
                return [place for place in self._of(ident, None) if not place.channel.in_path]
        return []

    def devices(self, ident: str) -> list[str]:
        """The devices that an ident could mean."""
        if not IDENT.fullmatch(ident):
            return []
        return [device_id(name, ident) for name, pattern in self._idents.items() if pattern.fullmatch(ident)]

    def channel(self, device: str, name: str) -> Channel | None:
        """The channel of this name, if devices of that protocol have it."""
        protocol = self._protocols.get(device.partition(":")[0])
        channels = protocol.channels if protocol is not None else ()
        return next((channel for channel in channels if channel.name == name), None)

    def channels(self, device: str) -> tuple[Channel, ...]:
        """What the device can show."""
        protocol = self._protocols.get(device.partition(":")[0])
        return protocol.channels if protocol is not None else ()

    def _of(self, ident: str, name: str | None) -> Iterator[Place]:
        for device in self.devices(ident):
            for channel in self.channels(device):
                if name is None or channel.name == name:
                    yield Place(device, channel)
