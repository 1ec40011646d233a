"""The settings as a flat list: ``retention.log_bytes``, its type, default, description and environment name."""

from __future__ import annotations

import ast
import enum
import functools
import inspect
import itertools
import textwrap
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from wayside.app.address import parse_address
from wayside.app.protocols import PROTOCOLS
from wayside.app.settings import Settings
from wayside.app.tables import check_stations, options_check, table_from, text_of
from wayside.app.wires import ble_devices, check_serials, gatts, own_ports
from wayside.protocol.base import Transport

ENVIRONMENT_PREFIX: Final = "WAYSIDE_"

OFF: Final = frozenset({"off", "none"})
"""How text says that an optional setting has no value."""

ANY_INTERFACE: Final = "0.0.0.0"  # noqa: S104 - devices are never on this machine

SECRET: Final = frozenset({"media.s3_access_key", "media.s3_secret_key", "live.hook_key"})
"""Settings that are never shown."""

BY_PROTOCOL: Final = frozenset({"listen", "options"})
"""Tables that have a setting for each protocol."""

TYPE_NAMES: Final[dict[object, str]] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    tuple: "list of texts, in one text with commas between them",
    dict: "table of texts, in one text as `NAME=VALUE,NAME=VALUE`",
}


class Setting(msgspec.Struct, frozen=True):
    """One leaf of ``Settings``.  ``check`` raises ``ValueError`` for a value whose type is right."""

    name: str
    type: Any
    default: Any
    structure: type[msgspec.Struct]
    """Where it is declared, under its last name (those that each protocol has: under the first)."""
    check: Callable[[Any], object] | None = None

    @property
    def environment(self) -> str:
        """``retention.log_bytes`` → ``WAYSIDE_RETENTION_LOG_BYTES``."""
        return ENVIRONMENT_PREFIX + self.name.upper().replace(".", "_").replace("-", "_")

    @property
    def doc(self) -> str:
        """What it is for."""
        head, _, leaf = self.name.rpartition(".")
        return attribute_docs(self.structure)[head if head in BY_PROTOCOL else leaf]

    @property
    def optional(self) -> bool:
        """Whether there may be no value."""
        return types.NoneType in _parts(self.type)

    @property
    def type_name(self) -> str:
        """What to write, in words."""
        plain = next(part for part in _parts(self.type) if part is not types.NoneType)
        choices: list[enum.Enum] = list(plain) if issubclass(plain, enum.Enum) else []
        words = " or ".join(f"`{choice.value}`" for choice in choices) or TYPE_NAMES[plain]
        return f"{words}, or `off`" if self.optional else words

    def convert(self, raw: object) -> Any:  # noqa: ANN401 - every setting has a type of its own
        """The value; text is read as what the setting's type wants.

        Raises:
            ValueError: it is not of that type, or not permitted.
        """
        if self.optional and (raw is None or (isinstance(raw, str) and raw.lower() in OFF)):
            return None
        if isinstance(raw, str) and tuple in _parts(self.type):
            raw = [stripped for part in raw.split(",") if (stripped := part.strip())]
        if isinstance(raw, str) and dict in _parts(self.type):
            raw = table_from(raw)
        if isinstance(raw, dict):
            raw = {name: text_of(value) for name, value in raw.items()}
        value = msgspec.convert(raw, self.type, strict=not isinstance(raw, str))
        if self.check is not None:
            self.check(value)
        return value


def check_url(text: str) -> None:
    """An address that firmware addresses can begin with.

    Raises:
        ValueError: no ``http://HOST`` or ``https://HOST``, or more than that.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is not of the form http://HOST:PORT")


def check_timezone(name: str) -> None:
    """Raises ``ValueError``: there is no such time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}; one is Europe/Berlin") from error


CHECKS: Final[dict[str, Callable[[Any], object]]] = {
    "http": parse_address,
    "public_url": check_url,
    "live.external_url": check_url,
    "rtmp": parse_address,
    "upload": parse_address,
    "media.s3_endpoint": check_url,
    "ports": own_ports,
    "serial": check_serials,
    "ble_devices": ble_devices,
    "gatt": gatts,
    "stations": check_stations,
    "gbfs.timezone": check_timezone,
}


def _parts(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401 - annotations have no common type
    """The alternatives of an annotation, without their constraints."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if (container := typing.get_origin(annotation)) in {tuple, dict}:
        return (container,)
    if typing.get_origin(annotation) in {types.UnionType, typing.Union}:
        return tuple(part for member in typing.get_args(annotation) for part in _parts(member))
    return (annotation,)


@functools.cache
def attribute_docs(structure: type[msgspec.Struct]) -> dict[str, str]:
    """The docstrings under a Struct's fields, those it has from another one first.

    Python does not keep them, so the source is read, and only on demand.
    """
    above = structure.__base__
    docs = {} if above in {None, msgspec.Struct} else dict(attribute_docs(above))
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(structure))).body
    assert isinstance(definition, ast.ClassDef)
    for field, below in itertools.pairwise(definition.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match below:
                case ast.Expr(ast.Constant(str(doc))):
                    docs[field.target.id] = " ".join(doc.split())
    return docs


def _walk(structure: type[msgspec.Struct], prefix: str = "") -> Iterator[Setting]:
    for field in msgspec.structs.fields(structure):
        name = prefix + field.encode_name
        (plain, *_) = _parts(field.type)
        if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            yield from _walk(plain, f"{name}.")
        elif name == "listen":
            yield from _listeners()
        elif name == "options":
            yield from _options()
        else:
            default = {} if plain is dict else field.default
            yield Setting(name, field.type, default, structure, CHECKS.get(name))


def _listeners() -> Iterator[Setting]:
    for protocol in PROTOCOLS:
        link = protocol.link(Transport.TCP)
        if link is not None:
            default = None if link.port is None else f"{ANY_INTERFACE}:{link.port}"
            yield Setting(f"listen.{protocol.name}", str | None, default, Settings, parse_address)


def _options() -> Iterator[Setting]:
    for protocol in PROTOCOLS:
        check = options_check(protocol.name)
        yield Setting(f"options.{protocol.name}", dict[str, str], {}, Settings, check)


SETTINGS: Final[dict[str, Setting]] = {setting.name: setting for setting in _walk(Settings)}


def shown(value: object) -> str:
    """A value as people write it."""
    if value is None:
        return "off"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, dict):
        return ",".join(f"{name}={text}" for name, text in value.items()) or "none"
    return str(value)


class SettingRow(msgspec.Struct, frozen=True):
    """One line of the reference page."""

    name: str
    environment: str
    type: str
    default: str
    doc: str


def settings_reference() -> list[SettingRow]:
    """Every setting, for the generated reference page."""
    return [
        SettingRow(setting.name, setting.environment, setting.type_name, shown(setting.default), setting.doc)
        for setting in SETTINGS.values()
    ]
