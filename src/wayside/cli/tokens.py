"""``wayside tokens``: who may use the API."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final, Literal

from cyclopts import App

from wayside.cli.client import segment
from wayside.cli.exits import UsageError
from wayside.cli.lists import Columns, show_items, value
from wayside.cli.moments import ahead
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import json_line, note

app = App(name="tokens", help="Create, list, revoke API tokens.")

COLUMNS: Final[Columns] = {
    "id": value("id"),
    "name": value("name"),
    "scopes": value("scopes"),
    "created": value("created_at"),
    "expires": value("expires_at"),
}


@app.command
def create(
    name: str,
    /,
    *,
    scope: Literal["read", "command", "admin"] = "read",
    expires: str | None = None,
    data_dir: Path | None = None,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """Make a token and print it; it cannot be shown again.

    With --data-dir and --scope admin it is written into the data of a stopped server, for whoever has lost all of
    them.

    Args:
        name: Who or what will use it.
        scope: What it may do; each includes the ones before it.
        expires: When it ends: 2026-03-01T12:00:00Z, or as 12h, 30d: so far ahead.
        data_dir: The folder of a server that does not run.
        json: Token and record as JSON.
        server: Which server.
    """
    until = ahead("--expires", expires)
    if data_dir is None:
        with server.client() as client:
            made = client.post("/tokens", {"name": name, "scope": scope, "expires_at": until})
    else:
        made = _recover(data_dir, name, scope, until)
    if json:
        json_line(made)
    else:
        sys.stdout.write(made["token"] + "\n")


def _recover(data_dir: Path, name: str, scope: str, until: str | None) -> dict[str, Any]:
    from wayside.app.recovery import create_admin_token

    if scope != "admin":
        raise UsageError(
            "--data-dir is for getting back in: say --scope admin, and make others through the API"
        )
    return create_admin_token(data_dir, name, until)


@app.command(name="list")
def list_(*, json: Json = False, server: ServerOptions = HERE) -> None:
    """List tokens, oldest first; never the tokens themselves."""
    with server.client() as client:
        found = client.get("/tokens")["items"]
    show_items(found, COLUMNS, json=json)


@app.command
def revoke(token: str, /, *, server: ServerOptions = HERE) -> None:
    """End a token, by its id; live feeds that it opened end with it."""
    with server.client() as client:
        client.delete(f"/tokens/{segment(token)}")
    note(f"{token} revoked")
