"""``wayside media``: pictures, clips and recordings that devices delivered, and what they still hold."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from wayside.cli.client import segment
from wayside.cli.exits import CliError
from wayside.cli.export import written
from wayside.cli.lists import NEWEST, Columns, History, time, value
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, fields, json_line, note
from wayside.ports.media import MediaKind, Origin

app = App(name="media", help="List, show, download, delete files of devices; list their recordings.")

Id = Annotated[str, Parameter(name="ID", help="As the list shows it.")]
Device = Annotated[str, Parameter(name="DEVICE", help="Such as jimi:353376110008882.")]

COLUMNS: Final[Columns] = {
    "id": value("id"),
    "received at": time("received_at"),
    "device": value("device"),
    "kind": value("kind"),
    "channel": lambda file: file["channel"] or None,
    "taken at": time("taken_at"),
    "size": value("size"),
    "origin": value("origin"),
    "name": value("name"),
}

RECORDINGS: Final[Columns] = {
    "taken at": time("taken_at"),
    "channel": lambda recording: recording["channel"] or None,
    "name": value("name"),
    "here as": value("file"),
}

STDOUT: Final = Path("-")

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@app.command(name="list")
def list_(
    *,
    device: str | None = None,
    kind: MediaKind | None = None,
    origin: Origin | None = None,
    alarm: int | None = None,
    command: str | None = None,
    name: str | None = None,
    listing: History = NEWEST,
) -> None:
    """List files of devices, newest first.

    Args:
        device: Only of this device.
        kind: Only of this kind.
        origin: Only those that came for this reason.
        alarm: Only what this alarm announced.
        command: Only what this command asked for.
        name: Only files that the device calls so.
        listing: How much, in which form, from which server.
        listing.since: Received from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        listing.until: Received before then.
        listing.limit: The most files.
    """
    query = {
        "device": device,
        "kind": kind,
        "origin": origin,
        "alarm": alarm,
        "command": command,
        "name": name,
    }
    listing.show("/media", query, COLUMNS)


@app.command
def show(file: Id, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Show what is known of one file."""
    with server.client() as client:
        found = client.get(f"/media/{segment(file)}")
    if json:
        json_line(found)
    else:
        fields(found | {name: at(found[name]) for name in ("received_at", "taken_at")})


@app.command
def download(
    file: Id,
    /,
    *,
    output: Path | None = None,
    thumbnail: bool = False,
    server: ServerOptions = HERE,
) -> None:
    """Download a file, and check that it came as it was stored.

    Args:
        file: As the list shows it.
        output: Where to, written whole or not at all; - is standard output. If not given, a new file here, called as
            the device calls it.
        thumbnail: Only a small JPEG of it, of a clip its first frame.
        server: Which server.
    """
    with server.client() as client:
        found = client.get(f"/media/{segment(file)}")
        path = _new(found, thumbnail=thumbnail) if output is None else output
        digest = hashlib.sha256()
        with written(None if path == STDOUT else path) as saved:
            for chunk in client.stream(f"/media/{found['id']}/{'thumbnail' if thumbnail else 'content'}", {}):
                digest.update(chunk)
                saved.write(chunk)
            if not thumbnail and digest.hexdigest() != found["sha256"]:
                raise CliError(f"{file}: what came is not what was stored, its SHA-256 differs")
    if path != STDOUT:
        note(f"{path} written")


@app.command
def delete(file: Id, /, *, server: ServerOptions = HERE) -> None:
    """Remove a file for good."""
    with server.client() as client:
        client.delete(f"/media/{segment(file)}")
    note(f"{file} deleted")


@app.command
def recordings(device: Device, /, *, listing: History = NEWEST) -> None:
    """List what a device says it holds, as of its last list; those taken last come first.

    Have it send a list with: wayside send DEVICE file_list.

    Args:
        device: Such as jimi:353376110008882.
        listing: How much, in which form, from which server.
        listing.since: Taken from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        listing.until: Taken before then.
        listing.limit: The most recordings.
    """
    listing.show(f"/devices/{segment(device)}/recordings", {}, RECORDINGS)


def _new(found: dict[str, Any], *, thumbnail: bool) -> Path:
    """A file of this folder that is not there yet.  What a device calls something is never a path.

    Raises:
        CliError: there is one of this name.
    """
    name = _UNSAFE.sub("_", found["name"]).lstrip(".") or str(found["id"])
    path = Path(f"{name}.thumbnail.jpg" if thumbnail else name)
    if path.exists():
        raise CliError(f"{path} is there already; say where to with --output")
    return path
