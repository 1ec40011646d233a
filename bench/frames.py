"""The frames that the load is made of: the printed location packet of JC261/JC400 (section 5.3.1), and logins."""

from __future__ import annotations

import time
from typing import Final

from fastcrc import crc16

# The printed example, with the byte that the print lost put back; 43 bytes.
LOCATION: Final = bytes.fromhex(
    "78782622160208092B1ECF026C15930C398A1000140001CC0B77060776A4010E0000000000008C6D400D0A"
)
ACKNOWLEDGEMENT_BYTES: Final = 10


def seal(body: bytes) -> bytes:
    """A 7878 frame around protocol number, content and serial number."""
    counted = bytes((len(body) + 2,)) + body
    return b"\x78\x78" + counted + crc16.ibm_sdlc(counted).to_bytes(2, "big") + b"\r\n"


def imei(number: int) -> str:
    """The IMEI of the n-th device of the load."""
    return f"35{number:013d}"


def login(number: int) -> bytes:
    """Its login: type 0x0242, GMT+8, serial 1."""
    return seal(b"\x01" + bytes.fromhex("0" + imei(number)) + b"\x02\x42\x32\x01\x00\x01")


def location(moment: time.struct_time) -> bytes:
    """The printed location, of this UTC moment: a device that reports is not years behind."""
    year, *rest = moment[:6]
    return seal(b"\x22" + bytes((year - 2000, *rest)) + LOCATION[10:-4])


def heartbeat() -> bytes:
    """A status packet (section 5.2.1), serial 2."""
    return seal(bytes.fromhex("134004040001") + b"\x00\x02")
