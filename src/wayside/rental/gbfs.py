"""Availability in the shape of GBFS 3.0 (the General Bikeshare Feed Specification): a cabinet is a station.

Vehicles are banks that can be asked for, docks are slots.  GBFS knows no power banks, so there is no list of vehicle
types; the four files here are what a map needs.  Whatever is asked for is built from what the ledger knows now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from wayside.model.instant import Instant, to_rfc3339
from wayside.rental.ledger import Ledger
from wayside.rental.shelves import EMPTY

VERSION: Final = "3.0"

# Cabinets are asked for their inventory once a minute.
TTL_S: Final = 60


class System(msgspec.Struct, frozen=True):
    """Who runs it; from the configuration.  ``language`` is an IETF tag, ``timezone`` a name such as Europe/Berlin."""

    system_id: str
    name: str
    contact_email: str
    timezone: str = "Etc/UTC"
    language: str = "en"
    opening_hours: str = "24/7"


class Station(msgspec.Struct, frozen=True):
    """Where a cabinet stands, which it does not know itself, and whether it can be reached.

    ``reported_at``: its last word, None if it has never said any.
    """

    cabinet: str
    name: str
    latitude: float
    longitude: float
    online: bool
    reported_at: Instant | None = None


class Feeds:
    """The four files; each method returns one, ready to be encoded as JSON."""

    def __init__(self, system: System, stations: Iterable[Station], ledger: Ledger, now: Instant) -> None:
        self._system = system
        self._stations = list(stations)
        self._ledger = ledger
        self._now = now

    def gbfs(self, url_of: Callable[[str], str]) -> dict[str, Any]:
        """The discovery file; ``url_of`` gives the address of a file by its name."""
        return self._file({"feeds": [{"name": name, "url": url_of(name)} for name in FEEDS]})

    def system_information(self) -> dict[str, Any]:
        """Who runs it."""
        system = self._system
        return self._file(
            {
                "system_id": system.system_id,
                "languages": [system.language],
                "name": self._text(system.name),
                "opening_hours": system.opening_hours,
                "feed_contact_email": system.contact_email,
                "timezone": system.timezone,
            }
        )

    def station_information(self) -> dict[str, Any]:
        """Where the cabinets are."""
        return self._file(
            {
                "stations": [
                    {
                        "station_id": _station_id(station),
                        "name": self._text(station.name),
                        "lat": station.latitude,
                        "lon": station.longitude,
                        "capacity": len(self._ledger.slots(station.cabinet)),
                    }
                    for station in self._stations
                ]
            }
        )

    def station_status(self) -> dict[str, Any]:
        """What can be had and left there now; a cabinet that never said anything is not in it."""
        heard = (station for station in self._stations if station.reported_at is not None)
        return self._file({"stations": [self._status(station) for station in heard]})

    def _status(self, station: Station) -> dict[str, Any]:
        slots = self._ledger.slots(station.cabinet)
        available = self._ledger.available(station.cabinet)
        occupied = sum(slot.bank is not None for slot in slots)
        empty = sum(slot.state == EMPTY for slot in slots)
        return {
            "station_id": _station_id(station),
            "num_vehicles_available": len(available),
            "num_vehicles_disabled": occupied - len(available),
            "num_docks_available": empty,
            "num_docks_disabled": len(slots) - occupied - empty,
            "is_installed": True,
            "is_renting": station.online,
            "is_returning": station.online,
            "last_reported": to_rfc3339(station.reported_at or self._now),
        }

    def _file(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"last_updated": to_rfc3339(self._now), "ttl": TTL_S, "version": VERSION, "data": data}

    def _text(self, text: str) -> list[dict[str, str]]:
        return [{"text": text, "language": self._system.language}]


FEEDS: Final[dict[str, Callable[[Feeds], dict[str, Any]]]] = {
    "system_information": Feeds.system_information,
    "station_information": Feeds.station_information,
    "station_status": Feeds.station_status,
}
"""What the discovery file lists."""


def _station_id(station: Station) -> str:
    """The device's id without the colon, which some readers of GBFS take for a namespace."""
    return station.cabinet.replace(":", "-")
