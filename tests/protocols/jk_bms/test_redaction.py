from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.jk_bms.byhand import CHARGE_ON, FULL, FULL_DATA, PASSWORD, READ_ALL, one, sealed
from wayside.protocols.jk_bms import PROTOCOL
from wayside.protocols.jk_bms.identifiers import TABLE
from wayside.protocols.jk_bms.items import walk
from wayside.protocols.jk_bms.redaction import redact
from wayside.protocols.jk_bms.translate import values_of

B2 = b"\xb2" + PASSWORD + bytes(4)
STARS = b"\xb2" + b"*" * 10


def test_a_full_reply_keeps_everything_else_and_stays_valid() -> None:
    shown = redact(FULL)
    assert shown == sealed(6, FULL_DATA.replace(B2, STARS))
    assert one(shown).data == FULL_DATA.replace(B2, STARS)
    assert PROTOCOL.redact is redact


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (READ_ALL, READ_ALL),
        (CHARGE_ON, CHARGE_ON),
        (b"", b""),
        (sealed(2, B2, source=3, transfer=0, terminal=9), sealed(2, STARS, source=3, transfer=0, terminal=9)),
        (sealed(5, B2, source=3, transfer=0), sealed(5, STARS, source=3, transfer=0)),
        (sealed(3, B2), sealed(3, STARS)),
        (sealed(6, b"\x85\x3b" + B2, transfer=2), sealed(6, b"\x85\x3b" + STARS, transfer=2)),
        # B2 as a cell's voltage is no password.
        (sealed(6, b"\x79\x03\x01\x0d\xb2\x85\x3b"), sealed(6, b"\x79\x03\x01\x0d\xb2\x85\x3b")),
        (sealed(3, b"\x79\x01\x0d\xb2\x02\x0d\xb2"), sealed(3, b"\x79\x01\x0d\xb2\x02\x0d\xb2")),
        # Where identifiers cannot be told from data, too much is hidden rather than too little.
        (sealed(6, b"\x88\x00" + B2 + b"\x85\x3b"), sealed(6, b"\x88\x00" + STARS + b"\x85\x3b")),
        (sealed(5, b"\xb2" + PASSWORD) + READ_ALL, sealed(5, b"\xb2******") + READ_ALL),
        (FULL[:240], FULL[:240].replace(B2, STARS)),
        (FULL[:-1] + b"\x00", (FULL[:-1] + b"\x00").replace(B2, STARS)),
    ],
)
def test_by_hand(raw: bytes, shown: bytes) -> None:
    assert redact(raw) == shown


items = st.lists(
    st.sampled_from([row for row in TABLE if row.size]).flatmap(
        lambda row: st.binary(min_size=row.size, max_size=row.size).map(
            lambda value: bytes((row.identifier,)) + value
        )
    ),
    max_size=12,
).map(b"".join)


@given(st.binary(max_size=80), items, st.binary(max_size=40), st.sampled_from([2, 3, 6]))
def test_the_password_is_never_left(noise: bytes, before: bytes, behind: bytes, command: int) -> None:
    raw = noise + sealed(command, before + B2 + behind)
    shown = redact(raw)
    assert PASSWORD not in shown
    assert len(shown) == len(raw)


@pytest.mark.parametrize("before", [b"\x80", b"\x88", b"\x79\x02", b"\x83\x01"])
def test_the_password_is_not_left_either_where_the_identifiers_are_out_of_step(before: bytes) -> None:
    raw = sealed(6, before + B2 + b"\x88")
    assert PASSWORD not in redact(raw)
    assert b"cr3t".hex() not in repr(values_of(walk(one(raw).data), 0))


@given(st.binary(max_size=600))
def test_twice_is_once(raw: bytes) -> None:
    assert redact(redact(raw)) == redact(raw)
