"""Events, frames and exports over HTTP."""

import csv
import io
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.fakes import NOW, Client, World
from wayside.api.export import FORMULA_STARTS, cell
from wayside.model.events import Kind, StoredFrame, Value
from wayside.model.instant import SECOND
from wayside.ports.store import PAGE_MAX


async def test_events_come_newest_first_with_every_filter(world: World, client: Client) -> None:
    world.event(1)
    world.event(2, device="demo:2", received_at=NOW + SECOND)
    world.event(3, kind=Kind.ALARM, message="sos", values={"alarm.kind": "sos"}, received_at=NOW + 2 * SECOND)

    async def ids(query: str) -> list[int]:
        answer = await client.get(f"/api/v1/events{query}")
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await ids("") == [3, 2, 1]
    assert await ids("?device=demo:2") == [2]
    assert await ids("?kind=alarm") == [3]
    assert await ids("?message=hello") == [2, 1]
    assert await ids("?name=alarm.kind") == [3]
    assert await ids("?since=2026-03-01T12:00:01Z") == [3, 2]
    assert await ids("?until=2026-03-01T12:00:01Z") == [1]
    # An offset is honoured: half past one in Paris is half past twelve.
    assert await ids("?since=" + quote("2026-03-01T13:00:02+01:00")) == [3]


async def test_pages_follow_each_other(world: World, client: Client) -> None:
    for number in range(1, 6):
        world.event(number)
    seen, query = [], "?limit=2"
    for _ in range(3):
        page = (await client.get(f"/api/v1/events{query}")).json()
        seen += [item["id"] for item in page["items"]]
        query = f"?limit=2&cursor={page['next']}"
    assert seen == [5, 4, 3, 2, 1]
    assert page["next"] is None


async def test_one_event(world: World, client: Client) -> None:
    world.event(9, at=None, values={"driver.name": ["Ü", "<b>"], "battery.level": 1.5, "x": True})
    assert (await client.get("/api/v1/events/9")).json() == {
        "id": 9,
        "device": "demo:1",
        "kind": "report",
        "at": None,
        "received_at": "2026-03-01T12:00:00.000009Z",
        "message": "hello",
        "values": {"driver.name": ["Ü", "<b>"], "battery.level": 1.5, "x": True},
    }


async def test_frames_are_hexadecimal(world: World, client: Client) -> None:
    world.store.frame_log.append(StoredFrame(1, "demo:1", NOW, "hello", b"\x00\xff", None))
    page = (await client.get("/api/v1/frames?device=demo:1&message=hello")).json()
    assert page["items"] == [
        {
            "id": 1,
            "device": "demo:1",
            "received_at": "2026-03-01T12:00:00Z",
            "message": "hello",
            "received": "00ff",
            "sent": None,
        }
    ]


async def exported(client: Client, query: str) -> str:
    answer = await client.get(f"/api/v1/export/events{query}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment; ")
    return answer.text


async def test_csv_has_a_column_per_name_that_was_asked_for(world: World, client: Client) -> None:
    world.event(1, values={"a.b": -1.5, "c": "=1+1", "d": ["x", "y"]}, at=None)
    world.event(2, values={"a.b": True, "e": "left out"}, message="-dash")
    text = await exported(client, "?columns=c,a.b,d")
    assert text.startswith("\ufeff")
    assert text.endswith("\r\n")
    assert list(csv.reader(io.StringIO(text[1:]))) == [
        ["id", "device", "kind", "message", "at", "received_at", "c", "a.b", "d"],
        [
            "2",
            "demo:1",
            "report",
            "'-dash",
            "2026-03-01T11:59:58Z",
            "2026-03-01T12:00:00.000002Z",
            "",
            "true",
            "",
        ],
        ["1", "demo:1", "report", "hello", "", "2026-03-01T12:00:00.000001Z", "'=1+1", "-1.5", '["x","y"]'],
    ]


async def test_csv_has_one_column_of_json_otherwise(world: World, client: Client) -> None:
    world.event(1, values={"a": "=1+1"})
    header, row = csv.reader(io.StringIO((await exported(client, ""))[1:]))
    assert header[-1] == "values"
    assert msgspec.json.decode(row[-1]) == {"a": "=1+1"}


@pytest.mark.parametrize("count", [0, 1, PAGE_MAX, PAGE_MAX + 1, 2 * PAGE_MAX + 5])
async def test_an_export_has_all_pages_and_one_header(world: World, client: Client, count: int) -> None:
    for number in range(count):
        world.event(number + 1)
    lines = (await exported(client, "?columns=battery.level&limit=3")).splitlines()
    assert len(lines) == count + 1
    assert len(set(lines)) == count + 1
    assert world.store.pages_read == max(1, -(-count // PAGE_MAX))


async def test_json_lines_are_events(world: World, client: Client) -> None:
    world.event(1)
    world.event(2, device="demo:2")
    line = await exported(client, "?format=jsonl&device=demo:2")
    assert msgspec.json.decode(line) == (await client.get("/api/v1/events/2")).json()


@pytest.mark.parametrize("query", ["format=parquet", "columns=A;B", "columns=" + "a," * 3000])
async def test_what_cannot_be_exported_is_named(client: Client, query: str) -> None:
    answer = await client.get(f"/api/v1/export/events?{query}")
    assert (answer.status_code, answer.json()["field"]) == (400, query.partition("=")[0])


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text())))
def test_no_text_becomes_a_formula(value: Value) -> None:
    written = cell(value)
    if isinstance(value, str):
        assert written[:1] not in FORMULA_STARTS
        assert written in {value, "'" + value}
