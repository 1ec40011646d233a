"""One connection of one device: bytes → frames → session → effects, and the effects carried out in order."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
import structlog

from wayside.gateway.belief import Belief
from wayside.gateway.device import Device
from wayside.gateway.hub import Hub, Route
from wayside.gateway.introduction import TurnedAway, introduce
from wayside.gateway.quarantine import Guest
from wayside.gateway.wire_end import BY_THE_DEVICE, WireEnd
from wayside.model.commands import Command
from wayside.model.errors import CommandError
from wayside.model.events import Event
from wayside.model.identity import IDENT, split_device_id
from wayside.model.instant import SECOND, Instant, seconds
from wayside.ports.store import Entry
from wayside.protocol.base import Link, Side
from wayside.protocol.effects import Ask, Close, Effect, Effects, Emit, Identify, Send, Settle, WakeAt
from wayside.protocol.framing import AnyFrame, BadFrame, Fault, Framer, fault_of
from wayside.protocol.questions import Question, Registration
from wayside.protocol.session import Session
from wayside.wire.errors import DecodeError

# What nearly every frame comes to.  It is carried out on the spot, without asking what else it might be: a third of
# what the gateway costs a frame.
EVENT_AND_ANSWER: Final = 2

log = structlog.get_logger("wayside.gateway")


class Connection(WireEnd):
    """``ident``: given where the transport knows the device already, and believed as ``belief`` says.

    ``device`` or ``guest`` is set once it is known who this is.
    """

    __slots__ = (
        "_alarm",
        "_bad_in_a_row",
        "_begun",
        "_belief",
        "_framer",
        "_heard",
        "_ident",
        "_opened",
        "_route",
        "_timer",
        "_timer_at",
        "_withholding",
        "device",
        "guest",
        "last_seen",
        "link",
        "session",
    )

    def __init__(
        self,
        hub: Hub,
        route: Route,
        address: str,
        *,
        ident: str | None = None,
        mtu: int | None = None,
        belief: Belief = Belief.AT_ONCE,
    ) -> None:
        setup = route.setup
        if ident is not None or mtu is not None:
            told = None if belief is Belief.WHEN_SAID else ident
            setup = msgspec.structs.replace(setup, ident=told, mtu=mtu or setup.mtu)
        super().__init__(hub, address)
        self._route = route
        self._ident = ident
        self._belief = belief
        self._framer: Framer[Any] = route.link.framer(Side.DEVICE)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: Instant = 0
        self._alarm: Instant | None = None
        self._bad_in_a_row = 0
        self._begun = 0
        self._opened = self._heard = hub.tick
        self._withholding = False
        self.session: Session = route.link.session(setup)
        self.link: Link = route.link
        self.device: Device | None = None
        self.guest: Guest | None = None
        self.last_seen: Instant = 0

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The link is up."""
        super().connection_made(transport)
        hub = self._hub
        at = hub.clock()
        effects = self.session.connected(at)
        if self._ident is not None and self._belief is Belief.AT_ONCE:
            effects = [*effects, Identify(self._ident)]
        self._carry_out(effects, at)
        hub.pipeline.kick()

    def data_received(self, data: bytes) -> None:
        """Taken in together with what others send in the same turn of the loop."""
        self._hub.inbox.put(self, data)

    def take(self, data: bytes, at: Instant) -> None:
        """The hot path: no task, no future, one entry per frame."""
        if self._closing:
            return
        framer = self._framer
        found = framer.feed(data)
        for frame in found:
            if isinstance(frame, BadFrame):
                self._refuse(frame.fault, frame.detail, frame.raw)
            else:
                self._hear(frame, at)
        if not framer.rest:
            self._begun = 0
            return
        if found or not self._begun:
            self._begun = self._hub.tick
        if len(framer.rest) > self._hub.limits.pending_bytes:
            self.hang_up("frame too long")

    def eof_received(self) -> bool:
        """It says goodbye.  Kept open until its turn has come: closing takes longer than hearing it."""
        self._hub.inbox.leave(self)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The link is gone."""
        inbox = self._hub.inbox
        inbox.hear_out(self)
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.device is not None or self.guest is not None:
            inbox.leave(self)

    def part(self, at: Instant) -> None:
        """See ``inbox.Reader``."""
        self._closing = True
        self._reason = self._reason or BY_THE_DEVICE
        registry = self._hub.registry
        device, guest = self.device, self.guest
        self._last_word(at)
        if device is not None:
            registry.left(device, self, self._reason, at)
        elif guest is not None:
            registry.guest_left(guest, self)
        if self._transport is not None:
            self._transport.close()

    # What the pipeline, the desk, the registry and the sweeper tell.

    def speaks_for(self, device: str) -> bool:
        """See ``pipeline.Recipient``."""
        return self.device is not None and self.device.id == device

    def execute(self, command: Command) -> None:
        """See ``device.Line``."""
        if self._closing:
            return
        at = self._hub.clock()
        try:
            effects = self.session.execute(command, at)
        except CommandError as error:
            self._hub.desk.refused(command.id, str(error))
        except Exception:
            log.exception("session failed to execute", command=command.id, capability=command.capability)
            self._hub.desk.refused(command.id, "this server failed to put it into the device's words")
        else:
            self._carry_out(effects, at)
            self._hub.pipeline.kick()

    def admit(self, device: Device) -> None:
        """See ``device.Line``."""
        ident = split_device_id(device.id)[1]
        at = self._hub.clock()
        self._carry_out(self._welcome(device, Identify(ident), at), at)
        self._hub.pipeline.kick()

    def replaced(self) -> None:
        """See ``device.Line``."""
        self.hang_up("replaced by a newer connection")
        self._last_word(self._hub.clock())

    def forget(self) -> None:
        """See ``device.Line``."""
        self.device = self.guest = None
        self.hang_up("deleted")

    def check(self, tick: int) -> None:
        """See ``hub.Watched``."""
        hub = self._hub
        if self._closing:
            super().check(tick)
        elif hub.pipeline.full:
            return
        elif tick - max(self._heard, hub.resumed) >= self._route.idle_ticks:
            self.hang_up("silent for too long")
        elif self._begun and tick - max(self._begun, hub.resumed) >= hub.frame_ticks:
            self.hang_up("a frame did not end")
        elif self.device is None and self.guest is None and self._belief is not Belief.WHEN_HEARD:
            waited = tick - max(self._opened, hub.resumed)
            if not self.last_seen and waited >= hub.first_frame_ticks:
                self.hang_up("no valid frame")
            elif waited >= hub.identify_ticks:
                self.hang_up("did not say who it is")

    # Inputs.

    def _hear(self, frame: AnyFrame, at: Instant) -> None:
        if self._closing:  # because of an earlier frame in the same read
            return
        try:
            effects = self.session.receive(frame, at)
        except DecodeError as error:
            self._refuse(fault_of(error), str(error), frame.raw)
            return
        except Exception:
            sample = self._route.protocol.redacted(frame.raw)[: self._hub.limits.bad_frame_log_bytes]
            log.exception("session failed", frame=sample.hex())
            self.hang_up("internal error")
            return
        self.last_seen = at
        self._heard = self._hub.tick
        self._bad_in_a_row = 0
        name = frame.name
        route = self._route
        route.messages.add(name)
        device = self.device
        if device is None:
            if self._belief is Belief.WHEN_HEARD and self._ident and self.guest is None:
                effects = [Identify(self._ident), *effects]
        elif len(effects) == EVENT_AND_ANSWER:
            emit, send = effects
            if type(emit) is Emit and type(send) is Send and send.command is None:
                answer = send.data
                entry = Entry(device.id, at, name, emit.event, frame.raw, answer)
                self._barrier = route.exchange(self, entry, answer)
                return
        self._carry_out(effects, at, name, frame.raw)

    def _refuse(self, fault: Fault, detail: str, raw: bytes) -> None:
        """Nonsense: counted, logged, and forgiven unless there is no end of it."""
        if self._closing:
            return
        hub = self._hub
        protocol = self._route.protocol
        hub.stats.bad_frames[protocol.name, fault.value] += 1
        who = self.device or self.guest
        hub.complaints.say(
            "bad frame",
            raw,
            protocol.redacted,
            protocol=protocol.name,
            fault=fault.value,
            detail=detail,
            address=self.address,
            device=who.id if who else None,
        )
        self._bad_in_a_row += 1
        if self._bad_in_a_row > hub.limits.bad_frames_in_a_row:
            self.hang_up("too many bad frames")

    def _ring(self) -> None:
        self._timer = None
        if self._alarm is None or self._closing:
            return
        at = self._hub.clock()
        if at < self._alarm:
            self._set_alarm(self._alarm)
            return
        self._alarm = None
        self._carry_out(self.session.wake(at), at)
        self._hub.pipeline.kick()

    def _answered(self, question: Question, value: object) -> None:
        if self._closing:
            return
        at = self._hub.clock()
        self._carry_out(self.session.answer(question, value, at), at)
        self._hub.pipeline.kick()

    def _last_word(self, at: Instant) -> None:
        """The session settles what was in flight; after this the connection speaks for nobody."""
        if self.device is not None:
            try:
                self._carry_out(self.session.disconnected(at), at)
            except Exception:
                log.exception("session failed to end", device=self.device.id)
            self._hub.pipeline.kick()
        self.device = self.guest = None

    # Effects.

    def _carry_out(
        self, effects: Effects, at: Instant, message: str = "", received: bytes | None = None
    ) -> None:
        """All effects of one input; what came in and went out because of it becomes one entry of the log."""
        events: list[Event] = []
        sent: list[bytes] = []
        self._perform(effects, at, events, sent)
        if received is None:  # nothing came in: named for what went out
            message = next((effect.message for effect in effects if isinstance(effect, Send)), "")
        if received is not None or events or sent:
            self._write_down(message, received, events, sent, at)

    def _perform(self, effects: Effects, at: Instant, events: list[Event], sent: list[bytes]) -> None:
        for effect in effects:
            if isinstance(effect, Emit):
                events.append(effect.event)
                if self.device is not None:
                    self._barrier = self._hub.pipeline.gathering
                else:
                    self._withholding = True
            elif isinstance(effect, Send):
                self._send(effect, at, sent)
            else:
                self._rare(effect, at, events, sent)

    def _send(self, effect: Send, at: Instant, sent: list[bytes]) -> None:
        if self._closing:
            return
        pipeline = self._hub.pipeline
        if effect.command is not None:
            self._send_command(effect, at, sent)
        elif self._barrier > pipeline.durable:
            pipeline.send_when_durable(self, self._barrier, effect.data)
            sent.append(effect.data)
        elif not self._withholding or effect.courtesy:
            self.write(effect.data)
            sent.append(effect.data)

    def _send_command(self, effect: Send, at: Instant, sent: list[bytes]) -> None:
        pipeline = self._hub.pipeline
        departure = self._hub.desk.depart(effect, self.device, at)
        if departure is None:
            return
        guarded, first = departure
        if first:
            self._barrier = pipeline.gathering
        if self._barrier > pipeline.durable:
            pipeline.send_when_durable(self, self._barrier, guarded)
        else:
            self.write(guarded.data)
        sent.append(effect.data)

    def _rare(self, effect: Effect, at: Instant, events: list[Event], sent: list[bytes]) -> None:
        match effect:
            case Settle():
                if self._hub.desk.settle(effect, self.device, at):
                    self._barrier = self._hub.pipeline.gathering
            case WakeAt():
                self._set_alarm(effect.at)
            case Identify():
                if not self._closing:
                    self._perform(self._identify(effect, at), at, events, sent)
            case Ask():
                until = at + seconds(self._hub.limits.firmware_offer_s)
                self._hub.spawn(self._ask(effect.question, until))
            case Close():
                self.hang_up(effect.reason)

    def _set_alarm(self, at: Instant | None) -> None:
        """A timer that rings too early costs less than one cancelled and made anew with every frame."""
        self._alarm = at
        if at is None or self._closing or (self._timer is not None and self._timer_at <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        delay_s = max(0.0, (at - self._hub.clock()) / SECOND)
        self._timer = self._hub.loop.call_later(delay_s, self._ring)

    async def _ask(self, question: Question, until: Instant) -> None:
        self._answered(question, await self._hub.answers.to(question, until))

    def _write_down(
        self, message: str, received: bytes | None, events: list[Event], sent: list[bytes], at: Instant
    ) -> None:
        """One entry for the exchange with its first event, and one for each further event."""
        who = self.device or self.guest
        if who is None:
            if events:
                protocol, raw = self._route.protocol, received or b""
                self._hub.stats.bad_frames[protocol.name, "unidentified"] += 1
                self._hub.complaints.say("event of nobody", raw, protocol.redacted, address=self.address)
            return
        answer = sent[0] if len(sent) == 1 else b"".join(sent) or None
        first = events[0] if events else None
        entry = Entry(who.id, at, message or (first.message if first else ""), first, received, answer)
        if self.device is not None:
            self._route.add(entry)
            for event in events[1:]:
                self._route.add(Entry(who.id, at, entry.message, event))
        elif self.guest is not None:
            entries = [entry, *(Entry(who.id, at, entry.message, event) for event in events[1:])]
            self._hub.registry.quarantine.hold(self.guest, entry.message, entries, at)

    # Identity.

    def _identify(self, said: Identify, at: Instant) -> Effects:
        if not self._route.ident.fullmatch(said.ident) or not IDENT.fullmatch(said.ident):
            self._refuse(Fault.MESSAGE, "no such identity", said.ident.encode(errors="replace"))
            self.hang_up("no such identity")
            return []
        known = self.device or self.guest
        expected = split_device_id(known.id)[1] if known is not None else self._ident
        if expected not in {None, said.ident}:
            self.hang_up("says that it is another device")
            return []
        who = introduce(self._hub, self, self._route.protocol.name, said.ident, at)
        if isinstance(who, TurnedAway):
            self.device = self.guest = None
            self.turn_away(who.hold_s, who.reason)
            return []
        if isinstance(who, Guest):
            self.device, self.guest = None, who
            return self.session.answer(said, Registration(accepted=False), at)
        return self._welcome(who, said, at)

    def _welcome(self, device: Device, said: Identify, at: Instant) -> Effects:
        hub = self._hub
        self.device, self.guest = device, None
        if device.registered_in > hub.pipeline.durable:
            self._barrier = max(self._barrier, device.registered_in)
        if self._withholding:  # events of this very input, which come into the log now
            self._withholding = False
            self._barrier = hub.pipeline.gathering
        hub.desk.arrived(device)
        return self.session.answer(said, Registration(True, hub.desk.open_commands(device)), at)
