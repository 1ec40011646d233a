"""Frames without the password: it comes back in clear in every full reply, and goes out with some writes."""

from __future__ import annotations

from wayside.protocol.framing import BadFrame
from wayside.protocols.jk_bms.codes import Order
from wayside.protocols.jk_bms.frames import BatteryFramer, Frame, seal
from wayside.protocols.jk_bms.identifiers import CELLS, PASSWORD
from wayside.protocols.jk_bms.items import MASK, blanked, walk


def redact(raw: bytes) -> bytes:
    """The same bytes, the password's replaced by asterisks and the checksum put right.

    Any bytes may be asked about: several frames, a cut-off one, none at all.  Where a frame's items cannot be told
    apart, ten bytes go behind everything that looks like the password's identifier.
    """
    framer = BatteryFramer()
    shown = bytearray()
    at = 0
    for frame in framer.feed(raw):
        if isinstance(frame, BadFrame):
            continue
        start = raw.index(frame.raw, at)
        shown += blanked(raw[at:start])
        shown += _redacted(frame)
        at = start + len(frame.raw)
    return bytes(shown + blanked(raw[at:]))


def _redacted(frame: Frame) -> bytes:
    if frame.command == Order.PASSWORD:
        data = frame.data[:1] + MASK * len(frame.data[1:])
    else:
        data = _without_password(frame.data, single=frame.command == Order.READ)
    if data == frame.data:
        return frame.raw
    return seal(
        frame.command,
        data,
        source=frame.source,
        transfer=frame.transfer,
        terminal=frame.terminal,
        record=frame.record,
    )


def _without_password(data: bytes, *, single: bool) -> bytes:
    items, rest = walk(data, single=single)
    if rest:
        return blanked(data)
    shown = bytearray(data)
    end = len(data)
    for row, value in reversed(items):
        start = end - len(value)
        if row is PASSWORD:
            shown[start:end] = MASK * len(value)
        # Before the value stands the identifier, and between the two the length of the cells.
        end = start - (2 if row is CELLS else 1)
    return bytes(shown)
