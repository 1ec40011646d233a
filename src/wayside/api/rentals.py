"""Cabinets and rentals: what can be had where, and who has it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.handlers import BaseRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from wayside.api.auth import COMMAND, READ
from wayside.api.commands import IdempotencyKey
from wayside.api.devices import PresenceView, known
from wayside.api.parameters import (
    BANK_PATTERN,
    DEVICE_MAX,
    DEVICE_PATTERN,
    TEXT_MAX,
    By,
    Device,
    Key,
    Provided,
    Window,
)
from wayside.api.shapes import Next, Time, time
from wayside.model.errors import NotFound
from wayside.model.instant import to_rfc3339
from wayside.model.rentals import Place, Rental, RentalState, Slot
from wayside.ports.rentals import BorrowRequest, RentalQuery
from wayside.ports.store import DeviceQuery, DeviceRecord

EMPTY: Final = "empty"
"""The state of a slot that a bank can be left in."""

# No cabinet's message can name a slot beyond this; the command's own schema is narrower.
SLOT_MAX: Final = 255


class PlaceView(msgspec.Struct, frozen=True):
    """A slot of a cabinet."""

    cabinet: str
    slot: int

    @classmethod
    def of(cls, place: Place | None) -> PlaceView | None:
        return None if place is None else cls(place.cabinet, place.slot)


class SlotView(msgspec.Struct, frozen=True):
    """What stands in a slot, and since when it is so.  ``available``: its bank can be asked for."""

    slot: int
    state: str
    since: Time
    bank: str | None
    available: bool


class CabinetView(msgspec.Struct, frozen=True):
    """A cabinet.  ``available``: how many banks can be asked for; ``free``: in how many slots one can be left."""

    cabinet: str
    name: str
    presence: PresenceView
    available: int
    free: int
    slots: list[SlotView]


class CabinetPage(msgspec.Struct, frozen=True):
    """Cabinets, by id."""

    items: list[CabinetView]
    next: Next


class RentalView(msgspec.Struct, frozen=True):
    """A rental.  ``id`` is that of the command that asked for it; a rental that nobody asked for has one of its own.

    ``started_at`` is when the cabinet said that it gave the bank out: a rental without it costs nobody anything.
    """

    id: str
    bank: str
    state: RentalState
    taken_from: PlaceView
    requested_at: Time | None
    requested_by: str
    sent_at: Time | None
    started_at: Time | None
    ended_at: Time | None
    returned_to: PlaceView | None
    detail: str

    @classmethod
    def of(cls, rental: Rental) -> RentalView:
        return cls(
            rental.id,
            rental.bank,
            rental.state,
            PlaceView(rental.taken_from.cabinet, rental.taken_from.slot),
            time(rental.requested_at),
            rental.requested_by,
            time(rental.sent_at),
            time(rental.started_at),
            time(rental.ended_at),
            PlaceView.of(rental.returned_to),
            rental.detail,
        )


class RentalPage(msgspec.Struct, frozen=True):
    """Rentals, newest first."""

    items: list[RentalView]
    next: Next


class NewRental(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody wants to borrow.  Without ``bank`` and ``slot`` it is the fullest bank of the cabinet."""

    cabinet: Annotated[
        str, Meta(max_length=DEVICE_MAX, pattern=DEVICE_PATTERN, description="The device that holds it")
    ]
    bank: Annotated[
        Annotated[str, Meta(pattern=BANK_PATTERN)] | None, Meta(description="This bank, and no other")
    ] = None
    slot: Annotated[
        Annotated[int, Meta(ge=1, le=SLOT_MAX)] | None, Meta(description="The bank in this slot")
    ] = None


BankFilter = Annotated[
    str | None, QueryParameter(name="bank", pattern=BANK_PATTERN, description="Only this bank")
]
CabinetFilter = Annotated[
    str | None,
    QueryParameter(
        name="cabinet", pattern=DEVICE_PATTERN, max_length=DEVICE_MAX, description="Only this cabinet"
    ),
]


@get("/cabinets", opt=READ)
async def list_cabinets(
    services: Provided,
    window: Window,
    search: Annotated[
        str | None, QueryParameter(max_length=TEXT_MAX, description="A part of the id or the name")
    ] = None,
) -> CabinetPage:
    """List power-bank cabinets by id, with what stands in their slots."""
    page = await services.store.devices(DeviceQuery(services.rentals.protocol, None, search, window))
    return CabinetPage([_cabinet(services, record) for record in page.items], page.next)


@get("/cabinets/{device:str}", opt=READ)
async def get_cabinet(services: Provided, device: Device) -> CabinetView:
    """Show one cabinet with what stands in its slots."""
    record = await known(services, device)
    if record.protocol != services.rentals.protocol:
        raise NotFound("this device is no cabinet", "device")
    return _cabinet(services, record)


@post(
    "/rentals",
    opt=COMMAND,
    responses={200: ResponseSpec(RentalView, description="This key brought an earlier rental back")},
)
async def borrow(
    services: Provided, by: By, data: JSONBody[NewRental], key: IdempotencyKey = None
) -> Response[RentalView]:
    """Have a cabinet give a bank out.  201: the order is on its way; the rental starts when the cabinet says so.

    With an idempotency key that was used before the earlier rental comes back (200), as long as it fits the body.
    """
    request = BorrowRequest(data.cabinet, by.name, data.bank, data.slot, key)
    borrowed = await services.rentals.borrow(request)
    return Response(
        RentalView.of(borrowed.rental),
        status_code=201 if borrowed.fresh else 200,
        headers={"Location": f"/api/v1/rentals/{borrowed.rental.id}"},
    )


@get("/rentals", opt=READ)
async def list_rentals(
    *,
    services: Provided,
    window: Window,
    bank: BankFilter = None,
    cabinet: CabinetFilter = None,
    in_state: Annotated[RentalState | None, QueryParameter(name="state")] = None,
) -> RentalPage:
    """List rentals, newest first; `cabinet` is where the bank was taken from."""
    page = await services.rentals.rentals(RentalQuery(bank, cabinet, in_state, window))
    return RentalPage([RentalView.of(rental) for rental in page.items], page.next)


@get("/rentals/{rental:str}", opt=READ)
async def get_rental(services: Provided, rental: Key) -> RentalView:
    """Show one rental."""
    found = await services.rentals.rental(rental)
    if found is None:
        raise NotFound("no such rental", "rental")
    return RentalView.of(found)


@post("/rentals/{rental:str}/cancel", opt=COMMAND, status_code=200)
async def cancel_rental(services: Provided, by: By, rental: Key) -> RentalView:
    """Take a request back whose order has not left yet."""
    return RentalView.of(await services.rentals.cancel(rental, by.name))


def _cabinet(services: Provided, record: DeviceRecord) -> CabinetView:
    slots = services.rentals.slots(record.device)
    available = {slot.place.slot for slot in services.rentals.available(record.device)}
    return CabinetView(
        record.device,
        record.name,
        PresenceView.of(services.devices.presence(record.device)),
        len(available),
        sum(slot.state == EMPTY for slot in slots),
        [_slot(slot, available=slot.place.slot in available) for slot in slots],
    )


def _slot(slot: Slot, *, available: bool) -> SlotView:
    return SlotView(slot.place.slot, slot.state, to_rfc3339(slot.since), slot.bank, available)


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (
    list_cabinets,
    get_cabinet,
    borrow,
    list_rentals,
    get_rental,
    cancel_rental,
)
