"""``wayside commands``: what devices were asked to do, and what became of it."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from wayside.cli.client import segment
from wayside.cli.lists import NEWEST, Columns, History, tabulate, time, value
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, cell, fields, json_line, note
from wayside.model.commands import State

app = App(name="commands", help="List, show, cancel what devices were asked to do.")

AnyState = Annotated[State, Parameter(name_transform=str.lower)]
"""Spelt as everywhere else: ``timed_out``."""

CommandId = Annotated[str, Parameter(name="ID", help="As the list, or `wayside send`, shows it.")]


def state_of(step: dict[str, Any]) -> str:
    """The state; marked where a late word from the device brought it about."""
    return f"{step['state']} (late)" if step["late"] else str(step["state"])


COLUMNS: Final[Columns] = {
    "id": value("id"),
    "created at": time("created_at"),
    "device": value("device"),
    "capability": value("capability"),
    "state": state_of,
    "by": value("requested_by"),
    "detail": value("detail"),
}

STEPS: Final[Columns] = {
    "at": value("at"),  # exactly, because steps follow fast
    "state": state_of,
    "detail": value("detail"),
    "values": value("values"),
}


@app.command(name="list")
def list_(
    *,
    device: str | None = None,
    state: AnyState | None = None,
    capability: str | None = None,
    listing: History = NEWEST,
) -> None:
    """List commands, newest first.

    Args:
        device: Only of this device.
        state: Only those in this state.
        capability: Only of this capability, such as unlock.
        listing: How much, in which form, from which server.
        listing.since: Created from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        listing.until: Created before then.
        listing.limit: The most commands.
    """
    query = {"device": device, "state": state, "capability": capability}
    listing.show("/commands", query, COLUMNS)


@app.command
def show(command: CommandId, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Show one command with every step of its life."""
    with server.client() as client:
        found = client.get(f"/commands/{segment(command)}")
    if json:
        json_line(found)
        return
    names = ("id", "device", "capability", "parameters", "requested_by", "idempotency_key")
    times = {name: at(found[name]) for name in ("created_at", "expires_at")}
    fields({name: found[name] for name in names if cell(found[name])} | times | {"state": state_of(found)})
    sys.stdout.write("\n")
    tabulate(found["transitions"], STEPS)


@app.command
def cancel(command: CommandId, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Take back a command of which nothing has been sent yet."""
    with server.client() as client:
        found = client.post(f"/commands/{segment(command)}/cancel")
    if json:
        json_line(found)
    else:
        note(f"{found['id']} ({found['device']} {found['capability']}) is {found['state']}")
