"""The real office over records in memory, and a desk that sends what it is given at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from tests.api.paging import paged
from tests.rental.records import Records, inventory
from wayside.model.commands import CommandRecord, State, Transition
from wayside.model.errors import Conflict
from wayside.model.rentals import Rental, Snapshot
from wayside.ports.platform import CommandRequest, Preview
from wayside.ports.rentals import RentalQuery
from wayside.ports.rules import Consequence
from wayside.ports.store import Created, Entry, Page
from wayside.rental import office
from wayside.rental.office import Office
from wayside.rental.rules import CabinetRules

if TYPE_CHECKING:
    from tests.api.fakes import Clock, FakeStore

CABINET = "demo:1"


class Cabinets:
    """One cabinet: A1 is full, B2 is being charged, the third slot is empty.  Every banks but X9 is ours."""

    def __init__(self, store: "FakeStore", clock: "Clock") -> None:
        self.store = store
        self.clock = clock
        self.records = Records()
        self.rules = CabinetRules("demo")
        self.office = Office(self.rules, cast("office.Records", self), self, self.commit, clock)
        self.keep(self.rules.ledger.event(CABINET, inventory("full A1", "charging B2", "empty"), clock()))
        for bank in ("A1", "B2", "C3"):
            self.keep(self.rules.ledger.register(bank, clock(), f"label of {bank}"))

    def keep(self, consequences: Sequence[object]) -> None:
        self.records.keep([each for each in consequences if not isinstance(each, Entry)])  # type: ignore[misc] # all changes

    async def commit(self, consequences: Sequence[Consequence]) -> None:
        self.store.check()
        self.keep(consequences)

    # What the office uses of a store.

    async def rental_snapshot(self) -> Snapshot:
        return self.records.snapshot()

    async def rental(self, rental: str) -> Rental | None:
        self.store.check()
        return self.records.rentals.get(rental)

    async def rentals(self, query: RentalQuery) -> Page[Rental]:
        self.store.check()
        chosen = [
            rental
            for rental in reversed(self.records.rentals.values())
            if query.bank in {None, rental.bank}
            and query.cabinet in {None, rental.taken_from.cabinet}
            and query.state in {None, rental.state}
        ]
        return paged(chosen, query.span, lambda rental: rental.requested_at or rental.started_at or 0)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    # And of a desk.

    async def submit(self, request: CommandRequest) -> Created:
        self.store.check()
        if request.device not in self.store.records:
            raise Conflict("the device is offline", "queue")
        number = await self.store.next_command_number()
        now = self.clock()
        record = CommandRecord(
            f"b{number}",
            number,
            request.device,
            request.capability,
            request.parameters,
            State.ACCEPTED,
            now,
            now,
            request.requested_by,
            request.idempotency_key,
        )
        self.keep(self.rules.asked(record))
        return await self.store.create_command(record)

    async def preview(self, request: CommandRequest) -> Preview:
        raise NotImplementedError

    async def cancel(self, command: str, by: str) -> CommandRecord:
        self.keep(self.rules.stepped(Transition(command, State.CANCELLED, self.clock())))
        record = await self.store.command(command)
        assert record is not None
        return record


class Feed:
    """A file, whatever it is asked for."""

    async def file(self, name: str) -> dict[str, object] | None:
        return {"data": {"feeds": []}} if name == "gbfs" else None
