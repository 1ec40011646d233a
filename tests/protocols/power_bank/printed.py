"""The fifteen frames as section 4 prints them, separators and blanks included, with numbers for the placeholders.

The document prints no CRC.  Those here come from the bit-by-bit computation below, not from the package's.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from wayside.protocol.base import Side
from wayside.protocols.power_bank import messages as m

IMEI: Final = "866262045678903"
A, B = "PB00001201", "PB00001202"


def modbus(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 0x8005 reflected, starts at FFFF.  Of "123456789" it is 4B37."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def frame(content: str, imei: str = IMEI, crc: str | None = None) -> bytes:
    """A frame with this between IMEI and CRC; the right CRC unless another is given."""
    text = f"{imei},{content}"
    return f'{{"{text},{crc or f"{modbus(text.encode()):04X}"}"}}\r\n'.encode()


class Printed(NamedTuple):
    side: Side
    content: str
    message: msgspec.Struct


HERE, THERE = Side.SERVER, Side.DEVICE

PRINTED: Final = (
    Printed(THERE, " CH", m.Heartbeat()),
    Printed(HERE, " CQ", m.InventoryRequest()),
    Printed(
        THERE,
        f" AQ, 1.FU.{A}; 2.NF.{B}; 3.ER;",
        m.Inventory((m.Slot(1, "FU", A), m.Slot(2, "NF", B), m.Slot(3, "ER"))),
    ),
    Printed(HERE, f" CC, BW, 1, {A}", m.Borrow(1, A)),
    Printed(THERE, f" MQ, 2, {A}", m.BankQuery(2, A)),
    Printed(HERE, f" RQ, T.2, {A}", m.BankIsKnown(2, A)),
    Printed(HERE, f" RQ, F.2, {A}", m.BankIsUnknown(2, A)),
    Printed(THERE, f" MC, BO.1, {A}", m.Borrowed(1, A)),
    Printed(HERE, f" AM, BO.1, {A}", m.BorrowedReceipt(1, A)),
    Printed(THERE, f" MC, RO.1, {A}", m.Returned(1, A)),
    Printed(HERE, f" AM, RO.1, {A}", m.ReturnedReceipt(1, A)),
    Printed(THERE, f" MR, BF.1, {A}", m.BorrowFailed(1, A)),
    Printed(HERE, f" AR, BF.1 .{A}", m.BorrowFailedReceipt(1, A)),
    Printed(THERE, f" MR, RF.1 .{A}", m.ReturnFailed(1, A)),
    Printed(HERE, f" AR, RF.1 .{A}", m.ReturnFailedReceipt(1, A)),
)

FROM_CABINET: Final = tuple(printed for printed in PRINTED if printed.side is THERE)
