"""The GBFS feed of this server's cabinets: ``ports.rentals.AvailabilityFeed``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wayside.model.instant import Instant
from wayside.ports.platform import Devices
from wayside.ports.store import DeviceStatus, Store
from wayside.rental.gbfs import FEEDS, Feeds, Station, System
from wayside.rental.rules import CabinetRules

DISCOVERY = "gbfs"


class Coordinates(NamedTuple):
    """Where something stands, in degrees (WGS 84)."""

    latitude: float
    longitude: float


class Publication:
    """``places``: where cabinets stand, by device.

    GBFS wants to know that of every station, so a cabinet without a place is not in the feed; nor is one that is not
    accepted.
    """

    def __init__(
        self,
        *,
        system: System,
        places: Mapping[str, Coordinates],
        url_of: Callable[[str], str],
        rules: CabinetRules,
        store: Store,
        devices: Devices,
        clock: Callable[[], Instant],
    ) -> None:
        self._system = system
        self._places = places
        self._url_of = url_of
        self._rules = rules
        self._store = store
        self._devices = devices
        self._clock = clock

    async def file(self, name: str) -> dict[str, Any] | None:
        """See ``ports.rentals.AvailabilityFeed``."""
        stations = [
            station
            for cabinet, place in self._places.items()
            if (station := await self._station(cabinet, place)) is not None
        ]
        feeds = Feeds(self._system, stations, self._rules.ledger, self._clock())
        if name == DISCOVERY:
            return feeds.gbfs(self._url_of)
        build = FEEDS.get(name)
        return build(feeds) if build is not None else None

    async def _station(self, cabinet: str, place: Coordinates) -> Station | None:
        record = await self._store.device(cabinet)
        if record is None or record.status is not DeviceStatus.ACCEPTED:
            return None
        presence = self._devices.presence(cabinet)
        # Since a restart it may have said nothing; what its slots last told stands in the ledger.
        told = max((slot.since for slot in self._rules.ledger.slots(cabinet)), default=None)
        reported_at = presence.last_seen or told
        return Station(
            cabinet,
            record.name or cabinet,
            place.latitude,
            place.longitude,
            online=presence.online,
            reported_at=reported_at,
        )
