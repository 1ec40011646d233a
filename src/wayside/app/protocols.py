"""The one place that names protocols: a new one is its package and a line here."""

from __future__ import annotations

from typing import Final

from wayside.app.suggest import suggestion
from wayside.model.errors import NotFound
from wayside.protocol.base import Link, Protocol, Transport
from wayside.protocols import door_lock, jimi, jk_bms, parking_lock, power_bank

PROTOCOLS: Final[tuple[Protocol, ...]] = (
    jimi.PROTOCOL,
    parking_lock.PROTOCOL,
    power_bank.PROTOCOL,
    jk_bms.PROTOCOL,
    door_lock.PROTOCOL,
)


def protocol(name: str) -> Protocol:
    """The protocol of this name.

    Raises:
        NotFound: there is none; names the ones that there are.
    """
    for known in PROTOCOLS:
        if known.name == name:
            return known
    names = [known.name for known in PROTOCOLS]
    raise NotFound(f"there is no {name!r}, only {', '.join(names)}{suggestion(name, names)}", "protocol")


def link(protocol: Protocol, transport: Transport | None = None) -> Link:
    """The protocol's link over this transport; without one its first.

    Raises:
        NotFound: the protocol does not travel that way.
    """
    found = protocol.links[0] if transport is None else protocol.link(transport)
    if found is None:
        there = ", ".join(link.transport for link in protocol.links)
        raise NotFound(f"{protocol.name} has no {transport} link, only {there}", "link")
    return found
