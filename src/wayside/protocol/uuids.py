"""UUIDs of a BLE service, as operators write them."""

from __future__ import annotations

import re
from typing import Final

from wayside.protocol.base import Gatt

_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_SHORT_UUID: Final = re.compile(r"[0-9A-Fa-f]{4}")
_BASE_UUID: Final = "0000{}-0000-1000-8000-00805f9b34fb"
"""What four digits stand for (Bluetooth Core, vol. 3, part B, 2.5.1)."""
_UUIDS: Final = 3


def gatt_from(text: str) -> Gatt:
    """``fff0/fff1/fff2``: the UUIDs of the service, of writing and of notifications.

    Raises:
        ValueError: something else.
    """
    whole = tuple(filter(None, map(_uuid, text.split("/", _UUIDS))))
    if len(whole) != _UUIDS:
        raise ValueError(f"{text!r} is not SERVICE/WRITE/NOTIFY, such as fff0/fff1/fff2")
    return Gatt(*whole)


def _uuid(text: str) -> str:
    """A UUID in full; empty if it is none."""
    if _SHORT_UUID.fullmatch(text):
        return _BASE_UUID.format(text.lower())
    return text.lower() if _UUID.fullmatch(text) else ""
