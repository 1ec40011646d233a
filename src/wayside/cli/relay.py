"""``wayside relay``: be the relay of a lock that only this machine's Bluetooth reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from websockets.exceptions import WebSocketException

from wayside.cli.ble import run
from wayside.cli.client import segment
from wayside.cli.exits import CliError
from wayside.cli.options import HERE, ServerOptions
from wayside.cli.output import note
from wayside.link.adapter import FIND_S, SYSTEM, connected
from wayside.link.relay import Find, Refused
from wayside.link.relay import relay as relay_until
from wayside.ports.gatt import Peripheral
from wayside.ports.relay import Connect


def relay(
    device: str,
    /,
    *,
    minutes: Annotated[int, Parameter(validator=Number(gte=1, lte=60))] = 10,
    address: str | None = None,
    within: Annotated[float, Parameter(validator=Number(gt=0))] = FIND_S,
    relay_token: Annotated[str | None, Parameter(env_var="WAYSIDE_RELAY_TOKEN")] = None,
    server: ServerOptions = HERE,
) -> None:
    """Connect to a lock over this machine's Bluetooth, and pass on what it and the server say.

    While it runs the lock is online at the server, and commands reach it.

    Args:
        device: <protocol>:<ident>, such as parking-lock:866266066379439.
        minutes: For how long.
        address: The lock's address; what the server knows, or else the first one found, if not given.
        within: Seconds to find it.
        relay_token: A relay token that somebody made for us; without one it is made with the server's token.
        server: Which server.
    """
    token = relay_token
    if token is None:
        with server.client() as client:
            token = client.post(f"/devices/{segment(device)}/relay-token", {"minutes": minutes})["token"]
    try:
        note(run(relay_until(server.url, token, finder(address, within))))
    except (Refused, WebSocketException) as error:
        raise CliError(f"the server did not let us relay: {error}") from error


def finder(address: str | None, within_s: float) -> Find:
    """Finds what the server means with this machine's adapter."""

    @asynccontextmanager
    async def find(wanted: Connect) -> AsyncIterator[Peripheral]:
        place = address or wanted.address
        note(f"looking for {wanted.device}, {place or wanted.service}")
        async with connected(wanted.service, place, SYSTEM, within_s=within_s) as peripheral:
            note(f"connected to {peripheral.address}, MTU {peripheral.mtu}")
            yield peripheral

    return find
