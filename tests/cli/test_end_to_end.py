"""The whole of it over real sockets: a server, simulated fleets, and everything asked through the command line."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import WAYSIDE, environment, json_lines, wayside, wayside_process
from tests.cli.serving import (
    PATIENCE_S,
    Server,
    demonstrating,
    eventually,
    rows,
    serving,
    simulating,
)
from tests.ports import FREE_PORTS
from wayside.app.protocols import PROTOCOLS

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data", "--registration", "open") as found:
        yield found


@pytest.fixture
def env(server: Server) -> dict[str, str]:
    assert server.token is not None
    return server.environment(server.token)


def online(env: dict[str, str], count: int) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]] | None:
        found = rows(env, "devices", "list", "--online")
        return found if len(found) >= count else None

    return eventually(look)


def test_a_fleet_is_stored_and_everything_can_be_asked(
    server: Server, env: dict[str, str], tmp_path: Path
) -> None:
    to = ("--to", server.address("parking-lock"))
    with simulating("parking-lock", *to, "--count", "2", "--interval", "0.5", "--seed", "7"):
        device = online(env, 2)[0]["device"]
        assert device.startswith("parking-lock:")

        shown = rows(env, "devices", "show", device)[0]
        assert shown["presence"]["online"] is True
        assert eventually(lambda: rows(env, "events", "--device", device, "--message", "heartbeat"))

        command = rows(env, "send", device, "status", "--wait", "--idempotency-key", "once")[0]
        assert command["state"] == "succeeded"
        assert rows(env, "send", device, "status", "--idempotency-key", "once")[0]["id"] == command["id"]
        preview = rows(env, "send", device, "auto_lock", "enabled=true", "--preview")[0]
        assert bytes.fromhex(preview["frames"][0]["data"]).startswith(b"\xff\xff*BGCS,OM,")
        refused = wayside("send", device, "set_server", "host=example.org", "port=9681", env=env)
        assert refused.returncode == 1
        assert refused.stderr.startswith("wayside: --confirm: ")

        named = wayside("devices", "rename", device, "bay 7", env=env)
        assert named.returncode == 0
        assert "bay 7" in wayside("devices", "list", env=env).stdout

        own = rows(env, "devices", "options", device, "device_key=K7fq2LxZ", "ble_address=C0:00:00:00:00:01")
        assert own == [{"options": {"ble_address": "C0:00:00:00:00:01", "device_key": "K7fq2LxZ"}}]
        assert wayside("devices", "options", device, "--remove", "ble_address", env=env).returncode == 0
        assert "K7fq2LxZ" in wayside("devices", "options", device, env=env).stdout
        refused = wayside("devices", "options", device, "device_kay=K7fq2LxZ", env=env)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "did you mean device_key" in refused.stderr
        assert "K7fq2LxZ" not in wayside("devices", "show", device, env=env).stdout
        assert "K7fq2LxZ" not in wayside("audit", env=env).stdout

    exported = tmp_path / "events.csv"
    run = wayside(
        "export", "--format", "csv", "--column", "battery.voltage", "--output", str(exported), env=env
    )
    assert run.returncode == 0, run.stderr
    header, *lines = csv.reader(exported.read_text(encoding="utf-8-sig").splitlines())
    assert header[-1] == "battery.voltage"
    assert any(float(line[-1] or 0) > 1 for line in lines)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []

    assert wayside("devices", "delete", device, env=env).returncode == 2
    assert wayside("devices", "delete", device, "--yes", env=env).returncode == 0
    assert rows(env, "events", "--device", device) == []


def test_a_stopped_server_ends_well_and_keeps_everything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, "--registration", "open") as server:
        assert server.token is not None
        env = server.environment(server.token)
        places = [f"jimi={server.address('jimi')}", f"parking-lock={server.address('parking-lock')}"]
        with simulating("jimi", "--to", server.address("jimi"), "--count", "3", "--interval", "0.3"):
            online(env, 3)
            before = eventually(lambda: rows(env, "events", "--kind", "report"))
            code, said = server.stop()
            assert code == 0
            assert said == "stopping\n"

            again = ("--listen", places[0], "--listen", places[1])
            with serving(data, *again) as second:
                assert second.token is None
                env = second.environment(server.token)
                online(env, 3)  # the simulated devices came back by themselves
                after = {event["id"]: event for event in rows(env, "events", "--limit", "100000")}
                assert all(after[event["id"]] == event for event in before)
                reasons = {event["values"].get("connection.reason") for event in after.values()}
                assert "the server stops" in reasons
                assert second.stop()[0] == 0


def test_strangers_wait_until_somebody_decides(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        assert server.token is not None
        env = server.environment(server.token)
        with simulating("jimi", "--to", server.address("jimi"), "--count", "1", "--interval", "0.3"):
            stranger = eventually(lambda: rows(env, "devices", "unknown"))[0]["device"]
            assert rows(env, "devices", "list") == []
            assert rows(env, "events") == []
            assert rows(env, "devices", "accept", stranger, "--name", "van")[0]["name"] == "van"
            online(env, 1)
            assert eventually(lambda: rows(env, "events", "--kind", "report"))
            assert rows(env, "devices", "reject", stranger)[0]["status"] == "rejected"
            assert eventually(lambda: rows(env, "devices", "list", "--offline"))


def test_tail_follows(server: Server, env: dict[str, str]) -> None:
    tail = subprocess.Popen(
        [*WAYSIDE, "tail", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(env),
    )
    try:
        with simulating("jimi", "--to", server.address("jimi"), "--count", "1", "--interval", "0.2"):
            assert tail.stdout is not None
            notices = map(json.loads, tail.stdout)
            report = next(notice for notice in notices if notice["event"]["kind"] == "report")
            assert report["type"] == "event"
            assert report["event"]["device"].startswith("jimi:")
    finally:
        tail.terminate()
        tail.communicate(timeout=PATIENCE_S)


def test_tokens_open_as_much_as_they_say(server: Server, env: dict[str, str], tmp_path: Path) -> None:
    reader = rows(env, "tokens", "create", "screen", "--expires", "1d")[0]
    reading = server.environment(reader["token"])
    assert wayside("devices", "list", env=reading).returncode == 0
    refused = wayside("tokens", "list", env=reading)
    assert refused.returncode == 1
    assert "scope" in refused.stderr
    assert {token["name"] for token in rows(env, "tokens", "list")} == {"first-admin", "screen"}
    assert wayside("tokens", "revoke", reader["record"]["id"], env=env).returncode == 0
    assert wayside("devices", "list", env=reading).returncode == 1
    assert "WAYSIDE_TOKEN" in wayside("devices", "list", env={**env, "WAYSIDE_TOKEN": ""}).stderr

    recover = ("tokens", "create", "back", "--scope", "admin", "--data-dir", str(tmp_path / "data"))
    in_use = wayside(*recover)
    assert in_use.returncode == 1
    assert "another process" in in_use.stderr
    assert server.stop()[0] == 0
    found = wayside(*recover)
    assert found.returncode == 0, found.stderr
    with serving(tmp_path / "data") as second:
        assert second.token is None
        assert wayside("tokens", "list", env=second.environment(found.stdout.strip())).returncode == 0


@pytest.mark.parametrize("name", ["http", "jimi"])
def test_a_port_that_is_taken_is_named(server: Server, tmp_path: Path, name: str) -> None:
    taken = server.address(name)
    wanted = ("--http", taken) if name == "http" else ("--listen", f"jimi={taken}")
    run = wayside_process("serve", "--data-dir", str(tmp_path / "other"), *wanted, env=FREE_PORTS)
    assert run.returncode == 1
    assert f"cannot listen {'for jimi ' if name == 'jimi' else ''}on {taken}" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_folder_in_use_is_named(server: Server, tmp_path: Path) -> None:
    run = wayside_process("serve", "--data-dir", str(tmp_path / "data"), env=FREE_PORTS)
    assert run.returncode == 1
    assert "another process is using it" in run.stderr


def test_simulate_counts_what_it_does(server: Server) -> None:
    to = server.address("jimi")
    run = wayside_process(
        "simulate", "jimi", "--to", to, "--count", "4", "--interval", "0.2", "--duration", "2", "--json"
    )
    assert run.returncode == 0, run.stderr
    last = json_lines(run.stdout)[-1]
    assert last["connected"] == last["devices"] == 4
    assert last["sent"] > 4
    assert last["received"] > 4
    assert last["bad"] == 0


def test_simulate_without_a_server_fails() -> None:
    run = wayside_process("simulate", "jimi", "--to", "127.0.0.1:1", "--duration", "1")
    assert run.returncode == 1
    assert "connected 0/1" in run.stdout


def test_the_demo_shows_all_families_and_leaves_nothing(tmp_path: Path) -> None:
    with demonstrating(tmp_path) as demo:
        families = {protocol.name for protocol in PROTOCOLS}

        def listed() -> list[dict[str, Any]] | None:
            found = rows(demo.env, "devices", "list")
            return found if {device["device"].partition(":")[0] for device in found} == families else None

        eventually(listed)
        called = {device.partition(":")[0]: device for device in demo.called}
        assert set(called) == {"door-lock", "parking-lock"}
        for device in called.values():
            assert rows(demo.env, "send", device, "unlock", "--queue", "--wait")[0]["state"] == "succeeded"
        assert eventually(lambda: rows(demo.env, "media", "list", "--origin", "command", "--kind", "picture"))
        assert eventually(lambda: [s for s in rows(demo.env, "live", "list") if s["state"] == "live"])
        code, errors = demo.stop()
    assert code == 0, errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_the_demo_goes_on_without_bumble(tmp_path: Path) -> None:
    code = "import sys; sys.modules['bumble'] = None; from wayside.cli.main import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "demo", "--http", "127.0.0.1:0", "--count", "1", "--duration", "1"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(),
    )
    assert run.returncode == 0, run.stderr
    assert "WAYSIDE_TOKEN=wst_" in run.stdout
    assert "--queue" not in run.stdout
    assert run.stderr.startswith("The Bluetooth devices are left out: ")
    assert "Traceback" not in run.stderr
