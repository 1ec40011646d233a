"""The commands of one connection that are not over: first a reply is due, then, of some, a file (section 5.5.2).

The files come over HTTP, past the session: whoever takes them settles their commands.  The session only stops waiting.
"""

from __future__ import annotations

from typing import Final

from wayside.model.commands import Command, State
from wayside.model.instant import Instant, seconds
from wayside.protocol.effects import Effects, Settle, WakeAt
from wayside.protocol.inflight import InFlight, Waiting
from wayside.protocol.questions import OpenCommand
from wayside.protocols.jimi.commands import BY_NAME, SILENCE, is_refusal

NO_REPLY: Final = "no reply in time"
NO_FILE: Final = "no file in time"
CUT_OFF: Final = "the connection ended before the reply"
CUT_OFF_FILE: Final = "the connection ended before the file came"

NAMES_CHARACTERS_MAX: Final = 200
"""Of the names that a camera says it uploads, in a command's detail: two names have some ninety."""


class Pending:
    """Commands by their number, which is the server flag of their packets."""

    __slots__ = ("_files", "_replies", "_uploading")

    def __init__(self) -> None:
        self._replies: InFlight[int] = InFlight()
        self._files: InFlight[int] = InFlight()
        self._uploading = ""

    def begin(self, command: Command, at: Instant) -> None:
        """It is about to be sent."""
        capability = BY_NAME[command.capability]
        deadline = at + seconds(capability.answer_within_s)
        silence = SILENCE[capability.risk]
        self._replies.open(command.number, command.id, deadline, silence, capability.file_within_s)

    def remember(self, command: OpenCommand) -> None:
        """An earlier connection left it open."""
        capability = BY_NAME.get(command.capability)
        then_s = capability.file_within_s if capability else None
        self._replies.remember(command.number, command.id, then_s)

    def replied(self, flag: int, text: str, at: Instant) -> Effects:
        """What a reply with this flag settles; nothing, where it belongs to nobody."""
        waiting = self._replies.take(flag)
        if waiting is None:
            return self._failed(flag, text)
        state, detail = State.SUCCEEDED, ""
        if is_refusal(text):
            state, detail = State.FAILED if waiting.late else State.REJECTED, text
        elif waiting.then_s is not None:
            if waiting.late:  # that it has begun is no news of how it ends: only the file is
                return []
            state = State.ACKNOWLEDGED
            self._files.open(flag, waiting.command, at + seconds(waiting.then_s))
        settle = Settle(waiting.command, state, detail, {"reply.text": text}, waiting.late)
        return [settle, WakeAt(self.next_deadline)]

    def _failed(self, flag: int, text: str) -> Effects:
        """A second reply: of a command that waits for its file, only that there will be none is news."""
        waiting = self._files.take(flag) if is_refusal(text) else None
        if waiting is None:
            return []
        settle = Settle(waiting.command, State.FAILED, text, {"reply.text": text}, waiting.late)
        return [settle, WakeAt(self.next_deadline)]

    def uploading(self, names: list[str]) -> None:
        """The camera speaks of uploads (0x69), not of commands, nor of where to: it settles nothing.

        But when no file comes here, it tells that the camera sends them somewhere else.
        """
        if self._files.next_deadline is not None:
            self._uploading = ", ".join(names)[:NAMES_CHARACTERS_MAX]

    def expired(self, at: Instant) -> Effects:
        """Nothing came in time; the late word is still understood."""
        effects = _given_up(self._replies.expire(at), NO_REPLY)
        if files := self._files.expire(at):
            said = f", although the camera said that it uploads {self._uploading}" if self._uploading else ""
            effects += _given_up(files, NO_FILE + said)
            self._uploading = ""
        return [*effects, WakeAt(self.next_deadline)]

    def dropped(self) -> Effects:
        """The connection is gone.  An upload may still go on: its file settles the command late."""
        replies = _given_up(self._replies.drop(), CUT_OFF)
        return replies + _given_up(self._files.drop(), CUT_OFF_FILE)

    @property
    def next_deadline(self) -> Instant | None:
        """When ``expired`` has something to do."""
        dues = (self._replies.next_deadline, self._files.next_deadline)
        return min((due for due in dues if due is not None), default=None)


def _given_up(commands: list[Waiting], detail: str) -> Effects:
    return [Settle(waiting.command, waiting.unanswered, detail) for waiting in commands]
