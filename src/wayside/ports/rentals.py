"""Power banks and rentals: what the store keeps of them, and what the API may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from wayside.model.rentals import Bank, Rental, RentalState, Slot, Snapshot
from wayside.ports.store import Page, Span


class RentalQuery(msgspec.Struct, frozen=True):
    """Which rentals; None means any.  ``cabinet``: the one that the bank was taken from.

    The span's times are those of the request, or of the start where nobody had asked.
    """

    bank: str | None = None
    cabinet: str | None = None
    state: RentalState | None = None
    span: Span = Span()


class RentalStore(Protocol):
    """The part of a store that reads rentals; they are written with ``Batch.changes``.

    Every method may raise ``StoreUnavailable``.
    """

    async def rental_snapshot(self) -> Snapshot:
        """What the rules begin with."""

    async def rental(self, rental: str) -> Rental | None:
        """One rental."""

    async def rentals(self, query: RentalQuery) -> Page[Rental]:
        """Newest first."""


class BankQuery(msgspec.Struct, frozen=True):
    """Which banks; ``search`` is a part of the number or the label, case ignored.  Sorted by number.

    ``retired`` and ``rented`` None: either.  The cursor of a page is its last bank's number.
    """

    search: str | None = None
    retired: bool | None = None
    rented: bool | None = None
    cabinet: str | None = None
    limit: int = 100
    cursor: str | None = None


class BorrowRequest(msgspec.Struct, frozen=True):
    """Somebody wants a bank out of a cabinet: that one, the one in that slot, or else the fullest."""

    cabinet: str
    requested_by: str
    bank: str | None = None
    slot: int | None = None
    idempotency_key: str | None = None


class Borrowed(msgspec.Struct, frozen=True):
    """``fresh`` is False when the idempotency key brought an earlier rental back."""

    rental: Rental
    fresh: bool


class NewBank(msgspec.Struct, frozen=True):
    """A bank to register.  ``label`` None: as it is, none for a new one."""

    id: str
    label: str | None = None


class Registered(msgspec.Struct, frozen=True):
    """What a list did: banks that are new (or ours again), that have another label now, and that were as listed."""

    added: int
    changed: int
    unchanged: int


class Rentals(Protocol):
    """Banks, what stands where, who has which.  Every change is durable and audited before the call returns."""

    @property
    def protocol(self) -> str:
        """Devices of this protocol are cabinets."""

    def slots(self, cabinet: str) -> list[Slot]:
        """What is known of a cabinet's slots, by number."""

    def available(self, cabinet: str) -> list[Slot]:
        """The slots whose bank can be asked for, the best first."""

    def bank(self, bank: str) -> Bank | None:
        """One bank."""

    def banks(self, query: BankQuery) -> Page[Bank]:
        """By number, ascending."""

    async def register(self, bank: NewBank, by: str) -> Bank:
        """Make a bank ours, or ours again.  Raises ``CommandError`` that names the field."""

    async def register_sheet(self, text: str, by: str) -> Registered:
        """All banks of a CSV file.  Raises ``CommandError`` with line and field of what is wrong; then none is."""

    def sheet(self) -> Iterator[str]:
        """All banks as CSV, line by line."""

    async def retire(self, bank: str, by: str) -> Bank:
        """Ours no longer.  Raises ``NotFound``, ``Conflict`` (it is borrowed)."""

    async def write_off(self, bank: str, by: str) -> Bank:
        """End its open rental without it.  Raises ``NotFound``, ``Conflict`` (it is not borrowed)."""

    async def borrow(self, request: BorrowRequest) -> Borrowed:
        """Have a cabinet give a bank out; the rental begins when it says that it did.

        Raises:
            NotFound, Conflict, CommandError: no such cabinet or bank, nothing to be had there, the cabinet is offline.
            KeyReused: same idempotency key, another body.
        """

    async def cancel(self, rental: str, by: str) -> Rental:
        """Take a request back whose order has not left.  Raises ``NotFound``, ``Conflict``."""

    async def rental(self, rental: str) -> Rental | None:
        """One rental, as it is stored."""

    async def rentals(self, query: RentalQuery) -> Page[Rental]:
        """Newest first, as they are stored."""


class AvailabilityFeed(Protocol):
    """What there is to borrow, for maps: the files of a GBFS feed."""

    async def file(self, name: str) -> dict[str, Any] | None:
        """A file by its name without ``.json``, ``gbfs`` being the one that lists the others; None if there is none."""
