"""The append path: entries of a batch as rows of the log, alarms beside them, and steps of commands."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

import apsw

from wayside.engines.embedded.kinds import CODES, NO_EVENT, RARE
from wayside.engines.embedded.ledger import Ledger
from wayside.engines.embedded.tail import DEVICE_SHIFT, ID_BITS, ID_MASK
from wayside.engines.embedded.texts import to_json
from wayside.engines.fold import Names
from wayside.model.events import Kind
from wayside.ports.store import Entry

COLUMNS: Final = 11
ROWS_PER_STATEMENT: Final = (256, 16, 1)
"""Fewer calls into SQLite: a fifth less time per row.  And each call gives the interpreter away, which a busy loop
returns after milliseconds: a batch of some hundred rows should do it a few times, not fifty."""

ONE_ROW: Final = f"({','.join('?' * COLUMNS)})"
INSERT: Final = (
    "INSERT INTO log"
    " (id, device, kind, received_at, at, message, event_message, shape, vals, received, sent) VALUES "
)
STATEMENTS: Final = tuple(
    (rows * COLUMNS, INSERT + ",".join([ONE_ROW] * rows)) for rows in ROWS_PER_STATEMENT
)
"""The number of values that one takes, and its text; the longest first."""

ALARM: Final = CODES[Kind.ALARM]
RECEIVED_AT: Final = attrgetter("received_at")
INSERT_ALARM: Final = "INSERT INTO alarm (id, device, alarm) VALUES (?, ?, ?)"


def append_entries(db: apsw.Connection, ledger: Ledger, entries: Sequence[Entry]) -> tuple[int, list[Names]]:
    """Store the rows in order; the first one's id, and the names of each one's values: equal ones are one object."""
    first_id = row_id = ledger.next_id
    keys, shapes = ledger.keys, ledger.shapes
    (widest, insert), *narrower = STATEMENTS
    values: list[Any] = []
    all_names: list[Names] = []
    rows: list[int] = []
    rare: list[tuple[int, int]] = []
    alarms: list[tuple[int, int, str | None]] = []
    for entry in entries:
        event = entry.event
        key = keys.get(entry.device) or ledger.key(db, entry.device)
        if event is None:
            kind = NO_EVENT
            all_names.append(())
            values += (
                *(row_id, key, kind, entry.received_at, None, entry.message, None, None, None),
                *(entry.received, entry.sent),
            )
        else:
            kind = CODES[event.kind]
            held = event.values
            names = tuple(held)
            shape, names = shapes.get(names) or ledger.shape(db, names)
            all_names.append(names)
            if kind in RARE:
                rare.append((row_id, kind))
                if kind == ALARM:
                    alarm = held.get("alarm.kind")
                    alarms.append((row_id, key, alarm if isinstance(alarm, str) else None))
            values += (
                row_id,
                key,
                kind,
                entry.received_at,
                event.at,
                entry.message,
                None if event.message == entry.message else event.message,
                shape,
                to_json(held if shape is None else [*held.values()]),
                entry.received,
                entry.sent,
            )
        # As ``tail.packed`` has it, without a call for every row.
        rows.append(key << DEVICE_SHIFT | kind << ID_BITS | row_id & ID_MASK)
        row_id += 1
        if len(values) == widest:  # now, while what the rows hold is in the processor's caches
            db.execute(insert, values)
            values = []
    start = 0
    for width, statement in narrower:
        while len(values) - start >= width:
            db.execute(statement, values[start : start + width])
            start += width
    if alarms:
        db.executemany(INSERT_ALARM, alarms)
    ledger.next_id = row_id
    ledger.fresh.add(rows, map(RECEIVED_AT, entries), rare)
    return first_id, all_names
