"""Lists on the command line: their options reach the API, and what it answers becomes lines or a table."""

from typing import Any

import httpx
import msgspec
import pytest

from tests.cli.asking import answering
from wayside.cli.main import run

NOON = "2026-03-01T12:00:00Z"
LATER = "2026-03-02T12:00:00Z"
EXACT = "2026-03-01T12:00:00.123456Z"

HISTORIES: tuple[tuple[str, dict[str, str]], ...] = (
    ("events", {"--device": "jimi:1", "--kind": "alarm", "--message": "heartbeat", "--name": "gsm.mcc"}),
    ("alarms list", {"--device": "jimi:1"}),
    ("commands list", {"--device": "jimi:1", "--state": "timed_out", "--capability": "unlock"}),
    ("audit", {}),
    (
        "media list",
        {
            "--device": "jimi:1",
            "--kind": "video",
            "--origin": "alarm",
            "--alarm": "5",
            "--command": "c",
            "--name": "x",
        },
    ),
    ("rentals list", {"--bank": "B1", "--cabinet": "power-bank:1", "--state": "rented"}),
)
INVENTORIES: tuple[tuple[str, dict[str, str]], ...] = (
    ("devices list", {"--protocol": "jimi", "--status": "accepted", "--search": "x"}),
    ("banks list", {"--search": "x", "--cabinet": "power-bank:1"}),
    ("cabinets", {"--search": "x"}),
)


def page(*items: dict[str, Any], cursor: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"items": items, "next": cursor})


@pytest.mark.parametrize(("command", "narrowed"), HISTORIES)
def test_every_history_is_narrowed_by_its_options_and_by_time(command: str, narrowed: dict[str, str]) -> None:
    given = narrowed | {"--since": "2026-03-01T13:00:00+01:00", "--until": LATER, "--limit": "7"}
    with answering(lambda _: page()) as asked:
        assert run([*command.split(), *(text for pair in given.items() for text in pair)]) == 0
        assert run(command.split()) == 0
    path = command.split(maxsplit=1)[0]
    wanted = {name.removeprefix("--"): text for name, text in narrowed.items()}
    assert [request.url.path for request in asked] == [f"/api/v1/{path}"] * 2
    assert dict(asked[0].url.params) == wanted | {"since": NOON, "until": LATER, "limit": "7"}
    assert dict(asked[1].url.params) == {"limit": "50"}


@pytest.mark.parametrize(("command", "narrowed"), INVENTORIES)
def test_every_inventory_is_narrowed_by_its_options(command: str, narrowed: dict[str, str]) -> None:
    with answering(lambda _: page()) as asked:
        assert run([*command.split(), *(text for pair in narrowed.items() for text in pair)]) == 0
        assert run([*command.split(), "--limit", "7", "--json"]) == 0
    wanted = {name.removeprefix("--"): text for name, text in narrowed.items()}
    assert dict(asked[0].url.params) == wanted | {"limit": "1000"}
    assert dict(asked[1].url.params) == {"limit": "7"}


@pytest.mark.parametrize(
    ("switches", "query"),
    [
        ("alarms list --kind sos --open", {"alarm": "sos", "acknowledged": "false", "limit": "50"}),
        ("alarms list --acknowledged", {"acknowledged": "true", "limit": "50"}),
        ("banks list --not-rented --retired", {"rented": "false", "retired": "true", "limit": "1000"}),
        ("devices list --offline", {"online": "false", "limit": "1000"}),
    ],
)
def test_switches_are_asked_for_either_way(switches: str, query: dict[str, str]) -> None:
    with answering(lambda _: page()) as asked:
        assert run(switches.split()) == 0
    assert dict(asked[0].url.params) == query


@pytest.mark.parametrize("command", [*(command for command, _ in HISTORIES), "export"])
@pytest.mark.parametrize("option", ["--since", "--until"])
def test_what_is_no_time_is_refused_before_anything_is_asked(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(lambda _: page()) as asked:
        assert run([*command.split(), option, "yesterday"]) == 2
    assert asked == []
    assert capsys.readouterr().err.startswith(f"wayside: {option}: 'yesterday' ")


def test_as_json_every_item_is_a_line_with_all_that_the_server_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records: list[dict[str, Any]] = [{"id": number, "at": EXACT, "new": None} for number in range(3)]

    def answer(request: httpx.Request) -> httpx.Response:
        first = "cursor" not in request.url.params
        return page(*records[:2], cursor="more") if first else page(*records[2:])

    with answering(answer):
        assert run(["audit", "--json"]) == 0
    assert [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()] == records


def test_what_is_not_there_is_a_dash_and_times_are_to_the_second(capsys: pytest.CaptureFixture[str]) -> None:
    bank: dict[str, Any] = {"label": None, "registered_at": EXACT, "retired_at": None, "rental": None}
    banks: list[dict[str, Any]] = [
        bank | {"bank": "B1", "place": None},
        bank | {"bank": "B2", "place": {"cabinet": "power-bank:1", "slot": 4}},
    ]
    with answering(lambda _: page(*banks)):
        assert run(["banks", "list"]) == 0
    header, *lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert header == ["bank", "label", "registered", "at", "retired", "at", "cabinet", "slot", "rental"]
    assert lines == [
        ["B1", "-", NOON, "-", "-", "-", "-"],
        ["B2", "-", NOON, "-", "power-bank:1", "4", "-"],
    ]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"alarm.kind": "sos", "alarm.code": 1}, ["sos"]),
        ({"alarm.code": 9}, ["code", "9"]),
        ({}, ["code", "unknown"]),
    ],
)
def test_an_alarm_without_a_name_shows_its_number(
    values: dict[str, object], shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    event = {"id": 5, "received_at": EXACT, "device": "jimi:1", "values": values}
    alarm: dict[str, Any] = {
        "event": event,
        "files": [],
        "acknowledged_at": None,
        "acknowledged_by": None,
        "note": "",
    }
    with answering(lambda _: page(alarm)):
        assert run(["alarms", "list"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split() == ["5", NOON, "jimi:1", *shown, "-", "-", "-", "-"]
