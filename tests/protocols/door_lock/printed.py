"""The captured exchange of 2019, as bytes, with what a reader finds in it; our encoder made none of it."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from wayside.protocol.base import Side
from wayside.protocols.door_lock import messages as m

PHONE: Final = bytes.fromhex("13c44a196802")
LOCK: Final = bytes.fromhex("bba050d99990")


class Printed(NamedTuple):
    side: Side
    raw: bytes
    message: msgspec.Struct


CLOCK: Final = Printed(
    Side.SERVER,
    bytes.fromhex("ef0113c44a19680201132e000a130403160e3400000000000000009e1b"),
    m.SetClock(0x000A, 19, 4, 3, 22, 14, 52),
)
CLOCK_SET: Final = Printed(
    Side.DEVICE,
    bytes.fromhex("ef01bba050d9999007152e000a01000700ece2461910260b00000000002876"),
    m.ClockSet(
        0x000A, bytes.fromhex("01000700"), bytes.fromhex("ece246191026"), bytes.fromhex("0b0000000000")
    ),
)
APP_CODE: Final = Printed(
    Side.SERVER,
    bytes.fromhex("ef0113c44a19680201132c320e731a1ebbe5f872ec8e6d433f00017f1b"),
    m.AppCode(bytes.fromhex("320e731a1ebbe5f872ec8e6d433f0001")),
)
LOCK_CODE: Final = Printed(
    Side.DEVICE,
    bytes.fromhex("ef01bba050d9999007132cff03000033000066a316040e55aa433f2004"),
    m.LockCode(bytes.fromhex("ff03000033000066a316040e55aa433f")),
)
OPEN: Final = Printed(
    Side.SERVER,
    bytes.fromhex("ef0113c44a19680201132d35034560ab072ab6a91354b1f3aa565f5602"),
    m.Open(bytes.fromhex("35034560ab072ab6a91354b1f3aa565f")),
)
OPENED: Final = Printed(
    Side.DEVICE,
    bytes.fromhex("ef01bba050d9999007132d0000e30403160e3ae30000026c0ed2bb5f84"),
    m.OpenAnswer(m.OpenStatus.OK, 0, 0xE3, 4, 3, 22, 14, 58, bytes.fromhex("e30000026c0ed2bb")),
)

PRINTED: Final = (CLOCK, CLOCK_SET, APP_CODE, LOCK_CODE, OPEN, OPENED)
