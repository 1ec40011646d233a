"""A real server that is told terrible things, and whether it came to harm."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close
from websockets.sync.client import ClientConnection

from tests.cli.running import json_lines
from tests.cli.serving import PATIENCE_S, Server, serving

CANARY: Final = "canary-that-nobody-may-read"
"""Stands in a file beside the data directory, and in one within it."""

# Everything that a server of its own accord makes in its folder; `firmware/` holds uploads under ids of ours.
OURS: Final = re.compile(
    r"data|data\.stderr|canary\.txt|data/canary\.txt"
    r"|data/wayside\.(db|db-wal|db-shm|lock)"
    r"|data/(firmware|media)(/[A-Za-z0-9._-]+)*"
)


class Victim:
    """A server with open registration that logs everything, and its API as an administrator."""

    def __init__(self, server: Server, folder: Path) -> None:
        assert server.token is not None
        self.server, self.folder, self.token = server, folder, server.token
        self.http = httpx.Client(
            base_url=f"http://{server.address('http')}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=PATIENCE_S,
        )

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The JSON at ``/api/v1/…``, which must be there."""
        answer = self.http.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content)

    def dial(self, name: str) -> socket.socket:
        """A TCP connection to one of its ports."""
        host, _, port = self.server.address(name).rpartition(":")
        return socket.create_connection((host, int(port)), timeout=PATIENCE_S)

    @property
    def log(self) -> str:
        return self.server.errors.read_text()

    def harm(self) -> list[str]:
        """What went wrong inside; nothing, if all is well."""
        found = [] if self.server.process.poll() is None else ["it has died"]
        lines = [line for line in self.log.splitlines() if line.startswith("{")]
        found += [
            str(line)
            for line in json_lines("\n".join(lines))
            if line["level"] == "error" or "exception" in line or "traceback" in line
        ]
        if not all(line.isprintable() for line in lines):
            found.append("a log line holds control characters")
        paths = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*"))
        return found + [f"a file of somebody else's: {path}" for path in paths if not OURS.fullmatch(path)]


def ended(socket: ClientConnection, still: int = 100) -> Close:
    """How the server hung up; it may say so many things before, and must say why in the end."""
    with socket:
        for _ in range(still + 1):
            try:
                socket.recv(timeout=PATIENCE_S)
            except ConnectionClosed as closed:
                if closed.rcvd is None:
                    raise  # it broke
                return closed.rcvd
    raise AssertionError("it talks on")


@contextmanager
def attacked(folder: Path, *arguments: str) -> Iterator[Victim]:
    """A victim in a folder with canaries; unharmed at the end, or the test fails."""
    data = folder / "data"
    data.mkdir()
    for place in (folder, data):
        (place / "canary.txt").write_text(CANARY)
    with serving(data, "--registration", "open", "--log-level", "debug", *arguments) as server:
        victim = Victim(server, folder)
        with victim.http:
            yield victim
        assert victim.harm() == []
