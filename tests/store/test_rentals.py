"""Banks, slots and rentals: whole records, in the commit of their cause, replaced by key."""

import msgspec

from tests.store.samples import START, Shelf, report
from wayside.model.instant import SECOND
from wayside.model.rentals import Bank, Change, Forgotten, Place, Rental, RentalState, Slot, Snapshot
from wayside.ports.rentals import RentalQuery, RentalStore
from wayside.ports.store import Batch, Page, Span, Store

CABINET, OTHER = "power-bank:866262045678903", "power-bank:866262045678911"
HERE, THERE = Place(CABINET, 1), Place(OTHER, 12)

BANK = Bank("A", START, "=label", START + 1, HERE, "r1")
SLOT = Slot(HERE, "full", START, "A", "B")
RENTAL = Rental(
    "r1", "A", HERE, RentalState.RETURNED, START, "me", START + 1, START + 2, START + 3, THERE, "detail"
)


def rental(number: int, bank: str = "A", cabinet: str = CABINET, **changes: object) -> Rental:
    made = Rental(f"r{number}", bank, Place(cabinet, 1), RentalState.RENTED, START + number * SECOND)
    return msgspec.structs.replace(made, **changes)


async def keep(store: Store, *changes: Change) -> None:
    await store.append(Batch(changes=list(changes)))


def rentals_of(store: Store) -> RentalStore:
    assert hasattr(store, "rental_snapshot")
    return store  # type: ignore[return-value] # every engine keeps rentals


async def ids(store: Store, query: RentalQuery, limit: int = 2) -> list[str]:
    """Of all pages."""
    found: list[str] = []
    cursor = None
    while True:
        span = msgspec.structs.replace(query.span, limit=limit, cursor=cursor)
        page: Page[Rental] = await rentals_of(store).rentals(msgspec.structs.replace(query, span=span))
        found += [rental.id for rental in page.items]
        if (cursor := page.next) is None:
            return found


async def test_an_empty_store_has_none(store: Store) -> None:
    assert await rentals_of(store).rental_snapshot() == Snapshot()
    assert await rentals_of(store).rental("r1") is None
    assert await ids(store, RentalQuery()) == []


async def test_every_field_comes_back_also_after_a_restart(shelf: Shelf) -> None:
    store = await shelf.open()
    plain = (Bank("B", START), Slot(Place(CABINET, 2), "empty", START), rental(2, "B"))
    await store.append(Batch([report()], [], [BANK, SLOT, RENTAL, *plain]))
    for _ in range(2):
        assert await rentals_of(store).rental_snapshot() == Snapshot(
            (BANK, plain[0]), (SLOT, plain[1]), (RENTAL, plain[2])
        )
        assert await rentals_of(store).rental("r1") == RENTAL
        await store.close()
        store = await shelf.open()


async def test_a_record_replaces_the_one_with_its_key(store: Store) -> None:
    await keep(store, BANK, SLOT, rental(1), rental(2))
    later = (Bank("A", START), Slot(HERE, "empty", START + 1), rental(1, state=RentalState.LOST, detail="x"))
    await keep(store, *later)
    snapshot = await rentals_of(store).rental_snapshot()
    assert (snapshot.banks, snapshot.slots) == (later[:1], later[1:2])
    assert await rentals_of(store).rental("r1") == later[2]
    assert await ids(store, RentalQuery()) == ["r2", "r1"], "it keeps its place in the order"


async def test_the_latest_rental_of_each_bank_is_in_the_snapshot(store: Store) -> None:
    await keep(store, Bank("A", START), Bank("B", START), Bank("C", START))
    await keep(store, rental(1), rental(2, "B"), rental(3), rental(2, "B", state=RentalState.LOST))
    snapshot = await rentals_of(store).rental_snapshot()
    assert {(one.bank, one.id, one.state) for one in snapshot.rentals} == {
        ("A", "r3", RentalState.RENTED),
        ("B", "r2", RentalState.LOST),
    }


async def test_a_forgotten_cabinet_loses_its_slots_and_no_rentals(store: Store) -> None:
    await keep(store, SLOT, Slot(THERE, "empty", START), rental(1))
    await keep(store, Forgotten(CABINET))
    assert [slot.place for slot in (await rentals_of(store).rental_snapshot()).slots] == [THERE]
    assert await ids(store, RentalQuery(cabinet=CABINET)) == ["r1"]


async def test_lists_are_filtered_and_paged(store: Store) -> None:
    for number in range(1, 9):
        await keep(
            store,
            rental(
                number,
                "AB"[number % 2],
                (CABINET, OTHER)[number // 5],
                state=RentalState.RETURNED if number % 3 else RentalState.UNKNOWN,
            ),
        )
    for limit in (1, 2, 3, 100):
        assert await ids(store, RentalQuery(), limit) == [f"r{n}" for n in range(8, 0, -1)]
        assert await ids(store, RentalQuery(bank="B"), limit) == ["r7", "r5", "r3", "r1"]
        assert await ids(store, RentalQuery(cabinet=OTHER), limit) == ["r8", "r7", "r6", "r5"]
        assert await ids(store, RentalQuery(state=RentalState.UNKNOWN), limit) == ["r6", "r3"]
        assert await ids(store, RentalQuery("A", OTHER, RentalState.RETURNED), limit) == ["r8"]
        span = Span(since=START + 3 * SECOND, until=START + 6 * SECOND)
        assert await ids(store, RentalQuery(span=span), limit) == ["r5", "r4", "r3"]
        assert await ids(store, RentalQuery(bank="B", span=span), limit) == ["r5", "r3"]
    assert await ids(store, RentalQuery(bank="C")) == []


async def test_a_rental_that_nobody_asked_for_is_listed_by_its_start(store: Store) -> None:
    await keep(store, rental(1, requested_at=None, started_at=START + 5))
    assert await ids(store, RentalQuery(span=Span(since=START + 5))) == ["r1"]
    assert await ids(store, RentalQuery(span=Span(since=START + 6))) == []
