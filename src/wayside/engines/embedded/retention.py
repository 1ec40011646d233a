"""Removing rows, a slice at a time: what is too old, what is too much, what a deleted device left behind."""

from __future__ import annotations

from math import ceil
from typing import Final, NamedTuple

import apsw

from wayside.engines.embedded import media
from wayside.engines.embedded.ledger import Ledger
from wayside.engines.embedded.marks import mark
from wayside.engines.embedded.side_index import SideIndex
from wayside.model.instant import Instant, seconds
from wayside.ports.store import Retention

SLICE_ROWS: Final = 2_000
"""Rows that one slice removes: each has its own places in the indexes, so that this takes some 10 ms."""

SLICE_COMMANDS: Final = 200
"""Commands that one slice removes, with their steps."""

TEMPORARY: Final = "CREATE TEMP TABLE doomed (id INTEGER PRIMARY KEY)"

HAS_FRAMES: Final = "(received IS NOT NULL OR sent IS NOT NULL)"

REMOVE: Final = """
DELETE FROM log_by_device WHERE (device, kind, id) IN
    (SELECT l.device, l.kind, l.id FROM doomed d CROSS JOIN log l ON l.id = d.id);
DELETE FROM log_by_kind WHERE (kind, id) IN
    (SELECT l.kind, l.id FROM doomed d CROSS JOIN log l ON l.id = d.id);
DELETE FROM alarm WHERE id IN (SELECT id FROM doomed);
DELETE FROM log WHERE id IN (SELECT id FROM doomed);
"""

LOOK_AGAIN: Final = f"""
SELECT min(received_at), min(received_at) FILTER (WHERE {HAS_FRAMES}) FROM log WHERE id BETWEEN ? AND ?
"""  # noqa: S608 - a constant


class Pruned(NamedTuple):
    """``behind``: rows that should go are still in the tail, or in no checkpoint."""

    rows: int
    behind: bool


def prune(db: apsw.Connection, retention: Retention, now: Instant) -> Pruned:
    """Remove one slice; rows that are not indexed and checkpointed yet stay until they are."""
    safe = min(mark(db, "indexed"), mark(db, "checkpoint"))
    frames_before = None if retention.frames_age_s is None else now - seconds(retention.frames_age_s)
    events_before = None if retention.events_age_s is None else now - seconds(retention.events_age_s)
    excess = 0 if retention.log_bytes is None else max(0, _used_bytes(db) - retention.log_bytes)
    rows = 0
    if events_before is not None:
        rows = _remove_events(db, events_before, safe)
    if not rows and frames_before is not None:
        rows = _remove_frames(db, frames_before, safe)
    if not rows and excess:
        rows = _remove_oldest(db, safe, excess)
    return Pruned(rows, not rows and _behind(db, frames_before, events_before, safe, too_big=excess > 0))


def _behind(
    db: apsw.Connection,
    frames_before: Instant | None,
    events_before: Instant | None,
    safe: int,
    *,
    too_big: bool,
) -> bool:
    """Whether above ``safe`` there is anything to remove."""
    conditions = ["false"]
    parameters: list[int] = [safe]
    if events_before is not None:
        conditions.append("received_at < ?")
        parameters.append(events_before)
    if frames_before is not None:
        conditions.append(f"(received_at < ? AND {HAS_FRAMES})")
        parameters.append(frames_before)
    if too_big:
        conditions.append("true")
    sql = f"SELECT EXISTS (SELECT 1 FROM log WHERE id > ? AND ({' OR '.join(conditions)}))"  # noqa: S608 - constants
    return bool(db.execute(sql, parameters).get)


def _used_bytes(db: apsw.Connection) -> int:
    """What the file holds, without the pages that wait to be used again."""
    used: int = db.pragma("page_count") - db.pragma("freelist_count")
    return used * int(db.pragma("page_size"))


def _remove_events(db: apsw.Connection, before: Instant, safe: int) -> int:
    row = db.execute(
        "SELECT first_id, last_id FROM log_span WHERE received_min < ? AND last_id <= ? ORDER BY received_min LIMIT 1",
        (before, safe),
    ).fetchone()
    if row is None:
        return 0
    first, last = row
    removed = _doom(db, "id BETWEEN ? AND ? AND received_at < ?", (first, last, before))
    db.execute(REMOVE)
    return removed + (_look_again(db, first, last) if removed < SLICE_ROWS else 0)


def _remove_frames(db: apsw.Connection, before: Instant, safe: int) -> int:
    """Strip frames; a row that was nothing else goes altogether."""
    row = db.execute(
        "SELECT first_id, last_id FROM log_span WHERE frames_min < ? AND last_id <= ? ORDER BY frames_min LIMIT 1",
        (before, safe),
    ).fetchone()
    if row is None:
        return 0
    first, last = row
    touched = _doom(db, f"id BETWEEN ? AND ? AND received_at < ? AND {HAS_FRAMES}", (first, last, before))
    db.execute("UPDATE log SET received = NULL, sent = NULL WHERE id IN (SELECT id FROM doomed)")
    db.execute(
        "DELETE FROM doomed WHERE id IN (SELECT d.id FROM doomed d CROSS JOIN log l ON l.id = d.id WHERE l.kind > 0)"
    )
    db.execute(REMOVE)
    return touched + (_look_again(db, first, last) if touched < SLICE_ROWS else 0)


def _remove_oldest(db: apsw.Connection, safe: int, excess: int) -> int:
    """Remove about so many bytes, as rows of average size."""
    rows: int = db.execute("SELECT coalesce(max(id) - min(id), 0) + 1 FROM log").get
    share = ceil(rows * excess / _used_bytes(db))
    removed = _doom(db, "id <= ?", (safe,), min(share, SLICE_ROWS))
    db.execute(REMOVE)
    db.execute("DELETE FROM log_span WHERE last_id <= (SELECT max(id) FROM doomed)")
    return removed


def _doom(db: apsw.Connection, condition: str, parameters: tuple[int, ...], rows: int = SLICE_ROWS) -> int:
    """Choose a slice of rows, the oldest first; how many."""
    db.execute("DELETE FROM doomed")
    db.execute(
        f"INSERT INTO doomed SELECT id FROM log WHERE {condition} ORDER BY id LIMIT ?",  # noqa: S608 - constants
        (*parameters, rows),
    )
    return db.changes()


def _look_again(db: apsw.Connection, first: int, last: int) -> int:
    """What is left in a span; it counts as a row that was touched."""
    oldest, oldest_frames = next(db.execute(LOOK_AGAIN, (first, last)))
    if oldest is None:
        db.execute("DELETE FROM log_span WHERE first_id = ?", (first,))
    else:
        db.execute(
            "UPDATE log_span SET received_min = ?, frames_min = ? WHERE first_id = ?",
            (oldest, oldest_frames, first),
        )
    return 1


class Upkeep:
    """What follows behind the commits: the side index first, then what deleted devices left."""

    def __init__(self, db: apsw.Connection, ledger: Ledger) -> None:
        self.index = SideIndex(ledger)
        db.execute(TEMPORARY)

    def step(self, db: apsw.Connection) -> bool:
        """One slice; whether there was anything to do."""
        gone = db.execute("SELECT device, until FROM forgotten LIMIT 1").fetchone()
        if gone is None:
            return self.index.step(db)
        device, until = gone
        if self.index.step(db, hurry=until > mark(db, "indexed")):
            return True
        _remove_device(db, device)
        return True


def _remove_device(db: apsw.Connection, device: int) -> None:
    """One slice of a deleted device's rows."""
    db.execute("DELETE FROM doomed")
    db.execute(
        "INSERT INTO doomed SELECT id FROM log_by_device WHERE device = ? LIMIT ?", (device, SLICE_ROWS)
    )
    if db.changes():
        db.execute(REMOVE)
        return
    commands = db.execute(
        "SELECT seq FROM command WHERE device = ? LIMIT ?", (device, SLICE_COMMANDS)
    ).fetchall()
    if commands:
        db.executemany("DELETE FROM command_transition WHERE command = ?", commands)
        db.executemany("DELETE FROM command WHERE seq = ?", commands)
        return
    if media.forget_device(db, device, SLICE_ROWS):
        return
    db.execute("DELETE FROM forgotten WHERE device = ?", (device,))
