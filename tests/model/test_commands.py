import pytest

from wayside.model.commands import IN_FLIGHT, OPEN, TRANSITIONS, WAITING, State, may_follow


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(State)


def test_every_state_can_be_reached() -> None:
    reached, edge = set[State](), {State.ACCEPTED}
    while edge:
        reached |= edge
        edge = {after for before in edge for after in TRANSITIONS[before]} - reached
    assert reached == set(State)


@pytest.mark.parametrize(
    "state", [State.SUCCEEDED, State.FAILED, State.REJECTED, State.EXPIRED, State.CANCELLED]
)
def test_an_end_is_an_end(state: State) -> None:
    assert not TRANSITIONS[state]


def test_nothing_is_sent_twice() -> None:
    assert [before for before in State if may_follow(before, State.SENT)] == [State.ACCEPTED, State.QUEUED]


def test_only_what_has_not_left_can_be_cancelled_or_expire() -> None:
    for state in State:
        assert may_follow(state, State.CANCELLED) == (state in WAITING)
        assert may_follow(state, State.EXPIRED) == (state in WAITING)


def test_a_late_word_settles_what_was_left_open() -> None:
    for state in OPEN:
        assert TRANSITIONS[state] == {State.SUCCEEDED, State.FAILED}


def test_the_groups_do_not_overlap() -> None:
    assert IN_FLIGHT.isdisjoint(OPEN | WAITING)
    assert OPEN.isdisjoint(WAITING)
