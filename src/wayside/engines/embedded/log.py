"""Reading the log: events, frames and alarms, page by page, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import apsw
import msgspec

from wayside.engines.cursors import IdPosition, checked_limit, read_cursor, write_cursor
from wayside.engines.embedded.kinds import ALL_CODES, CODES, EVENT_CODES, KINDS
from wayside.engines.embedded.marks import mark
from wayside.engines.embedded.segments import ID_MAX, Candidates, from_log, id_ranges
from wayside.engines.embedded.texts import to_json, to_values
from wayside.model.events import StoredEvent, StoredFrame
from wayside.model.instant import Instant
from wayside.ports.store import Alarm, AlarmQuery, EventQuery, FrameQuery, Page, Span

SCAN_ROWS: Final = 5_000
"""Rows that a page with filters looks at before it hands on a cursor: a few milliseconds."""

RANGES_MAX: Final = 50
"""Ranges of time that a page looks into: more than a few exist only where the clock jumped back and forth."""

EVENT_COLUMNS: Final = (
    "l.id, k.device, l.kind, l.at, l.received_at, coalesce(l.event_message, l.message), s.names, l.vals"
)
FRAME_COLUMNS: Final = "l.id, k.device, l.received_at, l.message, l.received, l.sent"
ALARM_COLUMNS: Final = f"{EVENT_COLUMNS}, a.acknowledged_at, a.acknowledged_by, a.note"

# Rows of a deleted device have no name any more: they are as good as gone.
JOINED: Final = (
    " CROSS JOIN log l ON l.id = c.id JOIN device_key k ON k.id = l.device"
    " LEFT JOIN shape s ON s.id = l.shape"
)
JOINED_ALARMS: Final = f" CROSS JOIN alarm a ON a.id = c.id{JOINED}"

# A condition, and the parameter of each of its question marks.
Filter = tuple[str, tuple[Any, ...]]
Source = Callable[[int, int], Iterator[Candidates]]


class Reading(NamedTuple):
    """One kind of list: what to select (the id first), which rows stay, and how a row becomes an item."""

    columns: str
    joined: str
    filters: list[Filter]
    item: Callable[[tuple[Any, ...]], Any]
    low: int = 1


def to_event(row: tuple[Any, ...]) -> StoredEvent:
    """A row of ``EVENT_COLUMNS``."""
    row_id, device, kind, at, received_at, message, shape, values = row
    return StoredEvent(row_id, device, KINDS[kind], at, received_at, message, to_values(shape, values))


def to_frame(row: tuple[Any, ...]) -> StoredFrame:
    """A row of ``FRAME_COLUMNS``."""
    return StoredFrame(*row)


def to_alarm(row: tuple[Any, ...]) -> Alarm:
    """A row of ``ALARM_COLUMNS``."""
    return Alarm(to_event(row[:8]), *row[8:])


def events(db: apsw.Connection, query: EventQuery) -> Page[StoredEvent]:
    """A page of events."""
    kinds = EVENT_CODES if query.kind is None else (CODES[query.kind],)
    filters: list[Filter] = []
    if query.device is None:
        # Without an index on all devices' reports, rows of other kinds come along.
        filters += [("l.kind > 0", ())] if query.kind is None else [("l.kind = ?", kinds)]
    if query.message is not None:
        filters.append(("coalesce(l.event_message, l.message) = ?", (query.message,)))
    if query.name is not None:
        # JSON escapes quotes, so that this can only be a name and never part of a text.
        name = to_json(query.name)
        condition = "CASE WHEN s.id IS NULL THEN instr(l.vals, ?) ELSE instr(s.names, ?) END"
        filters.append((condition, (name + b":", name)))
    return _read_log(db, query.device, kinds, query.span, Reading(EVENT_COLUMNS, JOINED, filters, to_event))


def frames(db: apsw.Connection, query: FrameQuery) -> Page[StoredFrame]:
    """A page of frames; rows whose frames retention has removed are not among them."""
    filters: list[Filter] = [("(l.received IS NOT NULL OR l.sent IS NOT NULL)", ())]
    if query.message is not None:
        filters.append(("l.message = ?", (query.message,)))
    oldest = db.execute("SELECT min(first_id) FROM log_span WHERE frames_min IS NOT NULL").get
    indexed = mark(db, "indexed")
    low = indexed + 1 if oldest is None else oldest
    reading = Reading(FRAME_COLUMNS, JOINED, filters, to_frame, low)
    return _read_log(db, query.device, ALL_CODES, query.span, reading)


def alarms(db: apsw.Connection, query: AlarmQuery) -> Page[Alarm]:
    """A page of alarms."""
    served: list[Filter] = []
    filters: list[Filter] = []
    if query.device is not None:
        device = _key(db, query.device)
        if device is None:
            return _nothing(query.span)
        served.append(("device = ?", (device,)))
    if query.acknowledged is False:
        served.append(("acknowledged_at IS NULL", ()))
    elif query.acknowledged:
        filters.append(("a.acknowledged_at IS NOT NULL", ()))
    if query.alarm is not None:
        # One index serves a page; the alarm's name is looked at last.
        (filters if served else served).append(("alarm = ?", (query.alarm,)))
    condition = "".join(f"{condition} AND " for condition, _ in served)
    sql = f"SELECT id FROM alarm WHERE {condition}id BETWEEN ? AND ?"  # noqa: S608 - built of the constants above

    def source(low: int, high: int) -> Iterator[Candidates]:
        yield Candidates(sql, (*_parameters(served), low, high))

    reading = Reading(ALARM_COLUMNS, JOINED_ALARMS, filters, to_alarm)
    return _read(db, source, query.span, reading)


def event(db: apsw.Connection, event_id: int) -> StoredEvent | None:
    """One event."""
    row = _one(db, EVENT_COLUMNS, "log", JOINED, event_id)
    return to_event(row) if row is not None and row[2] in KINDS else None


def alarm(db: apsw.Connection, event_id: int) -> Alarm | None:
    """One alarm."""
    row = _one(db, ALARM_COLUMNS, "alarm", JOINED_ALARMS, event_id)
    return None if row is None else to_alarm(row)


def acknowledge(db: apsw.Connection, event_id: int, by: str, at: Instant, note: str) -> Alarm | None:
    """Mark an alarm seen, unless it is; None if there is no such alarm."""
    found = alarm(db, event_id)
    if found is None or found.acknowledged_at is not None:
        return found
    db.execute(
        "UPDATE alarm SET acknowledged_at = ?, acknowledged_by = ?, note = ? WHERE id = ?",
        (at, by, note, event_id),
    )
    return msgspec.structs.replace(found, acknowledged_at=at, acknowledged_by=by, note=note)


def _one(db: apsw.Connection, columns: str, table: str, joined: str, row_id: int) -> tuple[Any, ...] | None:
    if not 0 < row_id <= ID_MAX:
        return None
    sql = f"SELECT {columns} FROM {table} c{joined} WHERE c.id = ?"  # noqa: S608 - constants
    row: tuple[Any, ...] | None = db.execute(sql, (row_id,)).fetchone()
    return row


def _key(db: apsw.Connection, device: str) -> int | None:
    key: int | None = db.execute("SELECT id FROM device_key WHERE device = ?", (device,)).get
    return key


def _nothing(span: Span) -> Page[Any]:
    """An empty page, after the same checks as any other."""
    checked_limit(span)
    read_cursor(span, IdPosition)
    return Page(())


def _read_log(
    db: apsw.Connection, device: str | None, kinds: tuple[int, ...], span: Span, reading: Reading
) -> Page[Any]:
    key = None
    if device is not None and (key := _key(db, device)) is None:
        return _nothing(span)

    def source(first: int, last: int) -> Iterator[Candidates]:
        return from_log(db, key, kinds, first, last)

    return _read(db, source, span, reading)


def _read(db: apsw.Connection, source: Source, span: Span, reading: Reading) -> Page[Any]:
    """Walk the ranges and candidates from new to old, until the page or its allowance of rows is full."""
    limit = checked_limit(span)
    position = read_cursor(span, IdPosition)
    newest: int = db.execute("SELECT coalesce(max(id), 0) FROM log").get
    high = newest if position is None else min(newest, position.id - 1)
    filters = list(reading.filters)
    if span.since is not None:
        filters.append(("l.received_at >= ?", (span.since,)))
    if span.until is not None:
        filters.append(("l.received_at < ?", (span.until,)))
    reading = reading._replace(filters=filters)
    allowance = SCAN_ROWS if filters else limit + 1
    rows: list[tuple[Any, ...]] = []
    for number, (first, last) in enumerate(id_ranges(db, span, reading.low, high)):
        if number == RANGES_MAX:
            return _page(reading, rows, last + 1)
        for candidates in source(first, last):
            found, lowest, seen = _take(db, candidates, reading, allowance, limit + 1 - len(rows))
            rows += found
            allowance -= seen
            if len(rows) > limit:
                return _page(reading, rows[:limit], rows[limit - 1][0])
            if allowance == 0:
                return _page(reading, rows, lowest)
    return Page(tuple(map(reading.item, rows)))


def _page(reading: Reading, rows: list[tuple[Any, ...]], position: int) -> Page[Any]:
    return Page(tuple(map(reading.item, rows)), write_cursor(IdPosition(position)))


def _take(
    db: apsw.Connection, candidates: Candidates, reading: Reading, allowance: int, wanted: int
) -> tuple[list[tuple[Any, ...]], int, int]:
    """The newest matching rows among so many candidates; the lowest id seen, and how many were seen."""
    newest = f"({candidates.sql} ORDER BY id DESC LIMIT ?)"
    parameters = (*candidates.parameters, allowance)
    lowest, seen = next(db.execute(f"SELECT min(id), count(*) FROM {newest}", parameters))  # noqa: S608 - constants
    if not seen:
        return [], 0, 0
    conditions = " AND ".join(condition for condition, _ in reading.filters) or "true"
    rows = db.execute(
        f"SELECT {reading.columns} FROM {newest} c{reading.joined}"  # noqa: S608 - constants
        f" WHERE {conditions} ORDER BY c.id DESC LIMIT ?",
        (*parameters, *_parameters(reading.filters), wanted),
    )
    return rows.fetchall(), lowest, seen


def _parameters(filters: list[Filter]) -> tuple[Any, ...]:
    return tuple(value for _, values in filters for value in values)
