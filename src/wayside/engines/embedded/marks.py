"""How far what follows the log has come: single numbers, changed in the transaction of what they speak of."""

from __future__ import annotations

import apsw


def mark(db: apsw.Connection, name: str) -> int:
    """One mark; the schema file says what each means."""
    value: int = db.execute("SELECT value FROM mark WHERE name = ?", (name,)).get
    return value


def set_mark(db: apsw.Connection, name: str, value: int) -> None:
    """Move a mark."""
    db.execute("UPDATE mark SET value = ? WHERE name = ?", (value, name))
