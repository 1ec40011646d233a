"""The server's side of a battery's line, TCP or serial: polls, and commands in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Final, NamedTuple

from wayside.model.commands import Command, Risk, State
from wayside.model.events import Event, Kind, Values
from wayside.model.instant import Instant, seconds
from wayside.protocol.alarm import Alarm
from wayside.protocol.effects import Close, Effects, Emit, Identify, Send, Settle
from wayside.protocol.questions import Question, Registration
from wayside.protocol.session import Setup
from wayside.protocols.jk_bms.codes import NAMES, Order, Transfer
from wayside.protocols.jk_bms.commands import WRITES, job_of, wanted
from wayside.protocols.jk_bms.frames import Frame, seal
from wayside.protocols.jk_bms.identifiers import PASSWORD, Row, Secret, Text
from wayside.protocols.jk_bms.identity import ident_of
from wayside.protocols.jk_bms.items import walk
from wayside.protocols.jk_bms.jobs import Job, Request, activate, read_all
from wayside.protocols.jk_bms.layouts import LAYOUTS
from wayside.protocols.jk_bms.options import options_from
from wayside.protocols.jk_bms.translate import alarms, reading, text, values_of
from wayside.wire.errors import DecodeError

PACKET_GAP: Final[Instant] = seconds(0.1)
"""Section 4.1: the least time between two packets."""

# Charge level and cycles read 0 for about 16 s after a BMS has booted.
BOOT: Final[Instant] = seconds(20)

# The first full reply says who it is: only what the BMS sends by itself before that must wait.
HELD_EVENTS_MAX: Final = 16

REQUEST, REPLY, REPORT = Transfer
READ: Final = Order.READ
READINGS: Final = frozenset({Order.READ.value, Order.READ_ALL.value})


class Doubt(NamedTuple):
    """A write that nobody confirmed: the next reading of its identifier will tell."""

    command: str
    wanted: bytes


class BatterySession:
    """One line to one battery; see ``protocol.session.Session``."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._configure(setup.ident)
        self._identified = setup.ident is not None
        self._latest: Frame | None = None
        self._held: deque[Event] = deque(maxlen=HELD_EVENTS_MAX)
        self._version = self._warnings = 0
        self._queue: deque[Job] = deque()
        self._job: Job | None = None
        self._request: Request | None = None
        self._doubts: dict[int, Doubt] = {}
        self._unanswered: dict[tuple[int, bytes], str] = {}
        self._awake = True
        self._booting_until: Instant = 0
        self._deadline: Instant = 0
        self._free_at: Instant = 0
        self._poll_at: Instant = 0
        self._alarm = Alarm()

    def _configure(self, ident: str | None) -> None:
        """Take the options of this battery; of any, while it has not said who it is."""
        options = options_from(self._setup.options_for(ident))
        self._interval = seconds(options.poll_interval_s)
        self._password = options.password

    def connected(self, at: Instant) -> Effects:
        """The first poll follows in a moment: a module that has just connected may have something to say itself."""
        self._free_at = at + PACKET_GAP
        self._poll_at = at
        self._booting_until = at + BOOT
        return self._go_on(at)

    def receive(self, frame: Frame, at: Instant) -> Effects:
        """Readings become events; a reply lets the job that waits for it go on.

        Raises:
            DecodeError: an unknown command or transfer type, a reply without any content.
        """
        if frame.transfer == REQUEST:
            # Half-duplex wiring gives our own words back; whoever else asks does not answer us either.
            return []
        values = self._values(frame, at)
        effects: Effects = []
        if values:
            self._latest = frame
        if not self._identified:
            effects += self._identify(frame, values)
        if values:
            effects += self._said(frame, values)
        self._free_at = at + PACKET_GAP
        if not self._awake:
            self._awake = True
            self._booting_until = at + BOOT
        if frame.transfer == REPORT:
            if self._identified:
                self._poll_at = at + self._interval
            return effects + self._go_on(at)
        if self._unanswered:
            effects += self._late(frame, values)
        if self._request is not None and self._request.answered_by(frame.command, frame.data):
            effects += self._answered(self._request, frame, values, at)
        return effects + self._go_on(at)

    def execute(self, command: Command, at: Instant) -> Effects:
        """Send its first request, at once if the line is free.

        Raises:
            CommandError: a value that cannot be put into the identifier's bytes.
        """
        job = job_of(command, self._password)
        if job.row is not None:
            # What is wanted now is what counts: an earlier wish for the same can no longer be confirmed.
            self._doubts.pop(job.row.identifier, None)
        self._queue.append(job)
        return self._go_on(at)

    def answer(self, question: Question | Identify, value: Any, at: Instant) -> Effects:  # noqa: ANN401, ARG002 - see questions.py; the Session's signature
        """What an earlier connection wrote, and nobody confirmed, readings tell: the one that named it, or the next."""
        if isinstance(value, Registration):
            for command in value.open_commands:
                row = WRITES.get(command.capability)
                if row is not None and row.readable:
                    self._doubts[row.identifier] = Doubt(
                        command.id, wanted(command.capability, command.parameters)
                    )
        return [] if self._latest is None else self._dispel(self._latest)

    def wake(self, at: Instant) -> Effects:
        """A poll is due, the line is free again, or a reply did not come."""
        self._alarm.rang()
        effects: Effects = []
        if self._request is not None and at >= self._deadline:
            effects += self._silence(self._request)
        return effects + self._go_on(at)

    def disconnected(self, at: Instant) -> Effects:  # noqa: ARG002 - the Session's signature
        """A lost question has failed; a lost change may have been made.  What was not sent may be sent elsewhere."""
        job, self._job, self._request = self._job, None, None
        self._alarm.rang()
        self._queue.clear()
        if job is None or job.command is None or not job.sent:
            return []
        state = State.FAILED if job.risk is Risk.QUERY else State.UNKNOWN
        return [Settle(job.command, state, "the connection ended before the BMS answered")]

    # What the BMS says.

    def _values(self, frame: Frame, at: Instant) -> Values:
        """The readings; none, where the frame is of a kind that has none."""
        if frame.transfer > REPORT:
            raise DecodeError(f"transfer type {frame.transfer} is not known")
        if frame.transfer != REPORT and frame.command not in READINGS:
            if frame.command not in NAMES:
                raise DecodeError(f"command {frame.command:#04x} is not known")
            return {}
        if not frame.data:
            raise DecodeError("at least one identifier wanted")
        if frame.command == READ:
            values = values_of(walk(frame.data, single=True), self._version)
        else:
            values = LAYOUTS.read(frame.data, self._version)
        version = values.get("battery.protocol.version")
        if isinstance(version, int):
            self._version = version
        if (
            at < self._booting_until
            and values.get("battery.level") == 0
            and values.get("battery.cycles") == 0
        ):
            del values["battery.level"], values["battery.cycles"]
        return values

    def _identify(self, frame: Frame, values: Values) -> Effects:
        ident = ident_of(frame.terminal, values)
        if ident is not None:
            self._identified = True
            before = self._interval
            self._configure(ident)
            self._poll_at += self._interval - before
            held = [Emit(event) for event in self._held]
            self._held.clear()
            return [Identify(ident), *held]
        if frame.command == Order.READ_ALL and frame.transfer == REPLY:
            return [Close("the BMS does not say who it is: set its user data, or give it a port of its own")]
        return []

    def _said(self, frame: Frame, values: Values) -> Effects:
        said = [Event(Kind.REPORT, frame.name, values)]
        warnings = values.get("battery.warning.raw")
        if isinstance(warnings, int) and warnings != self._warnings:
            said += alarms(frame.name, warnings & ~self._warnings)
            self._warnings = warnings
        if not self._identified:
            self._held.extend(said)
            return []
        effects: Effects = [Emit(event) for event in said]
        if self._doubts:
            effects += self._dispel(frame)
        return effects

    def _dispel(self, frame: Frame) -> Effects:
        """Settle what the readings tell of writes that were left open."""
        effects: Effects = []
        for row, value in walk(frame.data, single=frame.command == READ).items:
            doubt = self._doubts.pop(row.identifier, None)
            if doubt is not None:
                effects.append(self._judge(doubt.command, row, doubt.wanted, value, late=True))
        return effects

    def _late(self, frame: Frame, values: Values) -> Effects:
        """A question that was given up has its answer after all."""
        command = self._unanswered.pop(
            (frame.command, frame.data[:1] if frame.command == READ else b""), None
        )
        return [] if command is None else [Settle(command, State.SUCCEEDED, values=values, late=True)]

    # How a job goes on.

    def _go_on(self, at: Instant) -> Effects:
        """Send what is next if it may leave now, and see to the alarm."""
        effects: Effects = []
        if self._request is None and at >= self._free_at:
            if self._job is None:
                self._job = self._next_job(at)
            if self._job is not None:
                effects.append(self._send(self._job, at))
        if self._request is not None:
            due = self._deadline
        else:
            due = self._free_at if self._job or self._queue else max(self._poll_at, self._free_at)
        return effects + self._alarm.set(due)

    def _next_job(self, at: Instant) -> Job | None:
        """Commands first, then the poll.  Whatever it is, a BMS that was silent is activated before."""
        if self._queue:
            job = self._queue.popleft()
        elif at >= self._poll_at:
            job = Job([read_all()])
            self._poll_at = at + self._interval
        else:
            return None
        if not self._awake and not job.roused:
            job.plan.insert(0, activate())
            job.roused = True
        return job

    def _send(self, job: Job, at: Instant) -> Send:
        request = self._request = job.plan.pop(0)
        job.sent |= request.carries
        data = seal(request.order, request.data)
        self._deadline = at + request.patience
        self._free_at = at + PACKET_GAP
        # A poll promises nothing, and says who is there: a device in quarantine gets it, too.
        return Send(
            data, NAMES[request.order], job.command if request.carries else None, courtesy=job.command is None
        )

    def _answered(self, request: Request, frame: Frame, values: Values, at: Instant) -> Effects:
        job, self._request = self._job, None
        assert job is not None
        effects: Effects = []
        if request.order is Order.WRITE and job.command is not None:
            effects.append(Settle(job.command, State.ACKNOWLEDGED))
        if not job.plan:
            self._job = None
            effects += self._concluded(job, frame, values, at)
        return effects

    def _concluded(self, job: Job, frame: Frame, values: Values, at: Instant) -> Effects:
        if job.command is None:
            return []
        if job.row is None:
            return [Settle(job.command, State.SUCCEEDED, values=values)]
        if not job.row.readable:
            # A restart, as a rule.
            self._booting_until = at + BOOT
            return [Settle(job.command, State.UNCONFIRMED, "acknowledged, but this cannot be read back")]
        items = walk(frame.data, single=True).items
        if not items:
            return [
                Settle(job.command, State.FAILED, f"read back as {frame.data.hex()}, which makes no sense")
            ]
        return [self._judge(job.command, job.row, job.wanted, items[0].value)]

    def _judge(
        self, command: str, row: Row, wanted_value: bytes, value: bytes, *, late: bool = False
    ) -> Settle:
        verdict = _judged(command, row, wanted_value, value, self._version, late=late)
        if row is PASSWORD and verdict.state is State.SUCCEEDED and self._password is not None:
            self._password = text(wanted_value)
        return verdict

    def _silence(self, request: Request) -> Effects:
        """No reply in time.  Not answering the password is usual; other silence may be sleep."""
        self._request = None
        job = self._job
        assert job is not None
        if request.order is not Order.PASSWORD:
            self._awake = False
        return self._ON_SILENCE[request.order](self, job, request)

    def _skip(self, job: Job, request: Request) -> Effects:
        """The next request tells more, if there is one."""
        return [] if job.plan else self._give_up(job, request)

    def _not_roused(self, job: Job, request: Request) -> Effects:
        """Section 4.2.4: nothing else before the activation is answered.  Reading does no harm and may work."""
        if job.row is not None and not job.sent:
            return self._give_up(job, request)
        return self._skip(job, request)

    def _rouse(self, job: Job, request: Request) -> Effects:
        """Activate it and ask again, once."""
        if job.roused:
            return self._give_up(job, request)
        job.roused = True
        job.plan[:0] = [activate(), request]
        return []

    def _give_up(self, job: Job, request: Request) -> Effects:
        self._job = None
        if job.command is None:
            return []
        if not job.sent:
            return [Settle(job.command, State.REJECTED, "not sent: the BMS does not answer its activation")]
        if job.row is None:
            subject = request.data if request.order is Order.READ else b""
            self._unanswered[request.order, subject] = job.command
        elif job.row.readable:
            self._doubts[job.row.identifier] = Doubt(job.command, job.wanted)
        unsafe = job.risk in {Risk.ACTUATION, Risk.DANGEROUS}
        return [Settle(job.command, State.UNKNOWN if unsafe else State.TIMED_OUT, "the BMS does not answer")]

    _ON_SILENCE: ClassVar[dict[Order, Callable[[Any, Job, Request], Effects]]] = {
        Order.PASSWORD: _skip,
        Order.ACTIVATE: _not_roused,
        Order.WRITE: _skip,
        Order.READ: _rouse,
        Order.READ_ALL: _rouse,
    }


def _judged(
    command: str, row: Row, wanted_value: bytes, value: bytes, version: int, *, late: bool = False
) -> Settle:
    """What reading an identifier back says of the command that wrote it."""
    values = reading(row, value, version)
    if _same(row, wanted_value, value):
        return Settle(command, State.SUCCEEDED, values=values, late=late)
    shown = "" if isinstance(row.rule, Secret) else f": {', '.join(map(str, values.values()))}"
    return Settle(command, State.FAILED, f"the BMS keeps another value{shown}", values, late)


def _same(row: Row, wanted_value: bytes, value: bytes) -> bool:
    """Firmware fills texts up in its own way."""
    if isinstance(row.rule, Text):
        return text(wanted_value) == text(value)
    return wanted_value == value
