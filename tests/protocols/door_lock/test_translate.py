"""Meanings worked out by hand from the captured exchange."""

from __future__ import annotations

import pytest

from tests.protocols.door_lock.printed import CLOCK_SET, LOCK_CODE, OPENED
from wayside.model.events import Event, Kind
from wayside.model.instant import from_rfc3339
from wayside.model.vocabulary import complaints
from wayside.protocols.door_lock.clock import moment, set_clock
from wayside.protocols.door_lock.messages import ClockSet, Moment, OpenAnswer, OpenStatus, SetClock
from wayside.protocols.door_lock.translate import events

CAPTURED = from_rfc3339("2019-04-03T22:14:58Z")


def answer(status: int, wait_s: int = 0, clock: bytes = bytes(6)) -> OpenAnswer:
    year_low, month, day, hour, minute, second = clock
    return OpenAnswer(OpenStatus(status), wait_s, year_low, month, day, hour, minute, second, bytes(8))


def test_the_captured_opening() -> None:
    assert events(OPENED.message, 0) == (
        Event(Kind.OPERATION, "unlock", {"operation.kind": "unlock", "operation.result": "ok"}, at=CAPTURED),
    )


def test_the_locks_clock_is_in_its_zone() -> None:
    (event,) = events(OPENED.message, 8 * 60)
    assert event.at == from_rfc3339("2019-04-03T22:14:58+08:00")


def test_the_captured_mac() -> None:
    assert events(CLOCK_SET.message, 0) == (
        Event(Kind.REPORT, "clock", {"bluetooth.mac": "EC:E2:46:19:10:26"}),
    )


def test_no_mac_is_left_out() -> None:
    (event,) = events(ClockSet(10, bytes(4), bytes(6), b""), 0)
    assert event.values == {}


def test_codes_are_nobodys_business() -> None:
    assert events(LOCK_CODE.message, 0) == ()


@pytest.mark.parametrize(
    ("status", "wait_s", "values"),
    [
        (0, 0, {"operation.result": "ok"}),
        (0, 5, {"operation.result": "ok", "lock.wait": 5}),
        (1, 0, {"operation.result": "refused"}),
        (3, 60, {"operation.result": "locked_out", "lock.wait": 60}),
        (2, 0, {"operation.result.raw": 2}),
    ],
)
def test_how_it_ended(status: int, wait_s: int, values: dict[str, object]) -> None:
    (event,) = events(answer(status, wait_s), 0)
    assert event.values == {"operation.kind": "unlock", **values}
    assert event.at is None
    assert complaints(event.values) == []


@pytest.mark.parametrize(
    ("clock", "at"),
    [
        ("e30403160e3a", "2019-04-03T22:14:58Z"),
        ("ff0c1f173b3b", "2047-12-31T23:59:59Z"),
        ("000101000000", "2048-01-01T00:00:00Z"),
        ("e3021e000000", None),
        ("e30401180000", None),
        ("000000000000", None),
    ],
)
def test_the_year_has_one_byte(clock: str, at: str | None) -> None:
    (event,) = events(answer(0, 0, bytes.fromhex(clock)), 0)
    assert event.at == (None if at is None else from_rfc3339(at))


def test_the_time_that_is_sent() -> None:
    at = from_rfc3339("2019-04-03T22:14:52Z")
    assert set_clock(at, 0) == SetClock(10, 19, 4, 3, 22, 14, 52)
    assert set_clock(at, 120) == SetClock(10, 19, 4, 4, 0, 14, 52)
    assert moment(at, -15) == Moment(19, 4, 3, 21, 59)


def test_a_server_without_a_clock_still_sends_something() -> None:
    assert set_clock(0, 0).year == (1970 - 2000) % 256
