"""``wayside simulate``: connect simulated devices to a server."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from wayside.app.address import parse_address
from wayside.app.runtime import run_loop
from wayside.app.signals import interrupted, wait
from wayside.cli.exits import FAILED, OK, UsageError
from wayside.cli.options import Json
from wayside.cli.output import json_line
from wayside.model.errors import NotFound
from wayside.protocol.base import Link, Transport
from wayside.protocol.simulator import Behaviour
from wayside.simulate.tally import Tally

if TYPE_CHECKING:  # an HTTP client is loaded with it: not for a help page
    from wayside.simulate.fleet import FleetPlan

Count = Annotated[int, Parameter(validator=Number(gte=1))]
Positive = Annotated[float, Parameter(validator=Number(gt=0))]
Share = Annotated[float, Parameter(validator=Number(gte=0, lte=1))]


class Progress(msgspec.Struct, frozen=True):
    """A second of a fleet's life; rates are per second, the rest are totals, and ``streams`` those that are live."""

    elapsed_s: float
    devices: int
    connected: int
    sent_per_s: float
    received_per_s: float
    sent: int
    received: int
    reconnects: int
    refused: int
    bad: int
    posts: int
    posts_lost: int
    streams: int


def simulate(
    protocol: str,
    /,
    *,
    count: Count = 1,
    to: str | None = None,
    serial: bool = False,
    ble: str | None = None,
    gatt: str | None = None,
    interval: Positive = 10.0,
    seed: int = 0,
    faults: Share = 0.0,
    duration: Positive | None = None,
    first: Count = 1,
    upload: str | None = None,
    rtmp: str | None = None,
    json: Json = False,
) -> int:
    """Connect simulated devices, and print each second what they do, until Ctrl-C or for a time.

    Exits with 1 when no device could connect at the end.

    Args:
        protocol: Which devices: jimi, parking-lock, …
        count: How many.
        to: The server's HOST:PORT for this protocol; on this machine, at its usual port, if not given.
        serial: Each device has a serial port on this machine, a pseudo terminal whose path is printed.
        ble: One lock advertises on a Bluetooth controller of this machine, named as Bumble does: usb:0, hci-socket:0.
        gatt: SERVICE/WRITE/NOTIFY, where the protocol's document names no UUIDs.
        interval: Seconds between two reports of a device.
        seed: The same seed gives the same devices, saying the same things.
        faults: On which share of occasions a device misbehaves as real ones do, 0 to 1.
        duration: Seconds; without end if not given.
        first: The number of the first device: keeps the devices of two fleets apart.
        upload: Where cameras upload to, http://HOST:PORT/upload; nowhere, until a command tells them, if not given.
        rtmp: Where cameras stream to, rtmp://HOST:PORT/live; nowhere, until a command tells them, if not given.
        json: A JSON object per second, for programs.
    """
    if ble is not None:
        from wayside.cli.ble import Which
        from wayside.cli.simulate_ble import BlePlan, simulate_ble

        known, uuids = Which(protocol, gatt=gatt).known()
        lock = BlePlan(_link(known.name, Transport.BLE), uuids, ble, Behaviour(first, interval, faults), seed)
        simulate_ble(lock, duration, json=json)
        return OK
    from wayside.simulate.fleet import FleetPlan

    link, target = _port(protocol, to) if serial else _target(protocol, to)
    plan = FleetPlan(link, target, count, interval, faults, seed, first, *_servers(protocol, upload, rtmp))
    tally = run_loop(_run(plan, duration, json=json))
    return OK if tally.connected else FAILED


def _port(name: str, to: str | None) -> tuple[Link, None]:
    if to is not None:
        raise UsageError("--to and --serial exclude each other")
    return _link(name, Transport.SERIAL), None


def _target(name: str, to: str | None) -> tuple[Link, tuple[str, int]]:
    link = _link(name, Transport.TCP)
    try:
        target = parse_address(to or f"127.0.0.1:{link.port}")
    except ValueError as error:
        raise UsageError(f"--to: {error}") from error
    return link, target


def _servers(name: str, upload: str | None, rtmp: str | None) -> tuple[str, str]:
    """Where devices of this family upload and stream to; "" is nowhere."""
    from wayside.app import protocols

    known = protocols.protocol(name)
    if upload is not None and known.uploads is None:
        raise UsageError(f"--upload: {name} uploads nothing")
    if rtmp is not None and not known.channels:
        raise UsageError(f"--rtmp: {name} streams nothing")
    return _address("--upload", upload, "http"), _address("--rtmp", rtmp, "rtmp")


def _address(option: str, url: str | None, scheme: str) -> str:
    if url is None:
        return ""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme == scheme and parts.hostname and parts.port != 0:
            return url.rstrip("/")
    raise UsageError(f"{option}: {scheme}://HOST:PORT/… is expected, not {url}")


def _link(name: str, transport: Transport) -> Link:
    from wayside.app import protocols  # every family's codecs are built with it: not for a help page

    try:
        known = protocols.protocol(name)
        link = known.link(transport)
    except NotFound as error:
        raise UsageError(str(error)) from error
    if link is None:
        there = " or ".join(WAYS[link.transport] for link in known.links)
        raise UsageError(f"{name} has no {transport} link: say {there}")
    return link


WAYS: Final = {Transport.TCP: "--to", Transport.SERIAL: "--serial", Transport.BLE: "--ble"}
"""How to ask for each."""


async def _run(plan: FleetPlan, duration_s: float | None, *, json: bool) -> Tally:
    """Run the fleet; its tally just before it hung up."""
    from wayside.simulate.fleet import Fleet

    fleet = Fleet(plan)
    began = before_at = time.monotonic()
    before = fleet.tally.copy()
    done = interrupted()
    fleet.start()
    if plan.target is None:
        await fleet.started()
        show_ports(fleet.ports, json=json)
    while not done.is_set() and (duration_s is None or before_at - began < duration_s):
        rest_s = 1.0 if duration_s is None else min(1.0, began + duration_s - before_at)
        await wait(done, max(rest_s, 0.01))
        at, tally = time.monotonic(), fleet.tally.copy()
        show(progress(plan.count, tally, before, at - before_at, at - began), json=json)
        before, before_at = tally, at
    last = fleet.tally.copy()
    await fleet.stop()
    if not json:
        sys.stdout.write(summary(last, time.monotonic() - began) + "\n")
    return last


def progress(devices: int, tally: Tally, before: Tally, span_s: float, elapsed_s: float) -> Progress:
    """What happened between two tallies."""
    return Progress(
        elapsed_s=round(elapsed_s, 1),
        devices=devices,
        connected=tally.connected,
        sent_per_s=round((tally.sent - before.sent) / span_s, 1),
        received_per_s=round((tally.received - before.received) / span_s, 1),
        sent=tally.sent,
        received=tally.received,
        reconnects=tally.reconnects,
        refused=tally.refused,
        bad=tally.bad,
        posts=tally.posts,
        posts_lost=tally.posts_lost,
        streams=tally.streams,
    )


def show_ports(ports: dict[str, str], *, json: bool) -> None:
    """Print where the serial ports are."""
    for ident, path in ports.items():
        if json:
            json_line({"ident": ident, "port": path})
        else:
            sys.stdout.write(f"{ident} at {path}\n")
    sys.stdout.flush()


def show(now: Progress, *, json: bool) -> None:
    """Print one second."""
    if json:
        json_line(now)
    else:
        sys.stdout.write(
            f"{now.elapsed_s:8.1f} s   connected {now.connected}/{now.devices}   "
            f"sent {now.sent_per_s:g}/s   received {now.received_per_s:g}/s   reconnects {now.reconnects}"
            f"{_media(now)}\n"
        )
    sys.stdout.flush()


def _media(now: Progress) -> str:
    """Of cameras that upload and stream."""
    posts = f"   uploads {now.posts}" if now.posts else ""
    lost = f"   cut off {now.posts_lost}" if now.posts_lost else ""
    return f"{posts}{lost}   streams {now.streams}" if now.streams else posts + lost


def summary(tally: Tally, elapsed_s: float) -> str:
    """The end of a run."""
    return (
        f"{elapsed_s:.1f} s: {tally.sent} frames sent, {tally.received} received, {tally.bad} of them bad; "
        f"{tally.reconnects} reconnects, {tally.refused} attempts refused"
    )
