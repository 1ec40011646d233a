"""Which cabinets are in the feed, and what it says of their connection."""

from typing import Any, cast

import msgspec
import pytest

from tests.rental.records import CABINET, OTHER, START, inventory
from wayside.model.instant import SECOND
from wayside.ports.platform import Devices, Presence
from wayside.ports.store import DeviceRecord, DeviceStatus, Store
from wayside.rental.gbfs import System
from wayside.rental.publication import Coordinates, Publication
from wayside.rental.rules import CabinetRules


class Everything:
    """Of a store and of presence, what is asked for here."""

    def __init__(self) -> None:
        self.records: dict[str, DeviceRecord] = {}
        self.present: dict[str, Presence] = {}

    async def device(self, device: str) -> DeviceRecord | None:
        return self.records.get(device)

    def presence(self, device: str) -> Presence:
        return self.present.get(device, Presence(online=False))


@pytest.fixture
def behind() -> Everything:
    behind = Everything()
    for cabinet, name in ((CABINET, "Market"), (OTHER, "")):
        behind.records[cabinet] = DeviceRecord(cabinet, "power-bank", DeviceStatus.ACCEPTED, START, name)
    return behind


@pytest.fixture
def publication(behind: Everything) -> Publication:
    rules = CabinetRules("power-bank")
    rules.ledger.event(CABINET, inventory("empty"), START)
    rules.ledger.event(OTHER, inventory("empty", "empty"), START + SECOND)
    return Publication(
        system=System("town", "Town Power", "power@town.example"),
        places={
            CABINET: Coordinates(1, 2),
            OTHER: Coordinates(3, 4),
            "power-bank:000000000000000": Coordinates(5, 6),
        },
        url_of=lambda name: f"https://x.example/{name}.json",
        rules=rules,
        store=cast("Store", behind),
        devices=cast("Devices", behind),
        clock=lambda: START + 60 * SECOND,
    )


async def stations(publication: Publication, name: str) -> list[dict[str, Any]]:
    file = await publication.file(name)
    assert file is not None
    found: list[dict[str, Any]] = file["data"]["stations"]
    return found


async def test_cabinets_with_a_place_are_in_it_by_their_names(publication: Publication) -> None:
    assert [
        (one["name"][0]["text"], one["lat"], one["lon"])
        for one in await stations(publication, "station_information")
    ] == [
        ("Market", 1, 2),
        (OTHER, 3, 4),
    ]


async def test_a_rejected_one_is_not(publication: Publication, behind: Everything) -> None:
    record = msgspec.structs.replace(behind.records[OTHER], status=DeviceStatus.REJECTED)
    behind.records[OTHER] = record
    assert len(await stations(publication, "station_information")) == 1


async def test_presence_decides_whether_it_rents(publication: Publication, behind: Everything) -> None:
    behind.present[CABINET] = Presence(online=True, last_seen=START + 30 * SECOND)
    one, two = await stations(publication, "station_status")
    assert (one["is_renting"], one["last_reported"]) == (True, "2023-11-14T22:13:50Z")
    assert (two["is_renting"], two["last_reported"]) == (False, "2023-11-14T22:13:21Z")


async def test_the_list_of_files_and_what_is_none(publication: Publication) -> None:
    listed = await publication.file("gbfs")
    assert listed is not None
    for feed in listed["data"]["feeds"]:
        assert feed["url"] == f"https://x.example/{feed['name']}.json"
        assert await publication.file(feed["name"]) is not None
    assert await publication.file("vehicle_types") is None
