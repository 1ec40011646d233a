"""The server's side of a connection: a login first, answers where the document has them, commands by their flag."""

from __future__ import annotations

from typing import Any, Final

from wayside.model.commands import Command, State
from wayside.model.instant import Instant, seconds
from wayside.protocol.effects import Close, Effects, Emit, Identify, Send, Settle, WakeAt
from wayside.protocol.inflight import InFlight, Waiting
from wayside.protocol.questions import Question, Registration
from wayside.protocol.session import Setup
from wayside.protocols.jimi.codes import ANSWERED, COMMAND, COURTESY, LOGIN, SERVER_NAMES
from wayside.protocols.jimi.commands import BY_NAME, SILENCE, is_refusal, text_for
from wayside.protocols.jimi.frames import Frame, acknowledge, seal
from wayside.protocols.jimi.messages import parse_device
from wayside.protocols.jimi.messages.basic import Login, Reply, ReplyWithLanguage, command_body
from wayside.protocols.jimi.translate import events
from wayside.protocols.jimi.translate.state import imei_of_terminal, reply_text

_SERIAL_MASK: Final = 0xFFFF

NO_LOGIN: Final = "the first packet is not a login"
NO_IMEI: Final = "the login's terminal id is no IMEI"
ANOTHER_IMEI: Final = "a second login with another IMEI"


class JimiSession:
    """One connection of one camera.

    A terminal that is not registered is answered like every other (rule 6 of section 3): which answers really
    leave is decided by their ``courtesy``.
    """

    __slots__ = ("_ident", "_in_flight")

    def __init__(self, setup: Setup) -> None:
        self._ident = setup.ident
        # Thousands of connections never see a command: its bookkeeping is made for the first one.
        self._in_flight: InFlight[int] | None = None

    def connected(self, at: Instant) -> Effects:  # noqa: ARG002 - the Session's signature
        """The terminal speaks first."""
        return []

    def receive(self, frame: Frame, at: Instant) -> Effects:  # noqa: ARG002 - likewise
        """Events first, so that the answer, if there is one, leaves when they are stored."""
        code = frame.code
        if code == LOGIN:
            return self._login(frame)
        if self._ident is None:
            return [Close(NO_LOGIN)]
        message = parse_device(frame)
        effects: Effects = [Emit(event) for event in events(message)]
        if code in ANSWERED:
            effects.append(_answer(frame))
        elif isinstance(message, Reply | ReplyWithLanguage):
            effects += self._settle(message)
        return effects

    def execute(self, command: Command, at: Instant) -> Effects:
        """One 0x80 packet.  Its server flag is the command's number, which the reply and file uploads repeat."""
        text = text_for(command.capability, command.parameters)
        data = seal(COMMAND, command_body(command.number, text), command.number & _SERIAL_MASK)
        capability = BY_NAME[command.capability]
        in_flight = self._commands()
        deadline = at + seconds(capability.answer_within_s)
        in_flight.open(command.number, command.id, deadline, SILENCE[capability.risk])
        return [Send(data, SERVER_NAMES[COMMAND], command.id), WakeAt(in_flight.next_deadline)]

    def answer(
        self,
        question: Question | Identify,  # noqa: ARG002 - the only question asked is Identify
        value: Any,  # noqa: ANN401 - see questions.py
        at: Instant,  # noqa: ARG002 - the Session's signature
    ) -> Effects:
        """Commands that an earlier connection left open are known again, should their replies still come."""
        if isinstance(value, Registration):
            for command in value.open_commands:
                self._commands().remember(command.number, command.id)
        return []

    def wake(self, at: Instant) -> Effects:
        """Give up waiting for what is due, and know it for a late reply."""
        if self._in_flight is None:
            return []
        expired = _unanswered(self._in_flight.expire(at), "no reply in time")
        return [*expired, WakeAt(self._in_flight.next_deadline)]

    def disconnected(self, at: Instant) -> Effects:  # noqa: ARG002 - the Session's signature
        """Nobody knows what became of the commands that were under way."""
        dropped = self._in_flight.drop() if self._in_flight else []
        return _unanswered(dropped, "the connection ended before the reply")

    def _login(self, frame: Frame) -> Effects:
        message = parse_device(frame)
        imei = imei_of_terminal(message.terminal_id) if isinstance(message, Login) else None
        if imei is None:
            return [Close(NO_IMEI)]
        if self._ident not in {None, imei}:
            return [Close(ANOTHER_IMEI)]
        effects: Effects = [] if self._ident else [Identify(imei)]
        self._ident = imei
        effects += [Emit(event) for event in events(message)]
        effects.append(_answer(frame))
        return effects

    def _settle(self, reply: Reply | ReplyWithLanguage) -> Effects:
        waiting = self._in_flight.take(reply.server_flag) if self._in_flight else None
        if waiting is None or self._in_flight is None:
            return []
        text = reply_text(reply)
        state, detail = State.SUCCEEDED, ""
        if is_refusal(text):
            state, detail = State.FAILED if waiting.late else State.REJECTED, text
        settled = Settle(waiting.command, state, detail, {"reply.text": text}, waiting.late)
        return [settled, WakeAt(self._in_flight.next_deadline)]

    def _commands(self) -> InFlight[int]:
        if self._in_flight is None:
            self._in_flight = InFlight()
        return self._in_flight


def _answer(frame: Frame) -> Send:
    """The empty packet with the same protocol and serial number (5.1.2, 5.2.2, 5.3.2, 5.11.2, 5.12.2, 5.13.2)."""
    data = acknowledge(frame.code, frame.serial)
    return Send(data, SERVER_NAMES[frame.code], courtesy=frame.code in COURTESY)


def _unanswered(commands: list[Waiting], detail: str) -> Effects:
    return [Settle(waiting.command, waiting.unanswered, detail) for waiting in commands]
