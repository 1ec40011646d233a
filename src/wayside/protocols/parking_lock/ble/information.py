"""The lock's information text (1.8): ``Item:value,Item:value,…`` in ASCII, and how it is cut into packets."""

from __future__ import annotations

from typing import Final

from wayside.protocols.parking_lock.ble.frames import PACKET_DATA_BYTES
from wayside.protocols.parking_lock.ble.messages import Packet
from wayside.wire.checksums import crc16_modbus

ITEMS_MAX: Final = 64
"""The longest printed text has 25 items."""

VALUE_LENGTH_MAX: Final = 64


def items_of(data: bytes) -> dict[str, str]:
    """The items by name, upper-case; the zeroes at the end do not count.

    What is no item is passed over: the document's own example has a full stop where a comma should be.
    """
    text = data.rstrip(b"\0").decode("ascii", "replace")
    items: dict[str, str] = {}
    for part in text.split(",")[:ITEMS_MAX]:
        name, colon, value = part.partition(":")
        if colon and len(value) <= VALUE_LENGTH_MAX and value.isprintable():
            items[name.strip().upper()] = value.strip()
    return items


def text_of(items: dict[str, str]) -> bytes:
    """The reverse; each item ends with a comma, as the document has it."""
    return "".join(f"{name}:{value}," for name, value in items.items()).encode("ascii")


def packets_of(data: bytes) -> tuple[Packet, ...]:
    """The packets that carry this, the last one filled with zeroes."""
    cuts = range(0, len(data), PACKET_DATA_BYTES)
    return tuple(
        Packet(index, data[cut : cut + PACKET_DATA_BYTES].ljust(PACKET_DATA_BYTES, b"\0"))
        for index, cut in enumerate(cuts)
    )


def whole_crc(packets: tuple[Packet, ...]) -> int:
    """What a transfer announces: over the data of all packets, zeroes included."""
    return crc16_modbus(b"".join(packet.data for packet in packets))


def crc_fits(announced: int, data: bytes) -> bool:
    """Whether the announced sum is one of the two that firmwares make: with the zeroes at the end, or without."""
    return announced in {crc16_modbus(data), crc16_modbus(data.rstrip(b"\0"))}
