"""The check codes that the devices use; every function takes any bytes-like data and returns an int."""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import Final
from zlib import adler32

import fastcrc

Octets = bytes | bytearray | memoryview

# The low half of an Adler-32 that starts at 0 is the sum of the bytes modulo 65521, which 256 bytes cannot reach:
# their plain sum, in a tenth of the time that adding them up in Python takes.
_SUMMED_AT_ONCE_BYTES: Final = 256


def crc16_x25(data: Octets) -> int:
    """CRC-16/X.25, which the dashcam's document calls CRC-ITU."""
    return fastcrc.crc16.ibm_sdlc(data)


def crc16_modbus(data: Octets) -> int:
    """CRC-16/MODBUS: the door lock's frames, the parking lock's information packets."""
    return fastcrc.crc16.modbus(data)


def crc8_maxim_dow(data: Octets) -> int:
    """CRC-8/MAXIM-DOW (reflected 0x8C, starts at 0): the parking lock's BLE frames."""
    return fastcrc.crc8.maxim_dow(data)


def sum16(data: Octets) -> int:
    """The sum of all bytes, kept to 16 bits: the battery's frames."""
    total = 0
    for at in range(0, len(data), _SUMMED_AT_ONCE_BYTES):
        total += adler32(data[at : at + _SUMMED_AT_ONCE_BYTES], 0) & 0xFFFF
    return total & 0xFFFF


def xor8(data: Octets) -> int:
    """All bytes XORed together, often called BCC: the dashcam's temperature module."""
    return reduce(xor, data, 0)
