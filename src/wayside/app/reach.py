"""How devices reach this machine."""

from __future__ import annotations

import socket
from typing import Final

from wayside.app.address import Address

# A documentation address (RFC 5737): nothing is sent there, the system is only asked which way it would go.
_ELSEWHERE: Final = ("192.0.2.1", 9)

_ANY: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to

LOOPBACK: Final = "127.0.0.1"


def base_url(public_url: str | None, http: Address) -> str:
    """What addresses for devices begin with: what the operator said, else where we listen as seen from outside."""
    if public_url is not None:
        return public_url.rstrip("/")
    return f"http://{Address(_own_address() if http.host in _ANY else http.host, http.port)}"


def local_url(http: Address) -> str:
    """The same for people at this machine."""
    return f"http://{Address(LOOPBACK if http.host in _ANY else http.host, http.port)}"


def _own_address() -> str:
    """This machine's address on its default route; loopback if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])
