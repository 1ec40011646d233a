"""Where the settings' values come from: defaults < TOML file < environment < command line.

Every value keeps its source, so that a complaint can name both and ``wayside config`` can show them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from wayside.app.catalogue import ENVIRONMENT_PREFIX, SECRET, SETTINGS, Setting
from wayside.app.settings import Settings
from wayside.app.suggest import suggestion
from wayside.model.errors import ConfigError

DEFAULT_FILE: Final = "wayside.toml"
CONFIG_VARIABLE: Final = "WAYSIDE_CONFIG"

HIDDEN: Final = "…"

NOT_SETTINGS: Final = frozenset({CONFIG_VARIABLE, "WAYSIDE_URL", "WAYSIDE_TOKEN", "WAYSIDE_RELAY_TOKEN"})
"""Variables that the command itself reads."""


class Assignment(msgspec.Struct, frozen=True):
    """A value that somebody gave.  ``source``: ``file wayside.toml``, ``environment WAYSIDE_HTTP``, ``--http``."""

    name: str
    value: object
    source: str


class Configuration(msgspec.Struct, frozen=True):
    """The settings in effect, and for each where it came from."""

    settings: Settings
    sources: dict[str, str]

    def value(self, name: str) -> object:
        """The value of ``retention.log_bytes`` and the like."""
        value: Any = self.settings
        for part in name.split(".", 1):
            value = value[part] if isinstance(value, dict) else getattr(value, part)
        return value

    def open_value(self, name: str) -> object:
        """The same without secrets: options hold keys and passwords."""
        value = self.value(name)
        if name in SECRET and value is not None:
            return HIDDEN
        if name.startswith("options.") and isinstance(value, dict):
            return dict.fromkeys(value, HIDDEN)
        return value


def load(
    command_line: Mapping[str, object], environ: Mapping[str, str], file: Path | None = None
) -> Configuration:
    """Put everything together.

    ``command_line`` maps settings to what was typed; ``file`` is read in place of ``./wayside.toml``.

    Raises:
        ConfigError: a value, a name or the file cannot be used.
    """
    values = {name: setting.default for name, setting in SETTINGS.items()}
    sources = dict.fromkeys(SETTINGS, "default")
    for given in _assignments(command_line, environ, file):
        values[given.name] = _convert(given)
        sources[given.name] = given.source
    return Configuration(msgspec.convert(_nested(values), Settings), sources)


def _assignments(
    command_line: Mapping[str, object], environ: Mapping[str, str], file: Path | None
) -> Iterator[Assignment]:
    """What each source says, weakest first."""
    yield from _from_file(file or _named_file(environ))
    for setting in SETTINGS.values():
        if setting.environment in environ:
            source = f"environment {setting.environment}"
            yield Assignment(setting.name, environ[setting.environment], source)
    for name, value in command_line.items():
        yield Assignment(name, value, "command line")


def _named_file(environ: Mapping[str, str]) -> Path | None:
    if path := environ.get(CONFIG_VARIABLE):
        return Path(path)
    default = Path(DEFAULT_FILE)
    return default if default.is_file() else None


def _from_file(file: Path | None) -> Iterator[Assignment]:
    if file is None:
        return
    try:
        tree = tomllib.loads(file.read_text())
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    for name, value in _flat(tree):
        yield Assignment(name, value, f"file {file}")


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        name = prefix + key
        if isinstance(value, dict) and name not in SETTINGS:
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _convert(given: Assignment) -> object:
    setting = SETTINGS.get(given.name)
    if setting is None:
        hint = suggestion(given.name, SETTINGS)
        raise ConfigError(f"{given.name} ({given.source}): there is no such setting{hint}")
    try:
        return setting.convert(given.value)
    except ValueError as error:
        raise ConfigError(f"{given.name} ({given.source}): {_words(error, setting, given.value)}") from error


def _words(error: ValueError, setting: Setting, value: object) -> str:
    if isinstance(error, msgspec.ValidationError):
        constraint = str(error).removesuffix(".")
        value = HIDDEN if setting.name in SECRET else repr(value)
        return f"{value} is wrong, this is: {setting.type_name.replace('`', '')} ({constraint})"
    return str(error)


def _nested(values: Mapping[str, object]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in values.items():
        head, _, leaf = name.partition(".")
        if leaf:
            tree.setdefault(head, {})[leaf] = value
        else:
            tree[head] = value
    return tree


def strangers(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none, with a suggestion.

    They are shown, not refused: a container platform sets names such as ``WAYSIDE_SERVICE_HOST`` by itself.
    """
    known = {setting.environment for setting in SETTINGS.values()}
    return [
        f"{name}: no setting has this name{suggestion(name, known)}"
        for name in sorted(environ)
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known | NOT_SETTINGS
    ]
