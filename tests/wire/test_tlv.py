import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayside.wire.errors import DecodeError, EncodeError
from wayside.wire.fields import U8, U16
from wayside.wire.tlv import TlvFormat, TlvItem

PERIPHERALS = TlvFormat("Peripherals", tag=U16, default=U8, special={0x0007: U16, 0x0009: U16})
MODULES = TlvFormat("Modules", tag=U16, default=U16)
BATTERY = TlvFormat("Battery", tag=U8, default=None, special={0x79: U8, 0x80: 2, 0x85: 1, 0x89: 4, 0xFE: 0})


def test_the_dashcams_modules_as_the_document_prints_them() -> None:
    data = bytes.fromhex(
        "003300126927243c0f0045026c15e90c398a2b0014a00027000204e000350001 00".replace(" ", "")
    )
    assert list(MODULES.items(data)) == [
        (0x33, bytes.fromhex("6927243c0f0045026c15e90c398a2b0014a0")),
        (0x27, bytes.fromhex("04e0")),
        (0x35, b"\0"),
    ]
    assert MODULES.encode(MODULES.items(data)) == data


def test_lengths_of_one_and_two_bytes() -> None:
    data = bytes.fromhex("0004 02 011f  0007 0002 0001  0009 0001 05")
    items = [TlvItem(4, b"\x01\x1f"), TlvItem(7, b"\0\1"), TlvItem(9, b"\5")]
    assert list(PERIPHERALS.items(data)) == items
    assert PERIPHERALS.encode(items) == data


def test_values_whose_size_the_tag_tells() -> None:
    data = bytes.fromhex("79 06 010ce5 020ce6  80 001c  85 40  fe  89 00000064")
    items = [
        (0x79, bytes.fromhex("010ce5020ce6")),
        (0x80, b"\0\x1c"),
        (0x85, b"@"),
        (0xFE, b""),
        (0x89, b"\0\0\0d"),
    ]
    assert list(BATTERY.items(memoryview(data))) == items


@given(st.lists(st.builds(TlvItem, st.integers(0, 0xFFFF), st.binary(max_size=20)), max_size=6))
def test_items_come_back_and_every_cut_is_refused_or_ends_between_items(items: list[TlvItem]) -> None:
    data = PERIPHERALS.encode(items)
    assert list(PERIPHERALS.items(data)) == items
    ends = {len(PERIPHERALS.encode(items[:count])) for count in range(len(items) + 1)}
    for cut in range(len(data)):
        if cut in ends:
            assert PERIPHERALS.encode(PERIPHERALS.items(data[:cut])) == data[:cut]
        else:
            with pytest.raises(DecodeError, match=r"^Peripherals: "):
                list(PERIPHERALS.items(data[:cut]))


def test_what_stands_before_an_unknown_tag_has_been_handed_out() -> None:
    items = BATTERY.items(b"\x85\x40\x99\x00")
    assert next(items) == (0x85, b"@")
    with pytest.raises(DecodeError, match=r"^Battery: tag 0x99 before byte 3 has no known length$"):
        next(items)


@pytest.mark.parametrize(
    ("form", "item"),
    [
        (BATTERY, TlvItem(0x100, b"")),
        (BATTERY, TlvItem(-1, b"")),
        (BATTERY, TlvItem(0x80, b"\0")),
        (BATTERY, TlvItem(0x79, bytes(256))),
        (BATTERY, TlvItem(0x99, b"")),
        (MODULES, TlvItem(1, bytes(65_536))),
    ],
)
def test_what_does_not_fit_is_refused(form: TlvFormat, item: TlvItem) -> None:
    with pytest.raises(EncodeError, match=f"^{form.name}.*is not ") as caught:
        form.encode([item])
    assert caught.value.field in {"tag", "value"}
