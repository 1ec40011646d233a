"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from wayside.cli.exits import UsageError

if TYPE_CHECKING:
    from wayside.app.config import Configuration
    from wayside.cli.client import Client


@Parameter(name="*")
@dataclass(frozen=True)
class SettingOptions:
    """The settings that can be given as options; ``--set`` reaches all the others."""

    config: Annotated[
        Path | None, Parameter(help="The TOML file; ./wayside.toml is read if there is one.")
    ] = None
    data_dir: Annotated[str | None, Parameter(help="Where everything is kept.")] = None
    http: Annotated[str | None, Parameter(help="HOST:PORT of the API.")] = None
    public_url: Annotated[str | None, Parameter(help="How devices reach the API's address from outside.")] = (
        None
    )
    listen: Annotated[
        tuple[str, ...],
        Parameter(help="PROTOCOL=HOST:PORT, or PROTOCOL=off; may be repeated."),
    ] = ()
    serial: Annotated[
        tuple[str, ...],
        Parameter(help="PROTOCOL:NAME=/dev/PORT@BAUD of a device at a serial port; may be repeated."),
    ] = ()
    registration: Annotated[str | None, Parameter(help="quarantine or open.")] = None
    log_level: Annotated[str | None, Parameter(help="debug, info, warning or error.")] = None
    log_format: Annotated[str | None, Parameter(help="auto, text or json.")] = None
    set: Annotated[
        tuple[str, ...],
        Parameter(help="NAME=VALUE of any setting, see `wayside config`; may be repeated."),
    ] = ()

    def load(self) -> Configuration:
        """The settings in effect.

        Raises:
            UsageError: an option is not NAME=VALUE.
            ConfigError: a setting is wrong.
        """
        from wayside.app.config import load

        return load(dict(self._given()), os.environ, self.config)

    def _given(self) -> Iterator[tuple[str, object]]:
        named = {
            "data_dir": self.data_dir,
            "http": self.http,
            "public_url": self.public_url,
            "registration": self.registration,
            "log.level": self.log_level,
            "log.format": self.log_format,
        }
        yield from ((name, value) for name, value in named.items() if value is not None)
        for text in self.listen:
            protocol, value = pair("--listen", text)
            yield f"listen.{protocol}", value
        if self.serial:
            yield "serial", list(self.serial)
        for text in self.set:
            yield pair("--set", text)


def pair(option: str, text: str) -> tuple[str, str]:
    """``name=value``.

    Raises:
        UsageError: there is no name or no ``=``; names the option.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"{option}: {text!r} is not NAME=VALUE")
    return name, value


DEFAULTS: Final = SettingOptions()


@Parameter(name="*")
@dataclass(frozen=True)
class ServerOptions:
    """Which server to talk to."""

    url: Annotated[str, Parameter(env_var="WAYSIDE_URL", help="Where the server is.")] = (
        "http://127.0.0.1:8080"
    )
    token: Annotated[
        str | None, Parameter(env_var="WAYSIDE_TOKEN", help="An API token; the server shows the first one.")
    ] = None

    def client(self) -> Client:
        """The API behind these options."""
        from wayside.cli.client import Client

        return Client(self.url, self.token or None)


HERE: Final = ServerOptions()

Json = Annotated[bool, Parameter(help="JSON, for programs.")]
