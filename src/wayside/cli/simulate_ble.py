"""``wayside simulate --ble``: a simulated lock that advertises, on a controller that Bumble drives."""

from __future__ import annotations

import random
import sys

import msgspec

from wayside.app.runtime import run_loop
from wayside.app.signals import interrupted, wait
from wayside.cli.exits import CliError
from wayside.cli.output import json_line
from wayside.protocol.base import Gatt, Link
from wayside.protocol.simulator import Behaviour


class BlePlan(msgspec.Struct, frozen=True):
    """Which lock, and on which controller, named as Bumble does."""

    link: Link
    gatt: Gatt
    transport: str
    behaviour: Behaviour
    seed: int


def simulate_ble(plan: BlePlan, duration_s: float | None, *, json: bool) -> None:
    """Advertise until Ctrl-C, or for a time.

    Raises:
        CliError: Bumble is not installed, or has no such controller.
    """
    run_loop(_run(plan, duration_s, json=json))


async def _run(plan: BlePlan, duration_s: float | None, *, json: bool) -> None:
    try:
        from wayside.simulate.ble import on_controller
    except ModuleNotFoundError as error:
        raise CliError("--ble needs Bumble, which is not installed: pip install bumble") from error
    done = interrupted()
    dice = random.Random(f"{plan.seed}:{plan.behaviour.number}")  # noqa: S311 - they must fall the same twice
    # Random static addresses have their two highest bits set (Bluetooth Core, vol. 6, part B, 1.3.2.1).
    address = ":".join(f"{byte:02X}" for byte in (0xC000_0000_0000 + plan.behaviour.number).to_bytes(6))
    simulator = plan.link.simulator(plan.behaviour, dice)
    try:
        async with on_controller(plan.transport, address, plan.gatt, simulator):
            if json:
                json_line({"ident": simulator.ident, "address": address})
            else:
                sys.stdout.write(f"{simulator.ident} at {address}\n")
            sys.stdout.flush()
            await (done.wait() if duration_s is None else wait(done, duration_s))
    except OSError as error:
        raise CliError(f"--ble {plan.transport}: {error}") from error
