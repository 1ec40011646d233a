"""Settings that are tables of texts: options of protocols, and where cabinets stand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from wayside.app.protocols import protocol
from wayside.app.suggest import suggestion
from wayside.model.errors import ConfigError, NotFound
from wayside.model.identity import split_device_id
from wayside.protocol.session import Setup
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

    def check(table: Texts) -> None:
        watched = _Watched(table)
        try:
            for link in protocol(name).links:
                link.session(Setup(options=watched))
        except ConfigError as error:
            raise ValueError(str(error)) from error
        for option in table:
            if option not in watched.asked:
                raise ValueError(f"{name} has no option {option!r}{suggestion(option, watched.asked)}")

    return check


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
