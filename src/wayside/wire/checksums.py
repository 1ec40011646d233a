"""The check codes that the devices use; every function takes any bytes-like data and returns an int."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Final
from zlib import adler32

import fastcrc

Octets = bytes | bytearray | memoryview

CRC16: Final[dict[str, Callable[[bytes], int]]] = {
    "modbus": fastcrc.crc16.modbus,
    "arc": fastcrc.crc16.arc,
    "usb": fastcrc.crc16.usb,
    "ccitt-false": fastcrc.crc16.ibm_3740,
    "xmodem": fastcrc.crc16.xmodem,
    "kermit": fastcrc.crc16.kermit,
    "x25": fastcrc.crc16.ibm_sdlc,
    "mcrf4xx": fastcrc.crc16.mcrf4xx,
}
"""The CRCs that people mean when they write "CRC16", the likeliest first: both polynomials, reflected or not."""

# The low half of an Adler-32 that starts at 0 is the sum of the bytes modulo 65521, which 256 bytes cannot reach:
# their plain sum, in a tenth of the time that adding them up in Python takes.
_SUMMED_AT_ONCE_BYTES: Final = 256


# The library's own functions under the field's names: a frame's check is too short a job for a call around it.
crc16_x25: Final[Callable[[Octets], int]] = fastcrc.crc16.ibm_sdlc
"""CRC-16/X.25, which the dashcam's document calls CRC-ITU."""

crc16_modbus: Final[Callable[[Octets], int]] = fastcrc.crc16.modbus
"""CRC-16/MODBUS: the door lock's frames, the parking lock's information packets."""

crc8_maxim_dow: Final[Callable[[Octets], int]] = fastcrc.crc8.maxim_dow
"""CRC-8/MAXIM-DOW (reflected 0x8C, starts at 0): the parking lock's BLE frames."""


def sum16(data: Octets) -> int:
    """The sum of all bytes, kept to 16 bits: the battery's frames."""
    total = 0
    for at in range(0, len(data), _SUMMED_AT_ONCE_BYTES):
        total += adler32(data[at : at + _SUMMED_AT_ONCE_BYTES], 0) & 0xFFFF
    return total & 0xFFFF


def xor8(data: Octets) -> int:
    """All bytes XORed together, often called BCC: the dashcam's temperature module."""
    return reduce(xor, data, 0)
