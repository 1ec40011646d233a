import copy
import pickle
from typing import cast

import msgspec
import pytest

from tests.wire.samples import LOCATION, UploadMode
from wayside.wire.fields import Members


def test_a_known_code_is_its_member() -> None:
    assert Members(UploadMode)[0x0E] is UploadMode.FIXED_TIME
    assert UploadMode.FIXED_TIME.known


def test_an_unknown_code_is_kept_with_its_value() -> None:
    unknown = UploadMode(0x5A)
    assert (unknown, unknown.name, unknown.value, unknown.known) == (0x5A, "UNKNOWN_0x5a", 0x5A, False)
    assert isinstance(unknown, UploadMode)
    assert unknown == UploadMode(0x5A) != UploadMode(0x5B)
    assert {unknown: 1}[UploadMode(0x5A)] == 1
    assert f"{unknown:d}" == "90"


def test_an_unknown_code_goes_through_a_packet_unchanged() -> None:
    data = bytearray(LOCATION.size)
    data[-6] = 0x77
    message = LOCATION.decode(bytes(data))
    assert message.upload_mode == UploadMode(0x77)
    assert LOCATION.encode(message) == data


def test_unknown_codes_are_not_remembered() -> None:
    members = Members(UploadMode)
    for code in range(1000):
        assert members[code] == code
    assert len(members) == len(UploadMode) == len(UploadMode.__members__) == 3


def test_an_unknown_code_survives_json_pickle_and_copy() -> None:
    unknown = UploadMode(0x5A)
    assert msgspec.json.encode(unknown) == b"90"
    assert msgspec.json.decode(b"90", type=UploadMode) == unknown
    assert pickle.loads(pickle.dumps(unknown)) == unknown  # noqa: S301 - our own bytes
    assert copy.deepcopy(unknown) == unknown


@pytest.mark.parametrize("value", ["1", None, 1.5])
def test_only_integers_are_codes(value: object) -> None:
    with pytest.raises(ValueError, match="is not a valid UploadMode"):
        UploadMode(cast("int", value))
