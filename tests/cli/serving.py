"""A whole server in a process of its own, on free ports of this machine."""

import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

from tests.cli.running import WAYSIDE, environment, json_lines, wayside
from tests.ports import FREE_PORTS

T = TypeVar("T")

PATIENCE_S = 40.0


class Server:
    """A running ``wayside serve``: where it listens, and the command line pointed at it."""

    def __init__(self, process: subprocess.Popen[str], banner: str, errors: Path) -> None:
        self.process, self.banner, self.errors = process, banner, errors
        found = re.search(r"wst_[A-Za-z0-9_-]{43}", errors.read_text())
        self.token = found.group() if found else None

    def address(self, name: str) -> str:
        found = re.search(rf"^  {name} +(127\.0\.0\.1:\d+)$", self.banner, re.MULTILINE)
        assert found, self.banner
        return found[1]

    def environment(self, token: str) -> dict[str, str]:
        return {"WAYSIDE_URL": f"http://{self.address('http')}", "WAYSIDE_TOKEN": token}

    def stop(self) -> tuple[int, str]:
        """SIGTERM; the exit code, and what it said on the way."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out


@contextmanager
def serving(data_dir: Path, *arguments: str, program: Sequence[str] = WAYSIDE) -> Iterator[Server]:
    """Started when it says so, and gone at the end whatever happens."""
    errors = data_dir.with_suffix(".stderr")
    command = [*program, "serve", "--data-dir", str(data_dir), "--log-format", "json", *arguments]
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment(FREE_PORTS),
            cwd=data_dir.parent,
        )
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("ready in "):
                break
        else:
            raise AssertionError(f"it never was ready: {''.join(lines)}{errors.read_text()}")
        yield Server(process, "".join(lines), errors)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


class Demo:
    """A running ``wayside demo``, and what its tour says.  ``called``: the devices to send ``unlock`` to."""

    def __init__(self, process: subprocess.Popen[str], tour: str) -> None:
        self.process = process
        self.env = dict(re.findall(r"(WAYSIDE_\w+)=(\S+)", tour))
        self.called = re.findall(r"^  wayside send (\S+) unlock --queue --wait$", tour, re.MULTILINE)

    def stop(self) -> tuple[int, str]:
        """As Ctrl-C; the exit code, and what went wrong."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, errors


@contextmanager
def demonstrating(folder: Path) -> Iterator[Demo]:
    """Everything that it keeps is in that folder."""
    process = subprocess.Popen(
        [*WAYSIDE, "demo", "--http", "127.0.0.1:0", "--count", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment({"TMPDIR": str(folder)}),
        cwd=folder,
    )
    try:
        assert process.stdout is not None
        tour = []
        for line in process.stdout:
            tour.append(line)
            if line.startswith("Ctrl-C"):
                break
        yield Demo(process, "".join(tour))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@contextmanager
def simulating(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``wayside simulate`` beside the test."""
    process = subprocess.Popen(
        [*WAYSIDE, "simulate", *arguments, "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def eventually(look: Callable[[], T | None]) -> T:
    """What ``look`` finds, as soon as it finds something."""
    end = monotonic() + PATIENCE_S
    while not (found := look()):
        assert monotonic() < end, "it never came"
        sleep(0.05)
    return found


def rows(env: dict[str, str], *arguments: str) -> list[dict[str, Any]]:
    """A command's answer as JSON."""
    run = wayside(*arguments, "--json", env=env)
    assert run.returncode == 0, run.stderr
    return json_lines(run.stdout)
