"""The commands that speak Bluetooth themselves: in virtual air, on a simulated controller, and without any adapter."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from bumble.controller import Controller
from bumble.transport import open_transport

from tests.cli.running import WAYSIDE, environment, wayside_process
from tests.radio.serving import serving
from wayside.cli.ble import Which, ask_all, carry, show, titles
from wayside.cli.exits import FAILED, OK, UNDECIDED, UsageError
from wayside.link.adapter import connected
from wayside.link.talk import Outcome, Talk
from wayside.model.commands import State
from wayside.protocols import door_lock, parking_lock
from wayside.protocols.parking_lock.ble.link import BLE, GATT
from wayside.simulate.air import Air

AT = "C0:00:00:00:00:01"


async def test_a_lock_is_asked_everything() -> None:
    air = Air()
    central = await air.central()
    lock = await air.lock(BLE, AT)
    found = await ask_all(Which(address=AT), central)
    assert next(iter(found)) == "ident"
    assert found["ident"] == lock.simulator.ident
    assert {"lock.state", "battery.voltage"} <= set(found)


async def test_a_lock_is_closed_and_a_door_is_opened() -> None:
    air = Air()
    central = await air.central()
    await air.lock(BLE, AT)
    assert (await carry(Which(), "lock", central)).state is State.SUCCEEDED
    uuids = "fff0/fff1/fff2"
    _, gatt = Which("door-lock", gatt=uuids).known()
    await air.lock(door_lock.PROTOCOL.links[0], "C0:00:00:00:00:02", gatt=gatt)
    assert (await carry(Which("door-lock", gatt=uuids), "unlock", central)).state is State.SUCCEEDED


async def test_a_lock_that_is_not_there() -> None:
    central = await Air().central()
    with pytest.raises(TimeoutError, match="nothing in reach has"):
        await carry(Which(within=0.1), "lock", central)


def test_what_cannot_be_meant() -> None:
    for which, complaint in (
        (Which("nonsense"), "there is no 'nonsense'"),
        (Which("jimi"), "has no ble link"),
        (Which("door-lock"), "--gatt is needed"),
        (Which("door-lock", gatt="fff0"), "SERVICE/WRITE/NOTIFY"),
    ):
        with pytest.raises(UsageError, match=complaint):
            which.known()


def test_options_are_looked_at_before_the_air_is() -> None:
    for option, complaint in (
        ("device_key=short", "--option: device_key: 8 printable"),
        ("divice_key=OmniW4GX", "has no option 'divice_key'; did you mean device_key"),
        ("device_key", "--option"),
    ):
        with pytest.raises(UsageError, match=complaint):
            Which(option=(option,)).options()
    assert Which(option=("device_key=K7fq2LxZ",)).options() == {"device_key": "K7fq2LxZ"}


def test_what_advertises_is_known_by_its_service() -> None:
    known = titles()
    assert known[GATT.service] == "Parking lock"
    assert "remote" in known["6f400001-b5a3-f393-e0a9-e50e24dcca9e"]


@pytest.mark.parametrize(
    ("state", "code"), [(State.SUCCEEDED, OK), (State.FAILED, FAILED), (State.UNKNOWN, UNDECIDED)]
)
def test_the_exit_code_is_honest(state: State, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(Outcome(state, "because"), json=False) == code
    assert "because" in capsys.readouterr().err
    assert show(Outcome(state), json=True) == code
    assert f'"{state.value}"' in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [("scan", "--seconds", "0.1"), ("unlock", "--within", "0.1"), ("info",)]
)
def test_without_an_adapter_it_is_said(arguments: tuple[str, ...]) -> None:
    run = wayside_process("ble", *arguments)
    assert run.returncode == 1
    assert run.stderr.startswith("wayside: Bluetooth: ")
    assert "Errno" not in run.stderr
    assert "Traceback" not in run.stderr


async def test_a_relay_without_an_adapter_says_so_at_both_ends(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        await api.post("/devices", device="parking-lock:866266060000015")
        made = await api.post("/devices/parking-lock:866266060000015/relay-token")
        run = await asyncio.to_thread(
            wayside_process,
            "relay",
            "parking-lock:866266060000015",
            "--url",
            api.url,
            "--relay-token",
            made["token"],
        )
        assert "looking for parking-lock:866266060000015" in run.stderr
        wrong = await asyncio.to_thread(
            wayside_process, "relay", "parking-lock:1", "--url", api.url, "--relay-token", "wsr_x"
        )
        assert wrong.returncode == 1
        assert "did not let us relay" in wrong.stderr


async def test_a_simulated_lock_advertises_on_a_controller() -> None:
    """The command's host is in another process; only its controller is here, in the same air as a central."""
    air = Air()
    central = await air.central()
    server = await open_transport("tcp-server:127.0.0.1:0")
    listening = server.server  # type: ignore[attr-defined]  # of Bumble's own TCP server
    port = listening.sockets[0].getsockname()[1]
    Controller("lock", host_source=server.source, host_sink=server.sink, link=air.link)
    command = [*WAYSIDE, "simulate", "parking-lock", "--ble", f"tcp-client:127.0.0.1:{port}"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env=environment()
    )
    try:
        assert process.stdout is not None
        line = await process.stdout.readline()
        ident, _, address = line.decode().strip().partition(" at ")
        async with (
            connected(GATT.service, address, central) as peripheral,
            Talk(parking_lock.PROTOCOL, peripheral) as talk,
        ):
            assert await talk.who() == ident
    finally:
        process.terminate()
        await process.wait()
        listening.close()
        await server.close()


@pytest.mark.parametrize(
    "controller", ["tcp-client:127.0.0.1:1", "usb:63", "hci-socket:63", "nonsense", "usb:x"]
)
def test_a_controller_that_is_not_there_is_named(controller: str) -> None:
    run = wayside_process("simulate", "parking-lock", "--ble", controller)
    assert run.returncode == 1
    assert f"wayside: --ble {controller}: " in run.stderr
    assert "Traceback" not in run.stderr


def test_what_only_speaks_bluetooth_is_simulated_there() -> None:
    run = wayside_process("simulate", "door-lock")
    assert run.returncode == 2
    assert "door-lock has no tcp link: say --ble" in run.stderr


def test_without_bumble_it_is_said_what_is_missing() -> None:
    code = "import sys; sys.modules['bumble'] = None; from wayside.cli.main import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "simulate", "parking-lock", "--ble", "usb:0"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert run.returncode == 1
    assert "pip install bumble" in run.stderr
