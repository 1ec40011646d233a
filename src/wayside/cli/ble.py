"""``wayside ble``: locks in reach of this machine's Bluetooth, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from cyclopts import App, Parameter
from cyclopts.validators import Number

from wayside.app import protocols
from wayside.app.tables import options_check
from wayside.app.wires import gatts
from wayside.cli.exits import FAILED, CliError, UsageError
from wayside.cli.options import Json, pair
from wayside.cli.output import fields, json_line, note, table
from wayside.cli.send import EXIT
from wayside.link.adapter import FIND_S, SYSTEM, Backends, connected, look_around
from wayside.link.talk import Outcome, Talk
from wayside.model.commands import NoParameters, Risk, State
from wayside.model.errors import NotFound
from wayside.model.events import Event
from wayside.protocol.base import Gatt, Protocol, Transport

app = App(name="ble", help="Find and open locks over this machine's Bluetooth, without a server.")

T = TypeVar("T")

Seconds = Annotated[float, Parameter(validator=Number(gt=0))]

IDENT: Final = "ident"


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which lock, and what it needs to be spoken to."""

    protocol: Annotated[str, Parameter(help="What kind of lock: parking-lock, door-lock, …")] = "parking-lock"
    address: Annotated[str | None, Parameter(help="Its address; the first one found if not given.")] = None
    option: Annotated[
        tuple[str, ...], Parameter(help="NAME=VALUE of the protocol, such as device_key=…; may be repeated.")
    ] = ()
    gatt: Annotated[
        str | None, Parameter(help="SERVICE/WRITE/NOTIFY, where the protocol's document names no UUIDs.")
    ] = None
    within: Annotated[float, Parameter(help="Seconds to find it.", validator=Number(gt=0))] = FIND_S

    def known(self) -> tuple[Protocol, Gatt]:
        """The protocol and its UUIDs.  Raises ``UsageError``."""
        try:
            protocol = protocols.protocol(self.protocol)
            link = protocols.link(protocol, Transport.BLE)
            gatt = gatts((f"{protocol.name}={self.gatt}",))[protocol.name] if self.gatt else link.gatt
        except (NotFound, ValueError) as error:
            raise UsageError(str(error)) from error
        if gatt is None:
            raise UsageError(f"--gatt is needed: the document of {protocol.name} names no UUIDs")
        return protocol, gatt

    def options(self) -> dict[str, str]:
        """The protocol's options.  Raises ``UsageError``."""
        options = dict(pair("--option", text) for text in self.option)
        try:
            options_check(self.protocol)(options)
        except ValueError as error:
            raise UsageError(f"--option: {error}") from error
        return options


ANY: Final = Which()


@app.command
def scan(*, seconds: Seconds = 5.0, everything: bool = False, json: Json = False) -> None:
    """List locks in reach, the nearest first.

    Args:
        seconds: How long to listen.
        everything: Whatever advertises, not only what we know.
        json: A JSON object per line.
    """
    known = titles()
    seen = run(look_around(SYSTEM, seconds, () if everything else tuple(known)))
    rows = [
        {
            "address": each.address,
            "name": each.name,
            "rssi": each.rssi,
            "kind": next((known[service] for service in each.services if service in known), ""),
        }
        for each in seen
    ]
    if json:
        for row in rows:
            json_line(row)
    else:
        table(("address", "name", "rssi", "kind"), [tuple(row.values()) for row in rows])


@app.command
def info(*, which: Which = ANY, json: Json = False) -> None:
    """Connect to a lock and show what it tells.

    Args:
        which: Which lock.
        json: A JSON object.
    """
    found = run(ask_all(which, SYSTEM))
    if json:
        json_line(found)
    else:
        fields(found)


@app.command
def unlock(*, which: Which = ANY, json: Json = False) -> int:
    """Open a lock.

    Exits with 0 when it says that it is open, with 1 when it failed, with 3 when nobody knows.

    Args:
        which: Which lock.
        json: The outcome as JSON.
    """
    return show(run(carry(which, "unlock", SYSTEM)), json=json)


@app.command
def lock(*, which: Which = ANY, json: Json = False) -> int:
    """Close a lock.

    Exits with 0 when it says that it is closed, with 1 when it failed, with 3 when nobody knows.

    Args:
        which: Which lock.
        json: The outcome as JSON.
    """
    return show(run(carry(which, "lock", SYSTEM)), json=json)


def titles() -> dict[str, str]:
    """What is known by the service that it advertises."""
    links = [(protocol, protocol.link(Transport.BLE)) for protocol in protocols.PROTOCOLS]
    known = {}
    for protocol, link in links:
        if link is not None and link.gatt is not None:
            known[link.gatt.service] = protocol.title
            known |= {relative.service: relative.title for relative in link.gatt.relatives}
    return known


async def ask_all(which: Which, backends: Backends) -> dict[str, Any]:
    """Everything that a lock tells when it is asked."""
    found: dict[str, Any] = {}

    def heard(event: Event) -> None:
        found.update(event.values)

    async with AsyncExitStack() as leaving:
        talk, protocol = await _talk(leaving, which, backends, heard)
        found[IDENT] = await talk.who()
        link = protocols.link(protocol, Transport.BLE)
        for capability in protocol.capabilities:
            plain = capability.risk is Risk.QUERY and capability.parameters is NoParameters
            if plain and link.carries(capability.name):
                await talk.do(capability.name)
    return {IDENT: found.pop(IDENT), **dict(sorted(found.items()))}


async def carry(which: Which, capability: str, backends: Backends) -> Outcome:
    """Have a lock do something."""
    async with AsyncExitStack() as leaving:
        talk, _ = await _talk(leaving, which, backends)
        return await talk.do(capability)


async def _talk(
    leaving: AsyncExitStack,
    which: Which,
    backends: Backends,
    heard: Callable[[Event], None] = lambda _: None,
) -> tuple[Talk, Protocol]:
    protocol, gatt = which.known()
    options = which.options()
    found = connected(gatt.service, which.address, backends, within_s=which.within)
    peripheral = await leaving.enter_async_context(found)
    talk = Talk(protocol, peripheral, options=options, gatt=gatt, on_event=heard)
    await leaving.enter_async_context(talk)
    gone = asyncio.create_task(peripheral.gone())
    gone.add_done_callback(lambda _: talk.lost())
    leaving.callback(gone.cancel)
    return talk, protocol


def show(outcome: Outcome, *, json: bool) -> int:
    """Print how it went; the exit code."""
    if json:
        json_line(outcome)
    else:
        fields({"state": outcome.state, **outcome.values})
        if outcome.detail:
            note(outcome.detail)
    return EXIT.get(State(outcome.state), FAILED)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it on the system's own loop: that is the one which Bluetooth libraries are tried on.

    Raises:
        CliError: there is no adapter, no such lock, or it hung up.
    """
    try:
        return asyncio.run(work)
    except OSError as error:
        raise CliError(f"Bluetooth: {error}") from error
