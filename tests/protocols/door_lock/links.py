"""A session fed with messages by hand."""

from __future__ import annotations

from random import Random

import msgspec

from tests.protocols.door_lock.printed import LOCK
from wayside.model.commands import Command, State
from wayside.model.instant import Instant, from_rfc3339, seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Effects, Identify, Send, Settle
from wayside.protocol.questions import OpenCommand, Registration
from wayside.protocol.session import Setup
from wayside.protocols.door_lock import messages as m
from wayside.protocols.door_lock.commands import CAPABILITIES
from wayside.protocols.door_lock.frames import DoorLockFramer, Frame
from wayside.protocols.door_lock.session import DoorLockSession

START: Instant = from_rfc3339("2026-11-21T10:15:42Z")
IDENT = "BBA050D99990"

CLOCK_SET = m.ClockSet(0x000A, bytes(4), LOCK, bytes(6))
LOCK_CODE = m.LockCode(bytes(range(16)))


def opened(status: int, wait_s: int = 0) -> m.OpenAnswer:
    return m.OpenAnswer(m.OpenStatus(status), wait_s, 0, 0, 0, 0, 0, 0, bytes(8))


class Door:
    """Talks to a session in messages, and keeps the time."""

    def __init__(self, *open_commands: OpenCommand, **options: str) -> None:
        self.session = DoorLockSession(Setup(random_bytes=Random(1).randbytes, options=options))
        self.registration = Registration(accepted=True, open_commands=open_commands)
        self.now = START

    def connect(self) -> Effects:
        return self.session.connected(self.now) + self.say(CLOCK_SET)

    def say(self, message: msgspec.Struct, mac: bytes = LOCK) -> Effects:
        """The effects of one message, with what the answer to an ``Identify`` brought behind them."""
        (frame,) = DoorLockFramer(Side.DEVICE).feed(m.write(message, mac))
        assert isinstance(frame, Frame)
        effects = self.session.receive(frame, self.now)
        for effect in list(effects):
            if isinstance(effect, Identify):
                effects += self.session.answer(effect, self.registration, self.now)
        return effects

    def ask(self, capability: str, command: str = "", number: int = 7, **parameters: object) -> Effects:
        """Begin a command; its id is the capability's name unless another is given."""
        kind = next(one.parameters for one in CAPABILITIES if one.name == capability)
        return self.session.execute(
            Command(command or capability, number, capability, kind(**parameters)), self.now
        )

    def wait(self, duration_s: float) -> Effects:
        self.now += seconds(duration_s)
        return self.session.wake(self.now)

    def lose(self) -> Effects:
        return self.session.disconnected(self.now)


def sent(effects: Effects) -> list[msgspec.Struct]:
    """What goes to the lock."""
    frames = [f for e in effects if isinstance(e, Send) for f in DoorLockFramer(Side.SERVER).feed(e.data)]
    return [m.parse(frame, Side.SERVER) for frame in frames if isinstance(frame, Frame)]


def settled(effects: Effects) -> list[tuple[State, bool]]:
    """States that commands came to, and whether late."""
    return [(effect.state, effect.late) for effect in effects if isinstance(effect, Settle)]
