"""What addresses for devices begin with."""

import pytest

from wayside.app import reach
from wayside.app.address import Address
from wayside.app.reach import base_url, local_url

EVERYWHERE = Address("0.0.0.0", 8080)  # noqa: S104 - nobody binds it here


@pytest.mark.parametrize(
    ("public_url", "http", "url"),
    [
        ("https://wayside.example/", Address("127.0.0.1", 1), "https://wayside.example"),
        (None, Address("192.0.2.7", 8080), "http://192.0.2.7:8080"),
        (None, EVERYWHERE, "http://203.0.113.7:8080"),
        (None, Address("::", 8080), "http://203.0.113.7:8080"),
        (None, Address("::1", 80), "http://[::1]:80"),
    ],
)
def test_devices_are_told_an_address_they_can_reach(
    public_url: str | None, http: Address, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "_own_address", lambda: "203.0.113.7")
    assert base_url(public_url, http) == url


def test_people_here_go_by_loopback() -> None:
    assert local_url(EVERYWHERE) == "http://127.0.0.1:8080"
    assert local_url(Address("192.0.2.7", 1)) == "http://192.0.2.7:1"


def test_some_own_address_is_always_found() -> None:
    assert reach._own_address().count(".") == 3
