"""``wayside demo``: a server with simulated devices, to look around."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from wayside.app import logs
from wayside.app.config import load
from wayside.app.engine import Running, running
from wayside.app.protocols import PROTOCOLS
from wayside.app.reach import LOOPBACK, local_url
from wayside.app.runtime import run_loop
from wayside.app.serve import banner
from wayside.app.settings import Settings
from wayside.app.signals import interrupted, wait
from wayside.cli.demo_cameras import CAMERA, addresses, show
from wayside.cli.demo_locks import DemoLock, ble_settings, demo_locks, on_air, register
from wayside.protocol.base import Transport
from wayside.simulate.fleet import Fleet, FleetPlan

FAULTS: Final = 0.05
"""Enough to see some."""


def demo(
    *,
    count: Annotated[int, Parameter(validator=Number(gte=1))] = 5,
    interval: Annotated[float, Parameter(validator=Number(gt=0))] = 5.0,
    http: str = f"{LOOPBACK}:8080",
    data_dir: Path | None = None,
    duration: float | None = None,
) -> None:
    """Run a server on this machine alone, with open registration and simulated devices of every protocol.

    Args:
        count: How many devices of each protocol; of locks on Bluetooth there is one each.
        interval: Seconds between two reports of a device.
        http: HOST:PORT of the API.
        data_dir: Where to keep what is collected; a temporary folder, removed at the end, if not given.
        duration: Seconds; until Ctrl-C if not given.
    """
    locks = demo_locks(count + 1)
    with _folder(data_dir) as folder:
        settings = load(_settings(folder, http) | ble_settings(locks), os.environ).settings
        logs.configure(settings.log)
        run_loop(_demo(settings, locks, count, interval, duration))


def _settings(folder: Path, http: str) -> dict[str, object]:
    listeners = {
        f"listen.{protocol.name}": f"{LOOPBACK}:0" for protocol in PROTOCOLS if protocol.link(Transport.TCP)
    }
    return {
        "data_dir": str(folder),
        "http": http,
        "upload": f"{LOOPBACK}:0",
        "rtmp": f"{LOOPBACK}:0",
        "registration": "open",
        "log.level": "warning",
        **listeners,
    }


@contextmanager
def _folder(data_dir: Path | None) -> Iterator[Path]:
    if data_dir is not None:
        yield data_dir
        return
    with tempfile.TemporaryDirectory(prefix="wayside-demo-") as folder:
        yield Path(folder)


async def _demo(
    settings: Settings, locks: Sequence[DemoLock], count: int, interval_s: float, duration_s: float | None
) -> None:
    stop = interrupted()
    async with running(settings, await on_air(locks)) as server:
        await register(locks, server.devices)
        fleets = _fleets(server, count, interval_s)
        for fleet in fleets:
            fleet.start()
        sys.stdout.write(banner(settings, server) + _tour(server, locks))
        sys.stdout.flush()
        showing = asyncio.create_task(show(server, CAMERA))
        if duration_s is None:
            await stop.wait()
        else:
            await wait(stop, duration_s)
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        await asyncio.gather(*(fleet.stop() for fleet in fleets))


def _fleets(server: Running, count: int, interval_s: float) -> list[Fleet]:
    fleets = []
    upload, stream = addresses(server)
    for protocol in PROTOCOLS:
        link, address = protocol.link(Transport.TCP), server.listeners.get(protocol.name)
        if link is not None and address is not None:
            plan = FleetPlan(link, address, count, interval_s, FAULTS, upload_url=upload, stream_url=stream)
            fleets.append(Fleet(plan))
    return fleets


def _tour(server: Running, locks: Sequence[DemoLock]) -> str:
    """What to try."""
    url = local_url(server.http)
    token = f" WAYSIDE_TOKEN={server.first_token}" if server.first_token else ""
    calls = "".join(f"  wayside send {lock.device} unlock --queue --wait\n" for lock in locks)
    return (
        f"\nIn another terminal:\n\n"
        f"  export WAYSIDE_URL={url}{token}\n"
        "  wayside devices list\n"
        "  wayside tail\n"
        "  wayside events --limit 10\n"
        "  wayside send DEVICE                    # what can be asked of it\n"
        "  wayside send DEVICE CAPABILITY --wait\n"
        f"{calls}"
        "  wayside media list                     # what cameras uploaded\n"
        f"  wayside send {CAMERA} picture --wait\n"
        f"  wayside live url {CAMERA}  # what it sees now, in a browser\n\n"
        "Ctrl-C ends the demo.\n"
    )
