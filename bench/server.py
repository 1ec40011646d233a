"""The server under test, as a process of its own on free ports."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import msgspec

from bench.procs import child, read_until

RUN = "from wayside.cli.main import main; main()"

# Lines of the server's start, in their order: where things listen, how long it took, the first token.
LISTENS = r"^  (http|jimi|parking-lock) +127\.0\.0\.1:(\d+)"
READY = r"^ready in ([\d.]+) s"
TOKEN = r"^ +(wst_\S+)$"  # noqa: S105 - the pattern of one, not one


class Server(msgspec.Struct, frozen=True):
    """A running server: its process, its ports by name, its first token, how long it took to be ready."""

    pid: int
    ports: dict[str, int]
    token: str
    ready_s: float


@contextlib.contextmanager
def wayside(folder: str, **limits: float) -> Iterator[Server]:
    """``wayside serve`` on an empty folder with open registration; ended when the block is left."""
    arguments = ["-c", RUN, "serve", "--data-dir", folder, "--registration", "open", "--log-level", "error"]
    arguments += [
        "--http",
        "127.0.0.1:0",
        "--listen",
        "jimi=127.0.0.1:0",
        "--listen",
        "parking-lock=127.0.0.1:0",
    ]
    arguments += [word for name, value in limits.items() for word in ("--set", f"limits.{name}={value}")]
    with child(*arguments) as process:
        assert process.stdout
        ports: dict[str, int] = {}
        while not (ready := re.search(READY, line := process.stdout.readline())):
            if listens := re.search(LISTENS, line):
                ports[listens[1]] = int(listens[2])
            if not line:
                raise RuntimeError(f"the server ended with {process.wait()} before it was ready")
        token = read_until(process.stdout, TOKEN)
        yield Server(process.pid, ports, token[1], float(ready[1]))
