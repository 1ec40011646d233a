"""What a server keeps, asked and changed through the command line: alarms, commands, firmware, the audit log."""

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import json_lines, wayside
from tests.cli.serving import PATIENCE_S, Server, eventually, rows, serving

pytestmark = pytest.mark.timeout(180)

DEVICE = "parking-lock:866266066379439"
SIGN_IN = b"*BGCR,OM,866266066379439,Q0,6023,E7:0F:B7:FD:A6:74,1,2,2#\n"
FORCED = b"*BGCR,OM,866266066379439,W0,1#\n"
OBSTRUCTED = b"*BGCR,OM,866266066379439,W0,3#\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data", "--registration", "open") as found:
        yield found


@pytest.fixture
def env(server: Server) -> dict[str, str]:
    assert server.token is not None
    return server.environment(server.token)


def alarmed(server: Server) -> None:
    """A lock that raises two alarms, hears that they are stored, and goes."""
    host, _, port = server.address("parking-lock").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as lock:
        lock.sendall(SIGN_IN + FORCED + OBSTRUCTED)
        heard = b""
        while heard.count(b"Re,W0") < 2:
            piece = lock.recv(4096)
            assert piece, heard
            heard += piece


def test_alarms_are_listed_until_somebody_has_seen_to_them(server: Server, env: dict[str, str]) -> None:
    alarmed(server)
    last, first = rows(env, "alarms", "list", "--open", "--device", DEVICE)
    assert first["event"]["values"]["alarm.kind"] == "lock_forced"
    ids = [str(first["event"]["id"]), str(last["event"]["id"])]

    seen = wayside("alarms", "ack", ids[0], "--note", "bay cleared", env=env)
    assert (seen.returncode, seen.stdout) == (0, "")
    assert "acknowledged by first-admin" in seen.stderr
    assert [alarm["event"]["id"] for alarm in rows(env, "alarms", "list", "--open")] == [last["event"]["id"]]

    mixed = wayside("alarms", "ack", "999999", *ids, "--note", "again", "--json", env=env)
    assert mixed.returncode == 1
    assert mixed.stderr == "alarm 999999: event: no such alarm\n"
    assert [alarm["note"] for alarm in json_lines(mixed.stdout)] == ["bay cleared", "again"]
    assert rows(env, "alarms", "list", "--open") == []
    listed = wayside("alarms", "list", "--acknowledged", "--kind", "lock_forced", env=env)
    header, line = listed.stdout.splitlines()
    assert header.split()[-2:] == ["by", "note"]
    assert line.split()[0] == ids[0]
    assert line.rstrip().endswith("first-admin  bay cleared")

    notes = {record["subject"]: record for record in rows(env, "audit") if "alarm" in record["action"]}
    assert [notes[alarm]["detail"] for alarm in ids] == ["bay cleared", "again"]


def test_a_waiting_command_is_found_shown_and_taken_back(server: Server, env: dict[str, str]) -> None:
    alarmed(server)
    eventually(lambda: rows(env, "devices", "list", "--offline"))
    made = rows(env, "send", DEVICE, "status", "--queue")[0]
    waiting = ("--device", DEVICE, "--state", "queued", "--capability", "status")
    assert [command["id"] for command in rows(env, "commands", "list", *waiting)] == [made["id"]]
    assert rows(env, "commands", "list", "--state", "timed_out") == []

    cancelled = wayside("commands", "cancel", made["id"], env=env)
    assert cancelled.returncode == 0
    assert cancelled.stderr == f"{made['id']} ({DEVICE} status) is cancelled\n"
    late = wayside("commands", "cancel", made["id"], env=env)
    assert late.returncode == 1
    assert late.stderr == "wayside: too late: the command is cancelled\n"

    steps = rows(env, "commands", "show", made["id"])[0]["transitions"]
    assert [step["state"] for step in steps] == ["accepted", "queued", "cancelled"]
    record, history = wayside("commands", "show", made["id"], env=env).stdout.split("\n\n")
    assert ["requested_by", "first-admin"] in [line.split() for line in record.splitlines()]
    assert [line.split()[:2] for line in history.splitlines()[1:]] == [
        [step["at"], step["state"]] for step in steps
    ]
    assert "cancelled by first-admin" in history
    newest = wayside("audit", "--limit", "1", env=env).stdout.splitlines()[1]
    assert newest.split()[2:5] == ["first-admin", "command.cancel", made["id"]]


def test_firmware_is_added_listed_and_removed(server: Server, env: dict[str, str], tmp_path: Path) -> None:
    image = bytes(range(256)) * 1000
    file = tmp_path / "lock 2.1.9.bin"
    file.write_bytes(image)
    made = rows(env, "firmware", "add", str(file))[0]
    assert made["name"] == file.name
    assert made["size"] == len(image)
    assert made["byte_sum"] == sum(image)
    assert made["sha256"] == hashlib.sha256(image).hexdigest()
    assert rows(env, "firmware", "list") == [made]

    named = wayside("firmware", "add", str(file), "--name", "street 4", env=env)
    assert named.returncode == 0, named.stderr
    assert ["name", "street", "4"] in [line.split() for line in named.stdout.splitlines()]

    assert wayside("firmware", "remove", made["id"], env=env).returncode == 0
    gone = wayside("firmware", "remove", made["id"], env=env)
    assert (gone.returncode, gone.stderr) == (1, "wayside: firmware: no such firmware\n")
    assert [record["name"] for record in rows(env, "firmware", "list")] == ["street 4"]
    done = [record["action"] for record in rows(env, "audit", "--limit", "3")]
    assert done == ["firmware.delete", "firmware.upload", "firmware.upload"]

    file.write_bytes(b"")
    for path, complaint in [(file, "body: "), (tmp_path / "none", "No such file"), (tmp_path, "directory")]:
        refused = wayside("firmware", "add", str(path), env=env)
        assert refused.returncode == 1
        assert complaint in refused.stderr
        assert "Traceback" not in refused.stderr
    reader = rows(env, "tokens", "create", "screen")[0]["token"]
    assert "this needs admin" in wayside("audit", env=server.environment(reader)).stderr
