"""A simulated battery at a serial port, and a server that is told where: the whole of it as people run it."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import WAYSIDE, environment, wayside, wayside_process
from tests.cli.serving import PATIENCE_S, eventually, rows, serving, simulating

pytestmark = pytest.mark.timeout(180)


def test_a_battery_at_a_serial_port(tmp_path: Path) -> None:
    command = [*WAYSIDE, "simulate", "jk-bms", "--serial", "--seed", "3"]
    battery = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    try:
        assert battery.stdout is not None
        ident, _, port = battery.stdout.readline().strip().partition(" at ")
        assert ident
        serial = ("--serial", f"jk-bms:pack-1={port}@115200")
        with serving(tmp_path / "data", *serial, "--registration", "open") as server:
            assert f"  serial        jk-bms:pack-1={port}@115200\n" in server.banner
            assert server.token is not None
            env = server.environment(server.token)
            (device,) = eventually(lambda: rows(env, "devices", "list", "--online"))
            assert device["device"] == "jk-bms:pack-1"
            answer = rows(env, "send", "jk-bms:pack-1", "charge_switch", "on=false", "--wait")[0]
            assert (answer["state"], answer["late"]) == ("succeeded", False)
    finally:
        battery.send_signal(signal.SIGTERM)
        battery.communicate(timeout=PATIENCE_S)
    assert battery.returncode == 0


def test_a_battery_at_a_tcp_port_of_its_own(tmp_path: Path) -> None:
    """Whatever it says of itself, it is called as its port."""
    own = ("--set", "ports=jk-bms:cellar=127.0.0.1:0", "--registration", "open")
    with serving(tmp_path / "data", *own) as server:
        assert server.token is not None
        env = server.environment(server.token)
        with simulating("jk-bms", "--to", server.address("jk-bms:cellar")):
            (device,) = eventually(lambda: rows(env, "devices", "list", "--online"))
            assert device["device"] == "jk-bms:cellar"
            eventually(lambda: rows(env, "events", "--device", "jk-bms:cellar", "--name", "battery.voltage"))


def test_a_wrong_serial_port_is_named(tmp_path: Path) -> None:
    run = wayside("config", "--serial", "jk-bms:a=ttyUSB0", cwd=tmp_path)
    assert run.returncode == 1
    assert "serial (command line): 'jk-bms:a=ttyUSB0' is not PROTOCOL:NAME=" in run.stderr


def test_a_serial_fleet_goes_nowhere_else() -> None:
    run = wayside_process("simulate", "jk-bms", "--serial", "--to", "127.0.0.1:9")
    assert run.returncode == 2
    assert "exclude each other" in run.stderr
    assert "has no serial link" in wayside_process("simulate", "jimi", "--serial").stderr
