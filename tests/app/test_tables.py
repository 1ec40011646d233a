"""Settings that are tables: options of protocols, checked by those who read them, and where cabinets stand."""

from pathlib import Path

import pytest

from wayside.app.config import load
from wayside.app.tables import coordinates, table_from
from wayside.model.errors import ConfigError
from wayside.rental.publication import Coordinates

CABINET = "power-bank:866262045678903"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_tables_in_the_file() -> None:
    Path("wayside.toml").write_text(
        '[options.power-bank]\ncrc_profile = "xmodem"\ncrc_mode = "lenient"\n'
        f'[stations]\n"{CABINET}" = "52.5200 13.4050"\n'
        '[gbfs]\ncontact_email = "power@town.example"\ntimezone = "Europe/Berlin"\n'
    )
    settings = load({}, {}).settings
    assert settings.options["power-bank"] == {"crc_profile": "xmodem", "crc_mode": "lenient"}
    assert settings.options["jimi"] == {}
    assert settings.stations == {CABINET: "52.5200 13.4050"}
    assert settings.gbfs.timezone == "Europe/Berlin"


def test_tables_in_one_text() -> None:
    environ = {
        "WAYSIDE_OPTIONS_POWER_BANK": "crc_profile=modbus/text-comma, crc_mode=lenient",
        "WAYSIDE_STATIONS": f"{CABINET}=-1 2",
    }
    settings = load({}, environ).settings
    assert settings.options["power-bank"] == {"crc_profile": "modbus/text-comma", "crc_mode": "lenient"}
    assert settings.stations == {CABINET: "-1 2"}
    assert table_from("") == {}


def test_numbers_need_no_quotes() -> None:
    Path("wayside.toml").write_text(
        "[options.jk-bms]\npoll_interval_s = 5\npassword = 123456\n[options.door-lock]\ntimezone_minutes = -60\n"
    )
    settings = load({}, {}).settings
    assert settings.options["jk-bms"] == {"poll_interval_s": "5", "password": "123456"}
    assert settings.options["door-lock"] == {"timezone_minutes": "-60"}
    Path("wayside.toml").write_text("[options.jk-bms]\npoll_interval_s = 2.5\n")
    assert load({}, {}).settings.options["jk-bms"] == {"poll_interval_s": "2.5"}


@pytest.mark.parametrize("wrong", ["[5]", "true", "2026-01-01", "nan", "{ s = 5 }"])
def test_what_is_no_number_is_named_with_its_option(wrong: str) -> None:
    Path("wayside.toml").write_text(f"[options.jk-bms]\npoll_interval_s = {wrong}\n")
    with pytest.raises(ConfigError, match="poll_interval_s"):
        load({}, {})


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("options.power-bank", "crc_profile=crc64", r"crc_profile: algorithm 'crc64' is none of modbus"),
        ("options.power-bank", "crc_mode=loose", "crc_mode: 'loose' is none of"),
        ("options.power-bank", "crc_profil=modbus", "has no option 'crc_profil'; did you mean crc_profile"),
        ("options.power-bank", "lenient", "'lenient' is not NAME=VALUE"),
        ("options.jimi", "speed=9", "jimi has no option 'speed'"),
        ("options.jk-bms", "poll_interval_s=often", "poll_interval_s"),
        ("options.power-bonk", "x=y", r"no such setting; did you mean options\.power-bank"),
        ("stations", f"{CABINET}=52.5", "LATITUDE LONGITUDE"),
        ("stations", f"{CABINET}=91 0", "latitude -90 to 90"),
        ("stations", f"{CABINET}=nan 0", "latitude -90 to 90"),
        ("stations", f"{CABINET}=0 inf", "longitude -180 to 180"),
        ("stations", "somewhere=1 2", "is not DEVICE"),
        ("stations", "car:1=1 2", "'car:1'.*there is no 'car'"),
        ("gbfs.contact_email", "nobody", "gbfs.contact_email"),
        ("gbfs.timezone", "Berlin", "there is no time zone 'Berlin'"),
        ("gbfs.timezone", "../etc/passwd", "there is no time zone"),
    ],
)
def test_what_is_wrong_stops_the_start_and_is_named(name: str, value: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load({name: value}, {})


def test_a_place() -> None:
    assert coordinates(CABINET, " 52.52  -13.4 ") == Coordinates(52.52, -13.4)
