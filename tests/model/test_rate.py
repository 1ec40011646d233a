"""Counting per address: in windows, bounded, and with whole networks as one."""

import pytest

from wayside.model.instant import SECOND
from wayside.model.rate import ADDRESSES_MAX, WINDOW, Rate, network

MOST = 3


def test_an_address_waits_until_its_window_ends() -> None:
    rate = Rate(MOST)
    assert [rate.count("192.0.2.1", now * SECOND) for now in range(MOST + 1)] == [0, 0, 0, 57]
    assert rate.count("192.0.2.2", 4 * SECOND) == 0
    assert rate.count("192.0.2.1", WINDOW - 1) == 1
    assert rate.count("192.0.2.1", WINDOW) == 0


def test_a_clock_that_was_set_back_locks_nobody_out() -> None:
    rate = Rate(1)
    assert rate.count("192.0.2.1", 1_000 * WINDOW) == 0
    assert rate.count("192.0.2.1", 0) == 0


def test_the_table_is_bounded() -> None:
    rate = Rate(MOST)
    for number in range(ADDRESSES_MAX + 10):
        rate.count(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0)
    assert len(rate) == ADDRESSES_MAX


def test_a_whole_ipv6_network_counts_as_one() -> None:
    rate = Rate(MOST)
    waits = [rate.count(f"2001:db8::{number:x}", 0) for number in range(MOST + 1)]
    assert waits == [0, 0, 0, 60]
    assert rate.count("2001:db8:0:1::1", 0) == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),  # how a socket for both kinds shows the same
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("/dev/ttyUSB0", ""),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, counted: str) -> None:
    assert network(address) == counted


def test_anything_else_counts_by_a_key_of_its_own() -> None:
    rate = Rate(1, key=str)
    assert [rate.count(device, 0) for device in ("jimi:1", "jimi:2", "jimi:1")] == [0, 0, 60]
