from __future__ import annotations

import pytest

from wayside.protocol.imei import check_digit, imei_of, is_valid


@pytest.mark.parametrize("imei", ["490154203237518", "352099001761481"])
def test_published_imeis_are_valid(imei: str) -> None:
    assert is_valid(imei)
    assert check_digit(imei[:14]) == imei[14]


@pytest.mark.parametrize(
    "text", ["490154203237519", "49015420323751", "4901542032375188", "49015420323751x", ""]
)
def test_what_is_no_imei(text: str) -> None:
    assert not is_valid(text)


def test_a_fleet_has_valid_and_different_imeis() -> None:
    fleet = [imei_of("35337611", number) for number in range(200)]
    assert all(map(is_valid, fleet))
    assert len(set(fleet)) == 200
