"""What the pages on security name is there."""

import re

import pytest

from tests.house.project import ROOT
from wayside.api.auth import FAILURES_MAX
from wayside.app.catalogue import SETTINGS
from wayside.app.protocols import PROTOCOLS
from wayside.media.live.limits import LiveLimits
from wayside.model.instant import MINUTE
from wayside.model.rate import WINDOW
from wayside.protocol.base import Transport

PAGES = ("SECURITY.md", "docs/securing.md", "docs/operating.md")
TABLES = {name.partition(".")[0] for name in SETTINGS if "." in name}


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_a_page_names_exists(page: str) -> None:
    names = re.findall(r"`([a-z]+\.[a-z_0-9-]+)`", (ROOT / page).read_text())
    settings = [name for name in names if name.partition(".")[0] in TABLES]
    assert settings
    assert [name for name in settings if name not in SETTINGS and not name.endswith("toml")] == []


def test_the_numbers_of_the_threat_model_are_those_of_the_code() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert (FAILURES_MAX, WINDOW) == (20, MINUTE)
    assert "after twenty wrong ones in a minute" in text
    assert "`live.connections_per_address` (128)" in (ROOT / "docs/securing.md").read_text()
    assert LiveLimits().connections_per_address == 128


def test_every_family_has_a_row_in_the_threat_model() -> None:
    rows = re.findall(r"^\| (.+?) \|", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    text = " ".join(rows).lower()
    for protocol in PROTOCOLS:
        assert WORDS[protocol.name] in text, protocol.name
    assert {"uploads, http", "live video, rtmp"} <= {
        part for row in rows for part in [row.lower().removeprefix("… ")]
    }


WORDS = {
    "jimi": "jimi dashcams",
    "parking-lock": "parking locks",
    "power-bank": "power-bank cabinets",
    "jk-bms": "batteries",
    "door-lock": "door locks",
}


def test_the_ports_of_the_firewall_are_the_defaults() -> None:
    text = (ROOT / "docs/securing.md").read_text()
    ports = {
        link.port for protocol in PROTOCOLS for link in protocol.links if link.transport is Transport.TCP
    }
    found = re.search(r"tcp dport \{ ([0-9, ]+) \}", text)
    assert found
    named = {int(port) for port in found[1].split(",")}
    assert named - {23010, 1935} <= ports
