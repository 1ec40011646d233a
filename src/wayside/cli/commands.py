"""``wayside commands``: what devices were asked to do, and what became of it."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import App, Parameter

from wayside.cli.client import segment
from wayside.cli.moments import ago
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, cell, fields, json_line, note, table
from wayside.model.commands import State

app = App(name="commands", help="List, show, cancel what devices were asked to do.")

AnyState = Annotated[State, Parameter(name_transform=str.lower)]
"""Spelt as everywhere else: ``timed_out``."""

CommandId = Annotated[str, Parameter(name="ID", help="As the list, or `wayside send`, shows it.")]

COLUMNS = ("id", "created at", "device", "capability", "state", "by", "detail")


@app.command(name="list")
def list_(
    *,
    device: str | None = None,
    state: AnyState | None = None,
    capability: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """List commands, newest first.

    Args:
        device: Only of this device.
        state: Only those in this state.
        capability: Only of this capability, such as unlock.
        since: Created from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        until: Created before then.
        limit: The most commands.
        json: A JSON object per line.
        server: Which server.
    """
    query = {
        "device": device,
        "state": state,
        "capability": capability,
        "since": ago("--since", since),
        "until": ago("--until", until),
    }
    with server.client() as client:
        found = client.items("/commands", query, limit)
        if json:
            for command in found:
                json_line(command)
        else:
            table(COLUMNS, [row(command) for command in found])


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
    table(("at", "state", "detail", "values"), [step_row(step) for step in found["transitions"]])


@app.command
def cancel(command: CommandId, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Take back a command of which nothing has been sent yet."""
    with server.client() as client:
        found = client.post(f"/commands/{segment(command)}/cancel")
    if json:
        json_line(found)
    else:
        note(f"{found['id']} ({found['device']} {found['capability']}) is {found['state']}")


def row(command: dict[str, Any]) -> tuple[object, ...]:
    """A command as the table shows it."""
    what = (command["device"], command["capability"], state_of(command), command["requested_by"])
    return (command["id"], at(command["created_at"]), *what, command["detail"])


def step_row(step: dict[str, Any]) -> tuple[object, ...]:
    """A step of a command's life as the table shows it; its time exactly, because steps follow fast."""
    return (step["at"], state_of(step), step["detail"], step["values"])


def state_of(step: dict[str, Any]) -> str:
    """The state; marked where a late word from the device brought it about."""
    return f"{step['state']} (late)" if step["late"] else str(step["state"])
