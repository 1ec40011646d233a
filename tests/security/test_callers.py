"""Terrible texts in everything that a caller can set: refused by name, or kept and shown as what they are."""

import csv
import io
import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.security.hostile import BODIES, NUMBERS, TEXTS, leaves, planted
from tests.security.victim import CANARY, Victim
from wayside.cli.main import run

LOCK = "parking-lock:866266066379439"
CABINET = "power-bank:866262040000001"

# A good body for every operation that takes one; a new operation needs a line here.
GOOD: dict[str, dict[str, Any]] = {
    "acknowledge_alarm": {"note": "seen"},
    "register_bank": {"bank": "B1", "label": "blue"},
    "create_device": {"device": LOCK, "name": "Gate"},
    "rename_device": {"name": "Gate"},
    "accept_device": {"name": "Gate"},
    "set_device_options": {"options": {"ble_address": "AA:BB:CC:DD:EE:FF"}},
    "submit_command": {
        "capability": "set_server",
        "parameters": {"host": "lock.example", "port": 9681},
        "expires_after_s": 60.0,
        "queue": True,
        "confirm": True,
    },
    "preview_command": {"capability": "set_server", "parameters": {"host": "x", "port": 1}, "confirm": True},
    "create_relay_token": {"minutes": 5},
    "start_stream": {"minutes": 5, "record": False, "files": ["a.mp4"]},
    "create_view_token": {"minutes": 5},
    "ask_for_srs": {
        "action": "on_play",
        "app": "live",
        "stream": "x",
        "ip": "",
        "param": "",
        "client_id": "1",
    },
    "ask_for_mediamtx": {"action": "read", "path": "live/0/1", "ip": "", "query": ""},
    "borrow": {"cabinet": CABINET, "bank": "B1", "slot": 1},
    "create_token": {"name": "ci", "scope": "read", "expires_at": "2100-01-01T00:00:00Z"},
}

FILLED = {"device": LOCK, "event": "1", "bank": "B1", "protocol": "jimi", "file": "gbfs.json"}

# What an answer to nonsense may be.  429 is none: the token is right.
REFUSALS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}

# The HTTP server itself refuses control characters.
REFUSED_CALLERS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_REQUEST}

HEADERS = (
    "Idempotency-Key",
    "Authorization",
    "Content-Type",
    "Accept",
    "User-Agent",
    "X-Request-Id",
    "Cookie",
)


def address(path: str, **parameters: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: quote({**FILLED, **parameters}.get(found[1], "none"), ""), path)


def operation(victim: Victim, name: str) -> tuple[str, str]:
    """Method and path of the operation of this name."""
    return next((method, path) for method, path, found in operations(victim) if found["operationId"] == name)


def operations(victim: Victim) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in victim.get("openapi.json")["paths"].items():
        for method, described in item.items():
            yield method.upper(), path, described


def well_answered(answer: httpx.Response, where: str) -> None:
    """It is an answer, of the kind that was promised, and holds nothing of a file."""
    assert answer.is_success or answer.status_code in REFUSALS, (
        f"{where}: {answer.status_code} {answer.text[:200]}"
    )
    assert "set-cookie" not in answer.headers, where
    assert CANARY not in answer.text, where
    assert "root:" not in answer.text, where
    if not answer.is_success and answer.request.method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json", where
        assert msgspec.json.decode(answer.content)["detail"], where


@pytest.fixture(scope="module", autouse=True)
def _something_is_there(victim: Victim) -> None:
    for device in (LOCK, CABINET):
        victim.http.post("/api/v1/devices", json={"device": device}).raise_for_status()
    victim.http.post("/api/v1/banks", json=GOOD["register_bank"]).raise_for_status()


def test_there_is_a_good_body_for_every_operation_that_takes_one(victim: Victim) -> None:
    taking = {
        described["operationId"]
        for _, _, described in operations(victim)
        if "application/json" in described.get("requestBody", {}).get("content", {})
    }
    assert taking == set(GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_terrible_texts_in_every_field_of_a_body(victim: Victim, name: str) -> None:
    method, path = operation(victim, name)
    tried = 0
    for leaf in leaves(GOOD[name]):
        for kind, text in TEXTS.items():
            body = msgspec.json.encode(planted(GOOD[name], leaf, text))
            answer = victim.http.request(method, address(path), content=body)
            well_answered(answer, f"{name} {leaf} {kind}")
            tried += 1
        for number in NUMBERS:
            body = msgspec.json.encode(planted(GOOD[name], leaf, msgspec.Raw(number)))
            well_answered(
                victim.http.request(method, address(path), content=body), f"{name} {leaf} {number[:30]!r}"
            )
    assert tried


@pytest.mark.parametrize("kind", TEXTS)
def test_terrible_names_of_fields(victim: Victim, kind: str) -> None:
    text = TEXTS[kind]
    for name, good in GOOD.items():
        method, path = operation(victim, name)
        body = msgspec.json.encode({**good, text: 1})
        answer = victim.http.request(method, address(path), content=body)
        well_answered(answer, f"{name} {kind}")
        assert answer.status_code in REFUSALS
    for name, field in (("submit_command", "parameters"), ("set_device_options", "options")):
        method, path = operation(victim, name)
        body = msgspec.json.encode({**GOOD[name], field: {text: "1"}})
        well_answered(victim.http.request(method, address(path), content=body), f"{name} {field} {kind}")


@pytest.mark.parametrize("kind", BODIES)
def test_terrible_bodies(victim: Victim, kind: str) -> None:
    for method, path, described in operations(victim):
        if "requestBody" in described:
            query = "?name=x" if described["operationId"] == "upload_firmware" else ""
            answer = victim.http.request(method, address(path) + query, content=BODIES[kind])
            well_answered(answer, f"{kind}: {method} {path}")


@pytest.mark.parametrize("kind", TEXTS)
def test_terrible_parameters(victim: Victim, kind: str) -> None:
    text = TEXTS[kind]
    for method, path, described in operations(victim):
        for parameter in described.get("parameters", ()):
            name = parameter["name"]
            if len(text) > 10_000 and parameter["in"] != "header":
                continue  # longer than any server takes; see test_paths
            where = f"{kind}: {method} {path} {name}"
            if parameter["in"] == "path":
                if text.strip():
                    well_answered(victim.http.request(method, address(path, **{name: text})), where)
            elif parameter["in"] == "query":
                query = f"{quote(name)}={quote(text, '')}"
                well_answered(victim.http.request(method, f"{address(path)}?{query}"), where)
        if "{" not in path and not described.get("parameters"):
            answer = victim.http.request(method, f"{path}?{quote(text[:1_000], '')}=1")
            well_answered(answer, f"{kind}: {method} {path}: a name of a parameter")


@pytest.mark.parametrize("header", HEADERS)
def test_terrible_headers(victim: Victim, header: str) -> None:
    """What HTTP itself allows in a header: no line feeds, no NUL; any bytes otherwise."""
    path, body = f"/api/v1/devices/{LOCK}/commands", msgspec.json.encode(GOOD["submit_command"])
    for kind, text in TEXTS.items():
        value = text.encode()[:20_000].translate(None, b"\0\r\n").strip()
        headers = [(header.encode(), value), (b"Content-Length", str(len(body)).encode())]
        request = victim.http.build_request("POST", path, content=body)
        kept = [
            pair for pair in request.headers.raw if pair[0].lower() not in {h.lower() for h, _ in headers}
        ]
        answer = victim.http.send(httpx.Request("POST", request.url, headers=[*kept, *headers], content=body))
        if header == "Authorization":
            assert answer.status_code in REFUSED_CALLERS, kind
        elif answer.status_code != HTTPStatus.BAD_REQUEST or answer.content:
            well_answered(answer, f"{header}: {kind}")


def test_what_was_kept_is_shown_as_what_it_is(victim: Victim) -> None:
    """Last in this file: by now all lists are full of it."""
    for method, path, _ in operations(victim):
        if method != "GET" or "{" in path or path == "/metrics":
            continue
        answer = victim.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text[:200]}"
        kind = answer.headers["content-type"].partition(";")[0]
        if kind == "application/json":
            json.loads(answer.content)
        elif kind == "text/csv":
            header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
            assert {len(row) for row in rows} <= {len(header)}, path
            assert [
                cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}
            ] == []


def test_metrics_can_be_read_and_name_nobody(victim: Victim) -> None:
    families = list(text_string_to_metric_families(victim.http.get("/metrics").text))
    assert "wayside_owned" not in {family.name for family in families}
    values = [value for family in families for sample in family.samples for value in sample.labels.values()]
    assert all(value.isascii() and value.isprintable() and len(value) <= 64 for value in values)


COMMANDS = (
    ("devices", "list"),
    ("devices", "show", LOCK),
    ("tokens", "list"),
    ("firmware", "list"),
    ("banks", "list"),
    ("commands", "list"),
    ("audit",),
    ("alarms", "list"),
)


def typed(capsys: pytest.CaptureFixture[str], *arguments: str) -> int:
    """Run a command here; nothing that it prints is an order to a terminal."""
    code = run(list(arguments))
    captured = capsys.readouterr()
    assert all(line.isprintable() for line in (captured.out + captured.err).split("\n")), arguments
    return code


@pytest.fixture
def _at_the_terminal(victim: Victim, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in victim.server.environment(victim.token).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_at_the_terminal")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
def test_a_terminal_gets_no_orders(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], form: tuple[str, ...]
) -> None:
    assert typed(capsys, *command, *form) == 0


@pytest.mark.usefixtures("_at_the_terminal")
@pytest.mark.parametrize("kind", [kind for kind, text in TEXTS.items() if len(text) < 1_000])
def test_complaints_at_a_terminal_give_no_orders(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    text = TEXTS[kind]
    assert typed(capsys, "devices", "show", "--", text) != 0
    assert typed(capsys, "commands", "show", "--", text) != 0
    typed(capsys, "tokens", "create", "--scope", "read", "--", text)
