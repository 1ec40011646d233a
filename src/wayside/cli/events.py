"""``wayside events``: stored events."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import Parameter

from wayside.cli.lists import NEWEST, Columns, History, time, value
from wayside.model.events import Kind

Name = Annotated[str | None, Parameter(help="Only events with a value of this name.")]

COLUMNS: Final[Columns] = {
    "id": value("id"),
    "received at": time("received_at"),
    "device": value("device"),
    "kind": value("kind"),
    "message": value("message"),
    "values": value("values"),
}


def events(
    *,
    device: str | None = None,
    kind: Kind | None = None,
    message: str | None = None,
    name: Name = None,
    listing: History = NEWEST,
) -> None:
    """List stored events, newest first.

    Args:
        device: Only of this device.
        kind: Only of this kind.
        message: Only of this message, such as heartbeat.
        name: Only events with a value of this name.
        listing: How much, in which form, from which server.
        listing.since: Received from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        listing.until: Received before then.
        listing.limit: The most events.
    """
    query = {"device": device, "kind": kind, "message": message, "name": name}
    listing.show("/events", query, COLUMNS)
