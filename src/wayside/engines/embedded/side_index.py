"""The indexes of the log, filled behind it in sorted rounds.

An index on the log itself touches one leaf per device with every commit.  Here some ten thousand rows are gathered
first, sorted, and added device by device, so that each leaf is touched once a round.  A round goes in slices, each
in a transaction of its own between two commits, and the marks move with them:

- every row up to ``indexed`` is in the index;
- so is every row up to ``round`` whose device has a number up to ``round_device``.

What lies above is the tail, which readers look through; its length is bounded by what a round takes.  What has been
gathered lives in temporary tables, which a rollback undoes as well; after a crash it is gathered again.
"""

from __future__ import annotations

import time
from typing import Final

import apsw

from wayside.engines.embedded.kinds import RARE
from wayside.engines.embedded.ledger import Ledger
from wayside.engines.embedded.marks import mark, set_mark

ROUND_ROWS: Final = 50_000
"""A round begins at the latest when so many wait.  Measured at 1,000 devices: 10,000 cost twice as much per row."""

SLICE_ROWS: Final = 10_000
"""Rows that one slice gathers or adds: some 10 ms in which commits wait."""

ROUND_ROWS_MIN: Final = 1_000
"""Fewer are read through in a fraction of a millisecond; not worth a round."""

ROUND_EVERY_S: Final = 2.0
"""Between two rounds while there is little to do, so that the tail stays short for readers."""

TEMPORARY: Final = """
CREATE TEMP TABLE gathered (device INTEGER, kind INTEGER, id INTEGER, PRIMARY KEY (device, kind, id)) WITHOUT ROWID;
CREATE TEMP TABLE gathered_span (first_id INTEGER PRIMARY KEY, last_id, received_min, received_max, frames_min);
"""

SUMMARY: Final = """
INSERT INTO gathered_span
SELECT ?1, ?2, min(received_at), max(received_at),
    min(received_at) FILTER (WHERE received IS NOT NULL OR sent IS NOT NULL)
FROM log WHERE id BETWEEN ?1 AND ?2
"""

RARE_CODES: Final = ", ".join(map(str, RARE))
ADD_RARE: Final = f"""
INSERT OR IGNORE INTO log_by_kind
SELECT kind, id FROM log WHERE id BETWEEN ? AND ? AND kind IN ({RARE_CODES}) ORDER BY kind, id
"""  # noqa: S608 - constants


class SideIndex:
    """Owns the rounds; used by the writer's thread alone, in its transactions."""

    def __init__(self, db: apsw.Connection, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last_round = time.monotonic()
        db.execute(TEMPORARY)

    def step(self, db: apsw.Connection, *, hurry: bool = False) -> bool:
        """Do one slice of the round under way, or begin one that is due; whether there was anything to do.

        ``hurry``: every row of the tail is due.
        """
        indexed, target = mark(db, "indexed"), mark(db, "round")
        if target == indexed:
            if not self._due(self._ledger.last_id - indexed, hurry=hurry):
                return False
            target = min(self._ledger.last_id, indexed + ROUND_ROWS)
            set_mark(db, "round", target)
            set_mark(db, "round_device", 0)
            self._last_round = time.monotonic()
        gathered: int = db.execute("SELECT coalesce(max(last_id), ?) FROM gathered_span", (indexed,)).get
        if gathered < target:
            _gather(db, gathered + 1, min(gathered + SLICE_ROWS, target))
        elif not _add_slice(db):
            _finish(db, target)
        return True

    def catch_up(self, db: apsw.Connection, last_id: int) -> bool:
        """Do a slice towards this row; False when it is in the index already."""
        return mark(db, "indexed") < last_id and self.step(db, hurry=True)

    def _due(self, waiting: int, *, hurry: bool) -> bool:
        if waiting >= ROUND_ROWS or (hurry and waiting > 0):
            return True
        return waiting >= ROUND_ROWS_MIN and time.monotonic() - self._last_round >= ROUND_EVERY_S


def _gather(db: apsw.Connection, first_id: int, last_id: int) -> None:
    """Sort a piece of the log, add its rare kinds at once, and note which times it spans."""
    db.execute(
        "INSERT INTO gathered SELECT device, kind, id FROM log"
        " WHERE id BETWEEN ? AND ? ORDER BY device, kind, id",
        (first_id, last_id),
    )
    # A round that is gathered again after a crash finds them there.
    db.execute(ADD_RARE, (first_id, last_id))
    db.execute(SUMMARY, (first_id, last_id))


def _add_slice(db: apsw.Connection) -> bool:
    """Add whole devices, about a slice of rows; False when no device is left after them."""
    done = mark(db, "round_device")
    upto = db.execute(
        "SELECT device FROM gathered WHERE device > ? ORDER BY device LIMIT 1 OFFSET ?", (done, SLICE_ROWS)
    ).get
    condition = "device > ?" if upto is None else "device > ? AND device <= ?"
    db.execute(
        f"INSERT INTO log_by_device SELECT device, kind, id FROM gathered WHERE {condition}"  # noqa: S608 - constants
        " ORDER BY device, kind, id",
        (done,) if upto is None else (done, upto),
    )
    if upto is None:
        return False
    set_mark(db, "round_device", upto)
    return True


def _finish(db: apsw.Connection, target: int) -> None:
    """All devices are in: add the spans, and move the mark."""
    ceiling = db.execute("SELECT ceiling FROM log_span ORDER BY first_id DESC LIMIT 1").get
    for first, last, earliest, latest, frames in db.execute(
        "SELECT * FROM gathered_span ORDER BY first_id"
    ).fetchall():
        ceiling = latest if ceiling is None else max(ceiling, latest)
        db.execute("UPDATE log_span SET floor = ?1 WHERE floor > ?1", (earliest,))
        db.execute(
            "INSERT INTO log_span VALUES (?, ?, ?, ?, ?, ?, ?)",
            (first, last, earliest, latest, earliest, ceiling, frames),
        )
    db.execute("DELETE FROM gathered")
    db.execute("DELETE FROM gathered_span")
    set_mark(db, "indexed", target)
