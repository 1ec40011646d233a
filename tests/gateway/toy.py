"""A small protocol for the gateway's tests: lines of words, with a login, reports that want an answer, and commands.

Device: ``LOGIN ident`` · ``BEAT`` · ``REPORT n value`` · ``ANSWER number ACKED|OK|FAIL`` · and words that misbehave.
Server: ``HELLO`` and ``BEAT`` (courtesies) · ``OK n`` · ``DO number capability argument`` · ``TIME n`` (plain).
"""

from __future__ import annotations

from typing import Annotated, Any, NoReturn

import msgspec

from wayside.model.commands import Capability, Command, Risk, State
from wayside.model.errors import CommandError
from wayside.model.events import Event, Kind
from wayside.model.instant import Instant, seconds
from wayside.protocol.base import Link, Protocol, Transport
from wayside.protocol.effects import Ask, Close, Effects, Emit, Identify, Send, Settle, WakeAt
from wayside.protocol.framing import MORE, Fault, FrameError, Framer
from wayside.protocol.inflight import InFlight
from wayside.protocol.questions import Question, Registration, WantFirmware
from wayside.protocol.session import Session, Setup
from wayside.wire.errors import DecodeError

ANSWER_WITHIN_S = 30.0
IDLE_S = 360_000.0


class Line(msgspec.Struct, frozen=True):
    raw: bytes

    @property
    def words(self) -> list[str]:
        return self.raw.decode().split()

    @property
    def name(self) -> str:
        return self.words[0].lower()


class LineFramer(Framer[Line]):
    frame_bytes_max = 256 * 1024

    def find(self, buffer: bytes, position: int) -> int:
        return position

    def measure(self, buffer: bytes, start: int) -> int:
        end = buffer.find(b"\n", start)
        return MORE if end < 0 else end + 1 - start

    def open(self, raw: bytes) -> Line:
        if not raw.strip().isascii() or not raw.strip():
            raise FrameError(Fault.CHECKSUM, "not a line of words", in_step=True)
        return Line(raw)


class Minutes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    minutes: Annotated[int, msgspec.Meta(ge=1, le=180)]


class Rekey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str


class Upgrade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    firmware: str


class ToySession:
    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.ident = setup.ident
        self.options = setup.options_for(setup.ident)
        self.waiting: InFlight[int] = InFlight()
        self.asked: dict[str, Command] = {}

    def connected(self, at: Instant) -> Effects:
        return []

    def receive(self, frame: Line, at: Instant) -> Effects:  # noqa: C901 - one case per word is the clearest
        word, *rest = frame.words
        match word, rest:
            case "LOGIN", [ident]:
                self.ident = ident
                self.options = self.setup.options_for(ident)
                return [Identify(ident), Send(b"HELLO\n", "hello", courtesy=True)]
            case "BEAT", []:
                return [Send(b"BEAT\n", "beat", courtesy=True)]
            case "REPORT", [number, value]:
                return [report(number, value), Send(f"OK {number}\n".encode(), "ok")]
            case "QUIET", [value]:
                return [report("0", value)]
            case "TWICE", [number]:
                return [report(number, "1"), report(number, "2"), Send(f"OK {number}\n".encode(), "ok")]
            case "CLOCK", [number]:
                return [Send(f"TIME {number}\n".encode(), "time")]
            case "ANSWER", [number, result]:
                return self.answered(int(number), result)
            case "WAKE", [delay_s]:
                return [WakeAt(at + seconds(float(delay_s)))]
            case "HUSH", []:
                return [WakeAt(None)]
            case "BYE", []:
                return [report("0", "bye"), Send(b"OK bye\n", "ok"), Close("said goodbye")]
            case "BOOM", []:
                raise RuntimeError("a fault in the session")
            case "POISON", [number]:
                return [report(number, "poison"), Send(f"OK {number}\n".encode(), "ok")]
        raise DecodeError(f"{word}: no such message")

    def answered(self, number: int, result: str) -> Effects:
        if result == "ACKED":
            waiting = self.waiting.peek(number)
            return [Settle(waiting.command, State.ACKNOWLEDGED)] if waiting else []
        taken = self.waiting.take(number)
        if taken is None:
            return []
        state = State.SUCCEEDED if result == "OK" else State.FAILED
        return [Settle(taken.command, state, values={"reply.text": result}, late=taken.late), self.alarm()]

    def execute(self, command: Command, at: Instant) -> Effects:
        match command.capability:
            case "refuse":
                return [Settle(command.id, State.REJECTED, "not by me")]
            case "cannot":
                raise CommandError("too long for a line", "parameters.text")
            case "boom":
                raise RuntimeError("a fault in the session")
            case "upgrade":
                self.asked[command.id] = command
                firmware = command.parameters.firmware  # type: ignore[attr-defined]  # its own Struct, see above
                return [Ask(WantFirmware(command.id, firmware))]
            case "tell":
                return [self.do(command, ""), Settle(command.id, State.UNCONFIRMED)]
        argument = str(getattr(command.parameters, "minutes", ""))
        return self.send(command, argument, at)

    def send(self, command: Command, argument: str, at: Instant) -> Effects:
        self.waiting.open(command.number, command.id, at + seconds(ANSWER_WITHIN_S))
        return [self.do(command, argument), self.alarm()]

    def do(self, command: Command, argument: str) -> Send:
        line = f"DO {command.number} {command.capability} {argument}".strip()
        return Send(f"{line}\n".encode(), "do", command=command.id)

    def answer(self, question: Question | Identify, value: Any, at: Instant) -> Effects:  # noqa: ANN401 - as in Session
        if isinstance(question, Identify):
            registration: Registration = value
            for earlier in registration.open_commands:
                self.waiting.remember(earlier.number, earlier.id)
            return [Send(b"KNOWN\n", "known")] if registration.accepted else []
        assert isinstance(question, WantFirmware)
        command = self.asked.pop(question.command)
        if value is None:
            return [Settle(command.id, State.REJECTED, "no such firmware")]
        return self.send(command, value.url, at)

    def wake(self, at: Instant) -> Effects:
        expired = self.waiting.expire(at)
        if not expired:
            return [report("0", "woke")]
        return [*(Settle(waiting.command, State.TIMED_OUT) for waiting in expired), self.alarm()]

    def disconnected(self, at: Instant) -> Effects:
        dropped = self.waiting.drop()
        return [Settle(waiting.command, State.UNKNOWN, "disconnected") for waiting in dropped[:1]]

    def alarm(self) -> WakeAt:
        return WakeAt(self.waiting.next_deadline)


def report(number: str, value: str) -> Emit:
    return Emit(Event(Kind.REPORT, "report", {"number": number, "value": value}))


def session(setup: Setup) -> Session:
    return ToySession(setup)


def nothing(*_: object) -> NoReturn:
    raise AssertionError("the gateway needs no such thing")


TOY = Protocol(
    name="toy",
    title="Toy",
    ident="[0-9]{4}",
    example="0001",
    links=(
        Link(
            Transport.TCP, lambda _: LineFramer(), nothing, session, nothing, idle_timeout_s=IDLE_S, port=None
        ),
        Link(Transport.SERIAL, lambda _: LineFramer(), nothing, session, nothing, idle_timeout_s=IDLE_S),
    ),
    capabilities=(
        Capability("read", "Read", Risk.QUERY),
        Capability("fetch", "Fetch a file", Risk.QUERY, file_within_s=60.0),
        Capability("set", "Set", Risk.SETTING, Minutes, lane="set", expires_after_s=600.0),
        Capability("move", "Move", Risk.ACTUATION, Minutes, lane="arm", expires_after_s=20.0),
        Capability("rekey", "Rekey", Risk.SETTING, Rekey, keeps={"key": "device_key"}),
        Capability("reset", "Reset", Risk.DANGEROUS),
        Capability("upgrade", "Upgrade", Risk.DANGEROUS, Upgrade),
        Capability("tell", "Tell", Risk.SETTING),
        Capability("refuse", "Refuse", Risk.QUERY),
        Capability("cannot", "Cannot", Risk.QUERY),
        Capability("boom", "Boom", Risk.QUERY),
    ),
    messages=(),
    teaches={"number": "last_number"},
)
