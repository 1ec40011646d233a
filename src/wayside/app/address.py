"""``HOST:PORT``, as settings and options write it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

PORT_MAX: Final = 65_535

_HOST_PORT: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]/]+)):(?P<port>[0-9]{1,5})")


class Address(NamedTuple):
    """A TCP address.  ``port`` 0 lets the system choose one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text: str) -> Address:
    """``0.0.0.0:21100`` or ``[::]:21100``.

    Raises:
        ValueError: something else.
    """
    match = _HOST_PORT.fullmatch(text)
    if not match or int(match["port"]) > PORT_MAX:
        raise ValueError(f"{text!r} is not HOST:PORT, such as 0.0.0.0:8080 or [::]:8080")
    return Address(match["v6"] or match["host"], int(match["port"]))
