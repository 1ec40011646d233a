from wayside.model.commands import State
from wayside.protocol.inflight import LATE_MAX, InFlight


def test_an_answer_in_time_takes_its_command() -> None:
    flight = InFlight[int]()
    flight.open(7, "c1", deadline=100)
    assert flight.next_deadline == 100
    assert flight.expire(99) == []
    assert (taken := flight.take(7)) is not None
    assert taken.command == "c1"
    assert not taken.late
    assert flight.take(7) is None
    assert flight.next_deadline is None


def test_an_answer_after_the_deadline_is_late_but_known() -> None:
    flight = InFlight[int]()
    flight.open(7, "c1", deadline=100)
    assert [waiting.command for waiting in flight.expire(100)] == ["c1"]
    assert flight.expire(100) == []
    assert (taken := flight.take(7)) is not None
    assert taken.late


def test_only_the_last_unanswered_are_remembered() -> None:
    flight = InFlight[int]()
    for key in range(LATE_MAX + 1):
        flight.remember(key, f"c{key}")
    assert flight.take(0) is None
    assert flight.take(1) is not None


def test_a_dropped_connection_gives_up_what_still_waits() -> None:
    flight = InFlight[int]()
    flight.open(1, "c1", deadline=10)
    flight.open(2, "c2", deadline=20)
    flight.expire(10)
    assert [waiting.command for waiting in flight.drop()] == ["c2"]
    assert flight.drop() == []


def test_what_silence_makes_of_a_command_is_kept_with_it() -> None:
    flight = InFlight[int]()
    flight.open(1, "asked", deadline=10)
    flight.open(2, "moved", deadline=20, unanswered=State.UNKNOWN)
    assert [waiting.unanswered for waiting in flight.expire(10)] == [State.TIMED_OUT]
    assert [waiting.unanswered for waiting in flight.drop()] == [State.UNKNOWN]
