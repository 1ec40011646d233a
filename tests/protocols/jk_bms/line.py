"""A session and a simulated battery on one line, with what the tests ask of it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Final, TypedDict, Unpack

import msgspec

from tests.harness import Duet
from wayside.model.commands import Command, State
from wayside.model.events import Event, Values
from wayside.model.instant import Instant
from wayside.protocol.effects import Effects, Send, Settle
from wayside.protocol.session import Setup
from wayside.protocol.simulator import Behaviour
from wayside.protocols.jk_bms import PROTOCOL
from wayside.protocols.jk_bms.frames import BatteryFramer
from wayside.protocols.jk_bms.session import BatterySession
from wayside.protocols.jk_bms.simulator import BatterySimulator

CALM: Final = Behaviour(number=7, interval_s=10.0, faults=0.0)


class Kinds(TypedDict, total=False):
    """What kinds of battery there are; see ``BatterySimulator``."""

    cells: int
    modern: bool
    reports: bool
    echo: bool
    asleep: bool
    answers_password: bool
    length_byte: bool
    terminal: int


class Line(Duet):
    """``departures``: when each frame was sent, and which."""

    def __init__(
        self, setup: Setup | None = None, behaviour: Behaviour = CALM, **kinds: Unpack[Kinds]
    ) -> None:
        self.battery = BatterySimulator(behaviour, random.Random(behaviour.number), **kinds)
        self.setup = setup or Setup()
        super().__init__(BatterySession(self.setup), self.battery, BatteryFramer())
        self.departures: list[tuple[Instant, str]] = []
        self._numbers = itertools.count(1)

    def command(self, capability: str, **parameters: object) -> str:
        """Have it done; the command's id."""
        number = next(self._numbers)
        self.execute(command(capability, number, **parameters))
        return f"c{number}"

    def again(self) -> None:
        """A new connection of the same battery."""
        self.reconnect(BatterySession(self.setup), BatteryFramer())

    def last(self, command: str) -> Settle:
        return [settle for settle in self.settled if settle.command == command][-1]

    def messages(self) -> list[str]:
        return [message for _, message in self.departures]

    def _send(self, send: Send) -> None:
        self.departures.append((self.now, send.message))
        super()._send(send)


def command(capability: str, number: int = 1, /, **parameters: object) -> Command:
    found = PROTOCOL.capability(capability)
    assert found is not None, capability
    return Command(f"c{number}", number, capability, msgspec.convert(parameters, found.parameters))


def connected(setup: Setup | None = None, behaviour: Behaviour = CALM, **kinds: Unpack[Kinds]) -> Line:
    """Known, polled once, and idle."""
    line = Line(setup, behaviour, **kinds)
    line.connect()
    line.run(1)
    return line


def deaf_to(*names: str) -> Callable[[bytes], list[bytes]]:
    """Lose requests of these kinds on the way to the battery."""

    def tamper(data: bytes) -> list[bytes]:
        lost = any(getattr(frame, "name", "") in names for frame in BatteryFramer().feed(data))
        return [] if lost else [data]

    return tamper


def emitted(effects: Effects) -> list[Event]:
    return [event for effect in effects if isinstance(event := getattr(effect, "event", None), Event)]


def states(line: Line, command: str) -> list[State]:
    return line.states[command]


def values_of_last(line: Line, message: str) -> Values:
    return [event for event in line.events if event.message == message][-1].values
