"""The relay's own end: what a phone's app does, in a hundred lines, for a small computer beside a lock.

It knows no protocol and no key.  ``docs/reference/relay.md`` describes the messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wayside.link.tasks import end
from wayside.ports.gatt import Peripheral
from wayside.ports.relay import (
    MESSAGE_BYTES_MAX,
    REASON_LENGTH_MAX,
    Connect,
    Connected,
    Disconnect,
    Disconnected,
    FromRelay,
    Notification,
    Result,
    Subscribe,
    ToRelay,
    Write,
)

PATH: Final = "/api/v1/relay"

Find = Callable[[Connect], AbstractAsyncContextManager[Peripheral]]
"""Connects to the peripheral that the server means, and lets it go at the end.  Raises ``OSError``."""

_DECODER: Final = msgspec.json.Decoder(ToRelay)


class Refused(Exception):
    """The server ended it without a word of its own; the text is its reason."""


async def relay(url: str, token: str, find: Find) -> str:
    """Relay until the server or the peripheral has had enough; gives the reason.

    ``url``: the server's, as ``http://HOST:PORT``.  ``token``: a relay token.

    Raises:
        Refused: the server hung up.
        websockets.exceptions.WebSocketException: the server did not let us in; OSError: it was not there.
    """
    headers = {"Authorization": f"Bearer {token}"}
    address = "ws" + url.removeprefix("http").rstrip("/") + PATH
    async with connect(address, additional_headers=headers, max_size=MESSAGE_BYTES_MAX) as socket:
        try:
            wanted = _DECODER.decode(await socket.recv())
            if not isinstance(wanted, Connect):
                raise Refused("the server does not say which device it means")
            try:
                async with find(wanted) as peripheral:
                    return await _pass_on(socket, peripheral)
            except OSError as error:
                reason = str(error)[:REASON_LENGTH_MAX]
                await _say(socket, Disconnected(reason))
                return reason
        except ConnectionClosed as error:
            raise Refused(error.rcvd.reason if error.rcvd else "the connection was lost") from error


async def _pass_on(socket: ClientConnection, peripheral: Peripheral) -> str:
    """Carry out what the server wants, one after the other; tell what the peripheral says, in its order."""
    outbox: asyncio.Queue[FromRelay] = asyncio.Queue()
    outbox.put_nowait(Connected(peripheral.mtu, peripheral.address))
    telling = asyncio.create_task(_tell(socket, outbox))
    obeying = asyncio.create_task(_obey(socket, peripheral, outbox))
    gone = asyncio.create_task(peripheral.gone())
    tasks = (telling, obeying, gone)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if obeying.done():
            return obeying.result()
        if telling.done():
            telling.result()
        raise ConnectionResetError("the device is gone")
    finally:
        await end(*tasks)


async def _obey(socket: ClientConnection, peripheral: Peripheral, outbox: asyncio.Queue[FromRelay]) -> str:
    while True:
        match _DECODER.decode(await socket.recv()):
            case Write() as order:
                outbox.put_nowait(await _write(peripheral, order))
            case Subscribe() as order:
                outbox.put_nowait(await _subscribe(peripheral, order, outbox))
            case Disconnect(reason):
                return reason


async def _write(peripheral: Peripheral, order: Write) -> Result:
    try:
        await peripheral.write(order.characteristic, bytes.fromhex(order.data))
    except OSError as error:
        return Result(order.id, str(error)[:REASON_LENGTH_MAX])
    return Result(order.id)


async def _subscribe(peripheral: Peripheral, order: Subscribe, outbox: asyncio.Queue[FromRelay]) -> Result:
    def heard(data: bytes) -> None:
        outbox.put_nowait(Notification(order.characteristic, data.hex()))

    try:
        await peripheral.subscribe(order.characteristic, heard)
    except OSError as error:
        return Result(order.id, str(error)[:REASON_LENGTH_MAX])
    return Result(order.id)


async def _tell(socket: ClientConnection, outbox: asyncio.Queue[FromRelay]) -> None:
    while True:
        await _say(socket, await outbox.get())


async def _say(socket: ClientConnection, message: FromRelay) -> None:
    await socket.send(msgspec.json.encode(message).decode())
