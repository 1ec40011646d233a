"""Secrets are nowhere but where they belong: not in logs, errors, metrics, process lists, nor readable on the disk."""

import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.cli.serving import PATIENCE_S
from tests.protocols.jk_bms.byhand import FULL, PASSWORD, sealed
from tests.security.victim import Victim, attacked, ended

LOCK = "parking-lock:866262040000002"
BATTERY = "jk-bms:6000001"
CAMERA = "jimi:866262040000001"

# What belongs to devices, all of it found nowhere else by chance.
KEY, BAD_KEY = "Kq7zX2wv", "Kq7zX2wv-that-is-too-long-for-a-key"
PIN = "83047519"
NEW_PASSWORD = "pW9rT4x"
OPTION_PASSWORD = "oP8sU3y"

WRONG = "wst_" + "W" * 43


class Scenario:
    """What happened on a server: the secrets that were there, and every answer that was an error."""

    def __init__(self, victim: Victim) -> None:
        self.victim = victim
        self.errors: list[str] = []
        self.answers: list[str] = []
        self.tokens = {"first": victim.token, "wrong": WRONG}
        self.device_secrets = {
            "key": KEY,
            "long key": BAD_KEY,
            "PIN": PIN,
            "new password": NEW_PASSWORD,
            "password in an option": OPTION_PASSWORD,
            "password in a frame": PASSWORD.decode(),
        }

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> Any:  # noqa: ANN401 - as httpx has it
        headers = {"Authorization": f"Bearer {token or self.victim.token}"} | more.pop("headers", {})
        answer = self.victim.http.request(method, f"/api/v1/{path}", headers=headers, **more)
        assert answer.status_code < 500, answer.text
        if not answer.is_success:
            self.errors.append(answer.text)
        elif token is not None:
            self.answers.append(answer.text)
        is_json = answer.headers.get("content-type", "").endswith("json") and answer.content
        return answer.json() if answer.is_success and is_json else None

    def callers(self) -> None:
        """Tokens of all kinds: made, used, used wrongly, revoked."""
        for scope in ("read", "command", "admin"):
            made = self.call("POST", "tokens", json={"name": scope, "scope": scope})
            self.tokens[scope] = made["token"]
        revoked = self.call("POST", "tokens", json={"name": "revoked", "scope": "admin"})
        self.tokens["revoked"] = revoked["token"]
        self.call("DELETE", f"tokens/{revoked['record']['id']}")
        self.call("GET", "devices", token=self.tokens["revoked"])
        self.call("POST", "devices", json={"device": LOCK})
        self.tokens["relay"] = self.call("POST", f"devices/{LOCK}/relay-token", json={})["token"]
        for token in self.tokens.values():  # where none belongs
            self.call("GET", "devices", headers={"Authorization": token})
            self.call("GET", f"devices?token={token}")
            self.call("GET", f"devices/{token}")
            self.call("GET", f"commands/{token}", token=token)
            self.call("POST", "tokens", json={"name": "x", "scope": token})
            self.call("POST", "tokens", json={"token": token})
            self.call("DELETE", f"tokens/{token}")

    def sockets(self) -> None:
        """The live feed and the relay: with the right token, as a subprotocol, with a wrong one."""
        url = f"ws://{self.victim.server.address('http')}/api/v1"
        bearer = {"Authorization": f"Bearer {self.tokens['relay']}"}
        with connect(f"{url}/relay", additional_headers=bearer) as socket:
            socket.recv(timeout=PATIENCE_S)
            socket.send('{"type":"disconnected","reason":"gone"}')
            self.errors.append(ended(socket).reason)
        offered: Any = ["wayside.v1", f"bearer.{self.tokens['read']}"]
        with connect(f"{url}/live", subprotocols=offered) as socket:
            assert socket.subprotocol == "wayside.v1"
        for path in ("live", "relay", f"live?token={self.tokens['read']}"):
            with (
                pytest.raises(InvalidStatus) as refused,
                connect(f"{url}/{path}", additional_headers={"Authorization": f"Bearer {WRONG}"}),
            ):
                pass
            self.errors.append((refused.value.response.body or b"").decode())

    def devices(self) -> None:
        """Frames with a password, whole, broken, and from a device in trouble; options and commands with secrets."""
        write = sealed(2, b"\xb2" + PASSWORD + bytes(4), source=3, transfer=0)
        for raw in (FULL, FULL[:-1] + b"\0", write, write[:-1] + b"\0", FULL[4:], b"NW\0\x13" + FULL):
            with self.victim.dial("jk-bms") as line:
                line.sendall(raw)
                line.shutdown(1)
                while line.recv(65_536):
                    pass
        self.call("POST", "devices", json={"device": BATTERY})
        self.call("PATCH", f"devices/{BATTERY}/options", json={"options": {"password": OPTION_PASSWORD}})
        self.call("PATCH", f"devices/{LOCK}/options", json={"options": {"device_key": KEY}})
        self.call("PATCH", f"devices/{LOCK}/options", json={"options": {"device_key": BAD_KEY}})
        for device, capability, parameters in (
            (LOCK, "set_device_key", {"device_key": KEY}),
            (LOCK, "set_device_key", {"device_key": BAD_KEY}),
            (LOCK, "set_network", {"apn": "internet", "pin": PIN}),
            (LOCK, "set_network", {"apn": "internet", "pin": PIN + "x"}),
            (BATTERY, "set_parameter_password", {"value": NEW_PASSWORD}),
            (BATTERY, "set_parameter_password", {"value": NEW_PASSWORD, "other": NEW_PASSWORD}),
            (BATTERY, "set_parameter_password", {"value": [NEW_PASSWORD]}),
        ):
            body = {"capability": capability, "parameters": parameters, "confirm": True, "queue": True}
            self.call("POST", f"devices/{device}/commands", json=body)
            self.call("POST", f"devices/{device}/commands/preview", json=body)

    def looks(self) -> None:
        """Whatever can be seen without an administrator's token."""
        for scope in ("read", "command"):
            for path, item in self.call("GET", "openapi.json")["paths"].items():
                if "get" in item and "{" not in path and path.startswith("/api/v1/"):
                    self.call("GET", path.removeprefix("/api/v1/"), token=self.tokens[scope])
            for device in (LOCK, BATTERY):
                for path in (f"devices/{device}", f"frames?device={device}", f"devices/{device}/options"):
                    self.call("GET", path, token=self.tokens[scope])
            self.call("GET", "export/events?format=jsonl", token=self.tokens[scope])


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    with attacked(tmp_path_factory.mktemp("leaks")) as victim:
        scenario = Scenario(victim)
        scenario.callers()
        scenario.sockets()
        scenario.devices()
        scenario.looks()
        yield scenario


def found(secrets: dict[str, str], text: str | bytes) -> list[str]:
    """The names of those that stand there, as they are or in another dress."""
    raw = text.encode() if isinstance(text, str) else text
    return [
        name
        for name, secret in secrets.items()
        for form in (secret, quote(secret, ""), secret.encode().hex(), b64encode(secret.encode()).decode())
        if form.encode() in raw or form.upper().encode() in raw
    ]


def everything(scenario: Scenario) -> dict[str, str]:
    return scenario.tokens | scenario.device_secrets


def test_the_scenario_went_through_what_it_should(scenario: Scenario) -> None:
    assert set(scenario.tokens) == {"first", "wrong", "read", "command", "admin", "revoked", "relay"}
    assert len(scenario.errors) > 40
    assert len(scenario.answers) > 20
    commands = scenario.victim.get("commands")["items"]
    assert {each["capability"] for each in commands} == {
        "set_device_key",
        "set_network",
        "set_parameter_password",
    }
    said = found(everything(scenario), scenario.victim.http.get("/api/v1/commands").text)
    assert {"key", "PIN", "new password"} <= set(said), "an administrator sees them"
    frames = scenario.victim.http.get("/api/v1/frames").text
    assert "password in a frame" in found(scenario.device_secrets, frames)
    assert "bad frame" in scenario.victim.log


def test_no_secret_is_in_the_log(scenario: Scenario) -> None:
    lines = [line for line in scenario.victim.log.splitlines() if line.startswith("{")]
    assert lines
    assert found(everything(scenario), "\n".join(lines)) == []


def test_nothing_but_the_first_token_is_said_at_the_start(scenario: Scenario) -> None:
    said = "".join(line for line in scenario.victim.log.splitlines(keepends=True) if not line.startswith("{"))
    assert set(found(everything(scenario), said)) == {"first"}
    assert found(everything(scenario), scenario.victim.server.banner) == []


def test_no_secret_is_in_an_error(scenario: Scenario) -> None:
    assert [error for error in scenario.errors if found(everything(scenario), error)] == []


def test_no_secret_is_seen_without_an_administrators_token(scenario: Scenario) -> None:
    assert [answer[:500] for answer in scenario.answers if found(everything(scenario), answer)] == []


def test_no_secret_is_in_the_metrics_or_the_audit_log(scenario: Scenario) -> None:
    for path in ("/metrics", "/readyz", "/api/v1/audit?limit=1000"):
        assert found(everything(scenario), scenario.victim.http.get(path).text) == [], path


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process list is not a file")
def test_no_secret_is_in_the_process_list(scenario: Scenario) -> None:
    """Of the server and whatever it has started."""
    server = str(scenario.victim.server.process.pid)
    family = [server]
    for number in Path("/proc").glob("[0-9]*"):
        try:
            stat = (number / "stat").read_text()
        except OSError:
            continue  # it has ended meanwhile
        if stat.rpartition(")")[2].split()[1] == server:
            family.append(number.name)
    for process in family:
        assert found(everything(scenario), Path(f"/proc/{process}/cmdline").read_bytes()) == []


def test_no_token_can_be_read_from_the_disk(scenario: Scenario) -> None:
    """Devices' secrets are there, since they must be sent; tokens are not."""
    for path in (scenario.victim.folder / "data").rglob("*"):
        if path.is_file():
            assert found(scenario.tokens, path.read_bytes()) == [], path.name
            assert path.stat().st_mode & 0o077 == 0 or path.name == "canary.txt", path.name
