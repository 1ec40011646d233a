"""The indexes of the log, filled behind it in sorted rounds.

An index on the log itself touches one leaf per device with every commit.  Here some ten thousand rows are gathered
first, sorted, and added device by device, so that each leaf is touched once a round.  A round goes in slices, each
in a transaction of its own between two commits, and the marks move with them:

- every row up to ``indexed`` is in the index;
- so is every row up to ``round`` whose device has a number up to ``round_device``.

What lies above is the tail, which readers look through; its length is bounded by what a round takes.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left
from typing import Final

import apsw

from wayside.engines.embedded.ledger import Ledger
from wayside.engines.embedded.marks import mark, set_mark
from wayside.engines.embedded.tail import DEVICE_SHIFT, ID_BITS, ID_MASK, KIND_MASK
from wayside.engines.embedded.writer import MERGED_ROWS_MAX

ROUND_ROWS: Final = 50_000
"""A round begins at the latest when so many wait.  Measured at 1,000 devices: 10,000 cost twice as much per row."""

SLICE_ROWS: Final = MERGED_ROWS_MAX * 3 // 2
"""Rows that one slice adds: some 3 ms in which commits wait.  One follows each commit, and so it has to be more than
a commit brings at most: the index would fall behind without end otherwise."""

SPAN_ROWS: Final = 10_000
"""Rows that share an entry of the zone map for times."""

ROUND_ROWS_MIN: Final = 1_000
"""Fewer are read through in a fraction of a millisecond; not worth a round."""

ROUND_EVERY_S: Final = 2.0
"""Between two rounds while there is little to do, so that the tail stays short for readers."""

# An id is the only one from the round's first on that ends in these bits.
ID: Final = f"?1 + (value - ?1 & {ID_MASK})"
KIND: Final = f"value >> {ID_BITS} & {KIND_MASK}"
ADD: Final = f"INSERT INTO log_by_device SELECT value >> {DEVICE_SHIFT}, {KIND}, {ID} FROM carray(?2)"  # noqa: S608 - constants
ADD_RARE: Final = "INSERT INTO log_by_kind VALUES (?, ?)"


class SideIndex:
    """Owns the rounds; used by the writer's thread alone, in its transactions."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last_round = time.monotonic()
        self._round = (0, 0)
        self._rows: list[int] = []
        """Those of ``_round``: kept from slice to slice, and made again when it is another one."""

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
        if self._round != (indexed, target):
            self._rows = self._ledger.tail.sorted(db, indexed + 1, target)
            self._round = indexed, target
        if not self._add_slice(db, indexed + 1):
            self._finish(db, indexed + 1, target)
            self._rows, self._round = [], (0, 0)
        return True

    def catch_up(self, db: apsw.Connection, last_id: int) -> bool:
        """Do a slice towards this row; False when it is in the index already."""
        return mark(db, "indexed") < last_id and self.step(db, hurry=True)

    def _due(self, waiting: int, *, hurry: bool) -> bool:
        if waiting >= ROUND_ROWS or (hurry and waiting > 0):
            return True
        return waiting >= ROUND_ROWS_MIN and time.monotonic() - self._last_round >= ROUND_EVERY_S

    def _add_slice(self, db: apsw.Connection, first_id: int) -> bool:
        """Add whole devices, about a slice of rows; False when none was left."""
        rows = self._rows
        start = bisect_left(rows, mark(db, "round_device") + 1 << DEVICE_SHIFT)
        if start == len(rows):
            return False
        last_device = rows[min(start + SLICE_ROWS, len(rows)) - 1] >> DEVICE_SHIFT
        end = bisect_left(rows, last_device + 1 << DEVICE_SHIFT, start)
        db.execute(ADD, (first_id, apsw.carray(array("q", rows[start:end]))))
        set_mark(db, "round_device", last_device)
        return True

    def _finish(self, db: apsw.Connection, first_id: int, last_id: int) -> None:
        """All devices are in: add the rare kinds and the spans, and move the mark."""
        tail = self._ledger.tail
        db.executemany(ADD_RARE, tail.rare(db, first_id, last_id))
        ceiling = db.execute("SELECT ceiling FROM log_span ORDER BY first_id DESC LIMIT 1").get
        for first in range(first_id, last_id + 1, SPAN_ROWS):
            last = min(first + SPAN_ROWS - 1, last_id)
            earliest, latest = tail.times(db, first, last)
            ceiling = latest if ceiling is None else max(ceiling, latest)
            db.execute("UPDATE log_span SET floor = ?1 WHERE floor > ?1", (earliest,))
            # The last value: no row with frames is older.  Whoever comes to remove them looks which is the oldest.
            db.execute(
                "INSERT INTO log_span VALUES (?, ?, ?, ?, ?, ?, ?)",
                (first, last, earliest, latest, earliest, ceiling, earliest),
            )
        set_mark(db, "indexed", last_id)
