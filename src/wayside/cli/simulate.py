"""``wayside simulate``: connect simulated devices to a server."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Final

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
from wayside.simulate.fleet import Fleet, FleetPlan
from wayside.simulate.tally import Tally

Count = Annotated[int, Parameter(validator=Number(gte=1))]
Positive = Annotated[float, Parameter(validator=Number(gt=0))]
Share = Annotated[float, Parameter(validator=Number(gte=0, lte=1))]


class Progress(msgspec.Struct, frozen=True):
    """A second of a fleet's life; rates are per second, the rest are totals."""

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
        json: A JSON object per second, for programs.
    """
    if ble is not None:
        from wayside.cli.ble import Which
        from wayside.cli.simulate_ble import BlePlan, simulate_ble

        known, uuids = Which(protocol, gatt=gatt).known()
        lock = BlePlan(_link(known.name, Transport.BLE), uuids, ble, Behaviour(first, interval, faults), seed)
        simulate_ble(lock, duration, json=json)
        return OK
    link, target = _port(protocol, to) if serial else _target(protocol, to)
    plan = FleetPlan(link, target, count, interval, faults, seed, first)
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
            f"sent {now.sent_per_s:g}/s   received {now.received_per_s:g}/s   reconnects {now.reconnects}\n"
        )
    sys.stdout.flush()


def summary(tally: Tally, elapsed_s: float) -> str:
    """The end of a run."""
    return (
        f"{elapsed_s:.1f} s: {tally.sent} frames sent, {tally.received} received, {tally.bad} of them bad; "
        f"{tally.reconnects} reconnects, {tally.refused} attempts refused"
    )
