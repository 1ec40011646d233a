"""What a key may be.  They are made by us alone; that none is ever a path elsewhere is checked all the same."""

from __future__ import annotations

import re
from typing import Final

_KEY: Final = re.compile(r"[0-9a-f]{4,64}(?:/[0-9a-f]{1,64})?")


def checked(key: str) -> str:
    """The key.

    Raises:
        ValueError: not hexadecimal digits with at most one ``/`` among them.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} cannot be a blob's key")
    return key
