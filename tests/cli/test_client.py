"""How the commands speak to the API, without one."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from wayside.cli.client import Client, Unreachable, segment
from wayside.cli.exits import CliError, UsageError
from wayside.cli.moments import ago, ahead
from wayside.cli.output import cell, table
from wayside.cli.send import property_of, typed
from wayside.cli.tail import line, live_url
from wayside.model.instant import DAY, from_rfc3339
from wayside.model.text import printable


def client(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client("http://there/", "wst_x", httpx.MockTransport(answer))


def test_the_token_goes_in_the_header_and_the_query_says_only_what_was_given() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"ok": 1})

    assert client(answer).get("/devices", {"online": True, "search": None, "limit": 3}) == {"ok": 1}
    assert str(asked[0].url) == "http://there/api/v1/devices?online=true&limit=3"
    assert asked[0].headers["authorization"] == "Bearer wst_x"


@pytest.mark.parametrize(
    ("most", "found", "limits"), [(None, 5, ["1000"] * 3), (3, 3, ["3", "1"]), (2, 2, ["2"]), (0, 0, [])]
)
def test_pages_are_joined(most: int | None, found: int, limits: list[str]) -> None:
    pages: dict[str | None, dict[str, Any]] = {
        None: {"items": [{"n": 1}, {"n": 2}], "next": "b"},
        "b": {"items": [] if most is None else [{"n": 3}], "next": "c"},
        "c": {"items": [{"n": 3}, {"n": 4}, {"n": 5}], "next": None},
    }
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["limit"])
        return httpx.Response(200, json=pages[request.url.params.get("cursor")])

    items = [item["n"] for item in client(answer).items("/events", {}, most)]
    assert items == list(range(1, found + 1))
    assert asked == limits


@pytest.mark.parametrize(
    ("response", "complaint"),
    [
        (
            httpx.Response(422, json={"detail": "must be 1 to 5", "field": "parameters.n"}),
            "parameters.n: must be",
        ),
        (httpx.Response(401, json={"detail": "a token is needed"}), "a token is needed .*--token"),
        (httpx.Response(502, text="<html>"), "502 Bad Gateway"),
        (httpx.Response(200, text="<html>"), "not a Wayside server"),
    ],
)
def test_refusals_are_said_in_the_servers_words(response: httpx.Response, complaint: str) -> None:
    with pytest.raises(CliError, match=complaint):
        client(lambda _: response).get("/devices")


def test_silence_is_not_taken_for_a_refusal() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    with pytest.raises(Unreachable, match="http://there does not answer: nobody there"):
        client(answer).get("/devices")


@pytest.mark.parametrize("token", ["", "two words", "wst_ü", "wst_x\r\nHost: there"])
def test_what_cannot_be_a_token_is_refused_before_it_is_sent(token: str) -> None:
    with pytest.raises(UsageError, match="--token"):
        Client("http://there", token)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain Ü", "plain Ü"), ("\x1b[2J", "\\x1b[2J"), ("a\nb\r\t", "a\\nb\\r\\t"), ("\u202e", "\\u202e")],
)
def test_control_characters_never_reach_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_values_are_shown_on_one_line() -> None:
    assert cell({"a": True, "b": [1, "x\n"], "c": None, "d": 1 / 3}) == "a=yes b=1,x\\n c=- d=0.333333"


def test_parameters_are_read_as_their_schema_wants() -> None:
    schema = {
        "$ref": "#/$defs/P",
        "$defs": {
            "P": {
                "properties": {
                    "minutes": {"type": "integer"},
                    "text": {"type": "string"},
                    "camera": {"$ref": "#/$defs/Camera"},
                    "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                }
            },
            "Camera": {"enum": ["1", "2"]},
        },
    }
    given = {"minutes": "5", "text": "5", "camera": "1", "maybe": "null", "new": "x y"}
    assert {name: typed(text, property_of(schema, name)) for name, text in given.items()} == {
        "minutes": 5,
        "text": "5",
        "camera": "1",
        "maybe": None,
        "new": "x y",
    }


def test_times_are_absolute_or_spans() -> None:
    assert ago("--since", None) is None
    assert ago("--since", "2026-03-01T13:00:00+01:00") == "2026-03-01T12:00:00Z"
    past, future = ago("--since", "2d"), ahead("--expires", "1d")
    assert past is not None
    assert future is not None
    assert from_rfc3339(future) - from_rfc3339(past) >= 3 * DAY


@pytest.mark.parametrize("text", ["", "yesterday", "2026-03-01", "2026-03-01T12:00:00", "5w", "-1h"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        ago("--since", text)


def test_the_live_feeds_address_follows_from_the_servers() -> None:
    assert (
        live_url("https://x:1/", {"device": "jimi:1", "kind": None})
        == "wss://x:1/api/v1/live?device=jimi%3A1"
    )
    with pytest.raises(CliError, match="--url"):
        live_url("x:1", {})


def test_notices_are_lines() -> None:
    event = {"received_at": "T", "device": "d:1", "kind": "reply", "message": "text", "values": {"a": "\x1b"}}
    assert line({"type": "event", "event": event}).split() == ["T", "d:1", "reply", "text", "a=\\x1b"]
    step = {"at": "T", "device": "d:1", "command": "c", "state": "sent", "detail": "", "values": {}}
    assert line({"type": "command", **step}).split() == ["T", "d:1", "command", "sent", "command=c"]


def test_a_table_elsewhere_than_on_a_terminal_keeps_each_row_on_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table(("name", "values"), [("[red]a", {"text": "x" * 300}), ("b", None)])
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "values"]
    assert first.split() == ["[red]a", "text=" + "x" * 300]
    assert second.split() == ["b", "-"]


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_what_is_no_name_is_never_asked_for(text: str) -> None:
    """It would be another address: the list, or what stands above it."""
    with pytest.raises(UsageError, match="no name"):
        segment(text)
