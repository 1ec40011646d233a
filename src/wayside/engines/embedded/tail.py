"""Whose the newest rows are: kept as they are committed, so that the side index need not read the log again.

A row is one number: device, kind and the low bits of its id, in this order.  So sorting a list of plain numbers puts
the rows in the order of the index, in a tenth of the time that SQLite takes to read and sort them.
"""

from __future__ import annotations

from typing import Final

import apsw

ID_BITS: Final = 20
"""Enough to tell the rows of a round, or of any list here, from each other: a million."""

KIND_BITS: Final = 4

ID_MASK: Final = (1 << ID_BITS) - 1
KIND_MASK: Final = (1 << KIND_BITS) - 1
DEVICE_SHIFT: Final = ID_BITS + KIND_BITS

KEPT_ROWS_MAX: Final = 500_000
"""Ten rounds, some 20 MB: more only wait when rounds fail again and again, and then they are read from the log."""


def packed(device: int, kind: int, row_id: int) -> int:
    """A row as one number."""
    return device << DEVICE_SHIFT | kind << ID_BITS | row_id & ID_MASK


class Tail:
    """All rows from ``first_id`` on, in the order of their ids, which have no gaps."""

    def __init__(self, next_id: int) -> None:
        self.first_id = next_id
        self._rows: list[int] = []

    def extend(self, rows: list[int]) -> None:
        """Rows that were just committed."""
        self._rows += rows
        if len(self._rows) > KEPT_ROWS_MAX:
            self._forget(len(self._rows))

    def sorted(self, db: apsw.Connection, first_id: int, last_id: int) -> list[int]:
        """These rows by device and kind; those before them are not asked for again.

        What was committed before the start, or is no longer kept, comes from the log.
        """
        if self.first_id > first_id:
            rows = [
                packed(*row)
                for row in db.execute(
                    "SELECT device, kind, id FROM log WHERE id BETWEEN ? AND ?", (first_id, last_id)
                )
            ]
        else:
            self._forget(first_id - self.first_id)
            rows = self._rows[: last_id + 1 - first_id]
        rows.sort()
        return rows

    def _forget(self, count: int) -> None:
        del self._rows[:count]
        self.first_id += count
