"""A session fed with frames by hand."""

from __future__ import annotations

from typing import Final

import msgspec

from tests.protocols.power_bank.printed import IMEI, frame
from wayside.model.commands import Command, State
from wayside.model.instant import Instant, seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Effects, Emit, Identify, Send, Settle
from wayside.protocol.questions import OpenCommand, Registration
from wayside.protocol.session import Setup
from wayside.protocols.power_bank.commands import CAPABILITIES
from wayside.protocols.power_bank.frames import BraceFramer, Frame
from wayside.protocols.power_bank.session import PowerBankSession

START: Final[Instant] = 1_700_000_000 * 1_000_000


class Cabinet:
    """Talks to a session in contents without their envelope, and keeps the time."""

    def __init__(
        self,
        *open_commands: OpenCommand,
        accepted: bool = True,
        options: dict[str, str] | None = None,
        own: dict[str, dict[str, str]] | None = None,
    ) -> None:
        setup = Setup(options=options or {}, options_of=lambda imei: (own or {}).get(imei, {}))
        self.session = PowerBankSession(setup)
        self.registration = Registration(accepted, open_commands)
        self.now = START

    def say(self, content: str, imei: str = IMEI, crc: str | None = None) -> Effects:
        """The effects of one frame, with what the answer to an ``Identify`` brought before the others."""
        (found,) = BraceFramer(Side.DEVICE).feed(frame(content, imei, crc))
        assert isinstance(found, Frame)
        effects: Effects = []
        for effect in self.session.receive(found, self.now):
            effects.append(effect)
            if isinstance(effect, Identify):
                effects += self.session.answer(effect, self.registration, self.now)
        return effects

    def ask(self, capability: str, name: str = "", **parameters: object) -> Effects:
        """Begin a command; its id is the capability's name unless another is given."""
        kind = next(one.parameters for one in CAPABILITIES if one.name == capability)
        return self.session.execute(Command(name or capability, 7, capability, kind(**parameters)), self.now)

    def wait(self, duration_s: float) -> Effects:
        self.now += seconds(duration_s)
        return self.session.wake(self.now)

    def lose(self) -> Effects:
        return self.session.disconnected(self.now)


def sent(effects: Effects) -> list[str]:
    """What goes to the cabinet, without envelope; every CRC must be right."""
    contents = []
    for effect in effects:
        if isinstance(effect, Send):
            content = effect.data.decode().removeprefix(f'{{"{IMEI},')[: -len(',FFFF"}\r\n')]
            assert effect.data == frame(content)
            contents.append(content)
    return contents


def settled(effects: Effects) -> list[tuple[str, State, bool]]:
    """Commands, the states that they came to, and whether late."""
    return [(effect.command, effect.state, effect.late) for effect in effects if isinstance(effect, Settle)]


def emitted(effects: Effects) -> list[str]:
    return [effect.event.message for effect in effects if isinstance(effect, Emit)]


def left_open(
    capability: str, state: State, *, sent_at: Instant | None = None, **parameters: object
) -> OpenCommand:
    """A command that an earlier connection left."""
    kind = next(one.parameters for one in CAPABILITIES if one.name == capability)
    values: msgspec.Struct = kind(**parameters)
    return OpenCommand(capability, 7, capability, values, state, sent_at)
