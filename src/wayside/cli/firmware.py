"""``wayside firmware``: the files that devices are upgraded with."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from wayside.cli.client import segment
from wayside.cli.exits import CliError
from wayside.cli.lists import Columns, show_items, time, value
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, fields, json_line, note

app = App(name="firmware", help="List, add, remove firmware files.")

COLUMNS: Final[Columns] = {
    "id": value("id"),
    "created at": time("created_at"),
    "size": value("size"),
    "byte sum": value("byte_sum"),
    "name": value("name"),
}

CHUNK_BYTES: Final = 65_536


@app.command(name="list")
def list_(*, json: Json = False, server: ServerOptions = HERE) -> None:
    """List firmware files, newest first."""
    with server.client() as client:
        found = client.get("/firmware")["items"]
    show_items(found, COLUMNS, json=json)


@app.command
def add(file: Path, /, *, name: str | None = None, json: Json = False, server: ServerOptions = HERE) -> None:
    """Upload a firmware file, and show what devices will check of it.

    Its id is what an upgrade wants: wayside send DEVICE upgrade firmware=ID.

    Args:
        file: The file, as its vendor gave it.
        name: What people call it; the file's own name if not given.
        json: The record as JSON.
        server: Which server.
    """
    with server.client() as client, opened(file) as chunks:
        made = client.upload("/firmware", {"name": file.name if name is None else name}, chunks)
    if json:
        json_line(made)
    else:
        fields(made | {"created_at": at(made["created_at"])})


@app.command
def remove(
    firmware: Annotated[str, Parameter(name="ID", help="As the list shows it.")],
    /,
    *,
    server: ServerOptions = HERE,
) -> None:
    """Remove a firmware file; addresses of it that devices were given end."""
    with server.client() as client:
        client.delete(f"/firmware/{segment(firmware)}")
    note(f"{firmware} removed")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Iterator[bytes]]:
    """A file to be uploaded, piece by piece; on a terminal a bar fills as it is read.

    Raises:
        CliError: it cannot be read.
    """
    from rich.console import Console
    from rich.progress import wrap_file

    try:
        with (
            path.open("rb") as file,
            wrap_file(
                file,
                path.stat().st_size,
                description="uploading",
                console=Console(stderr=True),
                disable=not sys.stderr.isatty(),
                transient=True,
            ) as watched,
        ):
            yield iter(lambda: watched.read(CHUNK_BYTES), b"")
    except OSError as error:
        raise CliError(f"{path}: {error.strerror}") from error
