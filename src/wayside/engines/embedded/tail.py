"""Whose the newest rows are: kept as they are committed, so that the side index need not read the log again.

A row is one number: device, kind and the low bits of its id, in this order.  So sorting a list of plain numbers puts
the rows in the order of the index, in a tenth of the time that SQLite takes to read and sort them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

import apsw

from wayside.engines.embedded.kinds import RARE
from wayside.model.instant import Instant

ID_BITS: Final = 20
"""Enough to tell the rows of a round, or of any list here, from each other: a million."""

KIND_BITS: Final = 4

ID_MASK: Final = (1 << ID_BITS) - 1
KIND_MASK: Final = (1 << KIND_BITS) - 1
DEVICE_SHIFT: Final = ID_BITS + KIND_BITS

KEPT_ROWS_MAX: Final = 500_000
"""Ten rounds, some 40 MB: more only wait when rounds fail again and again, and then they are read from the log."""

TIMES: Final = "SELECT min(received_at), max(received_at) FROM log WHERE id BETWEEN ? AND ?"
RARE_ROWS: Final = (
    "SELECT kind, id FROM log WHERE id BETWEEN ? AND ?"  # noqa: S608 - constants
    f" AND kind IN ({', '.join(map(str, sorted(RARE)))}) ORDER BY kind, id"
)


def packed(device: int, kind: int, row_id: int) -> int:
    """A row as one number."""
    return device << DEVICE_SHIFT | kind << ID_BITS | row_id & ID_MASK


class Rows:
    """Some rows, in the order of their ids: as ``packed`` has them, when each was received, id and kind of the rare."""

    __slots__ = ("rare", "rows", "times")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.times: list[Instant] = []
        self.rare: list[tuple[int, int]] = []

    def add(self, rows: Iterable[int], times: Iterable[Instant], rare: Iterable[tuple[int, int]]) -> None:
        """Those that follow."""
        self.rows += rows
        self.times += times
        self.rare += rare

    def clear(self) -> None:
        """None are left."""
        self.rows.clear()
        self.times.clear()
        self.rare.clear()


class Tail:
    """All rows from ``first_id`` on, in the order of their ids, which have no gaps."""

    def __init__(self, next_id: int) -> None:
        self.first_id = next_id
        self._kept = Rows()

    def extend(self, fresh: Rows) -> None:
        """Rows that were just committed."""
        kept = self._kept
        kept.add(fresh.rows, fresh.times, fresh.rare)
        if len(kept.rows) > KEPT_ROWS_MAX:
            self._forget(len(kept.rows))

    def times(self, db: apsw.Connection, first_id: int, last_id: int) -> tuple[Instant, Instant]:
        """When the first and the last of these rows were received."""
        if self.first_id > first_id:
            found: tuple[Instant, Instant] = next(db.execute(TIMES, (first_id, last_id)))
            return found
        times = self._kept.times[first_id - self.first_id : last_id + 1 - self.first_id]
        return min(times), max(times)

    def rare(self, db: apsw.Connection, first_id: int, last_id: int) -> list[tuple[int, int]]:
        """Kind and id of these rows that are of a rare kind, sorted."""
        if self.first_id > first_id:
            return [(kind, row_id) for kind, row_id in db.execute(RARE_ROWS, (first_id, last_id))]
        rare = self._kept.rare
        start, end = bisect_left(rare, (first_id, 0)), bisect_left(rare, (last_id + 1, 0))
        return sorted((kind, row_id) for row_id, kind in rare[start:end])

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
            rows = self._kept.rows[: last_id + 1 - first_id]
        rows.sort()
        return rows

    def _forget(self, count: int) -> None:
        kept = self._kept
        del kept.rows[:count]
        del kept.times[:count]
        self.first_id += count
        del kept.rare[: bisect_left(kept.rare, (self.first_id, 0))]
