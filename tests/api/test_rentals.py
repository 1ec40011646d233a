"""Cabinets, banks and rentals as callers see them; the office behind is the real one."""

from typing import Any

import pytest

from tests.api.cabinets import CABINET
from tests.api.fakes import Client, World
from wayside.model.commands import State, Transition

BANKS = "/api/v1/banks"
RENTALS = "/api/v1/rentals"


@pytest.fixture
def cabinet(world: World) -> str:
    assert world.device("1", "Market") == CABINET
    world.device("2", "Station")
    world.devices.online.add(CABINET)
    return CABINET


async def borrow(client: Client, key: str = "", **wanted: object) -> Any:  # noqa: ANN401 - a response
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post(RENTALS, json={"cabinet": CABINET, **wanted}, headers=headers)


async def test_cabinets_show_what_stands_in_them(client: Client, cabinet: str) -> None:
    one, two = (await client.get("/api/v1/cabinets")).json()["items"]
    assert (one["cabinet"], one["name"], one["presence"]["online"]) == (cabinet, "Market", True)
    assert (one["available"], one["free"]) == (2, 1)
    assert [(slot["slot"], slot["state"], slot["bank"], slot["available"]) for slot in one["slots"]] == [
        (1, "full", "A1", True),
        (2, "charging", "B2", True),
        (3, "empty", None, False),
    ]
    assert (two["available"], two["free"], two["slots"]) == (0, 0, [])
    assert (await client.get(f"/api/v1/cabinets/{cabinet}")).json() == one
    assert (await client.get("/api/v1/cabinets/demo:9")).status_code == 404
    assert len((await client.get("/api/v1/cabinets?search=stat")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("wanted", "bank"),
    [({}, "A1"), ({"bank": "B2"}, "B2"), ({"slot": 2}, "B2"), ({"slot": 1, "bank": "A1"}, "A1")],
)
async def test_borrowing_what_was_asked_for_or_the_fullest(
    world: World, client: Client, cabinet: str, wanted: dict[str, Any], bank: str
) -> None:
    answer = await borrow(client, **wanted)
    assert answer.status_code == 201
    rental = answer.json()
    assert (rental["bank"], rental["state"], rental["started_at"]) == (bank, "requested", None)
    assert rental["requested_by"] == "first-admin"
    assert answer.headers["location"] == f"{RENTALS}/{rental['id']}"
    assert (await client.get(answer.headers["location"])).json() == rental
    assert world.store.command_records[rental["id"]].parameters["bank"] == bank
    assert (await client.get(f"{BANKS}/{bank}")).json()["rental"] == rental["id"]


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        ({"bank": "X9"}, (404, "bank")),
        ({"bank": "X9", "slot": 1}, (404, "bank")),
        ({"bank": "C3"}, (409, "bank")),
        ({"bank": "A1", "slot": 2}, (409, "slot")),
        ({"slot": 3}, (409, "slot")),
        ({"slot": 9}, (409, "slot")),
        ({"cabinet": "demo:2"}, (409, "cabinet")),
        ({"cabinet": "demo:8", "slot": 1, "bank": "A1"}, (409, "cabinet")),
        ({"bank": "'; --"}, (400, "bank")),
        ({"slot": 0}, (400, "slot")),
        ({"cabinet": 5}, (400, "cabinet")),
        ({"minutes": 5}, (400, "minutes")),
    ],
)
async def test_what_cannot_be_had_is_refused_by_field(
    world: World, client: Client, cabinet: str, wanted: dict[str, Any], refused: tuple[int, str]
) -> None:
    answer = await borrow(client, **wanted)
    assert (answer.status_code, answer.json()["field"]) == refused
    assert not world.store.command_records


async def test_a_key_brings_the_same_rental_back_also_one_of_our_choice(client: Client, cabinet: str) -> None:
    first = await borrow(client, "k")
    again = await borrow(client, "k")
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await borrow(client, "k", bank="A1")).status_code == 200
    other = await borrow(client, "k", bank="B2")
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")
    assert (await borrow(client, "other")).json()["bank"] == "B2"
    nothing = await borrow(client, "third")
    assert (nothing.status_code, nothing.json()["field"]) == (409, "cabinet")


async def test_only_what_has_not_left_can_be_cancelled(world: World, client: Client, cabinet: str) -> None:
    rental = (await borrow(client)).json()["id"]
    cancelled = await client.post(f"{RENTALS}/{rental}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "refused")
    assert (await client.post(f"{RENTALS}/{rental}/cancel")).status_code == 409
    sent = (await borrow(client)).json()["id"]
    world.cabinets.keep(world.cabinets.rules.stepped(Transition(sent, State.SENT, world.clock())))
    refused = await client.post(f"{RENTALS}/{sent}/cancel")
    assert (refused.status_code, refused.json()["detail"]) == (409, "too late: the rental is dispensing")
    assert (await client.post(f"{RENTALS}/nonsense/cancel")).status_code == 404
    assert [one["id"] for one in (await client.get(RENTALS)).json()["items"]] == [sent, rental]
    only = (await client.get(f"{RENTALS}?state=refused&bank=A1&cabinet={cabinet}")).json()["items"]
    assert [one["id"] for one in only] == [rental]
    assert (await client.get(f"{RENTALS}?state=stolen")).status_code == 400


async def test_banks_are_registered_listed_and_retired(world: World, client: Client, cabinet: str) -> None:
    made = await client.post(BANKS, json={"bank": "D4", "label": "Änderung"})
    assert (made.status_code, made.json()["label"]) == (201, "Änderung")
    assert (await client.post(BANKS, json={"bank": "D4"})).json()["label"] == "Änderung"
    assert [bank["bank"] for bank in (await client.get(f"{BANKS}?search=änd")).json()["items"]] == ["D4"]
    retired = await client.post(f"{BANKS}/D4/retire")
    assert retired.json()["retired_at"] is not None
    assert (await client.post(f"{BANKS}/D4/retire")).status_code == 404
    page = (await client.get(f"{BANKS}?retired=false&limit=2")).json()
    assert [bank["bank"] for bank in page["items"]] == ["A1", "B2"]
    following = (await client.get(f"{BANKS}?retired=false&limit=2&cursor={page['next']}")).json()
    assert ([bank["bank"] for bank in following["items"]], following["next"]) == (["C3"], None)
    here = (await client.get(f"{BANKS}?cabinet={cabinet}")).json()["items"]
    assert [bank["place"] for bank in here] == [{"cabinet": cabinet, "slot": slot} for slot in (1, 2)]
    assert (await client.get(f"{BANKS}/nonsense")).status_code == 404
    actions = [record.action for record in world.store.audit_log if record.action.startswith("bank.")]
    assert actions == ["bank.register", "bank.register", "bank.retire"]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"bank": "A 1"}, "bank"), ({"bank": "A", "label": "x" * 101}, "label"), ({"label": "x"}, "bank")],
)
async def test_what_no_bank_can_be_is_refused(client: Client, body: dict[str, str], field: str) -> None:
    answer = await client.post(BANKS, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_a_label_that_cannot_be_shown_is_refused(client: Client) -> None:
    answer = await client.post(BANKS, json={"bank": "A", "label": "\n"})
    assert (answer.status_code, answer.json()["field"]) == (422, "label")


async def test_a_borrowed_bank_is_not_retired_but_can_be_written_off(
    world: World, client: Client, cabinet: str
) -> None:
    rental = (await borrow(client, bank="A1")).json()["id"]
    assert (await client.post(f"{BANKS}/A1/retire")).status_code == 409
    assert (await client.get(f"{BANKS}?rented=true")).json()["items"][0]["bank"] == "A1"
    assert (await client.post(f"{BANKS}/A1/write-off")).json()["rental"] is None
    assert (await client.get(f"{RENTALS}/{rental}")).json()["state"] == "lost"
    assert (await client.post(f"{BANKS}/A1/write-off")).status_code == 409


async def imported(client: Client, sheet: str | bytes) -> Any:  # noqa: ANN401 - a response
    return await client.post(f"{BANKS}/import", content=sheet, headers={"Content-Type": "text/csv"})


async def test_a_list_of_banks_goes_in_and_out(world: World, client: Client, cabinet: str) -> None:
    sheet = "bank,label\nA1,label of A1\nB2,other\nE5,new\n"
    assert (await imported(client, sheet)).json() == {"added": 1, "changed": 1, "unchanged": 1}
    out = await client.get("/api/v1/export/banks")
    assert out.headers["content-type"].startswith("text/csv")
    assert out.text.splitlines()[0] == "bank,label,registered_at,retired_at,cabinet,slot,rental"
    assert out.text.splitlines()[2].startswith("B2,other,2026-03-01T12:00:00Z,,demo:1,2,")
    assert (await imported(client, out.text)).json() == {"added": 0, "changed": 0, "unchanged": 4}
    assert (await imported(client, "bank\nB2\n")).json() == {"added": 0, "changed": 0, "unchanged": 1}
    assert (await client.get(f"{BANKS}/B2")).json()["label"] == "other"
    assert world.store.audit_log[-1].action == "bank.import"


@pytest.mark.parametrize(
    ("sheet", "status", "said"),
    [
        ("bank\nF6\nno good\n", 422, "line 3, bank: 'no good'"),
        ("banks\nF6\n", 422, "line 1, bank: the header names no such column"),
        (b"bank\n\xff\n", 400, "not UTF-8"),
        ("", 422, "line 1, bank"),
    ],
)
async def test_a_wrong_list_names_its_lines_and_registers_nothing(
    client: Client, sheet: str | bytes, status: int, said: str
) -> None:
    answer = await imported(client, sheet)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert (await client.get(f"{BANKS}/F6")).status_code == 404


async def test_a_list_beyond_all_bounds_is_refused(client: Client) -> None:
    assert (await imported(client, b"x" * (16 * 1024 * 1024 + 1))).status_code == 413


async def test_nothing_is_promised_while_the_store_is_down(world: World, client: Client) -> None:
    world.store.broken = True
    assert (await client.post(BANKS, json={"bank": "G7"})).status_code == 503
    assert (await borrow(client)).status_code == 503
    assert (await client.get(RENTALS)).status_code == 503


async def test_the_feed_has_the_files_that_it_has(client: Client) -> None:
    assert (await client.get("/api/v1/gbfs/gbfs.json")).status_code == 200
    for missing in ("vehicle_types.json", "gbfs", "..%2fgbfs.json"):
        assert (await client.get(f"/api/v1/gbfs/{missing}")).status_code in {400, 404}
