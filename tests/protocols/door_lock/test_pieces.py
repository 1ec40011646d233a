"""The cipher, the options, and what is shown to whoever may not see secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.door_lock.printed import APP_CODE, CLOCK, LOCK_CODE, OPEN, OPENED, PRINTED
from wayside.model.errors import ConfigError
from wayside.protocol.base import Side
from wayside.protocol.framing import BadFrame
from wayside.protocols.door_lock import PROTOCOL
from wayside.protocols.door_lock.cipher import CIPHER_DEFAULT, cipher_named
from wayside.protocols.door_lock.frames import DoorLockFramer
from wayside.protocols.door_lock.options import options_from
from wayside.protocols.door_lock.redaction import redact


def test_the_default_cipher_is_aes_of_fips_197() -> None:
    """Appendix C.1."""
    cipher = cipher_named(CIPHER_DEFAULT)
    key = bytes(range(16))
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    sealed = bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")
    assert cipher.encrypt(key, plain) == sealed
    assert cipher.decrypt(key, sealed) == plain


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ({"cipher": "rot13"}, r"cipher: .*'rot13'.*aes-128-ecb"),
        ({"timezone_minutes": "CET"}, "timezone_minutes: 'CET'"),
        ({"timezone_minutes": "841"}, "timezone_minutes: 841.* -720 to 840"),
        ({"central_mac": "13c44a1968"}, "central_mac"),
    ],
)
def test_a_wrong_option_is_named(texts: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        options_from(texts)


def test_options_as_people_type_them() -> None:
    options = options_from({"timezone_minutes": "-210", "central_mac": "13:c4:4a:19:68:02", "poll": "x"})
    assert options.timezone_minutes == -210
    assert options.central_mac.hex() == "13c44a196802"


def test_codes_are_not_shown() -> None:
    assert PROTOCOL.redact is redact
    shown = redact(b"".join(printed.raw for printed in PRINTED))
    assert len(shown) == sum(len(printed.raw) for printed in PRINTED)
    for secret in (APP_CODE, LOCK_CODE):
        assert secret.raw[11:-2] not in shown
    for harmless in (CLOCK, OPEN, OPENED):
        assert harmless.raw in shown
    assert not any(isinstance(frame, BadFrame) for frame in DoorLockFramer(Side.DEVICE).feed(shown))


@given(st.integers(0, 28), st.integers(0, 29))
def test_a_part_of_a_code_is_not_shown_either(start: int, end: int) -> None:
    piece = LOCK_CODE.raw[start:end]
    shown = redact(piece)
    assert len(shown) == len(piece)
    if start == 0 and end > 11:
        assert shown[11:] == b"*" * (len(shown) - 11) or end == len(LOCK_CODE.raw)


@given(st.binary(max_size=200))
def test_anything_can_be_asked_about(raw: bytes) -> None:
    assert len(redact(raw)) == len(raw)
    assert redact(redact(raw)) == redact(raw)
