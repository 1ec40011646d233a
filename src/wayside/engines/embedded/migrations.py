"""The schema: numbered files, applied in order, each in a transaction, and a table that says which."""

from __future__ import annotations

import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import apsw

from wayside.model.errors import ConfigError

APPLICATION_ID: Final = int.from_bytes(b"Ways")
"""In the file's header: what `file` and others recognise it by."""

SCHEMA: Final = resources.files("wayside.engines.embedded") / "schema"
NUMBERED: Final = re.compile(r"(\d{4})_\w+\.sql")

VERSION_TABLE: Final = "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY) STRICT"


def steps(folder: Traversable | Path = SCHEMA) -> list[str]:
    """The schema files' texts, in order; the first leads to version 1."""
    numbered = sorted(
        (int(match[1]), path.read_text("utf-8"))
        for path in folder.iterdir()
        if (match := NUMBERED.fullmatch(path.name))
    )
    assert [number for number, _ in numbered] == list(range(1, len(numbered) + 1)), "schema files have gaps"
    return [text for _, text in numbered]


def migrate(db: apsw.Connection, scripts: list[str]) -> None:
    """Bring the database to the newest version; each step is there completely or not at all.

    Raises:
        ConfigError: the file is another program's, or was written by a newer version of this one.
    """
    version = version_of(db)
    if version > len(scripts):
        raise ConfigError(
            f"{db.filename} has schema version {version}, this program knows {len(scripts)}: "
            "it was written by a newer Wayside"
        )
    for number, script in enumerate(scripts[version:], version + 1):
        with db:
            db.execute(VERSION_TABLE)
            db.execute(script)
            db.execute("INSERT INTO schema_version VALUES (?)", (number,))
            db.pragma("application_id", APPLICATION_ID)


def version_of(db: apsw.Connection) -> int:
    """The schema's version; 0 for an empty file.

    Raises:
        ConfigError: it holds somebody else's tables.
    """
    if db.execute("SELECT count(*) FROM sqlite_schema").get == 0:
        return 0
    if db.pragma("application_id") != APPLICATION_ID:
        raise ConfigError(f"{db.filename} is a database, but not Wayside's")
    version: int = db.execute("SELECT max(version) FROM schema_version").get
    return version
