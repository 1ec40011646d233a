"""Who a battery is, over TCP: there is no number that every one of them has."""

from __future__ import annotations

import re
from typing import Final

from wayside.model.events import Values
from wayside.protocols.jk_bms.identifiers import DEVICE_ID, MANUFACTURER_ID

IDENT: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}"
"""Eight hexadecimal digits of a terminal number, or the 24 characters of BA at most."""

EXAMPLE: Final = "BT3072020120000200521001"
"""Table 5.1, at BA."""

# BA before B4: modern firmware puts the first 8 characters of the user data into B4, and all 12 and the model into BA.
_TEXTS: Final = (MANUFACTURER_ID.value_name, DEVICE_ID.value_name)

_OTHER: Final = re.compile(r"[^A-Za-z0-9_-]+")


def ident_of(terminal: int, values: Values) -> str | None:
    """The terminal number where there is one, else what the readings say, else None."""
    if terminal:
        return f"{terminal:08x}"
    return next((ident for name in _TEXTS if (ident := ident_from_text(str(values.get(name, ""))))), None)


def ident_from_text(text: str) -> str:
    """Letters, digits, and single dashes for what stands between them; empty if there are none."""
    return _OTHER.sub("-", text).strip("-_")
