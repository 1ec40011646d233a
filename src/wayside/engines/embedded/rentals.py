"""Banks, slots and rentals: whole records, replaced in the transaction of what changed them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import apsw

from wayside.engines.cursors import IdPosition, checked_limit, read_cursor, write_cursor
from wayside.model.rentals import Bank, Change, Forgotten, Place, Rental, RentalState, Slot, Snapshot
from wayside.ports.rentals import RentalQuery
from wayside.ports.store import Page

SCAN_RENTALS: Final = 1_000
"""Rentals that a page with several filters looks at before it hands on a cursor."""

PUT_BANK: Final = """
INSERT OR REPLACE INTO bank (id, registered_at, label, retired_at, cabinet, slot, rental) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
PUT_SLOT: Final = (
    "INSERT OR REPLACE INTO slot (cabinet, slot, state, since, bank, gave) VALUES (?, ?, ?, ?, ?, ?)"
)
# A rental keeps its place in the order.
PUT_RENTAL: Final = """
INSERT INTO rental (id, bank, cabinet, slot, state, requested_at, requested_by, sent_at, started_at, ended_at,
    returned_cabinet, returned_slot, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, requested_at = excluded.requested_at,
    requested_by = excluded.requested_by, sent_at = excluded.sent_at, started_at = excluded.started_at,
    ended_at = excluded.ended_at, returned_cabinet = excluded.returned_cabinet,
    returned_slot = excluded.returned_slot, detail = excluded.detail
"""
SELECT_RENTAL: Final = (
    "SELECT seq, id, bank, cabinet, slot, state, requested_at, requested_by, sent_at, started_at, ended_at,"
    " returned_cabinet, returned_slot, detail FROM rental"
)
BEGAN: Final = "coalesce(requested_at, started_at)"


def apply_changes(db: apsw.Connection, changes: Sequence[Change]) -> None:
    """Store each record in order."""
    for change in changes:
        match change:
            case Bank(place=place):
                where = _row_of(place)
                db.execute(
                    PUT_BANK,
                    (change.id, change.registered_at, change.label, change.retired_at, *where, change.rental),
                )
            case Slot(place=place):
                row = (place.cabinet, place.slot, change.state, change.since, change.bank, change.gave)
                db.execute(PUT_SLOT, row)
            case Rental():
                db.execute(PUT_RENTAL, _row(change))
            case Forgotten(cabinet):
                db.execute("DELETE FROM slot WHERE cabinet = ?", (cabinet,))


def snapshot(db: apsw.Connection) -> Snapshot:
    """All banks, all slots, and of each bank the latest rental: as much work as there are banks and slots."""
    banks = db.execute(
        "SELECT id, registered_at, label, retired_at, cabinet, slot, rental FROM bank ORDER BY id"
    )
    slots = db.execute("SELECT cabinet, slot, state, since, bank, gave FROM slot ORDER BY cabinet, slot")
    latest = db.execute(
        f"{SELECT_RENTAL} WHERE seq IN (SELECT (SELECT max(seq) FROM rental WHERE bank = b.id) FROM bank b)"  # noqa: S608 - constants
    )
    return Snapshot(
        tuple(
            Bank(bank, registered_at, label, retired_at, _place(cabinet, slot), rental)
            for bank, registered_at, label, retired_at, cabinet, slot, rental in banks
        ),
        tuple(
            Slot(Place(cabinet, slot), state, since, bank, gave)
            for cabinet, slot, state, since, bank, gave in slots
        ),
        tuple(map(_record, latest)),
    )


def rental(db: apsw.Connection, rental_id: str) -> Rental | None:
    """One rental."""
    row = db.execute(f"{SELECT_RENTAL} WHERE id = ?", (rental_id,)).fetchone()
    return None if row is None else _record(row)


def rentals(db: apsw.Connection, query: RentalQuery) -> Page[Rental]:
    """A page of rentals; one index serves it, other filters are held against what that brings."""
    limit = checked_limit(query.span)
    position = read_cursor(query.span, IdPosition)
    wanted: list[tuple[str, str | int]] = [
        (condition, value)
        for condition, value in (
            ("bank = ?", query.bank),
            ("cabinet = ?", query.cabinet),
            ("state = ?", query.state),
            (f"{BEGAN} >= ?", query.span.since),
            (f"{BEGAN} < ?", query.span.until),
        )
        if value is not None
    ]
    served = [wanted.pop(0)] if wanted and wanted[0][0].endswith(" = ?") else []
    if position is not None:
        served.append(("seq < ?", position.id))
    scan = SCAN_RENTALS if wanted else limit + 1
    newest = f"{SELECT_RENTAL} WHERE {_all(served)} ORDER BY seq DESC LIMIT ?"
    rows: list[tuple[Any, ...]] = db.execute(
        f"WITH newest AS MATERIALIZED ({newest})"  # noqa: S608 - built of the constants above
        f" SELECT *, {_all(wanted)} AS fits FROM newest ORDER BY seq DESC",
        (*_values(served), scan, *_values(wanted)),
    ).fetchall()
    found = [row for row in rows if row[-1]]
    if len(found) > limit:
        return _page(found[:limit], found[limit - 1][0])
    if wanted and len(rows) == scan:
        return _page(found, rows[-1][0])
    return Page(tuple(_record(row[:-1]) for row in found))


def _page(rows: list[tuple[Any, ...]], last: int) -> Page[Rental]:
    return Page(tuple(_record(row[:-1]) for row in rows), write_cursor(IdPosition(last)))


def _all(conditions: list[tuple[str, str | int]]) -> str:
    return " AND ".join(condition for condition, _ in conditions) or "true"


def _values(conditions: list[tuple[str, str | int]]) -> tuple[str | int, ...]:
    return tuple(value for _, value in conditions)


def _row_of(place: Place | None) -> tuple[str | None, int | None]:
    return (None, None) if place is None else (place.cabinet, place.slot)


def _place(cabinet: str | None, slot: int | None) -> Place | None:
    return None if cabinet is None or slot is None else Place(cabinet, slot)


def _row(rental: Rental) -> tuple[Any, ...]:
    return (
        *(rental.id, rental.bank, rental.taken_from.cabinet, rental.taken_from.slot, rental.state),
        *(rental.requested_at, rental.requested_by, rental.sent_at, rental.started_at, rental.ended_at),
        *_row_of(rental.returned_to),
        rental.detail,
    )


def _record(row: tuple[Any, ...]) -> Rental:
    _, rental_id, bank, cabinet, slot, state, *rest = row
    requested_at, requested_by, sent_at, started_at, ended_at, returned_cabinet, returned_slot, detail = rest
    return Rental(
        rental_id,
        bank,
        Place(cabinet, slot),
        RentalState(state),
        requested_at,
        requested_by,
        sent_at,
        started_at,
        ended_at,
        _place(returned_cabinet, returned_slot),
        detail,
    )
