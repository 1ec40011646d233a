"""``wayside cabinets`` and ``wayside rentals``: what can be had where, and who has it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from wayside.cli.client import segment
from wayside.cli.lists import ALL, NEWEST, Columns, History, Listing, connection, tabulate, time, value
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, fields, json_line, note
from wayside.model.rentals import RentalState

app = App(name="rentals", help="Borrow power banks; list, show, cancel rentals.")

Rental = Annotated[str, Parameter(name="ID", help="As the list shows it.")]
Cabinet = Annotated[str, Parameter(name="CABINET", help="A device such as power-bank:866262045678903.")]

AnyState = Annotated[RentalState, Parameter(name_transform=str.lower)]
"""Spelt as everywhere else: ``not_given``."""


def place(found: dict[str, Any] | None) -> str | None:
    """A slot on one line."""
    return None if found is None else f"{found['cabinet']}/{found['slot']}"


CABINETS: Final[Columns] = {
    "cabinet": value("cabinet"),
    "name": value("name"),
    "available": value("available"),
    "free": value("free"),
    "connection": connection,
}

SLOTS: Final[Columns] = {
    "since": time("since"),
    "slot": value("slot"),
    "state": value("state"),
    "bank": value("bank"),
    "available": value("available"),
}

RENTALS: Final[Columns] = {
    "id": value("id"),
    "bank": value("bank"),
    "state": value("state"),
    "from": lambda rental: place(rental["taken_from"]),
    "requested at": time("requested_at"),
    "started at": time("started_at"),
    "ended at": time("ended_at"),
    "to": lambda rental: place(rental["returned_to"]),
    "detail": value("detail"),
}


def cabinets(
    cabinet: Annotated[str | None, Parameter(name="CABINET", help="One cabinet, slot by slot.")] = None,
    /,
    *,
    search: str | None = None,
    listing: Listing = ALL,
) -> None:
    """List power-bank cabinets and how many banks can be had there, or show what stands in one of them.

    Args:
        cabinet: One cabinet, slot by slot.
        search: Only those with this in their id or name.
        listing: How much, in which form, from which server.
        listing.limit: The most cabinets.
    """
    if cabinet is None:
        listing.show("/cabinets", {"search": search}, CABINETS)
        return
    with listing.server.client() as client:
        found = client.get(f"/cabinets/{segment(cabinet)}")
    if listing.json:
        json_line(found)
    else:
        tabulate(found["slots"], SLOTS)


@app.command
def borrow(
    cabinet: Cabinet,
    /,
    *,
    bank: str | None = None,
    slot: int | None = None,
    idempotency_key: str | None = None,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """Have a cabinet give a bank out; the rental starts when the cabinet says that it did.

    Args:
        cabinet: A device such as power-bank:866262045678903.
        bank: This bank; the fullest if neither bank nor slot is given.
        slot: The bank in this slot.
        idempotency_key: With the same key the same rental comes back.
        json: The rental as JSON.
        server: Which server.
    """
    headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
    wanted = {"cabinet": cabinet, "bank": bank, "slot": slot}
    with server.client() as client:
        _show(client.post("/rentals", wanted, headers), json=json)


@app.command(name="list")
def list_(
    *,
    bank: str | None = None,
    cabinet: str | None = None,
    state: AnyState | None = None,
    listing: History = NEWEST,
) -> None:
    """List rentals, newest first.

    Args:
        bank: Only of this bank.
        cabinet: Only of banks taken from this cabinet.
        state: Only those in this state.
        listing: How much, in which form, from which server.
        listing.since: Requested from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        listing.until: Requested before then.
        listing.limit: The most rentals.
    """
    query = {"bank": bank, "cabinet": cabinet, "state": state}
    listing.show("/rentals", query, RENTALS)


@app.command
def show(rental: Rental, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Show one rental."""
    with server.client() as client:
        _show(client.get(f"/rentals/{segment(rental)}"), json=json)


@app.command
def cancel(rental: Rental, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Take a request back whose order has not left yet."""
    with server.client() as client:
        found = client.post(f"/rentals/{segment(rental)}/cancel")
    if json:
        json_line(found)
    else:
        note(f"{found['id']} is {found['state']}")


def _show(rental: dict[str, Any], *, json: bool) -> None:
    if json:
        json_line(rental)
        return
    places = {name: place(rental[name]) for name in ("taken_from", "returned_to")}
    times = {name: at(rental[name]) for name in ("requested_at", "sent_at", "started_at", "ended_at")}
    fields(rental | times | places)
