"""Run a server until it is told to stop, and say what there is to say about it."""

from __future__ import annotations

import os
import sys
import time
from typing import Final

from wayside import __version__
from wayside.app import logs
from wayside.app.engine import Running, running
from wayside.app.reach import local_url
from wayside.app.runtime import run_loop, spare_the_collector
from wayside.app.settings import Settings
from wayside.app.signals import interrupted
from wayside.gateway.registry import Registering

REGISTRATION: Final = {
    Registering.QUARANTINE: "quarantine: unknown devices wait for `wayside devices accept`",
    Registering.OPEN: "OPEN: every device that connects is accepted; meant for demos and closed networks",
}


def serve(settings: Settings) -> None:
    """Run the server until SIGINT or SIGTERM.

    Raises:
        OperatorError: it cannot start; the message says why.
    """
    logs.configure(settings.log)
    # What it makes is for its own user alone, also in a folder that somebody else has made.
    os.umask(0o077)
    run_loop(_serve(settings, time.monotonic()))


async def _serve(settings: Settings, began_s: float) -> None:
    stop = interrupted()
    async with running(settings) as server:
        spare_the_collector()
        if server.first_token is not None:
            sys.stderr.write(token_note(server.first_token, local_url(server.http)))
            sys.stderr.flush()
        sys.stdout.write(banner(settings, server))
        sys.stdout.write(f"ready in {time.monotonic() - began_s:.2f} s\n")
        sys.stdout.flush()
        await stop.wait()
        sys.stdout.write("stopping\n")
        sys.stdout.flush()


def banner(settings: Settings, server: Running) -> str:
    """Where everything is."""
    rows = [
        ("data", str(server.data_dir)),
        ("registration", REGISTRATION[settings.registration]),
        ("http", str(server.http)),
        *((protocol, str(address)) for protocol, address in server.listeners.items()),
        *(("serial", text) for text in settings.serial),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    return "\n".join((f"wayside {__version__}", *lines)) + "\n"


def token_note(token: str, url: str) -> str:
    """The first token, said once."""
    return (
        f"\nThe first administrator's token, shown this once:\n\n  {token}\n\n"
        f"Use it:        export WAYSIDE_URL={url} WAYSIDE_TOKEN={token}\n"
        "Make another:  wayside tokens create NAME --scope admin\n"
        "Lost them all: stop the server, then wayside tokens create NAME --scope admin --data-dir DIR\n\n"
    )
