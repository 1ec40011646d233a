"""``wayside events``: stored events."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from wayside.cli.moments import ago
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, json_line, table
from wayside.model.events import Kind

Name = Annotated[str | None, Parameter(help="Only events with a value of this name.")]

COLUMNS = ("id", "received at", "device", "kind", "message", "values")


def events(
    *,
    device: str | None = None,
    kind: Kind | None = None,
    message: str | None = None,
    name: Name = None,
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """List stored events, newest first.

    Args:
        device: Only of this device.
        kind: Only of this kind.
        message: Only of this message, such as heartbeat.
        name: Only events with a value of this name.
        since: Received from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        until: Received before then.
        limit: The most events.
        json: A JSON object per line.
        server: Which server.
    """
    query = {
        "device": device,
        "kind": kind,
        "message": message,
        "name": name,
        "since": ago("--since", since),
        "until": ago("--until", until),
    }
    with server.client() as client:
        found = client.items("/events", query, limit)
        if json:
            for event in found:
                json_line(event)
        else:
            table(COLUMNS, [row(event) for event in found])


def row(event: dict[str, Any]) -> tuple[object, ...]:
    """An event as the table shows it."""
    rest = (event[name] for name in ("device", "kind", "message", "values"))
    return (event["id"], at(event["received_at"]), *rest)
