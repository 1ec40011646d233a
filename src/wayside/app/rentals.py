"""Rentals for power-bank cabinets: the rules, the office and the feed, wired to store and gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wayside.app.settings import Settings
from wayside.app.tables import coordinates
from wayside.model.instant import Instant
from wayside.ports.platform import Devices
from wayside.ports.store import Store
from wayside.protocols import power_bank
from wayside.rental.gbfs import System
from wayside.rental.publication import Publication
from wayside.rental.rules import CabinetRules

CABINETS: Final = power_bank.PROTOCOL.name

FEED_PATH: Final = "/api/v1/gbfs"


def publication(
    settings: Settings,
    rules: CabinetRules,
    *,
    store: Store,
    devices: Devices,
    base_url: Callable[[], str],
    clock: Callable[[], Instant],
) -> Publication | None:
    """The feed, if the settings say whom its readers can write to: GBFS demands that."""
    gbfs = settings.gbfs
    if gbfs.contact_email is None:
        return None
    return Publication(
        system=System(gbfs.system_id, gbfs.name, gbfs.contact_email, gbfs.timezone, gbfs.language),
        places={cabinet: coordinates(cabinet, place) for cabinet, place in settings.stations.items()},
        url_of=lambda name: f"{base_url()}{FEED_PATH}/{name}.json",
        rules=rules,
        store=store,
        devices=devices,
        clock=clock,
    )
