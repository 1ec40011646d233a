"""``wayside audit``: who did what."""

from __future__ import annotations

from typing import Final

from wayside.cli.lists import NEWEST, Columns, History, time, value

COLUMNS: Final[Columns] = {
    "id": value("id"),
    "at": time("at"),
    "by": value("actor"),
    "action": value("action"),
    "subject": value("subject"),
    "detail": value("detail"),
}


def audit(*, listing: History = NEWEST) -> None:
    """List who changed what, newest first; for tokens with the scope admin.

    Args:
        listing: How much, in which form, from which server.
        listing.since: From then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        listing.until: Before then.
        listing.limit: The most records.
    """
    listing.show("/audit", {}, COLUMNS)
