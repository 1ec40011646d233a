"""Values that do not fit: refused by name, and never written into a neighbour."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.samples import (
    CAMERAS,
    COMMAND,
    LOCATION,
    Camera,
    Cameras,
    Clock,
    Command,
    Mixed,
    Numbers,
    Reading,
    UploadMode,
)
from wayside.wire.codec import codec_for
from wayside.wire.errors import EncodeError

NUMBERS = codec_for(Numbers)
MIXED = codec_for(Mixed)

ZEROS = NUMBERS.decode(bytes(NUMBERS.size))
CLOCK = Clock(26, 11, False, 0)
READING = Reading(CLOCK, "0123", 0, UploadMode.INTERVAL, -5)
MESSAGE = Mixed("0123456789012345", b"n", bytes(6), CLOCK, (READING,), b"", (READING,), 0, 0)

RANGES = {
    "byte": (0, 255),
    "short": (0, 65_535),
    "three": (0, 16_777_215),
    "word": (0, 4_294_967_295),
    "long": (0, 18_446_744_073_709_551_615),
    "signed_byte": (-128, 127),
    "signed_short": (-32_768, 32_767),
    "signed_word": (-2_147_483_648, 2_147_483_647),
    "signed_long": (-9_223_372_036_854_775_808, 9_223_372_036_854_775_807),
    "low": (0, 127),
    "top": (0, 1),
    "narrow": (0, 7),
    "pad": (0, 1),
    "wide": (0, 4095),
    "half": (0, 2_147_483_647),
    "last": (0, 1),
    "mode": (0, 65_535),
    "mode_bits": (0, 63),
    "two": (0, 3),
}


def test_every_number_has_its_range_here() -> None:
    assert tuple(RANGES) == Numbers.__struct_fields__


@pytest.mark.parametrize(("field", "low", "high"), [(name, *limits) for name, limits in RANGES.items()])
def test_both_ends_of_a_range_fit_and_what_lies_beyond_does_not(field: str, low: int, high: int) -> None:
    for value in (low, high):
        changed = msgspec.structs.replace(ZEROS, **{field: value})
        assert NUMBERS.decode(NUMBERS.encode(changed)) == changed
    for value in (low - 1, high + 1, 1 << 100, -(1 << 100)):
        with pytest.raises(EncodeError) as caught:
            NUMBERS.encode(msgspec.structs.replace(ZEROS, **{field: value}))
        assert caught.value.field == field
        assert str(caught.value).startswith(f"Numbers.{field}: ")
        assert str(caught.value).endswith(f" is not an integer from {low} to {high}")


@pytest.mark.parametrize("field", RANGES)
@pytest.mark.parametrize("value", [None, "1", 1.0, b"\1", (1,)], ids=repr)
def test_a_number_of_the_wrong_type_is_refused(field: str, value: object) -> None:
    with pytest.raises(EncodeError) as caught:
        NUMBERS.encode(msgspec.structs.replace(ZEROS, **{field: value}))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "value", "permitted"),
    [
        ("imei", "012345678901234", "a text of exactly 16 decimal digits"),
        ("imei", "01234567890123 5", "a text of exactly 16 decimal digits"),
        ("imei", "0123456789012abc", "a text of exactly 16 decimal digits"),
        ("imei", "012345678901234\u0663", "a text of exactly 16 decimal digits"),
        ("imei", 123456789012345, "a text of exactly 16 decimal digits"),
        ("name", bytes(256), "at most 255 bytes"),
        ("name", "text", "at most 255 bytes"),
        ("name", None, "at most 255 bytes"),
        ("name", [b"a"], "at most 255 bytes"),
        ("mac", bytes(5), "exactly 6 bytes"),
        ("mac", bytes(7), "exactly 6 bytes"),
        ("mac", "abcdef", "exactly 6 bytes"),
        ("mac", 6, "exactly 6 bytes"),
        ("at", None, "a Clock"),
        ("readings", (1,), "a tuple of at most 65535 items"),
        ("readings", (READING,) * 65_536, "a tuple of at most 65535 items"),
        ("readings", None, "a tuple of at most 65535 items"),
        ("blob", bytes(65_536), "at most 65535 bytes"),
        ("more", (READING, None), "a tuple of items"),
        ("more", 3, "a tuple of items"),
        ("cell", 1 << 24, "an integer from 0 to 16777215"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(field: str, value: object, permitted: str) -> None:
    MIXED.encode(MESSAGE)
    with pytest.raises(EncodeError) as caught:
        MIXED.encode(msgspec.structs.replace(MESSAGE, **{field: value}))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"Mixed.{field}: ")
    assert str(caught.value).endswith(f" is not {permitted}")
    assert len(str(caught.value)) < 300  # whatever the value's own size


@pytest.mark.parametrize(
    "changed",
    [
        msgspec.structs.replace(MESSAGE, at=Clock(26, 300, False, 0)),
        msgspec.structs.replace(MESSAGE, readings=(READING, msgspec.structs.replace(READING, quality=64))),
        msgspec.structs.replace(MESSAGE, more=(msgspec.structs.replace(READING, at=Clock(1, 1, True, 128)),)),
    ],
)
def test_inside_nested_messages_the_inner_field_is_named(changed: Mixed) -> None:
    with pytest.raises(EncodeError) as caught:
        MIXED.encode(changed)
    assert caught.value.field in {"month", "quality", "zone"}
    assert str(caught.value).startswith(("Clock.", "Reading."))


def test_lists_are_as_long_as_their_count_can_say() -> None:
    full = Cameras((Camera(1, 1),) * 255, ())
    assert CAMERAS.decode(CAMERAS.encode(full)) == full
    with pytest.raises(EncodeError, match="at most 255 items"):
        CAMERAS.encode(Cameras((Camera(1, 1),) * 256, ()))


@pytest.mark.parametrize("content", ["text", None, 7, ["a"]])
def test_the_rest_is_bytes(content: object) -> None:
    with pytest.raises(EncodeError, match=r"^Command.content: .* is not bytes$"):
        COMMAND.encode(msgspec.structs.replace(Command(1, 2, b"", 3), content=content))


@given(field=st.sampled_from(LOCATION.message.__struct_fields__), value=st.integers(-(1 << 40), 1 << 40))
def test_a_value_is_written_whole_or_not_at_all(field: str, value: int) -> None:
    zeros = LOCATION.decode(bytes(LOCATION.size))
    changed = msgspec.structs.replace(zeros, **{field: value})
    try:
        written = LOCATION.encode(changed)
    except EncodeError as error:
        assert error.field == field  # noqa: PT017 - either outcome is right, each in its range
    else:
        assert LOCATION.decode(written) == changed
