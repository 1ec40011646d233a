"""A session and a simulator, mouth to ear: no socket, a clock that only moves when told, and a line that can fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from wayside.model.commands import IN_FLIGHT, OPEN, WAITING, Command, State, may_follow
from wayside.model.events import Event
from wayside.model.instant import Instant, seconds
from wayside.protocol.effects import Ask, Close, Effect, Effects, Emit, Identify, Send, Settle, WakeAt
from wayside.protocol.framing import BadFrame, Framer
from wayside.protocol.questions import OpenCommand, Question, Registration
from wayside.protocol.session import Session
from wayside.protocol.simulator import Answer, Post, Publish, Reactions, Simulator, Unpublish, Uploader
from wayside.wire.errors import DecodeError

START: Final[Instant] = 1_700_000_000 * 1_000_000
"""When every duet begins: 2023-11-14T22:13:20Z."""

STEPS_MAX: Final = 100_000
"""Two ends that answer each other for ever should fail a test, not hang it."""

Tamper = Callable[[bytes], list[bytes]]


def pass_on(data: bytes) -> list[bytes]:
    return [data]


def drop(data: bytes) -> list[bytes]:
    return []


def duplicate(data: bytes) -> list[bytes]:
    return [data, data]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


class Way:
    """One direction of the line.

    ``tamper`` says what becomes of each write: nothing, the same, twice, in pieces.  ``delay_s`` holds every
    write up; ``hold`` keeps all of them back until ``release`` delivers them as one read.  The order never
    changes, as in TCP.
    """

    def __init__(self) -> None:
        self.tamper: Tamper = pass_on
        self.delay_s = 0.0
        self._held: list[bytes] | None = None
        self._queue: deque[tuple[Instant, bytes]] = deque()

    def put(self, data: bytes, at: Instant) -> None:
        for piece in self.tamper(data):
            if self._held is not None:
                self._held.append(piece)
            else:
                self._queue.append((max(at + seconds(self.delay_s), self._last_due), piece))

    def take(self, at: Instant) -> bytes | None:
        return self._queue.popleft()[1] if self._queue and self._queue[0][0] <= at else None

    def hold(self) -> None:
        self._held = []

    def release(self, at: Instant) -> None:
        held, self._held = self._held, None
        if held:
            self._queue.append((max(at, self._last_due), b"".join(held)))

    def cut(self) -> None:
        """The connection is gone, with all that was under way."""
        self._queue.clear()
        self._held = None if self._held is None else []

    @property
    def due(self) -> Instant | None:
        return self._queue[0][0] if self._queue else None

    @property
    def _last_due(self) -> Instant:
        return self._queue[-1][0] if self._queue else 0


class Duet:
    """Plays the gateway between the two: carries effects out, keeps what came of them, and checks as it goes
    that no command takes a step that ``model.commands.TRANSITIONS`` forbids.

    ``framer`` cuts what the device sends.  ``answer`` answers ``Ask``; ``Identify`` is answered with
    ``accepted`` and every command that is still open.  What happened: ``events``, ``settled``, ``sent``,
    ``asked``, ``outside`` (what the simulator wants done on other connections), ``bad`` and ``undecodable`` frames,
    ``closed`` reasons, ``identified`` idents, ``states`` of each command, and ``batches``, the effects of each single
    input.
    """

    def __init__(
        self,
        session: Session,
        simulator: Simulator,
        framer: Framer[Any],
        *,
        accepted: bool = True,
        answer: Callable[[Question], Any] = lambda _: None,
    ) -> None:
        self.session, self.simulator, self.framer = session, simulator, framer
        self.accepted, self.ask = accepted, answer
        self.now = START
        self.to_device, self.to_server = Way(), Way()
        self.connected = False
        self.events: list[Event] = []
        self.settled: list[Settle] = []
        self.sent: list[Send] = []
        self.asked: list[Question] = []
        self.bad: list[BadFrame] = []
        self.undecodable: list[tuple[bytes, DecodeError]] = []
        self.closed: list[str] = []
        self.identified: list[str] = []
        self.outside: list[Post | Publish | Unpublish] = []
        self.batches: list[Effects] = []
        self.states: dict[str, list[State]] = {}
        self._commands: dict[str, Command] = {}
        self._sent_at: dict[str, Instant] = {}
        self._acknowledged_at: dict[str, Instant] = {}
        self._session_alarm: Instant | None = None
        self._simulator_alarm: Instant | None = None

    def connect(self) -> None:
        self.connected = True
        self._carry_out(self.session.connected(self.now))
        self._react(self.simulator.connected(self.now))
        self.run(0)

    def disconnect(self) -> None:
        """Both ends lose the connection, and what was under way is lost with it."""
        self.connected = False
        self.to_device.cut()
        self.to_server.cut()
        self._session_alarm = self._simulator_alarm = None
        self._carry_out(self.session.disconnected(self.now))

    def reconnect(self, session: Session, framer: Framer[Any]) -> None:
        """The same device on a new connection, which is a new session's."""
        if self.connected:
            self.disconnect()
        self.session, self.framer = session, framer
        self.connect()

    def execute(self, command: Command) -> None:
        self._commands[command.id] = command
        self.states[command.id] = [State.ACCEPTED]
        self._carry_out(self.session.execute(command, self.now))
        self.run(0)

    def hear(self, data: bytes) -> None:
        """Bytes reach the server that the simulator did not send."""
        for frame in self.framer.feed(data):
            if isinstance(frame, BadFrame):
                self.bad.append(frame)
                continue
            if not self.connected:
                return
            try:
                effects = self.session.receive(frame, self.now)
            except DecodeError as error:
                self.undecodable.append((frame.raw, error))
            else:
                self._carry_out(effects)

    def run(self, duration_s: float) -> None:
        """Let time pass, stopping wherever a byte arrives or an alarm clock rings."""
        end = self.now + seconds(duration_s)
        for _ in range(STEPS_MAX):
            due = min((due for due in self._dues() if due is not None), default=None)
            if due is None or due > end:
                self.now = end
                return
            self.now = max(self.now, due)
            self._step()
        raise AssertionError("the two ends never come to rest")

    def state(self, command: str) -> State:
        return self.states[command][-1]

    def open_commands(self) -> tuple[OpenCommand, ...]:
        """What the platform would tell a new session about earlier commands, oldest first."""
        return tuple(
            OpenCommand(
                command.id,
                command.number,
                command.capability,
                command.parameters,
                self.state(command.id),
                self._sent_at.get(command.id),
                self._acknowledged_at.get(command.id),
            )
            for command in self._commands.values()
            if self.state(command.id) in IN_FLIGHT | OPEN
        )

    def _dues(self) -> tuple[Instant | None, ...]:
        return self.to_device.due, self.to_server.due, self._session_alarm, self._simulator_alarm

    def _step(self) -> None:
        if (data := self.to_server.take(self.now)) is not None:
            self.hear(data)
        elif (data := self.to_device.take(self.now)) is not None:
            self._react(self.simulator.received(data, self.now))
        elif self._session_alarm is not None and self._session_alarm <= self.now:
            self._session_alarm = None
            self._carry_out(self.session.wake(self.now))
        elif self._simulator_alarm is not None and self._simulator_alarm <= self.now:
            self._simulator_alarm = None
            self._react(self.simulator.wake(self.now))

    def _carry_out(self, effects: Effects) -> None:
        self.batches.append(effects)
        for effect in effects:
            self._carry_out_one(effect)

    def _carry_out_one(self, effect: Effect) -> None:
        match effect:
            case Emit(event):
                self.events.append(event)
            case Send():
                self._send(effect)
            case Settle(command, state):
                self._step_command(command, state)
                self.settled.append(effect)
            case Identify(ident):
                self.identified.append(ident)
                registration = Registration(self.accepted, self.open_commands())
                self._carry_out(self.session.answer(effect, registration, self.now))
            case Ask(question):
                self.asked.append(question)
                self._carry_out(self.session.answer(question, self.ask(question), self.now))
            case WakeAt(at):
                self._session_alarm = at
            case Close(reason):
                self._hang_up(reason)

    def _send(self, send: Send) -> None:
        assert self.connected, f"{send.message} sent on a closed connection"
        self.sent.append(send)
        if send.command is not None and self.state(send.command) in WAITING:
            self._step_command(send.command, State.SENT)
            self._sent_at[send.command] = self.now
        assert send.command is None or self.state(send.command) in IN_FLIGHT, (
            f"{send.message}: command is over"
        )
        self.to_device.put(send.data, self.now)

    def _step_command(self, command: str, state: State) -> None:
        before = self.state(command)
        assert may_follow(before, state), f"{command}: {before} → {state}"
        self.states[command].append(state)
        if state is State.ACKNOWLEDGED:
            self._acknowledged_at[command] = self.now

    def posted(self, answer: Answer | None) -> None:
        """What the simulator posted last was answered so."""
        assert isinstance(self.simulator, Uploader)
        self._react(self.simulator.posted(answer, self.now))

    def _react(self, reactions: Reactions) -> None:
        for reaction in reactions:
            match reaction:
                case Post() | Publish() | Unpublish():
                    self.outside.append(reaction)
                case Send(data) if self.connected:
                    self.to_server.put(data, self.now)
                case WakeAt(at):
                    self._simulator_alarm = at
                case Close(reason):
                    self._hang_up(reason)

    def _hang_up(self, reason: str) -> None:
        self.closed.append(reason)
        if self.connected:
            self.disconnect()
