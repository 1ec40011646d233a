"""Relays: ``/api/v1/relay`` is where a phone, or a bridge, brings a lock that only it can reach over BLE.

It is a WebSocket of JSON messages (``ports.relay``; ``docs/reference/relay.md``).  A token of its own opens it, made
for one device and some minutes; with it nothing else can be done.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any, Final

import msgspec
from litestar import WebSocket, post, websocket
from litestar.datastructures import State as AppState
from litestar.exceptions import WebSocketException
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody
from msgspec import Meta

from wayside.api.auth import COMMAND, FEED_PROTOCOL, RELAY
from wayside.api.parameters import By, Device, Provided
from wayside.api.problems import STATUS
from wayside.api.relay_tokens import MINUTES_DEFAULT, MINUTES_MAX, Grant
from wayside.api.services import Services
from wayside.api.shapes import Time
from wayside.api.tokens import Caller
from wayside.model.errors import CommandError
from wayside.model.instant import SECOND, to_rfc3339
from wayside.ports.relay import MESSAGE_BYTES_MAX, FromRelay, OutOfTurn, RelayLine, ToRelay
from wayside.ports.store import AuditRecord

# Somebody takes the phone out, the phone looks for the lock: seconds.  A socket that has no lock by then is of no use.
CONNECT_S: Final = 120.0

# What the server says is a few hundred bytes, and one request at a time.
SEND_S: Final = 10.0

# How often it is looked whether the token still holds.
CHECK_S: Final = 5.0

CLOSE_S: Final = 1.0

# A control frame has 125 bytes, two of which are the code (RFC 6455, 5.5).
REASON_BYTES_MAX: Final = 123

NORMAL: Final = 1000
BAD_MESSAGE: Final = 4400
TOKEN_ENDED: Final = 4401
NO_LOCK: Final = 4408
TOO_SLOW: Final = 1013
CODE_BASE: Final = 4000

Socket = WebSocket[Any, Any, AppState]
Ending = tuple[int, str]
Outbox = asyncio.Queue[ToRelay | None]
"""What is to be said; None: nothing more."""

_DECODER: Final = msgspec.json.Decoder(FromRelay)


class NewRelayToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A relay token to make."""

    minutes: Annotated[
        int, Meta(ge=1, le=MINUTES_MAX, description="For how long it opens the relay, and keeps it open")
    ] = MINUTES_DEFAULT


class RelayTokenView(msgspec.Struct, frozen=True):
    """A relay token.  It cannot be shown again."""

    token: str
    device: str
    expires_at: Time
    path: str
    """Where to go with it: a WebSocket."""


@post("/devices/{device:str}/relay-token", opt=COMMAND)
async def create_relay_token(
    services: Provided, by: By, device: Device, data: JSONBody[NewRelayToken]
) -> RelayTokenView:
    """Make a token with which a phone beside the device can relay for it, and do nothing else."""
    services.relays.check(device)
    token, grant = services.tokens.relay.create(device, by, data.minutes)
    await _audit(services, by, "relay-token.create", device, f"for {data.minutes} min")
    return RelayTokenView(token, device, to_rfc3339(grant.expires_at), "/api/v1/relay")


@websocket("/relay", opt=RELAY)
async def relay(socket: Socket, services: Provided) -> None:
    """Pass messages between a relay and its line until either side has had enough."""
    grant: Grant[Caller] = socket.scope["auth"]
    outbox: Outbox = asyncio.Queue()
    address = socket.client.host if socket.client else ""
    try:
        line = services.relays.open(grant.device, address, outbox.put_nowait)
    except CommandError as error:
        status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
        raise WebSocketException(detail=error.detail, code=CODE_BASE + status) from error
    try:
        await _audit(services, grant.by, "relay.open", grant.device, address)
        await socket.accept(FEED_PROTOCOL if FEED_PROTOCOL in socket.scope["subprotocols"] else None)
        await _until_one_ends(socket, services, line, outbox)
    finally:
        line.lost()


async def _until_one_ends(socket: Socket, services: Services, line: RelayLine, outbox: Outbox) -> None:
    begun = asyncio.Event()
    listening = asyncio.create_task(_listen(socket, line, begun))
    watching = asyncio.create_task(_watch(services, socket.scope["auth"], begun))
    talking = asyncio.create_task(_talk(socket, outbox))
    over = asyncio.create_task(line.over())
    tasks: set[asyncio.Task[Any]] = {listening, watching, talking, over}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ending = next((task.result() for task in (listening, watching, talking) if task.done()), (NORMAL, ""))
        line.lost()  # its last word is in the outbox now
        outbox.put_nowait(None)
        if ending is not None:
            # The server cannot close a socket while somebody waits for a message on it.
            listening.cancel()
            await asyncio.wait({listening})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await talking
                    await socket.close(*ending)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(socket: Socket, line: RelayLine, begun: asyncio.Event) -> Ending | None:
    """Hand on what the relay says; None when it has gone by itself."""
    while (event := await socket.receive())["type"] != "websocket.disconnect":
        message: Any = event
        text: str | bytes = message.get("text") or message.get("bytes") or b""
        if len(text) > MESSAGE_BYTES_MAX:
            return BAD_MESSAGE, f"longer than {MESSAGE_BYTES_MAX} bytes"
        try:
            line.hear(_DECODER.decode(text))
        except (msgspec.DecodeError, UnicodeDecodeError, OutOfTurn, RecursionError) as error:
            return BAD_MESSAGE, _reason(error)
        begun.set()
    return None


async def _talk(socket: Socket, outbox: Outbox) -> Ending:
    while (message := await outbox.get()) is not None:
        try:
            async with asyncio.timeout(SEND_S):
                await socket.send_data(msgspec.json.encode(message).decode())
        except TimeoutError:
            return TOO_SLOW, "too slow"
    return NORMAL, ""


async def _watch(services: Services, grant: Grant[Caller], begun: asyncio.Event) -> Ending:
    """Nobody holds a socket without a lock, or longer than the token."""
    try:
        async with asyncio.timeout(CONNECT_S):
            await begun.wait()
    except TimeoutError:
        return NO_LOCK, "no device was connected in time"
    while services.tokens.relay.good(grant):
        left_s = (grant.expires_at - services.clock()) / SECOND
        await asyncio.sleep(min(CHECK_S, max(0.0, left_s)))
    return TOKEN_ENDED, "this token is no longer valid"


def _reason(error: Exception) -> str:
    """What was wrong, as short as a WebSocket's reason has to be, in bytes."""
    text = str(error).replace("`$.", "`").encode()[:REASON_BYTES_MAX]
    return text.decode(errors="ignore")


async def _audit(services: Services, by: Caller, action: str, device: str, detail: str) -> None:
    await services.store.audit(AuditRecord(services.clock(), by.name, action, device, detail))


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (create_relay_token, relay)
