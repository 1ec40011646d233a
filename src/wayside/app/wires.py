"""Links that the operator names one by one, as settings and options write them."""

from __future__ import annotations

import re
from typing import Final

from wayside.app.address import parse_address
from wayside.app.protocols import link, protocol
from wayside.gateway.serial import Serial
from wayside.gateway.tcp import Listen
from wayside.model.errors import NotFound
from wayside.protocol.base import Gatt, Transport
from wayside.protocol.uuids import gatt_from

BAUD: Final = 115_200
"""What all serial devices that we know are set to by their makers."""
BAUD_MAX: Final = 4_000_000

_SERIAL: Final = re.compile(
    r"(?P<protocol>[^:=\s]+)(?::(?P<ident>[^=\s]+))?=(?P<path>/[^\s\x00]+?)(?:@(?P<baud>[0-9]{1,7}))?"
)
_BLE: Final = re.compile(
    r"(?P<protocol>[^:=\s]+):(?P<ident>[^=\s]+)=(?P<address>[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})"
)
_NO_IDENT: Final = re.compile(r"[^A-Za-z0-9_-]+")


def parse_serial(text: str) -> Serial:
    """``jk-bms:pack-1=/dev/ttyUSB0@115200``: the device, its port, and its speed if that is not the usual one.

    Without a name (``jk-bms=/dev/ttyUSB0``) the device is called as its port.

    Raises:
        ValueError: something else.
    """
    match = _SERIAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not PROTOCOL:NAME=/dev/PORT@BAUD, such as jk-bms:pack-1=/dev/ttyUSB0")
    path = match["path"]
    ident = match["ident"] or _NO_IDENT.sub("-", path.rpartition("/")[2]).strip("-_")
    baud = int(match["baud"] or BAUD)
    if not 0 < baud <= BAUD_MAX:
        raise ValueError(f"{text!r}: a speed of {baud}, but 1 to {BAUD_MAX} wanted")
    _check_device(text, match["protocol"], ident, Transport.SERIAL)
    return Serial(match["protocol"], ident, path, baud)


def own_ports(texts: tuple[str, ...]) -> list[Listen]:
    """``jk-bms:pack-1=0.0.0.0:9701``: where one device connects, and nobody else.

    Raises:
        ValueError: one is something else, or a device or an address is there twice.
    """
    found = []
    for text in texts:
        device, _, place = text.partition("=")
        name, _, ident = device.partition(":")
        try:
            address = parse_address(place)
        except ValueError:
            raise ValueError(
                f"{text!r} is not PROTOCOL:NAME=HOST:PORT, such as jk-bms:pack-1=0.0.0.0:9701"
            ) from None
        _check_device(text, name, ident, Transport.TCP)
        found.append(Listen(name, *address, ident))
    _check_once("device", [f"{listen.protocol}:{listen.ident}" for listen in found])
    _check_once("address", [f"{listen.host}:{listen.port}" for listen in found if listen.port])
    return found


def ble_devices(texts: tuple[str, ...]) -> dict[str, str]:
    """``parking-lock:866266060000015=C0:00:00:00:00:01``: addresses by device.

    Raises:
        ValueError: one is something else, or a device is there twice.
    """
    addresses: dict[str, str] = {}
    for text in texts:
        match = _BLE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not PROTOCOL:NAME=AA:BB:CC:DD:EE:FF")
        device = f"{match['protocol']}:{match['ident']}"
        _check_device(text, match["protocol"], match["ident"], Transport.BLE)
        if device in addresses:
            raise ValueError(f"the device {device} is there twice")
        addresses[device] = match["address"].upper()
    _check_once("address", list(addresses.values()))
    return addresses


def gatts(texts: tuple[str, ...]) -> dict[str, Gatt]:
    """``door-lock=fff0/fff1/fff2``: the UUIDs of service, writing and notifications, by protocol.

    Raises:
        ValueError: one is something else.
    """
    found = {}
    for text in texts:
        name, _, uuids = text.partition("=")
        try:
            link(protocol(name), Transport.BLE)
        except NotFound as error:
            raise ValueError(f"{text!r}: {error.detail}") from error
        try:
            found[name] = gatt_from(uuids)
        except ValueError as error:
            raise ValueError(
                f"{text!r} is not PROTOCOL=SERVICE/WRITE/NOTIFY, such as door-lock=fff0/fff1/fff2"
            ) from error
    return found


def _check_device(text: str, name: str, ident: str, transport: Transport) -> None:
    """Whether there can be such a device on such a link."""
    try:
        known = protocol(name)
        link(known, transport)
    except NotFound as error:
        raise ValueError(f"{text!r}: {error.detail}") from error
    if not re.fullmatch(known.ident, ident):
        raise ValueError(f"{text!r}: {ident!r} cannot be a {known.title}'s name; one is {known.example}")


def check_serials(texts: tuple[str, ...]) -> None:
    """All of them, and that they do not get into each other's way.

    Raises:
        ValueError: one is not right, or a port or a device is there twice.
    """
    serials = [parse_serial(text) for text in texts]
    _check_once("port", [serial.path for serial in serials])
    _check_once("device", [f"{serial.protocol}:{serial.ident}" for serial in serials])


def _check_once(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the {what} {name} is there twice")
