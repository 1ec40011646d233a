"""A device's session over a GATT client of your own, without a server: for an app, a script, a workbench.

    async with connected(GATT.service, None, SYSTEM) as peripheral:
        async with Talk(PROTOCOL, peripheral) as lock:
            outcome = await lock.do("unlock")

Nothing is stored and nobody audits: what a server would refuse because of its rules is done here.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

import msgspec

from wayside.link.tasks import end
from wayside.model.commands import IN_FLIGHT, WAITING, Command, State
from wayside.model.errors import CommandError
from wayside.model.events import Event, Values
from wayside.model.instant import SECOND, Instant
from wayside.ports.gatt import GattClient, pieces
from wayside.protocol.base import Gatt, Link, Protocol, Side, Transport
from wayside.protocol.effects import Ask, Close, Effects, Emit, Identify, Send, Settle, WakeAt
from wayside.protocol.framing import BadFrame
from wayside.protocol.questions import Registration
from wayside.protocol.session import Setup
from wayside.wire.errors import DecodeError

NUMBERS: Final = 1 << 32

LAST_WORDS_S: Final = 2.0
"""What is still to be written, such as that a result was heard, may take as long as this."""


class Outcome(msgspec.Struct, frozen=True):
    """How a command went.  ``unknown`` means just that: only the device can say, and it did not."""

    state: State
    detail: str = ""
    values: Values = {}


def ignore(_: Event) -> None:
    """For whoever does not care what the device reports."""


class Talk:
    """One session over one connected peripheral.  ``ident``: what the session has found out, or was told.

    ``options`` are those of the protocol (a device key, a cipher); ``gatt`` its UUIDs where its document names none;
    ``on_event`` hears what the device reports.
    """

    def __init__(
        self,
        protocol: Protocol,
        client: GattClient,
        *,
        ident: str | None = None,
        options: Mapping[str, str] | None = None,
        gatt: Gatt | None = None,
        on_event: Callable[[Event], None] = ignore,
    ) -> None:
        link = protocol.link(Transport.BLE)
        uuids = gatt or (link.gatt if link is not None else None)
        if link is None or uuids is None:
            raise CommandError(f"{protocol.name} has no BLE, or no UUIDs that are known", "protocol")
        self.ident = ident
        self._protocol = protocol
        self._link: Link = link
        self._gatt = uuids
        self._client = client
        self._on_event = on_event
        setup = Setup(ident, secrets.token_bytes, dict(options or {}), client.mtu)
        self._session = link.session(setup)
        self._framer = link.framer(Side.DEVICE)
        self._outcomes: dict[str, asyncio.Future[Outcome]] = {}
        self._outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._writing: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._ended: str | None = None
        self._known = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Begin.  Raises ``OSError``: the peripheral is gone, or has no such characteristic."""
        await self._client.subscribe(self._gatt.notify, self._heard)
        self._writing = asyncio.create_task(self._write_all())
        if self.ident is not None:
            self._known.set()
        self._carry_out(self._session.connected(_now()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end("left")
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=LAST_WORDS_S)
            await end(self._writing)

    async def who(self) -> str:
        """Who it says it is.

        Raises:
            OSError: it hung up, or was hung up on, before it said so.
        """
        await self._known.wait()
        if self.ident is None:
            raise ConnectionResetError(self._ended or "the device did not say who it is")
        return self.ident

    async def do(self, capability: str, **parameters: object) -> Outcome:
        """Have the device do something, and wait until it is known how it went.

        Raises:
            CommandError: it cannot be asked that, or not with these parameters.
            OSError: it hung up, or was hung up on, before it said who it is.
        """
        known = self._protocol.capability(capability)
        if known is None or not self._link.carries(capability):
            names = (each.name for each in self._protocol.capabilities if self._link.carries(each.name))
            raise CommandError(f"{capability!r} is none of: {', '.join(sorted(names))}", "capability")
        try:
            wanted = msgspec.convert(parameters, known.parameters)
        except msgspec.ValidationError as error:
            raise CommandError(str(error), "parameters") from error
        await self.who()
        if self._ended is not None:
            raise ConnectionResetError(self._ended)
        number = secrets.randbelow(NUMBERS)
        command = Command(f"{number:08x}", number, capability, wanted)
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._outcomes[command.id] = outcome
        try:
            self._carry_out(self._session.execute(command, _now()))
            return await outcome
        finally:
            del self._outcomes[command.id]

    def lost(self, reason: str = "the device is gone") -> None:
        """The peripheral is gone: whoever knows tells it."""
        self._end(reason)

    # What the peripheral tells.

    def _heard(self, data: bytes) -> None:
        for frame in self._framer.feed(data):
            if self._ended is not None or isinstance(frame, BadFrame):
                continue
            try:
                self._carry_out(self._session.receive(frame, _now()))
            except DecodeError:
                continue

    def _wake(self) -> None:
        self._alarm = None
        self._carry_out(self._session.wake(_now()))

    async def _write_all(self) -> None:
        try:
            while (data := await self._outbox.get()) is not None:
                for piece in pieces(data, self._client.mtu):
                    await self._client.write(self._gatt.write, piece)
        except OSError as error:
            self._end(str(error))

    # What the session wants.

    def _carry_out(self, effects: Effects) -> None:
        for effect in effects:
            match effect:
                case Send(data):
                    self._outbox.put_nowait(data)
                case Emit(event):
                    self._on_event(event)
                case Settle():
                    self._settle(effect)
                case Identify(ident):
                    self.ident = ident
                    self._known.set()
                    self._carry_out(self._session.answer(effect, Registration(accepted=True), _now()))
                case Ask(question):
                    # Only a server keeps files and knows power banks.
                    self._carry_out(self._session.answer(question, None, _now()))
                case WakeAt(at):
                    self._set_alarm(at)
                case Close(reason):
                    self._end(reason)

    def _settle(self, settle: Settle) -> None:
        outcome = self._outcomes.get(settle.command)
        if outcome is None or outcome.done() or settle.state in IN_FLIGHT | WAITING:
            return
        outcome.set_result(Outcome(settle.state, settle.detail, settle.values))

    def _set_alarm(self, at: Instant | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if at is not None and self._ended is None:
            delay_s = max(0.0, (at - _now()) / SECOND)
            self._alarm = asyncio.get_running_loop().call_later(delay_s, self._wake)

    def _end(self, reason: str) -> None:
        if self._ended is not None:
            return
        self._ended = reason
        self._set_alarm(None)
        self._outbox.put_nowait(None)
        for effect in self._session.disconnected(_now()):
            if isinstance(effect, Settle):
                self._settle(effect)
        for outcome in self._outcomes.values():
            if not outcome.done():  # its session had not sent anything of it
                outcome.set_result(Outcome(State.FAILED, reason))
        self._known.set()


def _now() -> Instant:
    return time.time_ns() // 1000
