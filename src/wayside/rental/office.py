"""What people do with banks and rentals, and what they see: ``ports.rentals.Rentals``.

What is shown of banks and slots is what the ledger holds, which is the store's by a few milliseconds; rentals are
read from the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, Protocol

from wayside.model.commands import CommandRecord, State
from wayside.model.errors import CommandError, Conflict, KeyReused, NotFound
from wayside.model.instant import Instant
from wayside.model.rentals import Bank, Rental, RentalState, Slot
from wayside.ports.platform import CommandDesk, CommandRequest
from wayside.ports.rentals import (
    BankQuery,
    Borrowed,
    BorrowRequest,
    NewBank,
    Registered,
    RentalQuery,
    RentalStore,
)
from wayside.ports.rules import Consequence
from wayside.ports.store import PAGE_MAX, AuditRecord, Page, Store
from wayside.rental.ledger import Ledger, Outcome
from wayside.rental.rules import BORROW, CabinetRules, consequences
from wayside.rental.sheets import read_banks, write_banks
from wayside.rental.states import ASKED

# Of a long list so many banks are committed together: devices wait for a few milliseconds, not for all of it.
BANKS_AT_ONCE: Final = 1_000

PARAMETERS: Final = "parameters."


class Records(Store, RentalStore, Protocol):
    """A store that keeps rentals too."""


class Office:
    """``commit`` stores behind everything that the rules have decided before, as ``Gateway.commit`` does."""

    def __init__(
        self,
        rules: CabinetRules,
        store: Records,
        desk: CommandDesk,
        commit: Callable[[Sequence[Consequence]], Awaitable[None]],
        clock: Callable[[], Instant],
    ) -> None:
        self.protocol: Final = rules.protocol
        self._rules = rules
        self._store = store
        self._desk = desk
        self._commit = commit
        self._clock = clock
        self._asking = asyncio.Lock()

    async def open(self) -> None:
        """Read what there is.  To be called before devices are let in and before commands are recovered.

        A request whose command was never stored, or is gone with its cabinet, will get no answer any more.
        """
        ledger = self._rules.ledger = Ledger(await self._store.rental_snapshot())
        at = self._clock()
        outcomes: list[Outcome] = []
        for rental in ledger.snapshot().rentals:
            if rental.state in ASKED and await self._store.command(rental.id) is None:
                never_left = rental.state is RentalState.REQUESTED
                state = State.REJECTED if never_left else State.UNKNOWN
                outcomes += ledger.command(rental.id, rental.bank, state, at)
        await self._commit(consequences(outcomes, at))

    # What there is.

    def slots(self, cabinet: str) -> list[Slot]:
        """See ``ports.rentals.Rentals``."""
        return self._ledger.slots(cabinet)

    def available(self, cabinet: str) -> list[Slot]:
        """See ``ports.rentals.Rentals``."""
        return self._ledger.available(cabinet)

    def bank(self, bank: str) -> Bank | None:
        """See ``ports.rentals.Rentals``."""
        return self._ledger.bank(bank)

    def banks(self, query: BankQuery) -> Page[Bank]:
        """See ``ports.rentals.Rentals``."""
        if not 1 <= query.limit <= PAGE_MAX:
            raise CommandError(f"must be 1 to {PAGE_MAX}", "limit")
        found = [bank for bank in self._ledger.banks() if _fits(bank, query)]
        page = tuple(found[: query.limit])
        return Page(page, page[-1].id if len(found) > query.limit else None)

    def sheet(self) -> Iterator[str]:
        """See ``ports.rentals.Rentals``."""
        return write_banks(self._ledger.banks())

    async def rental(self, rental: str) -> Rental | None:
        """See ``ports.rentals.Rentals``."""
        return await self._store.rental(rental)

    async def rentals(self, query: RentalQuery) -> Page[Rental]:
        """See ``ports.rentals.Rentals``."""
        return await self._store.rentals(query)

    # Banks.

    async def register(self, bank: NewBank, by: str) -> Bank:
        """See ``ports.rentals.Rentals``."""
        await self._keep(self._ledger.register(bank.id, self._clock(), bank.label))
        await self._audit(by, "bank.register", bank.id, bank.label or "")
        return self._known(bank.id)

    async def register_sheet(self, text: str, by: str) -> Registered:
        """See ``ports.rentals.Rentals``."""
        banks = read_banks(text)
        counts = {"added": 0, "changed": 0, "unchanged": 0}
        for start in range(0, len(banks), BANKS_AT_ONCE):
            outcomes: list[Outcome] = []
            for bank in banks[start : start + BANKS_AT_ONCE]:
                was_ours = self._ledger.knows(bank.id)
                changed = self._ledger.register(bank.id, self._clock(), bank.label)
                counts["unchanged" if not changed else "changed" if was_ours else "added"] += 1
                outcomes += changed
            await self._keep(outcomes)
        detail = ", ".join(f"{count} {what}" for what, count in counts.items())
        await self._audit(by, "bank.import", f"{len(banks)} banks", detail)
        return Registered(**counts)

    async def retire(self, bank: str, by: str) -> Bank:
        """See ``ports.rentals.Rentals``."""
        await self._keep(self._ledger.retire(bank, self._clock()))
        await self._audit(by, "bank.retire", bank)
        return self._known(bank)

    async def write_off(self, bank: str, by: str) -> Bank:
        """See ``ports.rentals.Rentals``."""
        await self._keep(self._ledger.write_off(bank, by, self._clock()))
        await self._audit(by, "bank.write_off", bank)
        return self._known(bank)

    # Rentals.

    async def borrow(self, request: BorrowRequest) -> Borrowed:
        """See ``ports.rentals.Rentals``."""
        async with self._asking:  # who asks twice at once, with one key, gets one bank
            key = request.idempotency_key
            if key is not None:
                earlier = await self._store.command_with_key(request.requested_by, key)
                if earlier is not None:
                    return Borrowed(await self._again(earlier, request), fresh=False)
            slot, bank = self._choose(request)
            command = CommandRequest(
                request.cabinet, BORROW, request.requested_by, {"slot": slot, "bank": bank}, key
            )
            try:
                created = await self._desk.submit(command)
            except CommandError as error:
                raise _in_our_words(error) from error
        rental = await self._store.rental(created.command.id)
        assert rental is not None, "the rental is durable before its command is"
        return Borrowed(rental, created.fresh)

    async def cancel(self, rental: str, by: str) -> Rental:
        """See ``ports.rentals.Rentals``."""
        known = await self._store.rental(rental)
        if known is None:
            raise NotFound("no such rental", "rental")
        if known.state is not RentalState.REQUESTED:
            raise Conflict(f"too late: the rental is {known.state}", "rental")
        await self._desk.cancel(rental, by)
        return await self._store.rental(rental) or known

    def _choose(self, request: BorrowRequest) -> tuple[int, str]:
        """Slot and bank: as asked for, else where the bank stands, or what stands there, or the fullest."""
        if request.bank is not None and request.slot is not None:
            return request.slot, request.bank
        if request.bank is not None:
            known = self._known(request.bank)
            if known.place is None or known.place.cabinet != request.cabinet:
                where = f"in {known.place}" if known.place else "in no slot that we know of"
                raise Conflict(f"bank {known.id} stands {where}", "bank")
            return known.place.slot, known.id
        if request.slot is not None:
            there = {slot.place.slot: slot.bank for slot in self.slots(request.cabinet)}
            bank = there.get(request.slot)
            if bank is None:
                raise Conflict(f"no bank stands in slot {request.slot}", "slot")
            return request.slot, bank
        for slot in self.available(request.cabinet):
            if slot.bank is not None:
                return slot.place.slot, slot.bank
        raise Conflict("there is no bank to be had now", "cabinet")

    async def _again(self, earlier: CommandRecord, request: BorrowRequest) -> Rental:
        """The rental that this key brought; which bank it is was perhaps our own choice."""
        rental = await self._store.rental(earlier.id)
        asked = (
            (earlier.device, request.cabinet),
            (earlier.parameters.get("bank"), request.bank),
            (earlier.parameters.get("slot"), request.slot),
        )
        if rental is None or any(wanted not in {had, None} for had, wanted in asked):
            raise KeyReused("was used before, for something else", "Idempotency-Key")
        return rental

    # The small steps.

    @property
    def _ledger(self) -> Ledger:
        return self._rules.ledger

    def _known(self, bank: str) -> Bank:
        known = self._ledger.bank(bank)
        if known is None:
            raise NotFound(f"there is no bank {bank[:24]!r}", "bank")
        return known

    async def _keep(self, outcomes: list[Outcome]) -> None:
        if outcomes:
            await self._commit(consequences(outcomes, self._clock()))

    async def _audit(self, by: str, action: str, subject: str, detail: str = "") -> None:
        await self._store.audit(AuditRecord(self._clock(), by, action, subject, detail))


def _fits(bank: Bank, query: BankQuery) -> bool:
    search = (query.search or "").casefold()
    return (
        (query.cursor is None or bank.id > query.cursor)
        and (query.retired is None or query.retired == (bank.retired_at is not None))
        and (query.rented is None or query.rented == (bank.rental is not None))
        and (query.cabinet is None or (bank.place is not None and bank.place.cabinet == query.cabinet))
        and (search in bank.id.casefold() or search in bank.label.casefold())
    )


def _in_our_words(error: CommandError) -> CommandError:
    """The command's fields as those of the request: ``parameters.bank`` is ``bank``, ``device`` the cabinet."""
    field = error.field
    if field == "queue":
        return type(error)("the cabinet is offline, or its connection was lost just now", "cabinet")
    if field is not None:
        field = "cabinet" if field in {"device", "capability"} else field.removeprefix(PARAMETERS)
    return type(error)(error.detail, field)
