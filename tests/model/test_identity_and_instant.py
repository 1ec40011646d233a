from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayside.model.identity import IDENT_LENGTH_MAX, device_id, split_device_id
from wayside.model.instant import from_rfc3339, seconds, to_rfc3339

HOSTILE = [
    "",
    "..",
    "../etc",
    "a/b",
    "a:b",
    "a b",
    "a'--",
    'a"',
    "a\n",
    "a\0",
    "a.b",
    "a#",
    "a+",
    "$SYS",
    "-a",
    "ä",
    "x" * 65,
]


@pytest.mark.parametrize("ident", HOSTILE)
def test_a_hostile_ident_is_no_device(ident: str) -> None:
    with pytest.raises(ValueError, match="ident"):
        device_id("jimi", ident)


@pytest.mark.parametrize(
    "text", ["jimi", "jimi:", ":1", "JIMI:1", "jimi:a:b", "ji mi:1", *[f"jimi:{i}" for i in HOSTILE]]
)
def test_what_is_no_device_id_does_not_split(text: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        split_device_id(text)


def test_a_device_id_splits_into_what_it_was_made_of() -> None:
    longest = "x" * IDENT_LENGTH_MAX
    assert split_device_id(device_id("parking-lock", "866266066379439")) == (
        "parking-lock",
        "866266066379439",
    )
    assert split_device_id(device_id("jimi", longest)) == ("jimi", longest)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants naive bounds
def test_instants_survive_the_trip_through_text(moment: datetime) -> None:
    instant = from_rfc3339(moment.isoformat())
    assert from_rfc3339(to_rfc3339(instant)) == instant
    assert to_rfc3339(instant).endswith("Z")


def test_instants_have_the_stated_unit() -> None:
    assert from_rfc3339("1970-01-01T00:00:01.5Z") == 1_500_000 == seconds(1.5)
    assert from_rfc3339("2020-07-31T10:04:24+08:00") == from_rfc3339("2020-07-31T02:04:24Z")


@pytest.mark.parametrize("text", ["2020-07-31T02:04:24", "yesterday", ""])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat"):
        from_rfc3339(text)
