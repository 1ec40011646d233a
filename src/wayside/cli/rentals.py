"""``wayside cabinets`` and ``wayside rentals``: what can be had where, and who has it."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from wayside.cli.client import segment
from wayside.cli.moments import ago
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, fields, json_line, note, table
from wayside.model.rentals import RentalState

app = App(name="rentals", help="Borrow power banks; list, show, cancel rentals.")

Rental = Annotated[str, Parameter(name="ID", help="As the list shows it.")]
Cabinet = Annotated[str, Parameter(name="CABINET", help="A device such as power-bank:866262045678903.")]

AnyState = Annotated[RentalState, Parameter(name_transform=str.lower)]
"""Spelt as everywhere else: ``not_given``."""

COLUMNS = ("id", "bank", "state", "from", "requested at", "started at", "ended at", "to", "detail")


def cabinets(
    cabinet: Annotated[str | None, Parameter(name="CABINET", help="One cabinet, slot by slot.")] = None,
    /,
    *,
    search: str | None = None,
    limit: int = 1000,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """List power-bank cabinets and how many banks can be had there, or show what stands in one of them.

    Args:
        cabinet: One cabinet, slot by slot.
        search: Only those with this in their id or name.
        limit: The most cabinets.
        json: A JSON object per line.
        server: Which server.
    """
    with server.client() as client:
        if cabinet is not None:
            found = [client.get(f"/cabinets/{segment(cabinet)}")]
        else:
            found = list(client.items("/cabinets", {"search": search}, limit))
    if json:
        for one in found:
            json_line(one)
    elif cabinet is not None:
        slots = ("slot", "state", "bank", "available")
        rows = [(at(slot["since"]), *(slot[name] for name in slots)) for slot in found[0]["slots"]]
        table(("since", *slots), rows)
    else:
        names = ("cabinet", "name", "available", "free")
        table(
            (*names, "connection"),
            [
                (*(one[name] for name in names), "online" if one["presence"]["online"] else "offline")
                for one in found
            ],
        )


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
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """List rentals, newest first.

    Args:
        bank: Only of this bank.
        cabinet: Only of banks taken from this cabinet.
        state: Only those in this state.
        since: Requested from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        until: Requested before then.
        limit: The most rentals.
        json: A JSON object per line.
        server: Which server.
    """
    query = {
        "bank": bank,
        "cabinet": cabinet,
        "state": state,
        "since": ago("--since", since),
        "until": ago("--until", until),
    }
    with server.client() as client:
        found = client.items("/rentals", query, limit)
        if json:
            for rental in found:
                json_line(rental)
        else:
            table(COLUMNS, [row(rental) for rental in found])


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


def row(rental: dict[str, Any]) -> tuple[object, ...]:
    """A rental as the table shows it."""
    times = (at(rental[name]) for name in ("requested_at", "started_at", "ended_at"))
    what = (rental["id"], rental["bank"], rental["state"], place(rental["taken_from"]))
    return (*what, *times, place(rental["returned_to"]), rental["detail"])


def place(found: dict[str, Any] | None) -> str | None:
    """A slot on one line."""
    return None if found is None else f"{found['cabinet']}/{found['slot']}"


def _show(rental: dict[str, Any], *, json: bool) -> None:
    if json:
        json_line(rental)
        return
    places = {name: place(rental[name]) for name in ("taken_from", "returned_to")}
    times = {name: at(rental[name]) for name in ("requested_at", "sent_at", "started_at", "ended_at")}
    fields(rental | times | places)
