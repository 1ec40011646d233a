from hypothesis import given
from hypothesis import strategies as st

from wayside.media.live.timeline import AHEAD_MS_MAX, BACK_MS_MAX, STEP_MS, Timeline

STAMPS = st.integers(0, 0xFFFFFFFF)


def times(*stamps: int) -> list[int]:
    line = Timeline()
    return [line.at(stamp) for stamp in stamps]


def test_it_begins_at_zero_and_keeps_the_distances() -> None:
    assert times(5000, 5040, 5023, 5080) == [0, 40, 23, 80]


def test_another_publisher_goes_on_behind_the_last_moment() -> None:
    line = Timeline()
    assert [line.at(700), line.at(740), line.at(730)] == [0, 40, 30]
    line.restart()
    assert [line.at(3), line.at(43)] == [40 + STEP_MS, 80 + STEP_MS]


def test_a_clock_that_jumps_is_another_clock() -> None:
    assert times(0, 40, 40 + AHEAD_MS_MAX) == [0, 40, 40 + AHEAD_MS_MAX]
    assert times(0, 40, 41 + AHEAD_MS_MAX) == [0, 40, 40 + STEP_MS]
    assert times(9000, 9000 - BACK_MS_MAX) == [0, 0]
    assert times(9000, 9040, 9039 - BACK_MS_MAX, 9079 - BACK_MS_MAX) == [0, 40, 80, 120]


def test_a_clock_of_32_bits_may_run_over() -> None:
    assert times(0xFFFFFFF0, 0x10) == [0, 0x20]


@given(st.lists(STAMPS | st.none(), max_size=50))
def test_whatever_comes_nothing_runs_far_back_or_ahead(stamps: list[int | None]) -> None:
    line, furthest = Timeline(), 0
    for stamp in stamps:
        if stamp is None:
            line.restart()
            continue
        now = line.at(stamp)
        assert furthest - BACK_MS_MAX * len(stamps) <= now <= furthest + max(AHEAD_MS_MAX, STEP_MS)
        furthest = max(furthest, now)
