"""Who may, and who did: API tokens and the audit log."""

from __future__ import annotations

from typing import Any

import apsw

from wayside.engines.cursors import TimePosition, checked_limit, read_cursor, write_cursor
from wayside.engines.embedded.texts import from_json, to_json
from wayside.ports.store import AuditRecord, Page, Span, TokenRecord


def put_token(db: apsw.Connection, record: TokenRecord) -> None:
    """Insert or replace."""
    db.execute(
        "INSERT OR REPLACE INTO token (id, name, scopes, digest, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (record.id, record.name, to_json(record.scopes), record.digest, record.created_at, record.expires_at),
    )


def tokens(db: apsw.Connection) -> list[TokenRecord]:
    """All tokens, oldest first."""
    rows = db.execute(
        "SELECT id, name, scopes, digest, created_at, expires_at FROM token ORDER BY created_at, id"
    )
    return [
        TokenRecord(token, name, tuple(from_json(scopes)), digest, created_at, expires_at)
        for token, name, scopes, digest, created_at, expires_at in rows
    ]


def delete_token(db: apsw.Connection, token: str) -> bool:
    """False if there was none."""
    return db.execute("DELETE FROM token WHERE id = ? RETURNING 1", (token,)).get is not None


def add_audit(db: apsw.Connection, record: AuditRecord) -> None:
    """Append; the record's own id does not count."""
    db.execute(
        "INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)",
        (record.at, record.actor, record.action, record.subject, record.detail),
    )


def audit_records(db: apsw.Connection, span: Span) -> Page[AuditRecord]:
    """A page of the audit log."""
    limit = checked_limit(span)
    position = read_cursor(span, TimePosition)
    conditions = ["true"]
    parameters: list[Any] = []
    for condition, at in (("at >= ?", span.since), ("at < ?", span.until)):
        if at is not None:
            conditions.append(condition)
            parameters.append(at)
    if position is not None:
        conditions.append("(at, id) < (?, ?)")
        parameters += [position.at, position.id]
    sql = (
        f"SELECT at, actor, action, subject, detail, id FROM audit WHERE {' AND '.join(conditions)}"  # noqa: S608 - constants
        " ORDER BY at DESC, id DESC LIMIT ?"
    )
    rows: list[tuple[Any, ...]] = db.execute(sql, (*parameters, limit + 1)).fetchall()
    records = tuple(AuditRecord(*row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(records)
    return Page(records, write_cursor(TimePosition(records[-1].at, records[-1].id)))
