"""Settings that are tables of texts: options of protocols, and where cabinets stand."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from wayside.app.protocols import protocol
from wayside.app.suggest import suggestion
from wayside.gateway.nearby import BLE_ADDRESS, BLE_KEEP, GATT, YES_OR_NO
from wayside.model.errors import ConfigError, NotFound
from wayside.model.identity import split_device_id
from wayside.protocol.base import Transport
from wayside.protocol.session import Setup
from wayside.protocol.uuids import gatt_from
from wayside.rental.publication import Coordinates

Texts = dict[str, str]

LATITUDE_MAX: Final = 90.0
LONGITUDE_MAX: Final = 180.0


def table_from(text: str) -> Texts:
    """``name=value,name=value`` as a table, for environment and command line.

    Raises:
        ValueError: a part without ``=``.
    """
    table: Texts = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"{part!r} is not NAME=VALUE")
        table[name.strip()] = value.strip()
    return table


def text_of(value: object) -> object:
    """A number or a truth value as the text that it was written as; anything else as it is, for whoever checks it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


class _Watched(Texts):
    """A table that remembers which names it was asked for."""

    def __init__(self, table: Texts) -> None:
        super().__init__(table)
        self.asked: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override] # one of its forms
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


def options_check(name: str) -> Callable[[Texts], None]:
    """A check of a protocol's options: its sessions take them, and each is asked for by one of them.

    The check raises ``ValueError``.
    """
    return partial(_check_options, name, {})


def check_device_options(name: str, table: Mapping[str, str]) -> None:
    """Options of one device of this protocol: those of its sessions, and how it is reached.

    Raises:
        ValueError: there is no such option, or not with this value.
    """
    ble = protocol(name).link(Transport.BLE) is not None
    _check_options(name, _REACHED if ble else {}, dict(table))


def _check_options(name: str, others: Mapping[str, Callable[[str], object]], table: Texts) -> None:
    watched = _Watched(table)
    try:
        for link in protocol(name).links:
            link.session(Setup(options=watched))
    except ConfigError as error:
        raise ValueError(str(error)) from error
    for option, text in table.items():
        if option in others:
            try:
                others[option](text)
            except ValueError as error:
                raise ValueError(f"{option}: {error}") from error
        elif option not in watched.asked:
            known = watched.asked | others.keys()
            raise ValueError(f"{name} has no option {option!r}{suggestion(option, known)}")


def _check_address(text: str) -> None:
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is not AA:BB:CC:DD:EE:FF")


_ADDRESS: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}")


def _check_yes_or_no(text: str) -> None:
    if text not in YES_OR_NO:
        raise ValueError(f"{text!r} is none of {', '.join(YES_OR_NO)}")


_REACHED: Final[dict[str, Callable[[str], object]]] = {
    GATT: gatt_from,
    BLE_ADDRESS: _check_address,
    BLE_KEEP: _check_yes_or_no,
}
"""What whoever calls a device over Bluetooth asks for, in place of its session."""


def check_stations(table: Texts) -> None:
    """Raises ``ValueError``: not a device, or no place."""
    for cabinet, place in table.items():
        coordinates(cabinet, place)


def coordinates(cabinet: str, text: str) -> Coordinates:
    """``52.5200 13.4050`` (latitude, longitude) of a device.

    Raises:
        ValueError: something else.
    """
    try:
        protocol(split_device_id(cabinet)[0])
        latitude, longitude = map(float, text.split())
    except NotFound as error:
        raise ValueError(f"{cabinet!r}: {error.detail}") from error
    except ValueError as error:
        raise ValueError(
            f"{cabinet!r} = {text!r} is not DEVICE = LATITUDE LONGITUDE, such as 52.5200 13.4050"
        ) from error
    if not (math.fabs(latitude) <= LATITUDE_MAX and math.fabs(longitude) <= LONGITUDE_MAX):
        raise ValueError(f"{cabinet!r} = {text!r}: latitude -90 to 90 and longitude -180 to 180 wanted")
    return Coordinates(latitude, longitude)
