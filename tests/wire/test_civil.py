from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wayside.wire.civil import MINUTES_KEPT, _minutes_us, civil_from_instant, instant_from_civil

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


def test_the_dashcams_example() -> None:
    assert instant_from_civil(2010, 3, 23, 15, 50, 23) == 1_269_359_423_000_000
    assert civil_from_instant(1_269_359_423_000_000) == (2010, 3, 23, 15, 50, 23)


@given(moments)
@example(datetime(1, 1, 1, tzinfo=UTC))
@example(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
@example(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC))
def test_it_agrees_with_datetime(moment: datetime) -> None:
    civil = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    instant = (moment - EPOCH) // timedelta(microseconds=1)
    assert instant_from_civil(*civil) == instant
    assert civil_from_instant(instant) == civil


@given(st.tuples(*[st.integers(-1, 70)] * 6).map(lambda parts: (2000 + parts[0], *parts[1:])))
def test_exactly_the_moments_that_datetime_knows_have_an_instant(
    parts: tuple[int, int, int, int, int, int],
) -> None:
    try:
        datetime(*parts, tzinfo=UTC)
    except ValueError:
        assert instant_from_civil(*parts) is None
    else:
        assert instant_from_civil(*parts) is not None


@pytest.mark.parametrize(
    "parts",
    [
        (2023, 2, 29, 0, 0, 0),
        (2024, 4, 31, 0, 0, 0),
        (2024, 0, 1, 0, 0, 0),
        (2024, 13, 1, 0, 0, 0),
        (2024, 1, 0, 0, 0, 0),
        (2024, 1, 1, 24, 0, 0),
        (2024, 1, 1, 0, 60, 0),
        (2016, 12, 31, 23, 59, 60),
        (2024, 1, 1, -1, 0, 0),
        (0, 1, 1, 0, 0, 0),
        (1 << 70, 1, 1, 0, 0, 0),
    ],
)
def test_an_impossible_moment_is_none(parts: tuple[int, int, int, int, int, int]) -> None:
    assert instant_from_civil(*parts) is None


def test_parts_of_a_second_are_dropped_towards_the_past() -> None:
    assert civil_from_instant(1_999_999) == (1970, 1, 1, 0, 0, 1)
    assert civil_from_instant(-1) == (1969, 12, 31, 23, 59, 59)


@pytest.mark.parametrize("instant", [1 << 62, -(1 << 62), 1 << 100])
def test_years_beyond_the_calendar_are_refused(instant: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        civil_from_instant(instant)


def test_random_dates_do_not_fill_the_memory() -> None:
    for year in range(1, MINUTES_KEPT + 500):
        instant_from_civil(year, 1, 1, 0, 0, 0)
        assert len(_minutes_us) <= MINUTES_KEPT
    assert instant_from_civil(1970, 1, 1, 0, 0, 1) == 1_000_000
