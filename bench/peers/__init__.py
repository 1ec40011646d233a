"""Other programs that decode the same frames: installed beside us, run as they are, asked whether they got it right.

They stand in ``.bench/``, which this makes when it is missing (PyPI and npm are needed then).  A peer that cannot be
had is a row that says so, never a silent gap.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from bench.frames import BATTERY, heartbeat
from bench.report import Row
from wayside.app.protocols import link, protocol
from wayside.protocol.base import Side, Transport
from wayside.protocol.session import Setup

HERE: Final = Path(__file__).parent
HOME: Final = HERE.parent.parent / ".bench"
PYTHON: Final = HOME / "venv" / "bin" / "python"

# What was measured when this was written; a newer one may lie elsewhere or be faster.
PYPI: Final = ("mppsolar==0.16.56", "powermon==1.0.18")
NPM: Final = ("gt06@1.0.12",)

# Both install in half a minute; a registry that hangs must not hang the bench.
INSTALL_TIMEOUT_S: Final = 300
RUN_TIMEOUT_S: Final = 60

NOW: Final = 1_700_000_000_000_000

BATTERY_SAYS: Final = {
    "cells": 16,
    "cell_1": 3.984,
    "cell_16": 3.987,
    "voltage": 55.78,
    "current": 4.53,
    "level": 100,
}
STATUS_SAYS: Final = {"gps_tracking": True, "voltage_level": "medium", "gsm_signal": "strong signal"}


class Peer(NamedTuple):
    """``script`` decodes the frame that it is given in hexadecimal, and prints an ``Answer``."""

    name: str
    script: str
    frame: bytes
    says: Mapping[str, object]


class Answer(msgspec.Struct, frozen=True):
    """``call_us``: the fastest of several rounds, as ours is measured; ``values``: what the peer read."""

    call_us: float
    values: dict[str, object]


BMS: Final = (
    Peer("mppsolar 0.16.56", "mppsolar_bms.py", BATTERY, BATTERY_SAYS),
    Peer("powermon 1.0.18", "powermon_bms.py", BATTERY, BATTERY_SAYS),
)
STATUS: Final = Peer("gt06 1.0.12 (node, no CRC check)", "gt06_status.js", heartbeat(), STATUS_SAYS)


def beside_peers(
    whole: Mapping[str, float], microseconds: Callable[[Callable[[], object]], float]
) -> list[Row]:
    """A row for each peer: its figure as the floor, and how often ours fits into it."""
    missing = _install()
    rows = [
        _row("jk-bms read-all, 16 cells", whole["jk-bms"], peer, missing, "≥ 4 for the fastest")
        for peer in BMS
    ]
    ours = microseconds(_status_path())
    return [*rows, _row("jimi heartbeat, whole path and answer", ours, STATUS, missing)]


def _status_path() -> Callable[[], int]:
    family = protocol("jimi")
    way = link(family, Transport.TCP)
    framer, session = way.framer(Side.DEVICE), way.session(Setup(ident=family.example))
    frame = heartbeat()
    return lambda: sum(len(session.receive(each, NOW)) for each in framer.feed(frame))


def _row(what: str, ours_us: float, peer: Peer, missing: str, reach: str = "") -> Row:
    what = f"{what}, beside {peer.name}"
    answer = missing or _ask(peer)
    if isinstance(answer, str):
        return Row(what, f"{ours_us:.2f} µs", answer, "", reach)
    wrong = {
        name: answer.values.get(name) for name, value in peer.says.items() if answer.values.get(name) != value
    }
    said = f"; reads {wrong}" if wrong else ""
    return Row(
        what,
        f"{ours_us:.2f} µs",
        f"{answer.call_us:.1f} µs{said}",
        f"{answer.call_us / ours_us:.1f}",
        reach,
    )


def _ask(peer: Peer) -> Answer | str:
    runner = ["node"] if peer.script.endswith(".js") else [str(PYTHON)]
    try:
        done = subprocess.run(  # noqa: S603 - our own scripts
            [*runner, str(HERE / peer.script), peer.frame.hex()],
            cwd=HOME,
            capture_output=True,
            timeout=RUN_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"could not be run: {error}"
    return msgspec.json.decode(done.stdout, type=Answer)


def _install() -> str:
    """Why there are no peers; empty if there are."""
    if PYTHON.exists() and (HOME / "node_modules" / "gt06").exists():
        return ""
    npm = shutil.which("npm")
    if npm is None:
        return "not measured: there is no npm"
    HOME.mkdir(exist_ok=True)
    print(f"Installing {', '.join((*PYPI, *NPM))} into {HOME} …", file=sys.stderr)
    steps = (
        [sys.executable, "-m", "venv", str(PYTHON.parent.parent)],
        [str(PYTHON), "-m", "pip", "install", "--quiet", *PYPI],
        [npm, "install", "--silent", "--prefix", str(HOME), *NPM],
    )
    try:
        for step in steps:
            subprocess.run(step, capture_output=True, timeout=INSTALL_TIMEOUT_S, check=True)  # noqa: S603 - ours
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(HOME)
        return f"not measured: {error}"
    return ""
