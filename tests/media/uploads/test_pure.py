"""Patience, and which command a file belongs to."""

import msgspec
import pytest

from wayside.media.uploads.matching import CLOCK_US, Arrival, Awaited, guessed, told
from wayside.media.uploads.patience import GRACE_S, Patience
from wayside.model.commands import NoParameters, State
from wayside.model.instant import DAY, MINUTE, SECOND
from wayside.protocol.questions import OpenCommand
from wayside.protocol.uploads import Shot, Wanted

NOW = 1_700_000_000 * SECOND


def test_patience_ends_with_silence() -> None:
    patience = Patience(5.0, 100.0, 10.0)
    assert patience.left_s == 5.0
    patience.waited(4.0)
    assert patience.left_s == 5.0


def test_patience_ends_with_an_average_that_is_too_low() -> None:
    patience = Patience(5.0, 1000.0, 10.0)
    patience.waited(GRACE_S - 1)
    assert patience.left_s == 1.0
    patience.received(20)
    assert patience.left_s == 3.0
    patience.waited(3.0)
    assert patience.left_s <= 0


def test_patience_ends_after_all() -> None:
    patience = Patience(5.0, 100.0, 10.0)
    patience.received(10**9)
    patience.waited(99.0)
    assert patience.left_s == 1.0


def test_without_an_average_only_silence_and_the_whole_count() -> None:
    patience = Patience(60.0, 100.0)
    patience.waited(50.0)
    assert patience.left_s == 50.0


ROAD, CABIN = ("road",), ("cabin",)


def awaited(
    number: int, wanted: Wanted, *, sent_s: int = 0, state: State = State.ACKNOWLEDGED, reply: str = ""
) -> Awaited:
    sent_at = NOW + sent_s * SECOND
    return Awaited(
        "jimi:1", OpenCommand(f"c{number}", number, "picture", NoParameters(), state, sent_at), wanted, reply
    )


def arrival(**changes: object) -> Arrival:
    usual = Arrival("a.jpg", Shot.PICTURE, "road", None, NOW + 5 * SECOND, None, NOW + 30 * SECOND)
    return msgspec.structs.replace(usual, **changes)


PICTURE = Wanted(Shot.PICTURE, ROAD)


@pytest.mark.parametrize(
    ("file", "wanted", "fits"),
    [
        (arrival(), PICTURE, True),
        (arrival(), Wanted(Shot.PICTURE, ("road", "cabin")), True),
        (arrival(), Wanted(Shot.PICTURE, CABIN), False),
        (arrival(channel="24"), Wanted(Shot.PICTURE, CABIN), True),
        (arrival(channel=""), Wanted(Shot.PICTURE, CABIN), True),
        (arrival(), Wanted(Shot.VIDEO, ROAD), False),
        (arrival(shot=None), Wanted(Shot.VIDEO, ROAD), True),
        (arrival(), Wanted(), False),
        (arrival(taken_at=None), PICTURE, True),
        (arrival(taken_at=NOW - CLOCK_US), PICTURE, True),
        (arrival(taken_at=NOW - CLOCK_US - 1), PICTURE, False),
        (arrival(shot=Shot.VIDEO, local=5), Wanted(Shot.VIDEO, ROAD, (5, 9)), True),
        (arrival(shot=Shot.VIDEO, local=9), Wanted(Shot.VIDEO, ROAD, (5, 9)), True),
        (arrival(shot=Shot.VIDEO, local=10), Wanted(Shot.VIDEO, ROAD, (5, 9)), False),
        (arrival(shot=Shot.VIDEO, local=None), Wanted(Shot.VIDEO, ROAD, (5, 9)), False),
        (arrival(at=NOW + DAY), PICTURE, True),
        (arrival(at=NOW + DAY + 1), PICTURE, False),
    ],
)
def test_which_files_fit(file: Arrival, wanted: Wanted, *, fits: bool) -> None:
    assert (guessed(file, [awaited(1, wanted)], DAY) is not None) is fits


def chosen(file: Arrival, *commands: Awaited) -> int | None:
    found = told(file, commands, DAY) or guessed(file, commands, DAY)
    return found.command.number if found else None


def test_a_number_says_it_all() -> None:
    commands = [awaited(1, PICTURE), awaited(2, Wanted(Shot.VIDEO, CABIN))]
    assert chosen(arrival(number=2), *commands) == 2
    assert chosen(arrival(number=3), *commands) is None


def test_a_name_in_the_reply_says_more_than_kind_and_time() -> None:
    commands = [awaited(1, Wanted(Shot.VIDEO, CABIN), reply="uploading a.jpg"), awaited(2, PICTURE)]
    assert chosen(arrival(), *commands) == 1
    assert chosen(arrival(name="b.jpg"), *commands) == 2
    assert chosen(arrival(name="load"), awaited(1, Wanted(), reply="uploading a.jpg")) is None


def test_of_two_alike_the_last_before_the_picture_was_taken() -> None:
    commands = [awaited(1, PICTURE), awaited(2, PICTURE, sent_s=60), awaited(3, PICTURE, sent_s=120)]
    at = NOW + 10 * MINUTE
    assert chosen(arrival(taken_at=NOW + 70 * SECOND, at=at), *commands) == 2
    assert chosen(arrival(taken_at=NOW + 10 * MINUTE, at=at), *commands) == 3
    assert chosen(arrival(taken_at=NOW - 5 * SECOND, at=at), *commands) == 1  # its clock is behind


def test_without_a_time_one_that_still_waits_comes_first() -> None:
    commands = [awaited(1, PICTURE), awaited(2, PICTURE, sent_s=60, state=State.TIMED_OUT)]
    assert chosen(arrival(taken_at=None, at=NOW + MINUTE), *commands) == 1
