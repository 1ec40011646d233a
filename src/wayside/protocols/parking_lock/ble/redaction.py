"""What goes over BLE, without device keys: in 0x01 and 0x33, and anywhere in the packets of the information text."""

from __future__ import annotations

from typing import Final

from wayside.protocol.base import Side
from wayside.protocol.framing import BadFrame
from wayside.protocols.parking_lock.ble.frames import (
    PACKET_DATA_BYTES,
    PACKET_NAME,
    BleFramer,
    Frame,
    seal,
    seal_packet,
)
from wayside.protocols.parking_lock.ble.messages import DEVICE_KEY_BYTES

MASK: Final = b"*"

KEYED: Final = frozenset({0x01, 0x33})
"""Requests whose data is a device key."""

TEXT_LINE: Final = b"*BGC"
"""How the lines of TCP begin, perhaps behind two raw bytes; they hold no secrets."""


def redact(raw: bytes) -> bytes:
    """The same bytes, keys and the content of packets replaced by asterisks, and the checks put right.

    A key in the information text may be cut in two by packets, so all packets lose their content.  Of bytes that are no
    whole frame nothing is left.
    """
    if TEXT_LINE in raw[: len(TEXT_LINE) + 2]:
        return raw
    shown = bytearray()
    at = 0
    for frame in BleFramer(Side.SERVER).feed(raw):
        if isinstance(frame, BadFrame):
            continue
        start = raw.index(frame.raw, at)
        shown += MASK * (start - at) + _redacted(frame)
        at = start + len(frame.raw)
    return bytes(shown + MASK * (len(raw) - at))


def _redacted(frame: Frame) -> bytes:
    if frame.name == PACKET_NAME:
        return seal_packet(frame.data[:-PACKET_DATA_BYTES] + MASK * PACKET_DATA_BYTES)
    if frame.command in KEYED and len(frame.data) == DEVICE_KEY_BYTES:
        return seal(frame.command, MASK * DEVICE_KEY_BYTES, frame.key, frame.rand)
    return frame.raw
