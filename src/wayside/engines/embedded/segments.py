"""Which ids a list has to look at: times become ranges of ids, and ranges become candidates from an index.

Everything here reads one snapshot: the marks, the zone map and the indexes belong together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import apsw

from wayside.engines.embedded.kinds import RARE
from wayside.engines.embedded.marks import mark
from wayside.ports.store import Span

ID_MAX: Final = 2**63 - 1
TIME_MIN: Final = -(2**63)


class Candidates(NamedTuple):
    """A query for ids, not yet ordered, and its parameters."""

    sql: str
    parameters: tuple[Any, ...]


def id_ranges(db: apsw.Connection, span: Span, low: int, high: int) -> Iterator[tuple[int, int]]:
    """The ranges of ids, newest first, that may hold rows received within the span; all others do not."""
    if span.since is None and span.until is None:
        yield low, high
        return
    indexed = mark(db, "indexed")
    if high > indexed:
        yield max(low, indexed + 1), high
    since = TIME_MIN if span.since is None else span.since
    until = ID_MAX if span.until is None else span.until
    # Rows below the first span whose ceiling reaches `since`, and above the last whose floor is under `until`,
    # are outside.  In between lie foreign rows only where the clock has jumped, and those are stepped over.
    bottom = db.execute(
        "SELECT first_id FROM log_span WHERE ceiling >= ? ORDER BY ceiling, first_id LIMIT 1", (since,)
    ).get
    top = db.execute(
        "SELECT last_id FROM log_span WHERE floor < ? ORDER BY floor DESC, first_id DESC LIMIT 1", (until,)
    ).get
    if bottom is None or top is None:
        return
    low, high = max(low, bottom), min(high, top, indexed)
    while low <= high:
        found = db.execute(
            "SELECT first_id, last_id FROM log_span WHERE first_id BETWEEN ? AND ?"
            " AND received_max >= ? AND received_min < ? ORDER BY first_id DESC LIMIT 1",
            (bottom, high, since, until),
        ).fetchone()
        if found is None:
            return
        first, last = found
        foreign = db.execute(
            "SELECT last_id FROM log_span WHERE first_id BETWEEN ? AND ?"
            " AND NOT (received_max >= ? AND received_min < ?) ORDER BY first_id DESC LIMIT 1",
            (bottom, first, since, until),
        ).get
        start = low if foreign is None else max(low, foreign + 1)
        yield start, min(high, last)
        high = start - 1


def from_log(
    db: apsw.Connection, device: int | None, kinds: tuple[int, ...], low: int, high: int
) -> Iterator[Candidates]:
    """Candidates of one device or all, from the tail first and then from an index.

    Several kinds, or a common one, of all devices have no index: then rows of other kinds come along.
    """
    if device is not None:
        horizon = mark(db, "round") if device <= mark(db, "round_device") else mark(db, "indexed")
        if high > horizon:
            condition, parameters = _kinds(kinds)
            yield Candidates(
                f"SELECT id FROM log WHERE device = ? AND {condition} AND id BETWEEN ? AND ?",  # noqa: S608 - constants
                (device, *parameters, max(low, horizon + 1), high),
            )
        if low <= horizon:
            yield _merged(device, kinds, low, min(high, horizon))
    elif len(kinds) == 1 and kinds[0] in RARE:
        indexed = mark(db, "indexed")
        if high > indexed:
            yield Candidates(
                "SELECT id FROM log WHERE kind = ? AND id BETWEEN ? AND ?",
                (kinds[0], max(low, indexed + 1), high),
            )
        if low <= indexed:
            yield Candidates(
                "SELECT id FROM log_by_kind WHERE kind = ? AND id BETWEEN ? AND ?",
                (kinds[0], low, min(high, indexed)),
            )
    else:
        yield Candidates("SELECT id FROM log WHERE id BETWEEN ? AND ?", (low, high))


def _kinds(kinds: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    return f"kind IN ({', '.join('?' * len(kinds))})", kinds


def _merged(device: int, kinds: tuple[int, ...], low: int, high: int) -> Candidates:
    """The device's kinds, each read from its own place in the index by a coroutine, merged by id."""
    one = "SELECT id FROM log_by_device WHERE device = ? AND kind = ? AND id BETWEEN ? AND ?"
    parameters = tuple(value for kind in kinds for value in (device, kind, low, high))
    return Candidates(" UNION ALL ".join([one] * len(kinds)), parameters)
