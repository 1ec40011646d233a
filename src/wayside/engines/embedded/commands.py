"""Commands and the steps of their lives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import apsw
import msgspec

from wayside.engines.cursors import TimePosition, checked_limit, read_cursor, write_cursor
from wayside.engines.embedded.access import add_audit
from wayside.engines.embedded.ledger import Ledger
from wayside.engines.embedded.marks import mark, set_mark
from wayside.engines.embedded.texts import from_json, to_json
from wayside.model.commands import IN_FLIGHT, OPEN, WAITING, CommandRecord, State, Transition, may_follow
from wayside.model.errors import Conflict, KeyReused
from wayside.ports.store import CommandQuery, Created, Page, audit_of

NUMBER_MAX: Final = 2**32 - 1

SCAN_COMMANDS: Final = 1_000
"""Commands that a page with several filters looks at before it hands on a cursor."""

COLUMNS: Final = (
    "c.seq, c.id, c.number, k.device, c.capability, c.parameters, c.state, c.created_at, c.expires_at,"
    " c.requested_by, c.idempotency_key, c.late, c.detail, c.vals"
)
# Commands of a deleted device have no device any more: they are as good as gone.
SELECT: Final = f"SELECT {COLUMNS} FROM command c JOIN device_key k ON k.id = c.device"  # noqa: S608 - a constant

INSERT: Final = """
INSERT INTO command (id, number, device, capability, parameters, state, created_at, expires_at,
    requested_by, idempotency_key, late, detail, vals)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_STEP: Final = """
INSERT INTO command_transition (command, step, state, at, detail, vals, late)
VALUES (?1, 1 + coalesce((SELECT max(step) FROM command_transition WHERE command = ?1), 0), ?, ?, ?, ?, ?)
"""
STATE_NOW: Final = "SELECT c.seq, c.state FROM command c JOIN device_key k ON k.id = c.device WHERE c.id = ?"
# What a step says last holds for the command; values stay until other values come, and late stays late.
MOVE: Final = """
UPDATE command SET state = ?, detail = ?, late = max(late, ?), vals = CASE WHEN ?4 = x'7b7d' THEN vals ELSE ?4 END
WHERE seq = ?5
"""

UNFINISHED: Final = tuple(sorted(WAITING | IN_FLIGHT | OPEN))


def create(db: apsw.Connection, ledger: Ledger, record: CommandRecord) -> Created:
    """Store a new command and who wanted it, or bring back the one that has its idempotency key.

    Raises:
        KeyReused: that one has another device, capability or parameters.
        Conflict: the command's id is taken.
    """
    if record.idempotency_key is not None:
        used = _with_key(db, record.requested_by, record.idempotency_key)
        if used is not None:
            return _again(command(db, used), record)
    try:
        db.execute(INSERT, _row(record, ledger.key(db, record.device)))
    except apsw.ConstraintError as error:
        raise Conflict(f"there is a command {record.id} already", "id") from error
    seq = db.last_insert_rowid()
    steps = record.transitions or (Transition(record.id, record.state, record.created_at, record.detail),)
    for step in steps:
        _add_step(db, seq, step)
    add_audit(db, audit_of(record))
    if record.number > mark(db, "command_number"):
        set_mark(db, "command_number", record.number)
    return Created(msgspec.structs.replace(record, transitions=steps), fresh=True)


def _again(earlier: CommandRecord | None, record: CommandRecord) -> Created:
    if earlier is None or not _same_body(earlier, record):
        raise KeyReused("was used before, for another command", "Idempotency-Key")
    return Created(earlier, fresh=False)


def _same_body(one: CommandRecord, other: CommandRecord) -> bool:
    def body(record: CommandRecord) -> bytes:
        # As JSON, because Python finds 1, 1.0 and True equal.
        return msgspec.json.encode(
            (record.device, record.capability, record.parameters), order="deterministic"
        )

    return body(one) == body(other)


def _row(record: CommandRecord, key: int) -> tuple[Any, ...]:
    return (
        *(record.id, record.number, key, record.capability, to_json(record.parameters), record.state),
        *(record.created_at, record.expires_at, record.requested_by, record.idempotency_key),
        *(record.late, record.detail, to_json(record.values)),
    )


def _add_step(db: apsw.Connection, seq: int, step: Transition) -> None:
    db.execute(INSERT_STEP, (seq, step.state, step.at, step.detail, to_json(step.values), step.late))


def apply(db: apsw.Connection, transitions: Sequence[Transition]) -> tuple[int, ...]:
    """Take each step that may follow; the positions of those that may not, which change nothing."""
    refused: list[int] = []
    for position, step in enumerate(transitions):
        row = db.execute(STATE_NOW, (step.command,)).fetchone()
        if row is None or not may_follow(State(row[1]), step.state):
            refused.append(position)
            continue
        _add_step(db, row[0], step)
        db.execute(MOVE, (step.state, step.detail, step.late, to_json(step.values), row[0]))
    return tuple(refused)


def next_number(db: apsw.Connection) -> int:
    """Take the next number; after the last of 32 bits comes 1 again."""
    number = mark(db, "command_number") % NUMBER_MAX + 1
    set_mark(db, "command_number", number)
    return number


def command(db: apsw.Connection, command_id: str) -> CommandRecord | None:
    """One command with its steps."""
    row = db.execute(f"{SELECT} WHERE c.id = ?", (command_id,)).fetchone()
    return None if row is None else _with_steps(db, row)


def command_with_key(db: apsw.Connection, requested_by: str, key: str) -> CommandRecord | None:
    """The command that this caller asked for with this key, with its steps."""
    used = _with_key(db, requested_by, key)
    return None if used is None else command(db, used)


def _with_key(db: apsw.Connection, requested_by: str, key: str) -> str | None:
    sql = "SELECT id FROM command WHERE requested_by = ? AND idempotency_key = ?"
    found: str | None = db.execute(sql, (requested_by, key)).get
    return found


def commands(db: apsw.Connection, query: CommandQuery) -> Page[CommandRecord]:
    """A page of commands; one index serves it, other filters are held against what that brings."""
    limit = checked_limit(query.span)
    position = read_cursor(query.span, TimePosition)
    wanted = [
        (column, value)
        for column, value in (
            ("k.device", query.device),
            ("c.state", query.state),
            ("c.capability", query.capability),
        )
        if value is not None
    ]
    conditions = ["true"]
    parameters: list[str | int] = []
    if wanted:
        column, value = wanted.pop(0)
        # The index has the device's number: named so that the planner starts from there.
        conditions.append(
            "c.device = (SELECT id FROM device_key WHERE device = ?)"
            if column == "k.device"
            else f"{column} = ?"
        )
        parameters.append(value)
    for condition, at in (("c.created_at >= ?", query.span.since), ("c.created_at < ?", query.span.until)):
        if at is not None:
            conditions.append(condition)
            parameters.append(at)
    if position is not None:
        conditions.append("(c.created_at, c.seq) < (?, ?)")
        parameters += [position.at, position.id]
    scan = SCAN_COMMANDS if wanted else limit + 1
    sql = f"{SELECT} WHERE {' AND '.join(conditions)} ORDER BY c.created_at DESC, c.seq DESC LIMIT ?"
    rows: list[tuple[Any, ...]] = db.execute(sql, (*parameters, scan)).fetchall()
    places = {"k.device": 3, "c.state": 6, "c.capability": 4}
    matching = [row for row in rows if all(row[places[column]] == value for column, value in wanted)]
    if len(matching) > limit:
        matching = matching[:limit]
        last = matching[-1]
    elif len(rows) == scan:
        last = rows[-1]
    else:
        return Page(tuple(_record(row) for row in matching))
    return Page(tuple(_record(row) for row in matching), write_cursor(TimePosition(last[7], last[0])))


def unfinished(db: apsw.Connection) -> list[CommandRecord]:
    """Commands that something may still happen to, oldest first, with their steps."""
    rows = db.execute(
        f"{SELECT} WHERE c.state IN ({', '.join('?' * len(UNFINISHED))}) ORDER BY c.seq", UNFINISHED
    ).fetchall()
    return [_with_steps(db, row) for row in rows]


def _with_steps(db: apsw.Connection, row: tuple[Any, ...]) -> CommandRecord:
    steps = db.execute(
        "SELECT state, at, detail, vals, late FROM command_transition WHERE command = ? ORDER BY step",
        (row[0],),
    )
    record = _record(row)
    transitions = tuple(
        Transition(record.id, State(state), at, detail, from_json(values), bool(late))
        for state, at, detail, values, late in steps
    )
    return msgspec.structs.replace(record, transitions=transitions)


def _record(row: tuple[Any, ...]) -> CommandRecord:
    _, command_id, number, device, capability, parameters, state, created_at, expires_at, *rest = row
    requested_by, idempotency_key, late, detail, values = rest
    return CommandRecord(
        id=command_id,
        number=number,
        device=device,
        capability=capability,
        parameters=from_json(parameters),
        state=State(state),
        created_at=created_at,
        expires_at=expires_at,
        requested_by=requested_by,
        idempotency_key=idempotency_key,
        late=bool(late),
        detail=detail,
        values=from_json(values),
    )
