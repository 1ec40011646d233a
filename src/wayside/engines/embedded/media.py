"""Records of media files, and the lists of what devices hold.

They hang on the device's number, like commands: of a deleted device they are invisible at once and removed by upkeep.
A blob is noted as an orphan before it is put; keeping its record takes the note away, and whatever removes the last
record of it brings it back, in the same transaction.  So no crash can lose track of one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import apsw
import msgspec

from wayside.engines.cursors import IdPosition, TimePosition, checked_limit, read_cursor, write_cursor
from wayside.engines.embedded.ledger import Ledger
from wayside.model.errors import NotFound
from wayside.model.instant import Instant, seconds
from wayside.ports.media import Forgotten, Kept, MediaFile, MediaKind, MediaQuery, Origin, Recording, Usage
from wayside.ports.store import Page, Span

SCAN_FILES: Final = 1_000
"""Files that a page with several filters looks at before it hands on a cursor."""

COLUMNS: Final = (
    "m.id, k.device, m.name, m.kind, m.content_type, m.size, m.sha256, m.md5, m.received_at, m.taken_at,"
    " m.channel, m.origin, m.alarm, m.command, m.blob"
)
JOINED: Final = "media m JOIN device_key k ON k.id = m.device"
SELECT: Final = f"SELECT {COLUMNS} FROM {JOINED}"  # noqa: S608 - constants

INSERT: Final = """
INSERT INTO media (id, device, name, kind, content_type, size, sha256, md5, received_at, taken_at, channel, origin,
    alarm, command, blob)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_ORPHAN: Final = "INSERT OR IGNORE INTO media_orphan (id) VALUES (?)"

BLOB: Final = "SELECT coalesce(blob, id) FROM media WHERE device = ? AND sha256 = ? LIMIT 1"
USED: Final = (
    "SELECT EXISTS (SELECT 1 FROM media WHERE id = ?1) OR EXISTS (SELECT 1 FROM media WHERE blob = ?1)"
)

NEWEST_NAMED: Final = """
SELECT id FROM media WHERE device = (SELECT id FROM device_key WHERE device = ?) AND name = ?
ORDER BY received_at DESC, seq DESC LIMIT 1
"""
OLDEST: Final = f"{SELECT} WHERE m.received_at < ? ORDER BY m.received_at, m.seq LIMIT ?"
GREEDY: Final = "SELECT device FROM media GROUP BY device HAVING sum(size) > ?"
# What was received last is counted first; what comes after the share is full has to go.
BEYOND_SHARE: Final = f"""
WITH counted AS (
    SELECT seq, sum(size) OVER (ORDER BY received_at DESC, seq DESC) AS upto FROM media WHERE device = ?
)
{SELECT} WHERE m.seq IN (SELECT seq FROM counted WHERE upto > ?) ORDER BY m.received_at, m.seq LIMIT ?
"""  # noqa: S608 - constants
USAGE: Final = """
SELECT count(*), coalesce(sum(size), 0), count(*) FILTER (WHERE origin = ?1 AND received_at >= ?2),
    coalesce(sum(size) FILTER (WHERE origin = ?1 AND received_at >= ?2), 0)
FROM media WHERE device = ?3
"""

# The index that serves a page is that of the first of these which is asked for; the others are held against it.
FILTERS: Final = ("alarm", "command", "name", "device", "kind", "origin")
SERVED: Final = frozenset({"alarm", "command", "name", "device"})


def expect(db: apsw.Connection, file_id: str) -> None:
    """Note that a blob may come."""
    db.execute(INSERT_ORPHAN, (file_id,))


def keep(db: apsw.Connection, ledger: Ledger, file: MediaFile) -> Kept:
    """Store a record, or bring back the one of this name with the same bytes.

    Where they are here under another name, the record shares its blob; the one that was put for it stays an orphan.

    Raises:
        NotFound: the device is not there, or not any more.
    """
    if db.execute("SELECT 1 FROM device WHERE device = ?", (file.device,)).get is None:
        raise NotFound("no such device", "device")
    same = with_content(db, file.device, file.sha256, file.name)
    if same is not None:
        return Kept(same, fresh=False)
    device = ledger.key(db, file.device)
    kept = msgspec.structs.replace(file, blob=db.execute(BLOB, (device, file.sha256)).get)
    row = list(msgspec.structs.astuple(kept))
    row[1] = device
    db.execute(INSERT, row)
    if kept.key == file.id:
        bury(db, [file.id])
    return Kept(kept, fresh=True)


def file(db: apsw.Connection, file_id: str) -> MediaFile | None:
    """One file."""
    row = db.execute(f"{SELECT} WHERE m.id = ?", (file_id,)).fetchone()
    return None if row is None else _record(row)


def with_content(db: apsw.Connection, device: str, sha256: str, name: str) -> MediaFile | None:
    """The device's file of this name with these bytes."""
    given = (device, sha256, name)
    row = db.execute(f"{SELECT} WHERE k.device = ? AND m.sha256 = ? AND m.name = ?", given).fetchone()
    return None if row is None else _record(row)


def files(db: apsw.Connection, query: MediaQuery) -> Page[MediaFile]:
    """A page of files; one index serves it, other filters are held against what that brings."""
    limit = checked_limit(query.span)
    position = read_cursor(query.span, TimePosition)
    wanted = [(name, value) for name in FILTERS if (value := getattr(query, name)) is not None]
    conditions = ["true"]
    parameters: list[str | int] = []
    if wanted and wanted[0][0] in SERVED:
        name, value = wanted.pop(0)
        given = "(SELECT id FROM device_key WHERE device = ?)" if name == "device" else "?"
        conditions.append(f"m.{name} = {given}")
        parameters.append(value)
    for condition, at in (("m.received_at >= ?", query.span.since), ("m.received_at < ?", query.span.until)):
        if at is not None:
            conditions.append(condition)
            parameters.append(at)
    if position is not None:
        conditions.append("(m.received_at, m.seq) < (?, ?)")
        parameters += [position.at, position.id]
    scan = SCAN_FILES if wanted else limit + 1
    sql = (
        f"SELECT {COLUMNS}, m.seq FROM {JOINED} WHERE {' AND '.join(conditions)}"  # noqa: S608 - constants
        " ORDER BY m.received_at DESC, m.seq DESC LIMIT ?"
    )
    rows = [(_record(row[:-1]), row[-1]) for row in db.execute(sql, (*parameters, scan))]
    found = [row for row in rows if all(getattr(row[0], name) == value for name, value in wanted)]
    if len(found) > limit:
        found = found[:limit]
        last = found[-1]
    elif len(rows) == scan:
        last = rows[-1]
    else:
        return Page(tuple(record for record, _ in found))
    return Page(
        tuple(record for record, _ in found), write_cursor(TimePosition(last[0].received_at, last[1]))
    )


def named(db: apsw.Connection, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The newest file's id of each pair of device and name, where there is one."""
    found = ((pair, db.execute(NEWEST_NAMED, pair).get) for pair in names)
    return {pair: file_id for pair, file_id in found if file_id is not None}


def forget(db: apsw.Connection, file_id: str) -> Forgotten | None:
    """Remove a record; its blob is an orphan from then on, unless another record has it, too."""
    row: tuple[str] | None = db.execute(
        "DELETE FROM media WHERE id = ? AND device IN (SELECT id FROM device_key) RETURNING coalesce(blob, id)",
        (file_id,),
    ).fetchone()
    if row is None:
        return None
    (blob,) = row
    return Forgotten(blob if _orphaned(db, blob) else None)


def _orphaned(db: apsw.Connection, blob: str) -> bool:
    """Note a blob of which a record went, if that was the last; whether it was."""
    if db.execute(USED, (blob,)).get:
        return False
    db.execute(INSERT_ORPHAN, (blob,))
    return True


def forget_device(db: apsw.Connection, key: int, limit: int) -> bool:
    """Remove a slice of what a deleted device left; whether there was any."""
    gone = db.execute(
        "DELETE FROM media WHERE seq IN (SELECT seq FROM media WHERE device = ? LIMIT ?)"
        " RETURNING coalesce(blob, id)",
        (key, limit),
    ).fetchall()
    for (blob,) in gone:
        _orphaned(db, str(blob))
    if gone:
        return True
    db.execute(
        "DELETE FROM recording WHERE device = ?1"
        " AND place IN (SELECT place FROM recording WHERE device = ?1 LIMIT ?2)",
        (key, limit),
    )
    return db.changes() > 0


def orphans(db: apsw.Connection, limit: int) -> list[str]:
    """Blobs without a record."""
    return [file_id for (file_id,) in db.execute("SELECT id FROM media_orphan LIMIT ?", (limit,))]


def bury(db: apsw.Connection, gone: Collection[str]) -> None:
    """These blobs are gone, or are no orphans."""
    db.executemany("DELETE FROM media_orphan WHERE id = ?", [(file_id,) for file_id in gone])


def surplus(
    db: apsw.Connection, now: Instant, age_s: float | None, device_bytes: int | None, limit: int
) -> list[MediaFile]:
    """What is too old, or else what devices have beyond their share; the oldest first."""
    found: list[MediaFile] = []
    if age_s is not None:
        found = [_record(row) for row in db.execute(OLDEST, (now - seconds(age_s), limit))]
    if not found and device_bytes is not None:
        for (key,) in db.execute(GREEDY, (device_bytes,)).fetchall():
            found += map(_record, db.execute(BEYOND_SHARE, (key, device_bytes, limit - len(found))))
            if len(found) == limit:
                break
    return found


def usage(db: apsw.Connection, device: str, since: Instant) -> Usage:
    """How much of the device is kept."""
    key = db.execute("SELECT id FROM device_key WHERE device = ?", (device,)).get
    return Usage(*next(db.execute(USAGE, (Origin.UNEXPECTED, since, key))))


def put_recordings(db: apsw.Connection, ledger: Ledger, device: str, listed: Collection[Recording]) -> None:
    """Replace the device's list.  A name stands in it once, the newest recording first, those without a time last.

    Raises:
        NotFound: the device is not there, or not any more.
    """
    if db.execute("SELECT 1 FROM device WHERE device = ?", (device,)).get is None:
        raise NotFound("no such device", "device")
    key = ledger.key(db, device)
    once = {recording.name: recording for recording in listed}.values()
    dated = sorted(
        (one for one in once if one.taken_at is not None),
        key=lambda one: (one.taken_at, one.name),
        reverse=True,
    )
    undated = sorted((one for one in once if one.taken_at is None), key=lambda one: one.name)
    db.execute("DELETE FROM recording WHERE device = ?", (key,))
    db.executemany(
        "INSERT INTO recording (device, place, name, reported_at, taken_at, channel) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (key, place, one.name, one.reported_at, one.taken_at, one.channel)
            for place, one in enumerate((*dated, *undated))
        ],
    )


def recordings(db: apsw.Connection, device: str, span: Span) -> Page[Recording]:
    """A page of the device's list; the span is by the time that a recording was taken at."""
    limit = checked_limit(span)
    position = read_cursor(span, IdPosition)
    conditions = ["k.device = ?", "r.place > ?"]
    parameters: list[str | int] = [device, -1 if position is None else position.id]
    for condition, at in (("r.taken_at >= ?", span.since), ("r.taken_at < ?", span.until)):
        if at is not None:
            conditions.append(condition)
            parameters.append(at)
    rows: list[tuple[Any, ...]] = db.execute(
        "SELECT k.device, r.name, r.reported_at, r.taken_at, r.channel, r.place"  # noqa: S608 - constants
        " FROM recording r JOIN device_key k ON k.id = r.device"
        f" WHERE {' AND '.join(conditions)} ORDER BY r.place LIMIT ?",
        (*parameters, limit + 1),
    ).fetchall()
    items = tuple(Recording(*row[:-1]) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items)
    return Page(items, write_cursor(IdPosition(rows[limit - 1][-1])))


def _record(row: tuple[Any, ...]) -> MediaFile:
    record = MediaFile(*row)
    return msgspec.structs.replace(record, kind=MediaKind(record.kind), origin=Origin(record.origin))
