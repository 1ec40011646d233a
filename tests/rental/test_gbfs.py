from __future__ import annotations

import msgspec
import pytest

from tests.rental.records import CABINET, OTHER, START, Desk
from wayside.rental.gbfs import FEEDS, Feeds, Station, System

SYSTEM = System("town", "Town Power", "power@town.example", "Europe/Berlin", "de")
STATIONS = (
    Station(CABINET, "Market", 52.5, 13.4, online=True, reported_at=START),
    Station(OTHER, "Station", 52.6, 13.5, online=False),
)


@pytest.fixture
def desk() -> Desk:
    """Two to be had (one more is asked for), one flat, one that is not ours, two empty slots and a broken one."""
    desk = Desk("A", "B", "C", "D")
    desk.show("full A", "charging B", "flat C", "full X", "empty", "empty", "fault", "full D")
    desk.request("r1", 8, "D")
    return desk


def feeds(desk: Desk) -> Feeds:
    return Feeds(SYSTEM, STATIONS, desk.ledger, START)


def test_every_file_has_the_envelope_and_is_json(desk: Desk) -> None:
    built = feeds(desk)
    for file in (built.gbfs(str), *(build(built) for build in FEEDS.values())):
        assert (file["version"], file["ttl"], file["last_updated"]) == ("3.0", 60, "2023-11-14T22:13:20Z")
        assert msgspec.json.decode(msgspec.json.encode(file)) == file


def test_the_discovery_file_lists_the_others(desk: Desk) -> None:
    assert feeds(desk).gbfs(lambda name: f"https://x.example/{name}.json")["data"] == {
        "feeds": [
            {"name": "system_information", "url": "https://x.example/system_information.json"},
            {"name": "station_information", "url": "https://x.example/station_information.json"},
            {"name": "station_status", "url": "https://x.example/station_status.json"},
        ]
    }


def test_who_runs_it(desk: Desk) -> None:
    assert feeds(desk).system_information()["data"] == {
        "system_id": "town",
        "languages": ["de"],
        "name": [{"text": "Town Power", "language": "de"}],
        "opening_hours": "24/7",
        "feed_contact_email": "power@town.example",
        "timezone": "Europe/Berlin",
    }


def test_where_the_cabinets_are(desk: Desk) -> None:
    first, second = feeds(desk).station_information()["data"]["stations"]
    assert first == {
        "station_id": "power-bank-866262045678903",
        "name": [{"text": "Market", "language": "de"}],
        "lat": 52.5,
        "lon": 13.4,
        "capacity": 8,
    }
    assert second["capacity"] == 0


def test_what_can_be_had_and_left_there(desk: Desk) -> None:
    (status,) = feeds(desk).station_status()["data"]["stations"]
    assert status == {
        "station_id": "power-bank-866262045678903",
        "num_vehicles_available": 2,
        "num_vehicles_disabled": 3,
        "num_docks_available": 2,
        "num_docks_disabled": 1,
        "is_installed": True,
        "is_renting": True,
        "is_returning": True,
        "last_reported": "2023-11-14T22:13:20Z",
    }


def test_a_borrowed_bank_leaves_a_dock(desk: Desk) -> None:
    desk.order("r2", 1, "A")
    desk.borrowed(1, "A")
    (status,) = feeds(desk).station_status()["data"]["stations"]
    assert (status["num_vehicles_available"], status["num_docks_available"]) == (1, 3)
