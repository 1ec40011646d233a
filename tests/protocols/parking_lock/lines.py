"""A session fed with lines by hand."""

from __future__ import annotations

from wayside.model.commands import Command, NoParameters, State
from wayside.model.instant import Instant, seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Effects, Emit, Identify, Send, Settle
from wayside.protocol.questions import OpenCommand, Registration
from wayside.protocol.session import Setup
from wayside.protocols.parking_lock.commands import CAPABILITIES
from wayside.protocols.parking_lock.frames import Frame, LineFramer
from wayside.protocols.parking_lock.session import ParkingLockSession

IMEI = "866266066379439"
START: Instant = 1_700_638_984 * 1_000_000
SIGN_IN = "Q0,6023,E7:0F:B7:FD:A6:74,1,2,2"
HEARTBEAT = "H0,1,6023,31,0,2,1,1,1"


class Lock:
    """Talks to a session in lines without their envelope, and keeps the time."""

    def __init__(self, *open_commands: OpenCommand, setup: Setup | None = None) -> None:
        self.session = ParkingLockSession(setup or Setup())
        self.registration = Registration(accepted=True, open_commands=open_commands)
        self.now = START

    def say(self, content: str, imei: str = IMEI, vendor: str = "OM") -> Effects:
        """The effects of one line, with what the answer to an ``Identify`` brought behind them."""
        (frame,) = LineFramer(Side.DEVICE).feed(f"*BGCR,{vendor},{imei},{content}#".encode())
        assert isinstance(frame, Frame)
        effects = self.session.receive(frame, self.now)
        for effect in list(effects):
            if isinstance(effect, Identify):
                effects += self.session.answer(effect, self.registration, self.now)
        return effects

    def ask(self, capability: str, number: int = 7, **parameters: object) -> Effects:
        """Begin a command; its id is the capability's name."""
        kind = next(one.parameters for one in CAPABILITIES if one.name == capability)
        return self.session.execute(Command(capability, number, capability, kind(**parameters)), self.now)

    def wait(self, duration_s: float) -> Effects:
        self.now += seconds(duration_s)
        return self.session.wake(self.now)

    def lose(self) -> Effects:
        return self.session.disconnected(self.now)


def sent(effects: Effects) -> list[str]:
    """What goes to the lock, without envelope."""
    heads = (b"\xff\xff*BGCS,OM,", b"#\n")
    for effect in effects:
        if isinstance(effect, Send):
            assert effect.data.startswith(heads[0])
            assert effect.data.endswith(heads[1])
    return [
        effect.data.decode("latin-1")[len(heads[0]) + 16 : -len(heads[1])]
        for effect in effects
        if isinstance(effect, Send)
    ]


def settled(effects: Effects) -> list[tuple[State, bool]]:
    """States that commands came to, and whether late."""
    return [(effect.state, effect.late) for effect in effects if isinstance(effect, Settle)]


def emitted(effects: Effects) -> list[str]:
    return [effect.event.message for effect in effects if isinstance(effect, Emit)]


def left_open(
    capability: str,
    state: State,
    *,
    number: int = 7,
    sent_at: Instant | None = None,
    acknowledged_at: Instant | None = None,
    **parameters: object,
) -> OpenCommand:
    """A command that an earlier connection left."""
    kind = next(one.parameters for one in CAPABILITIES if one.name == capability)
    values = kind(**parameters) if parameters else NoParameters()
    return OpenCommand(capability, number, capability, values, state, sent_at, acknowledged_at)
