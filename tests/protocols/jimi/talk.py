"""What the tests of sessions and simulators share: commands, frames as a device sends them, a duet."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count

import msgspec

from tests.harness import Duet
from wayside.model.commands import Command
from wayside.protocol.base import Side
from wayside.protocol.effects import Effects
from wayside.protocol.session import Setup
from wayside.protocol.simulator import Behaviour
from wayside.protocols.jimi import PROTOCOL
from wayside.protocols.jimi.commands import BY_NAME
from wayside.protocols.jimi.frames import Frame, JimiFramer, seal
from wayside.protocols.jimi.session import JimiSession
from wayside.protocols.jimi.simulator import JimiSimulator

IMEI = "752533678900242"
NOW = 1_700_000_000_000_000

_numbers: Iterator[int] = count(0x12345)


def command(capability: str, **parameters: object) -> Command:
    number = next(_numbers)
    wanted = msgspec.convert(parameters, BY_NAME[capability].parameters)
    return Command(f"c{number}", number, capability, wanted)


def frame(raw: bytes) -> Frame:
    (found,) = JimiFramer(Side.DEVICE).feed(raw)
    assert isinstance(found, Frame)
    return found


def packet(code: int, body: bytes, serial: int = 1) -> Frame:
    return frame(seal(code, body, serial))


def reply(number: int, text: bytes) -> Frame:
    return packet(0x21, number.to_bytes(4) + b"\x01" + text)


def upload_notice(names: str) -> Frame:
    """A 0x69: the printed alarm's position, and these files (section 5.4)."""
    place = bytes.fromhex("ffff01 14080b061124 df 026c1958 0c38d1db 14f3 0000 008e")
    return packet(0x95, place + b"\x69\x00\x00" + names.encode())


def known() -> JimiSession:
    return JimiSession(Setup(ident=IMEI))


def receive(session: JimiSession, raw: bytes) -> Effects:
    return session.receive(frame(raw), NOW)


def duet(number: int = 2, faults: float = 0.0, seed: int = 1, *, accepted: bool = True) -> Duet:
    link = PROTOCOL.links[0]
    simulator = JimiSimulator(Behaviour(number, faults=faults), random.Random(seed))
    return Duet(link.session(Setup()), simulator, link.framer(Side.DEVICE), accepted=accepted)
