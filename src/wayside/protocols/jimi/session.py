"""The server's side of a connection: a login first, answers where the document has them, commands by their flag."""

from __future__ import annotations

from typing import Any, Final

from wayside.model.commands import Command
from wayside.model.instant import Instant
from wayside.protocol.effects import Close, Effects, Emit, Identify, Send, WakeAt
from wayside.protocol.questions import Question, Registration
from wayside.protocol.session import Setup
from wayside.protocols.jimi.codes import ALARM, ANSWERED, COMMAND, COURTESY, LOGIN, SERVER_NAMES
from wayside.protocols.jimi.commands import text_for
from wayside.protocols.jimi.frames import Frame, acknowledge, seal
from wayside.protocols.jimi.messages import parse_device
from wayside.protocols.jimi.messages.basic import Login, Reply, ReplyWithLanguage, command_body
from wayside.protocols.jimi.pending import Pending
from wayside.protocols.jimi.translate import events
from wayside.protocols.jimi.translate.position import uploading
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

    __slots__ = ("_ident", "_pending")

    def __init__(self, setup: Setup) -> None:
        self._ident = setup.ident
        # Thousands of connections never see a command: its bookkeeping is made for the first one.
        self._pending: Pending | None = None

    def connected(self, at: Instant) -> Effects:  # noqa: ARG002 - the Session's signature
        """The terminal speaks first."""
        return []

    def receive(self, frame: Frame, at: Instant) -> Effects:
        """Events first, so that the answer, if there is one, leaves when they are stored."""
        code = frame.code
        if code == LOGIN:
            return self._login(frame)
        if self._ident is None:
            return [Close(NO_LOGIN)]
        message = parse_device(frame)
        effects: Effects = [*map(Emit, events(message))]
        if code in ANSWERED:
            effects.append(_answer(code, frame.serial))
            return effects
        if self._pending is None:
            return effects
        if isinstance(message, Reply | ReplyWithLanguage):
            effects += self._pending.replied(message.server_flag, reply_text(message), at)
        elif code == ALARM and (names := uploading(message)):
            self._pending.uploading(names)
        return effects

    def execute(self, command: Command, at: Instant) -> Effects:
        """One 0x80 packet.  Its server flag is the command's number, which the reply and file uploads repeat."""
        text = text_for(command.capability, command.parameters)
        data = seal(COMMAND, command_body(command.number, text), command.number & _SERIAL_MASK)
        pending = self._commands()
        pending.begin(command, at)
        return [Send(data, SERVER_NAMES[COMMAND], command.id), WakeAt(pending.next_deadline)]

    def answer(
        self,
        question: Question | Identify,  # noqa: ARG002 - the only question asked is Identify
        value: Any,  # noqa: ANN401 - see questions.py
        at: Instant,  # noqa: ARG002 - the Session's signature
    ) -> Effects:
        """Commands that an earlier connection left open are known again, should their replies still come."""
        if isinstance(value, Registration):
            for command in value.open_commands:
                self._commands().remember(command)
        return []

    def wake(self, at: Instant) -> Effects:
        """Give up waiting for what is due, and know it for a late reply."""
        return self._pending.expired(at) if self._pending else []

    def disconnected(self, at: Instant) -> Effects:  # noqa: ARG002 - the Session's signature
        """Nobody knows what became of the commands that were under way."""
        return self._pending.dropped() if self._pending else []

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
        effects.append(_answer(frame.code, frame.serial))
        return effects

    def _commands(self) -> Pending:
        if self._pending is None:
            self._pending = Pending()
        return self._pending


def _answer(code: int, serial: int) -> Send:
    """The empty packet with the same protocol and serial number (5.1.2, 5.2.2, 5.3.2, 5.11.2, 5.12.2, 5.13.2)."""
    return Send(acknowledge(code, serial), SERVER_NAMES[code], None, code in COURTESY)
