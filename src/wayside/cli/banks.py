"""``wayside banks``: which power banks are ours, and where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from wayside.cli.client import segment
from wayside.cli.export import written
from wayside.cli.firmware import opened
from wayside.cli.lists import ALL, Columns, Listing, time, value
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import json_line, note

app = App(name="banks", help="List, register, import, export, retire power banks.")

Bank = Annotated[str, Parameter(name="BANK", help="The number that cabinets read off it.")]

COLUMNS: Final[Columns] = {
    "bank": value("bank"),
    "label": value("label"),
    "registered at": time("registered_at"),
    "retired at": time("retired_at"),
    "cabinet": value("place", "cabinet"),
    "slot": value("place", "slot"),
    "rental": value("rental"),
}


@app.command(name="list")
def list_(
    *,
    search: str | None = None,
    cabinet: str | None = None,
    rented: Annotated[bool | None, Parameter(negative="--not-rented")] = None,
    retired: Annotated[bool | None, Parameter(negative="--not-retired")] = None,
    listing: Listing = ALL,
) -> None:
    """List registered banks, by number.

    Args:
        search: Only those with this in their number or label.
        cabinet: Only those that stand in this cabinet.
        rented: Only those that somebody has (or not).
        retired: Only those that are ours no longer (or are).
        listing: How much, in which form, from which server.
        listing.limit: The most banks.
    """
    query = {"search": search, "cabinet": cabinet, "rented": rented, "retired": retired}
    listing.show("/banks", query, COLUMNS)


@app.command
def add(bank: Bank, /, *, label: str | None = None, json: Json = False, server: ServerOptions = HERE) -> None:
    """Register a bank: cabinets take it in from now on.

    Args:
        bank: The number that cabinets read off it.
        label: For people.
        json: The record as JSON.
        server: Which server.
    """
    with server.client() as client:
        made = client.post("/banks", {"bank": bank, "label": label})
    _tell(made, "is registered", json=json)


@app.command(name="import")
def import_(file: Path, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Register all banks of a CSV file with the columns bank and, if wanted, label; all of them, or none.

    Args:
        file: The file; what `wayside banks export` writes can be imported again.
        json: The counts as JSON.
        server: Which server.
    """
    with server.client() as client, opened(file) as chunks:
        done = client.upload("/banks/import", {}, chunks)
    if json:
        json_line(done)
    else:
        note(", ".join(f"{count} {what}" for what, count in done.items()))


@app.command
def export(*, output: Path | None = None, server: ServerOptions = HERE) -> None:
    """Write all banks as CSV, with where they stand and their open rentals.

    Args:
        output: A file; standard output if not given.
        server: Which server.
    """
    with server.client() as client, written(output) as file:
        for chunk in client.stream("/export/banks", {}):
            file.write(chunk)


@app.command
def retire(bank: Bank, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Have a bank be ours no longer: cabinets refuse it, its history stays."""
    with server.client() as client:
        _tell(client.post(f"/banks/{segment(bank)}/retire"), "is retired", json=json)


@app.command
def write_off(bank: Bank, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """End a bank's open rental without it: nobody expects it back."""
    with server.client() as client:
        _tell(client.post(f"/banks/{segment(bank)}/write-off"), "is written off", json=json)


def _tell(bank: dict[str, Any], what: str, *, json: bool) -> None:
    if json:
        json_line(bank)
    else:
        note(f"{bank['bank']} {what}")
