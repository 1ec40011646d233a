"""What sessions ask of the platform, and what they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from wayside.gateway.answers import Answers
from wayside.gateway.limits import Limits
from wayside.model.instant import Instant
from wayside.ports.firmware import FirmwareRecord, FirmwareShelf
from wayside.protocol.questions import BankKnown, FirmwareOffer, WantBank, WantFirmware


class OneFile(FirmwareShelf):
    def __init__(self, path: Path) -> None:
        self.path = path

    async def offer(self, firmware: str, command: str, until: Instant) -> FirmwareOffer | None:
        data = self.path.read_bytes()
        return (
            FirmwareOffer(f"http://x/firmware/{command}", len(data), sum(data)) if firmware == "f" else None
        )

    def fetch(self, key: str, now: Instant) -> tuple[FirmwareRecord, Path] | None:
        return (FirmwareRecord("f", "f", 3, 6, "", 0), self.path) if key == "c1" and now < 10 else None


@pytest.fixture
def shelf(tmp_path: Path) -> FirmwareShelf:
    path = tmp_path / "f"
    path.write_bytes(b"\1\2\3")
    return OneFile(path)  # type: ignore[abstract]  # the rest of the shelf is not asked


def answers(shelf: FirmwareShelf | None, *, most: int = 3, now: Instant = 5) -> Answers:
    return Answers(shelf, {"B1"}.__contains__, Limits(firmware_contents_bytes=most), lambda: now)


async def test_an_offer_has_the_contents_only_when_they_were_asked_for(shelf: FirmwareShelf) -> None:
    plain = await answers(shelf).to(WantFirmware("c1", "f"), 10)
    whole = await answers(shelf).to(WantFirmware("c1", "f", contents=True), 10)
    assert (plain.data, whole.data) == (None, b"\1\2\3")
    assert plain.url == whole.url


async def test_what_is_not_there_is_none(shelf: FirmwareShelf) -> None:
    assert await answers(shelf).to(WantFirmware("c1", "g"), 10) is None
    assert await answers(None).to(WantFirmware("c1", "f"), 10) is None
    assert await answers(shelf, now=10).to(WantFirmware("c1", "f", contents=True), 10) is None


async def test_a_file_too_big_to_be_handed_out_is_not(shelf: FirmwareShelf) -> None:
    assert await answers(shelf, most=2).to(WantFirmware("c1", "f", contents=True), 10) is None


async def test_power_banks() -> None:
    assert await answers(None).to(WantBank(1, "B1"), 10) == BankKnown(ours=True)
    assert await answers(None).to(WantBank(1, "B2"), 10) == BankKnown(ours=False)
    nobody_keeps_them = Answers(None, None, Limits(), lambda: 0)
    assert await nobody_keeps_them.to(WantBank(1, "B1"), 10) is None
