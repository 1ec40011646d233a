"""The office over a real store: what it finds at its start, and what a crash between two commits leaves."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from tests.rental.records import CABINET, START, inventory, moved
from tests.store.samples import command
from wayside.engines.embedded import EmbeddedStore
from wayside.model.commands import State, Transition
from wayside.model.rentals import Rental, RentalState
from wayside.ports.platform import CommandDesk
from wayside.ports.rentals import NewBank
from wayside.ports.rules import Consequence
from wayside.ports.store import AlarmQuery, Batch, Entry, Span
from wayside.rental import office
from wayside.rental.office import Office
from wayside.rental.rules import CabinetRules

BORROW = {"slot": 1, "bank": "A"}


class House:
    """An office and its rules over one store; made anew, it is after a restart."""

    def __init__(self, store: EmbeddedStore) -> None:
        self.store = store
        self.commits = 0
        self.rules = CabinetRules("power-bank")
        nobody = cast("CommandDesk", None)
        self.office = Office(self.rules, store, nobody, self.commit, lambda: START)

    async def commit(self, consequences: Sequence[Consequence]) -> None:
        entries = [each for each in consequences if isinstance(each, Entry)]
        changes = [each for each in consequences if not isinstance(each, Entry)]
        self.commits += bool(consequences)
        await self.store.append(Batch(entries, changes=changes))

    async def again(self) -> "House":
        house = House(self.store)
        await house.office.open()
        return house

    async def rental(self) -> Rental:
        found = await self.store.rental("c1")
        assert found is not None
        return found


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A is ours and stands in slot 1."""
    store = EmbeddedStore(tmp_path)
    await store.open()
    house = await House(store).again()
    await house.office.register(NewBank("A"), "me")
    await house.commit(house.rules.heard(Entry(CABINET, START, "inventory", inventory("full A"))))
    yield house
    await store.close()


async def test_a_request_whose_command_was_never_stored_is_refused_at_the_start(house: House) -> None:
    await house.commit(house.rules.asked(command(device=CABINET, capability="borrow", parameters=BORROW)))
    assert (await house.rental()).state is RentalState.REQUESTED
    again = await house.again()
    assert (await house.rental()).state is RentalState.REFUSED
    assert again.office.bank("A") == (await house.store.rental_snapshot()).banks[0]
    assert [slot.bank for slot in again.office.available(CABINET)] == ["A"]
    assert again.commits == 1
    assert (await again.again()).commits == 0


async def test_one_that_may_have_left_is_unknown(house: House) -> None:
    record = command(device=CABINET, capability="borrow", parameters=BORROW)
    await house.commit(house.rules.asked(record))
    await house.commit(house.rules.stepped(Transition("c1", State.SENT, START)))
    await house.again()
    assert (await house.rental()).state is RentalState.UNKNOWN


async def test_one_whose_command_is_there_goes_on(house: House) -> None:
    record = command(device=CABINET, capability="borrow", parameters=BORROW)
    await house.commit(house.rules.asked(record))
    await house.store.create_command(record)
    again = await house.again()
    assert again.commits == 0
    await again.commit(again.rules.stepped(Transition("c1", State.SENT, START)))
    await again.commit(again.rules.heard(Entry(CABINET, START, "borrowed", moved("borrow", "ok", 1, "A"))))
    assert (await house.rental()).state is RentalState.RENTED


async def test_alarms_are_entries_of_the_cabinets_log(house: House) -> None:
    await house.commit(house.rules.heard(Entry(CABINET, START + 8, "inventory", inventory("empty"))))
    (alarm,) = (await house.store.alarms(AlarmQuery())).items
    event = alarm.event
    assert (event.device, event.received_at, event.message) == (CABINET, START + 8, "rental")
    assert event.values["alarm.kind"] == "bank_missing"


async def test_a_long_list_is_committed_in_portions(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "BANKS_AT_ONCE", 2)
    before = house.commits
    done = await house.office.register_sheet("bank,label\nA,x\nB,\nC,\nD,\nE,\n", "me")
    assert (done.added, done.changed, done.unchanged) == (4, 1, 0)
    assert house.commits == before + 3
    stored = (await house.store.rental_snapshot()).banks
    assert [bank.id for bank in stored] == list("ABCDE")
    (audit, *_) = (await house.store.audit_records(Span())).items
    assert (audit.action, audit.subject, audit.detail) == (
        "bank.import",
        "5 banks",
        "4 added, 1 changed, 0 unchanged",
    )
