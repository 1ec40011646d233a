"""Who a door lock is: its MAC, as 12 hexadecimal digits."""

from __future__ import annotations

from typing import Final

IDENT: Final = r"[0-9A-F]{12}"
EXAMPLE: Final = "BBA050D99990"
"""The captured lock's."""


def ident_of(mac: bytes) -> str:
    """``BB A0 50 D9 99 90`` → ``BBA050D99990``."""
    return mac.hex().upper()
