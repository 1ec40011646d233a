"""What the tests need of a link: duets, recordings of both directions, and commands that can be carried out."""

from __future__ import annotations

import random
from functools import cache
from typing import Any, NamedTuple

import msgspec
from hypothesis import Phase, find, settings

from tests.conformance.parameters import parameters_of
from tests.harness import Duet
from wayside.app.protocols import PROTOCOLS
from wayside.model.commands import Capability, Command
from wayside.model.errors import CommandError
from wayside.protocol.base import Link, Protocol, Side
from wayside.protocol.framing import BadFrame, Framer
from wayside.protocol.questions import BankKnown, FirmwareOffer, Question, WantBank, WantFirmware
from wayside.protocol.session import Session, Setup
from wayside.protocol.simulator import Behaviour

FILE = bytes(range(256)) * 16
OFFER = FirmwareOffer("http://files.example/fw/0123456789abcdef", len(FILE), sum(FILE), FILE)


def answer(question: Question) -> object:
    """The platform's answers to whatever a session may ask."""
    match question:
        case WantFirmware():
            return OFFER
        case WantBank():
            return BankKnown(ours=True)


class Rig(NamedTuple):
    """A link of a protocol."""

    protocol: Protocol
    link: Link

    def __hash__(self) -> int:
        """By name: what a protocol declares may be a dictionary."""
        return hash((self.protocol.name, self.link.transport))

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What this link carries."""
        return tuple(each for each in self.protocol.capabilities if self.link.carries(each.name))

    def framer(self, side: Side = Side.DEVICE) -> Framer[Any]:
        return self.link.framer(side)

    def session(self) -> Session:
        """One that does not know its device yet."""
        return self.link.session(Setup(random_bytes=random.Random(1).randbytes))

    def known_session(self) -> Session:
        """One that does."""
        return self.link.session(Setup(ident=self.protocol.example, random_bytes=random.Random(1).randbytes))

    def duet(self, *, number: int = 3, faults: float = 0.0, seed: int = 1) -> Duet:
        """A connected pair; the device has said who it is, and reported now and then."""
        simulator = self.link.simulator(Behaviour(number, faults=faults), random.Random(seed))
        duet = Duet(self.session(), simulator, self.framer(), answer=answer)
        duet.connect()
        duet.run(60)
        return duet

    def command(self, capability: Capability, number: int = 1) -> Command:
        """One that a session carries out."""
        return Command(
            f"{capability.name}-{number}", number, capability.name, _example(self, capability.name)
        )


LINKS = [Rig(protocol, link) for protocol in PROTOCOLS for link in protocol.links]


@cache
def _example(rig: Rig, name: str) -> msgspec.Struct:
    """The first parameters that the session takes; some hang together in ways that no schema says."""
    capability = rig.protocol.capability(name)
    assert capability is not None

    def taken(parameters: msgspec.Struct) -> bool:
        command = Command("try", 1, name, parameters)
        try:
            rig.known_session().execute(command, 0)
        except CommandError:
            return False
        return True

    # Hypothesis begins with the simplest.  Making others simpler would take a minute for all links.
    first = settings(database=None, derandomize=True, phases=[Phase.generate])
    return find(parameters_of(capability.parameters), taken, settings=first)


class Recording(NamedTuple):
    """Some minutes of a conversation, all capabilities included: each write of each side."""

    device: tuple[bytes, ...]
    server: tuple[bytes, ...]

    def of(self, side: Side) -> tuple[bytes, ...]:
        return self.device if side is Side.DEVICE else self.server


@cache
def recording(rig: Rig) -> Recording:
    duet = rig.duet()
    writes: list[bytes] = []

    def listen(data: bytes) -> list[bytes]:
        writes.append(data)
        return [data]

    duet.to_server.tamper = listen
    duet.reconnect(rig.session(), rig.framer())
    for number, capability in enumerate(rig.capabilities):
        if not duet.connected:
            duet.reconnect(rig.session(), rig.framer())
        duet.execute(rig.command(capability, number))
        duet.run(capability.answer_within_s + 60)
    return Recording(tuple(writes), tuple(send.data for send in duet.sent))


def frames(rig: Rig, side: Side = Side.DEVICE) -> list[Any]:
    """The frames of the recording, none of them bad."""
    found = rig.framer(side).feed(b"".join(recording(rig).of(side)))
    assert not any(isinstance(frame, BadFrame) for frame in found)
    return found


@cache
def kinds_of_frames(rig: Rig, side: Side = Side.DEVICE) -> list[Any]:
    """One frame of each name."""
    return list({frame.name: frame for frame in frames(rig, side)}.values())
