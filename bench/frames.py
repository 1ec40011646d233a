"""The frames that are measured, and those that the load is made of."""

from __future__ import annotations

import time
from typing import Final

from fastcrc import crc16

# The printed location of a JC261/JC400 (section 5.3.1), with the byte that the print lost put back; 43 bytes.
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


# One frame of each family that its devices send all day long.

LOCK_HEARTBEAT: Final = b"\xff\xff*BGCR,OM,866266066379439,H0,1,6023,31,0,1,1,1,1#\n"
"""As printed in section 2.2 of the parking lock's document."""

CABINET: Final = (
    b"866262045678903, AQ, 1.FU.PB00001201; 2.NF.PB00001202; 3.ER; 4.FU.PB00001204; 5.EM; 6.FU.PB00001206;"
)

INVENTORY: Final = b'{"%s,%04X"}\r\n' % (CABINET, crc16.modbus(CABINET))
"""Six slots, set as section 4.3 of the cabinet's document sets them."""

DOOR_ANSWER: Final = bytes.fromhex("EF01BBA050D9999007132D0000E30403160E3AE30000026C0ED2BB5F84")
"""A captured answer to an order to open."""

BATTERY: Final = bytes.fromhex(
    "4E570121000000000600017930010F90020F91030F94040F8E050F92060F91070F91080F91090F930A0F8E0B0F910C0F900D0F900E0F8D"
    "0F0F92100F9380002181001C82001E8315CA8481C58564860287001989000016DA8A000E8B00008C00038E16B28F10F490103691100492"
    "0005930C1C940C8095000596012C97006E98012C9900559A001E9B0BB89C00329D019E005A9F0046A00064A10064A20014A3003CA4003C"
    "A50001A60003A7FFECA8FFF6A90EAA000000EAAB01AC01AD0437AE01AF01B0000AB114B231323334353600000000B300B4496E70757420"
    "5573B532333036B6000182E3B731312E58575F5331312E3236315F5FB800B9000000EABA496E707574205573657264614A4B5F42314132"
    "3053313550C001000000006800005347"
)
"""A real pack's answer with everything, as the public tool powermon ships it to test itself, and two cells more: 16.
It answered a reading with command word 03; here it answers a read-all, 06."""
