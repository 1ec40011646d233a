"""The server under test, as a process of its own on free ports."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence

import msgspec

from bench.procs import child
from wayside.app.protocols import PROTOCOLS
from wayside.protocol.base import Transport

RUN = "from wayside.cli.main import main; main()"

OVER_TCP = [protocol.name for protocol in PROTOCOLS if protocol.link(Transport.TCP) is not None]

# Lines of the server's start: where things listen, that it is ready, the first token.
LISTENS = r"^  ([a-z-]+) +127\.0\.0\.1:(\d+)"
READY = r"^(ready) in"
TOKEN = r"^ +(wst_\S+)$"  # noqa: S105 - the pattern of one, not one


class Server(msgspec.Struct, frozen=True):
    """A running server: its process, its ports by name, its first token."""

    pid: int
    ports: dict[str, int]
    token: str


@contextlib.contextmanager
def wayside(folder: str, program: Sequence[str] = ("-c", RUN), **limits: float) -> Iterator[Server]:
    """``wayside serve`` on an empty folder with open registration; ended when the block is left."""
    arguments = [*program, "serve", "--data-dir", folder, "--registration", "open", "--log-level", "error"]
    arguments += ["--http", "127.0.0.1:0", "--set", "rtmp=127.0.0.1:0", "--set", "upload=127.0.0.1:0"]
    arguments += [word for name in OVER_TCP for word in ("--listen", f"{name}=127.0.0.1:0")]
    arguments += [word for name, value in limits.items() for word in ("--set", f"limits.{name}={value}")]
    with child(*arguments) as process:
        assert process.stdout
        ports: dict[str, int] = {}
        ready = token = line = ""
        while not (ready and token):
            before, line = line, process.stdout.readline()
            if listens := re.search(LISTENS, line):
                ports[listens[1]] = int(listens[2])
            elif said := re.search(READY, line):
                ready = said[1]
            elif said := re.search(TOKEN, line):
                token = said[1]
            elif not line:
                raise RuntimeError(f"the server ended with {process.wait()} before it was ready: {before}")
        yield Server(process.pid, ports, token)
