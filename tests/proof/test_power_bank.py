"""Renting power banks over real sockets: from the API to the motor and back, through kills in between."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.proof.cabinets import Cabinet
from tests.proof.world import OPEN, Tally, World, eventually
from wayside.engines.embedded import EmbeddedStore
from wayside.rental.ledger import Ledger

pytestmark = pytest.mark.timeout(120)

A, B, STRANGER = "PB00001201", "PB00001202", "XX99999999"


@pytest.fixture
async def cabinet(world: World) -> Cabinet:
    """One with two banks of ours, connected to a server that runs and knows what stands in it."""
    await world.start(*OPEN)
    sheet = f"bank,label\n{A},first\n{B},second\n"
    imported = await world.http.post(
        "/api/v1/banks/import", content=sheet, headers={"Content-Type": "text/csv"}
    )
    assert imported.json() == {"added": 2, "changed": 0, "unchanged": 0}
    found = Cabinet(1, A, B)
    await found.connect(world)
    await known(world, found)
    return found


async def known(world: World, cabinet: Cabinet) -> dict[str, Any]:
    """The cabinet, once the server knows what stands in its slots."""

    async def look() -> dict[str, Any] | None:
        answer = await world.http.get(f"/api/v1/cabinets/{cabinet.device}")
        if answer.status_code != 200:
            return None
        found: dict[str, Any] = answer.json()
        there = {slot["slot"]: slot["bank"] for slot in found["slots"]}
        return found if there == cabinet.slots else None

    return await eventually(look)


async def borrow(world: World, cabinet: Cabinet, key: str = "", **wanted: object) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await world.post("rentals", {"cabinet": cabinet.device, **wanted}, **headers)


async def restart(world: World) -> None:
    await world.kill()
    await world.start(*OPEN)


async def test_a_bank_goes_out_and_comes_back(world: World, cabinet: Cabinet) -> None:
    assert (await known(world, cabinet))["available"] == 2
    asked = await borrow(world, cabinet, "mine")
    assert asked.status_code == 201, asked.text
    rental = asked.json()
    slot, bank = await cabinet.hear_order()
    assert (rental["taken_from"]["slot"], rental["bank"]) == (slot, bank)

    sent = await world.get(f"rentals/{rental['id']}")
    assert (sent["state"], sent["started_at"]) == ("dispensing", None)
    cabinet.give(slot, bank)
    cabinet.report(f"MC,BO,{slot},{bank}")
    await cabinet.receipt()
    # The receipt has left, so everything before it is stored.
    rented = await world.get(f"rentals/{rental['id']}")
    assert rented["state"] == "rented"
    assert rented["started_at"] is not None
    assert (await world.get(f"banks/{bank}"))["rental"] == rental["id"]
    assert (await world.get(f"commands/{rental['id']}"))["state"] == "succeeded"

    again = await borrow(world, cabinet, "mine")
    assert (again.status_code, again.json()["id"]) == (200, rental["id"])
    other = await borrow(world, cabinet, "mine", slot=3)
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")
    twice = await borrow(world, cabinet, bank=bank)
    assert (twice.status_code, twice.json()["field"]) == (409, "bank")

    assert await cabinet.bring(3, bank)
    await cabinet.receipt()
    returned = await world.get(f"rentals/{rental['id']}")
    assert (returned["state"], returned["returned_to"]) == (
        "returned",
        {"cabinet": cabinet.device, "slot": 3},
    )
    await known(world, cabinet)
    assert cabinet.given == {bank: 1}
    assert (await world.all_of("alarms")) == []


async def test_a_bank_of_somebody_else_is_refused(world: World, cabinet: Cabinet) -> None:
    assert not await cabinet.bring(3, STRANGER)
    (event,) = await world.events(message="bank_unknown")
    assert event["values"]["operation.result"] == "refused"
    registered = await world.post("banks", {"bank": STRANGER, "label": "welcome"})
    assert registered.status_code == 201
    assert await cabinet.bring(3, STRANGER)
    await cabinet.receipt()
    (alarm,) = await world.all_of("alarms")
    assert alarm["event"]["values"]["alarm.kind"] == "bank_returned_unasked"


async def test_a_kill_in_the_midst_of_a_borrowing_leaves_it_unknown_until_the_cabinet_says(
    world: World, cabinet: Cabinet
) -> None:
    rental = (await borrow(world, cabinet, bank=A)).json()["id"]
    slot, bank = await cabinet.hear_order()
    await restart(world)
    assert (await world.get(f"rentals/{rental}"))["state"] == "unknown"
    assert (await world.get(f"commands/{rental}"))["state"] == "unknown"
    refused = await borrow(world, cabinet, bank=A)
    assert refused.status_code == 409

    cabinet.give(slot, bank)
    cabinet.unheard.append(f"MC,BO,{slot},{bank}")
    await cabinet.connect(world)
    await cabinet.receipt()
    assert (await world.get(f"rentals/{rental}"))["state"] == "rented"
    await restart(world)
    assert (await world.get(f"rentals/{rental}"))["state"] == "rented"
    await cabinet.connect(world)
    await cabinet.bring(slot, bank)
    await cabinet.receipt()
    assert (await world.get(f"rentals/{rental}"))["state"] == "returned"
    assert cabinet.given == {A: 1}


async def test_what_was_known_survives_a_restart(world: World, cabinet: Cabinet) -> None:
    before = [await world.get(path) for path in ("banks", "rentals", "cabinets")]
    exported = (await world.http.get("/api/v1/export/banks")).text
    assert await world.stop() == 0
    await world.start(*OPEN)
    after = [await world.get(path) for path in ("banks", "rentals", "cabinets")]
    assert after[:2] == before[:2]
    assert after[2]["items"][0]["slots"] == before[2]["items"][0]["slots"]
    assert (await world.http.get("/api/v1/export/banks")).text == exported


async def test_a_deleted_cabinet_leaves_nothing_behind_but_what_was_rented(
    world: World, cabinet: Cabinet
) -> None:
    rental = (await borrow(world, cabinet, bank=A)).json()["id"]
    slot, bank = await cabinet.hear_order()
    cabinet.give(slot, bank)
    cabinet.report(f"MC,BO,{slot},{bank}")
    await cabinet.receipt()
    deleted = await world.http.delete(f"/api/v1/devices/{cabinet.device}")
    assert deleted.status_code == 204
    await restart(world)
    assert (await world.get("cabinets"))["items"] == []
    assert (await world.get(f"banks/{B}"))["place"] is None
    assert (await world.get(f"rentals/{rental}"))["state"] == "rented"
    written_off = await world.post(f"banks/{A}/write-off")
    assert (written_off.status_code, written_off.json()["rental"]) == (200, None)
    assert (await world.get(f"rentals/{rental}"))["state"] == "lost"


class Customer:
    """Borrows and brings back at one cabinet, as long as the server answers; ``walks`` counts those of all."""

    def __init__(self, world: World, cabinet: Cabinet, rng: random.Random, walks: Tally) -> None:
        self._world, self._cabinet, self._rng, self._walks = world, cabinet, rng, walks
        self.carried: list[str] = []

    async def come_back(self) -> None:
        """Connect again; an order that had been stored and not been sent is carried out now."""
        cabinet = self._cabinet
        waiting = await self._world.all_of("rentals", state="requested", cabinet=cabinet.device)
        await cabinet.connect(self._world)
        await cabinet.receipt()
        for _ in waiting:
            await self._take()
        await known(self._world, cabinet)

    async def go_on(self) -> None:
        with suppress(httpx.TransportError, asyncio.IncompleteReadError, ConnectionError):
            while not self._world.http.is_closed:
                await (self._bring() if self.carried and self._rng.random() < 0.5 else self._borrow())
                self._walks.add()
        self._cabinet.hang_up()

    async def _borrow(self) -> None:
        answer = await borrow(self._world, self._cabinet)
        if answer.status_code != 201:
            assert answer.status_code == 409, answer.text
            return
        await self._take()

    async def _take(self) -> None:
        cabinet = self._cabinet
        slot, bank = await cabinet.hear_order()
        cabinet.give(slot, bank)
        self.carried.append(bank)
        cabinet.report(f"MC,BO,{slot},{bank}")
        await cabinet.receipt()

    async def _bring(self) -> None:
        cabinet = self._cabinet
        free = next(slot for slot, bank in cabinet.slots.items() if bank is None)
        bank = self.carried[0]
        assert await cabinet.bring(free, bank)
        del self.carried[0]
        await cabinet.receipt()


@pytest.mark.parametrize("seed", [1])  # `make torture` kills a hundred times, elsewhere each time
async def test_whenever_the_server_is_killed_the_books_are_right_in_the_end(world: World, seed: int) -> None:
    rng = random.Random(seed)
    cabinets = [Cabinet(number, f"B{number}1", f"B{number}2") for number in (1, 2, 3)]
    walks = Tally()
    customers = [Customer(world, cabinet, rng, walks) for cabinet in cabinets]
    await world.start(*OPEN)
    for cabinet in cabinets:
        for bank in filter(None, cabinet.slots.values()):
            assert (await world.post("banks", {"bank": bank})).status_code == 201
    for _ in range(3):
        for customer in customers:
            await customer.come_back()
        going = [asyncio.create_task(customer.go_on()) for customer in customers]
        await walks.more(rng.randrange(1, 40))
        await world.kill()
        await asyncio.gather(*going)
        await world.start(*OPEN)
    for customer in customers:
        await customer.come_back()

    rentals = await world.all_of("rentals")
    started = Counter(rental["bank"] for rental in rentals if rental["started_at"])
    assert started == sum((cabinet.given for cabinet in cabinets), Counter())
    rented = {rental["bank"] for rental in rentals if rental["state"] == "rented"}
    assert rented == {bank for customer in customers for bank in customer.carried}
    assert rentals, "nothing happened"

    told = await world.all_of("banks"), (await world.get("cabinets"))["items"]
    await world.stop()
    store = EmbeddedStore(world.data)
    await store.open()
    snapshot = await store.rental_snapshot()
    await store.close()
    assert [(bank["bank"], bank["rental"]) for bank in told[0]] == [(b.id, b.rental) for b in snapshot.banks]
    slots = [(one["cabinet"], slot["slot"], slot["bank"]) for one in told[1] for slot in one["slots"]]
    assert slots == [(slot.place.cabinet, slot.place.slot, slot.bank) for slot in snapshot.slots]
    ledger = Ledger(snapshot)
    # Their orders were killed on the way, and the cabinet has not been silent for long enough.
    doubtful = {rental["bank"] for rental in rentals if rental["state"] == "unknown"}
    assert {bank.id for bank in ledger.banks() if bank.rental} == rented | doubtful
    places = {bank.id: bank.place.slot for bank in ledger.banks() if bank.place}
    assert places == {bank: slot for c in cabinets for slot, bank in c.slots.items() if bank is not None}
