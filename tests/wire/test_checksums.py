"""Published check values, and the check codes of printed and captured frames."""

from collections.abc import Callable

import pytest

from wayside.wire.checksums import Octets, crc8_maxim_dow, crc16_modbus, crc16_x25, sum16, xor8

CHECK = b"123456789"


@pytest.mark.parametrize(
    ("function", "expected"),
    [(crc16_x25, 0x906E), (crc16_modbus, 0x4B37), (crc8_maxim_dow, 0xA1), (sum16, 477), (xor8, 0x31)],
)
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_the_published_check_value(
    function: Callable[[Octets], int], expected: int, kind: Callable[[bytes], Octets]
) -> None:
    assert function(kind(CHECK)) == expected


@pytest.mark.parametrize(
    "frame",
    [
        "78781101075253367890024270003201000512790d0a",
        "7878050100059ff80d0a",
        "78780a134004040001000fdcee0d0a",
        "7878052201232e4b0d0a",
        "787813800b0000000056455253494f4e000259d4daa70d0a",
        "78782622160208092b1ecf026c15930c398a1000140001cc0b77060776a4010e0000000000008c6d400d0a",
        "7979002670003300126927243c0f0045026c15e90c398a2b0014a00027000204e000350001000ad337520d0a",
    ],
)
def test_the_dashcams_frames(frame: str) -> None:
    data = bytes.fromhex(frame)
    assert crc16_x25(data[2:-4]) == int.from_bytes(data[-4:-2], "big")


def test_the_dashcams_frame_that_lacks_a_byte_does_not_pass() -> None:
    data = bytes.fromhex(
        "78782622160208092b1ecf026c15930c398a1000140001cc0b77060776a4010e00000000008c6d400d0a"
    )
    assert crc16_x25(data[2:-4]) != int.from_bytes(data[-4:-2], "big")


@pytest.mark.parametrize(
    "frame",
    [
        "ef0113c44a19680201132e000a130403160e3400000000000000009e1b",
        "ef01bba050d9999007152e000a01000700ece2461910260b00000000002876",
        "ef0113c44a19680201132c320e731a1ebbe5f872ec8e6d433f00017f1b",
        "ef01bba050d9999007132cff03000033000066a316040e55aa433f2004",
        "ef0113c44a19680201132d35034560ab072ab6a91354b1f3aa565f5602",
        "ef01bba050d9999007132d0000e30403160e3ae30000026c0ed2bb5f84",
    ],
)
def test_the_door_locks_captured_frames(frame: str) -> None:
    data = bytes.fromhex(frame)
    assert crc16_modbus(data[:-2]) == int.from_bytes(data[-2:], "little")


@pytest.mark.parametrize("frame", ["a3a408501e1f51737077492a594601", "a3a402b0277f7f271a"])
def test_the_parking_locks_frames(frame: str) -> None:
    data = bytes.fromhex(frame)
    assert crc8_maxim_dow(data[:-1]) == data[-1]


@pytest.mark.parametrize(
    "frame",
    [
        "4e57001400000000020300ab010000000068000001d2",
        "4e5700130000000001030000000000006800000124",
        "4e57001300000000030300830000000068000001a9",
    ],
)
def test_the_batterys_frames(frame: str) -> None:
    data = bytes.fromhex(frame)
    assert sum16(data[:-4]) == int.from_bytes(data[-2:], "big")


def test_a_sum_keeps_sixteen_bits() -> None:
    assert sum16(b"\xff" * 300) == 300 * 255 - 65_536


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 513, 70_000])
@pytest.mark.parametrize("octet", [b"\x00", b"\x01", b"\xff"])
def test_a_sum_is_the_plain_sum_whatever_the_size(size: int, octet: bytes) -> None:
    assert sum16(memoryview(octet * size)) == size * octet[0] % 65_536


def test_the_dashcams_temperature_module() -> None:
    data = bytes.fromhex("3c030100fac40d")
    assert xor8(data[:-2]) == data[-2]
