"""``wayside audit``: who did what."""

from __future__ import annotations

from typing import Any

from wayside.cli.moments import ago
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, json_line, table

COLUMNS = ("id", "at", "by", "action", "subject", "detail")


def audit(
    *,
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """List who changed what, newest first; for tokens with the scope admin.

    Args:
        since: From then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        until: Before then.
        limit: The most records.
        json: A JSON object per line.
        server: Which server.
    """
    query = {"since": ago("--since", since), "until": ago("--until", until)}
    with server.client() as client:
        found = client.items("/audit", query, limit)
        if json:
            for record in found:
                json_line(record)
        else:
            table(COLUMNS, [row(record) for record in found])


def row(record: dict[str, Any]) -> tuple[object, ...]:
    """A record as the table shows it."""
    rest = (record[name] for name in ("actor", "action", "subject", "detail"))
    return (record["id"], at(record["at"]), *rest)
