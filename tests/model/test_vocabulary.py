import math

import pytest

from wayside.model.names import CHOICES, ROWS
from wayside.model.vocabulary import VOCABULARY, ValueType, complaints, lookup


def test_no_name_stands_twice() -> None:
    names = [row[0] for row in ROWS]
    assert len(names) == len(set(names))


def test_choices_belong_to_registered_string_names() -> None:
    assert all(VOCABULARY[name].type is ValueType.STRING for name in CHOICES)


@pytest.mark.parametrize("entry", VOCABULARY.values(), ids=lambda entry: entry.name)
def test_an_entry_says_something_and_holds_no_unit_in_its_name(entry: object) -> None:
    name, description = getattr(entry, "name"), getattr(entry, "description")  # noqa: B009 - typed as object for ids
    assert description.endswith(".")
    assert not {"km", "kmh", "deg", "volt", "celsius", "percent", "seconds"} & set(
        name.replace("_", ".").split(".")
    )


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("position.latitude", "position.latitude"),
        ("sensor.temperature.2", "sensor.temperature.{n}"),
        ("fuel.unit.1.raw", "fuel.unit.{n}.raw"),
        ("cabinet.slot.3.bank", "cabinet.slot.{n}.bank"),
        ("battery.warning.low_capacity", "battery.warning.{name}"),
        ("battery.warning.raw", "battery.warning.raw"),
    ],
)
def test_lookup_finds_numbered_and_worded_names(name: str, entry: str) -> None:
    found = lookup(name)
    assert found is not None
    assert found.name == entry


@pytest.mark.parametrize(
    "name", ["", "position", "position.", "sensor.temperature", "battery.warning.Low", "a.b"]
)
def test_lookup_knows_nothing_else(name: str) -> None:
    assert lookup(name) is None


def test_complaints_name_what_is_wrong() -> None:
    assert complaints({"position.speed": 0, "position.valid": True, "media.files": ["a.mp4"]}) == []
    assert complaints({"position.speed": True}) == ["position.speed is bool, registered as number"]
    assert complaints({"position.speed": math.nan}) == ["position.speed is not a finite number"]
    assert complaints({"gsm.mcc": 1.5}) == ["gsm.mcc is float, registered as integer"]
    assert complaints({"lock.state": "ajar"}) == [
        "lock.state is 'ajar', not one of locked, unlocked, moving, unknown"
    ]
    assert complaints({"made.up": 1}) == ["made.up is not in the vocabulary"]
