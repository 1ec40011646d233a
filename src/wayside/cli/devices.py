"""``wayside devices``: who is ours, who is here, who knocks."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from wayside.cli.client import segment
from wayside.cli.exits import FAILED, OK, UsageError
from wayside.cli.lists import ALL, Columns, Listing, connection, show_items, time, value
from wayside.cli.options import HERE, Json, ServerOptions, pair
from wayside.cli.output import at, fields, json_line, note, table

app = App(name="devices", help="List, accept, reject, rename, configure, delete devices.")

Device = Annotated[str, Parameter(help="<protocol>:<ident>, such as jimi:353376110008882.")]

COLUMNS: Final[Columns] = {
    "device": value("device"),
    "name": value("name"),
    "status": value("status"),
    "connection": connection,
    "last seen": time("presence", "last_seen"),
}

UNKNOWN: Final[Columns] = {
    "device": value("device"),
    "last seen": time("last_seen"),
    "address": value("address"),
    "frames": value("frames"),
    "held": value("events_held"),
    "messages": value("messages"),
}


@app.command(name="list")
def list_(
    *,
    protocol: str | None = None,
    status: Literal["accepted", "rejected"] | None = None,
    online: Annotated[bool | None, Parameter(negative="--offline")] = None,
    search: str | None = None,
    listing: Listing = ALL,
) -> None:
    """List devices, by id.

    Args:
        protocol: Only of this protocol.
        status: Only those that were accepted, or rejected.
        online: Only those that are connected (or not).
        search: Only those with this in their id or name.
        listing: How much, in which form, from which server.
        listing.limit: The most devices.
    """
    query = {"protocol": protocol, "status": status, "online": online, "search": search}
    listing.show("/devices", query, COLUMNS)


@app.command
def show(device: Device, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Show one device with the last value of every name."""
    with server.client() as client:
        found = client.get(f"/devices/{segment(device)}")
    if json:
        json_line(found)
        return
    fields({name: found[name] for name in ("device", "name", "status", "created_at")} | found["presence"])
    sys.stdout.write("\n")
    rows = [(name, at(latest["at"]), latest["value"]) for name, latest in found["state"].items()]
    table(("name", "since", "value"), rows)


@app.command
def unknown(*, json: Json = False, server: ServerOptions = HERE) -> None:
    """List devices that knock and wait for a decision, newest first."""
    with server.client() as client:
        found = client.get("/unknown-devices")["items"]
    show_items(found, UNKNOWN, json=json)


@app.command
def add(device: Device, /, *, name: str = "", json: Json = False, server: ServerOptions = HERE) -> None:
    """Register a device before it ever connects."""
    with server.client() as client:
        _tell(client.post("/devices", {"device": device, "name": name}), json=json)


@app.command
def accept(device: Device, /, *, name: str = "", json: Json = False, server: ServerOptions = HERE) -> None:
    """Take an unknown or rejected device in; what was held back of it is stored."""
    with server.client() as client:
        _tell(client.post(f"/devices/{segment(device)}/accept", {"name": name}), json=json)


@app.command
def reject(device: Device, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Refuse a device: its connection is closed, now and whenever it comes back."""
    with server.client() as client:
        _tell(client.post(f"/devices/{segment(device)}/reject"), json=json)


@app.command
def rename(device: Device, name: str, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Give a device another name."""
    with server.client() as client:
        _tell(client.patch(f"/devices/{segment(device)}", {"name": name}), json=json)


@app.command
def options(
    device: Device,
    /,
    *changes: str,
    remove: tuple[str, ...] = (),
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """Show or set what holds for this one device: its key, its password, its time zone.

    Args:
        device: <protocol>:<ident>.
        changes: NAME=VALUE of its protocol's options, such as device_key=…
        remove: The name of an option to take away, so that the server's settings hold; may be repeated.
        json: A JSON object, for programs.
        server: Which server.
    """
    wanted: dict[str, str | None] = dict.fromkeys(remove)
    wanted |= dict(pair("OPTION", text) for text in changes)
    path = f"/devices/{segment(device)}/options"
    with server.client() as client:
        found = client.patch(path, {"options": wanted}) if wanted else client.get(path)
    if json:
        json_line(found)
    else:
        table(("option", "value"), sorted(found["options"].items()))


@app.command
def delete(device: Device, /, *, yes: bool = False, server: ServerOptions = HERE) -> int:
    """Forget a device and its whole history, and close its connection.

    Args:
        device: <protocol>:<ident>.
        yes: Do not ask.
        server: Which server.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("this deletes the device's whole history: say --yes")
        if input(f"Delete {device} and its whole history? [y/N] ").strip().lower() not in {"y", "yes"}:
            note("nothing deleted")
            return FAILED
    with server.client() as client:
        client.delete(f"/devices/{segment(device)}")
    note(f"{device} deleted")
    return OK


def _tell(device: dict[str, Any], *, json: bool) -> None:
    if json:
        json_line(device)
    else:
        note(
            f"{device['device']} is {device['status']}"
            + (f", called {device['name']}" if device["name"] else "")
        )
