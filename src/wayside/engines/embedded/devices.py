"""Devices that somebody decided on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw
import msgspec

from wayside.engines.cursors import NamePosition, checked_limit, read_cursor, write_cursor
from wayside.engines.embedded.ledger import Ledger
from wayside.ports.store import DeviceQuery, DeviceRecord, DeviceStatus, Page

SCAN_DEVICES: Final = 2_000
"""Devices that a filtered page looks at before it hands on a cursor: a few milliseconds."""

SELECT: Final = "SELECT device, protocol, status, created_at, name, options FROM device"

OPTIONS: Final = msgspec.json.Decoder(dict[str, str])


def put(db: apsw.Connection, record: DeviceRecord) -> None:
    """Insert or replace."""
    db.execute(
        "INSERT OR REPLACE INTO device (device, protocol, status, created_at, name, options)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            record.device,
            record.protocol,
            record.status,
            record.created_at,
            record.name,
            msgspec.json.encode(record.options).decode(),
        ),
    )


def device(db: apsw.Connection, name: str) -> DeviceRecord | None:
    """One device."""
    row = db.execute(f"{SELECT} WHERE device = ?", (name,)).fetchone()
    return None if row is None else _record(row)


def all_devices(db: apsw.Connection) -> list[DeviceRecord]:
    """Every device."""
    return [_record(row) for row in db.execute(f"{SELECT} ORDER BY device")]


def devices(db: apsw.Connection, query: DeviceQuery) -> Page[DeviceRecord]:
    """A page of devices by id."""
    limit = checked_limit(query.span)
    position = read_cursor(query.span, NamePosition)
    rows: list[tuple[Any, ...]] = db.execute(
        f"{SELECT} WHERE device > ? ORDER BY device LIMIT ?",
        ("" if position is None else position.name, SCAN_DEVICES),
    ).fetchall()
    wanted = _filter(query)
    found = [record for row in rows if wanted(record := _record(row))]
    if len(found) > limit:
        return Page(tuple(found[:limit]), write_cursor(NamePosition(found[limit - 1].device)))
    if len(rows) == SCAN_DEVICES:
        return Page(tuple(found), write_cursor(NamePosition(rows[-1][0])))
    return Page(tuple(found))


def delete(db: apsw.Connection, ledger: Ledger, name: str) -> bool:
    """Forget the device: what it left behind is invisible at once, and removed by upkeep later."""
    existed = db.execute("DELETE FROM device WHERE device = ? RETURNING 1", (name,)).get is not None
    key = ledger.drop(db, name)
    if key is not None:
        db.execute("DELETE FROM state WHERE device = ?", (key,))
        db.execute("INSERT INTO forgotten (device, until) VALUES (?, ?)", (key, ledger.last_id))
    return existed


def _filter(query: DeviceQuery) -> Callable[[DeviceRecord], bool]:
    search = None if query.search is None else query.search.casefold()
    span = query.span

    def wanted(record: DeviceRecord) -> bool:
        return (
            (query.protocol is None or record.protocol == query.protocol)
            and (query.status is None or record.status is query.status)
            and (span.since is None or record.created_at >= span.since)
            and (span.until is None or record.created_at < span.until)
            and (search is None or search in record.device.casefold() or search in record.name.casefold())
        )

    return wanted


def _record(row: tuple[Any, ...]) -> DeviceRecord:
    name, protocol, status, created_at, label, options = row
    texts = OPTIONS.decode(options)
    return DeviceRecord(name, protocol, DeviceStatus(status), created_at, label, texts)
