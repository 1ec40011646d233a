import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayside.wire.rtmp import amf0
from wayside.wire.rtmp.errors import RtmpError

TEXTS = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(bool), inner, max_size=4),
    max_leaves=20,
)


# From Adobe's specification, and from what ffmpeg sends.
@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("00 3ff0000000000000", 1.0),
        ("01 01", True),
        ("02 0003 666f6f", "foo"),
        ("03 0001 61 05 000009", {"a": None}),
        ("05", None),
        ("06", None),
        ("08 00000000 0001 61 01 00 000009", {"a": False}),
        ("08 ffffffff 000009", {}),
        ("0a 00000002 05 05", [None, None]),
        ("0b 0000000000000000 0000", 0.0),
        ("0c 00000001 62", "b"),
    ],
)
def test_the_types(raw: str, value: amf0.Value) -> None:
    assert amf0.decode(bytes.fromhex(raw)) == [value]


@given(st.lists(VALUES, max_size=4))
def test_what_is_encoded_is_decoded(values: list[amf0.Value]) -> None:
    assert amf0.decode(amf0.encode(*values)) == values


def test_long_texts_and_arrays_with_names() -> None:
    assert amf0.decode(amf0.encode("x" * 70_000)) == ["x" * 70_000]
    assert amf0.decode(amf0.ecma_array({"width": 64.0})) == [{"width": 64.0}]


@given(st.binary(max_size=200))
def test_garbage_is_an_error_and_no_other(raw: bytes) -> None:
    with contextlib.suppress(RtmpError):
        amf0.decode(raw)


@pytest.mark.parametrize(
    "raw", ["00 3ff0", "02 0005 66", "03 0001 61", "0c 7fffffff 61", "0a 00000002 05", "08"]
)
def test_what_is_cut_off_is_refused(raw: str) -> None:
    with pytest.raises(RtmpError, match="cut off"):
        amf0.decode(bytes.fromhex(raw))


def test_depth_and_number_are_bounded() -> None:
    deepest = b"\x0a" + struct.pack(">I", 1)
    assert amf0.decode(deepest * amf0.DEPTH_MAX + b"\5")
    with pytest.raises(RtmpError, match="deep"):
        amf0.decode(deepest * (amf0.DEPTH_MAX + 1) + b"\5")
    assert len(amf0.decode(b"\5" * amf0.VALUES_MAX)) == amf0.VALUES_MAX
    with pytest.raises(RtmpError, match="more than"):
        amf0.decode(b"\5" * (amf0.VALUES_MAX + 1))
    with pytest.raises(RtmpError, match="more than"):
        amf0.decode(b"\x0a\xff\xff\xff\xff" + b"\5" * 10_000)


def test_types_that_no_publisher_needs() -> None:
    with pytest.raises(RtmpError, match="type 17"):
        amf0.decode(b"\x11\x01")
