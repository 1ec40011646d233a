"""Power banks: which are ours, where they stand, and lists of them as CSV."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.response import Stream
from msgspec import Meta

from wayside.api.auth import ADMIN, COMMAND, READ
from wayside.api.parameters import BANK_PATTERN, DEVICE_MAX, DEVICE_PATTERN, TEXT_MAX, By, Provided, Window
from wayside.api.problems import Refusal
from wayside.api.rentals import PlaceView
from wayside.api.shapes import Next, Time, time
from wayside.model.errors import NotFound
from wayside.model.instant import to_rfc3339
from wayside.model.rentals import Bank
from wayside.ports.rentals import BankQuery, NewBank

CSV: Final = "text/csv"

# As many rows as a list of banks may have, each with the longest number and label.
SHEET_BYTES_MAX: Final = 16 * 1024 * 1024

LABEL_MAX: Final = 100

BankId = Annotated[str, PathParameter(pattern=BANK_PATTERN, description="The bank's own number")]


class BankView(msgspec.Struct, frozen=True):
    """A registered bank.  ``place``: where it stands, null while somebody has it; ``rental``: the open one."""

    bank: str
    label: str
    registered_at: Time
    retired_at: Time | None
    place: PlaceView | None
    rental: str | None

    @classmethod
    def of(cls, bank: Bank) -> BankView:
        return cls(
            bank.id,
            bank.label,
            to_rfc3339(bank.registered_at),
            time(bank.retired_at),
            PlaceView.of(bank.place),
            bank.rental,
        )


class BankPage(msgspec.Struct, frozen=True):
    """Banks, by number."""

    items: list[BankView]
    next: Next


class BankRegistration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bank that cabinets may take in from now on."""

    bank: Annotated[str, Meta(pattern=BANK_PATTERN, description="The number that cabinets read off it")]
    label: Annotated[
        Annotated[str, Meta(max_length=LABEL_MAX)] | None,
        Meta(description="For people; null: the one that it has"),
    ] = None


class ImportView(msgspec.Struct, frozen=True):
    """What an import did: new banks (or ours again), banks with another label, banks that were as listed."""

    added: int
    changed: int
    unchanged: int


@get("/banks", opt=READ)
async def list_banks(
    *,
    services: Provided,
    window: Window,
    search: Annotated[
        str | None, QueryParameter(max_length=TEXT_MAX, description="A part of the number or the label")
    ] = None,
    retired: Annotated[bool | None, QueryParameter(description="Only retired ones, or only others")] = None,
    rented: Annotated[bool | None, QueryParameter(description="With an open rental, or without")] = None,
    cabinet: Annotated[
        str | None,
        QueryParameter(pattern=DEVICE_PATTERN, max_length=DEVICE_MAX, description="That stand in this one"),
    ] = None,
) -> BankPage:
    """List registered banks by number; `since` and `until` are not looked at."""
    page = services.rentals.banks(BankQuery(search, retired, rented, cabinet, window.limit, window.cursor))
    return BankPage([BankView.of(bank) for bank in page.items], page.next)


@get("/banks/{bank:str}", opt=READ)
async def get_bank(services: Provided, bank: BankId) -> BankView:
    """Show one bank."""
    found = services.rentals.bank(bank)
    if found is None:
        raise NotFound("no such bank", "bank")
    return BankView.of(found)


@post("/banks", opt=ADMIN)
async def register_bank(services: Provided, by: By, data: JSONBody[BankRegistration]) -> BankView:
    """Register a bank, or one again that was retired; a known one gets the new label."""
    return BankView.of(await services.rentals.register(NewBank(data.bank, data.label), by.name))


@post("/banks/import", opt={**ADMIN, "consumes": CSV}, status_code=200, request_max_body_size=SHEET_BYTES_MAX)
async def import_banks(services: Provided, by: By, request: Request[object, object, State]) -> ImportView:
    """Register all banks of a CSV file with the columns `bank` and, if wanted, `label`; all of them, or none.

    A mistake is named with its line and column. What `/export/banks` gives can be imported again.
    """
    try:
        text = (await request.body()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"not UTF-8: {error}", "body") from error
    done = await services.rentals.register_sheet(text, by.name)
    return ImportView(done.added, done.changed, done.unchanged)


@get("/export/banks", opt={**READ, "produces": (CSV,)})
async def export_banks(services: Provided) -> Stream:
    """Download all banks as CSV, with where they stand and their open rentals."""
    return Stream(
        services.rentals.sheet(),
        media_type=CSV,
        headers={"Content-Disposition": 'attachment; filename="wayside-banks.csv"'},
    )


@post("/banks/{bank:str}/retire", opt=ADMIN, status_code=200)
async def retire_bank(services: Provided, by: By, bank: BankId) -> BankView:
    """Have a bank be ours no longer: cabinets refuse it, its history stays.  Not while it is borrowed."""
    return BankView.of(await services.rentals.retire(bank, by.name))


@post("/banks/{bank:str}/write-off", opt=COMMAND, status_code=200)
async def write_off_bank(services: Provided, by: By, bank: BankId) -> BankView:
    """End a bank's open rental without it: nobody expects it back."""
    return BankView.of(await services.rentals.write_off(bank, by.name))


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (
    list_banks,
    get_bank,
    register_bank,
    import_banks,
    export_banks,
    retire_bank,
    write_off_bank,
)
