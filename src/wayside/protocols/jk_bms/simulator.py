"""The BMS's end of the line: answers, sleeps, echoes, and reports by itself where it is told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Final

from wayside.model.instant import Instant, seconds
from wayside.protocol.effects import Send, WakeAt
from wayside.protocol.framing import BadFrame
from wayside.protocol.simulator import Behaviour, Random, Reactions
from wayside.protocols.jk_bms.codes import NAMES, REPORT_NAME, Order, Source, Transfer
from wayside.protocols.jk_bms.frames import BatteryFramer, Frame, seal
from wayside.protocols.jk_bms.identifiers import CELLS, DEVICE_ID, MANUFACTURER_ID, NAMED, ROWS
from wayside.protocols.jk_bms.identity import ident_from_text
from wayside.protocols.jk_bms.pack import Pack
from wayside.protocols.jk_bms.translate import text

REPLY_S: Final = (0.026, 0.093)
"""How long real ones take."""

RESTART_S: Final = 2.0
"""Deaf and dumb for so long after a restart."""

CELLS_USUAL: Final = 16


class BatterySimulator:
    """One battery; see ``protocol.simulator.Simulator``.

    ``modern``: firmware that has B8 to C0, and says currents with a sign.  ``reports``: sends all readings by itself
    every ``interval_s``.  ``echo``: half-duplex wiring gives back what was sent.  ``asleep``: until it is activated.
    ``length_byte``: whether the single reading of the cells has one.  ``refuses``: identifiers that it acknowledges
    and does not change.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        random: Random,
        *,
        cells: int = CELLS_USUAL,
        modern: bool = True,
        reports: bool = False,
        echo: bool = False,
        asleep: bool = False,
        answers_password: bool = False,
        length_byte: bool = True,
        terminal: int = 0,
    ) -> None:
        self.pack = Pack(random, behaviour.number, cells, modern=modern)
        name = MANUFACTURER_ID if modern else DEVICE_ID
        self.ident = (
            f"{terminal:08x}" if terminal else ident_from_text(text(self.pack.settings[name.identifier]))
        )
        self.asleep = asleep
        self.refuses: set[int] = set()
        self._behaviour = behaviour
        self._random = random
        self._reports = reports
        self._echo = echo
        self._answers_password = answers_password
        self._length_byte = length_byte
        self._terminal = terminal
        self._framer = BatteryFramer()
        self._outbox: deque[tuple[Instant, Send]] = deque()
        self._report_at: Instant | None = None
        self._restarting_until: Instant = 0

    def connected(self, at: Instant) -> Reactions:
        """Nothing is said, unless it reports by itself."""
        self._framer = BatteryFramer()
        self._outbox.clear()
        self._report_at = (
            at + seconds(self._random.uniform(0, self._behaviour.interval_s)) if self._reports else None
        )
        return self._alarm()

    def received(self, data: bytes, at: Instant) -> Reactions:
        """Requests from the server; everything else is ignored."""
        reactions: Reactions = [Send(data, "echo")] if self._echo else []
        for frame in self._framer.feed(data):
            if (
                not isinstance(frame, BadFrame)
                and frame.transfer == Transfer.REQUEST
                and self._listens(frame, at)
            ):
                self._ON_ORDER.get(frame.command, BatterySimulator._ignore)(self, frame, at)
        return reactions + self._alarm()

    def wake(self, at: Instant) -> Reactions:
        """Say what is due."""
        reactions: Reactions = []
        while self._outbox and self._outbox[0][0] <= at:
            reactions.append(self._outbox.popleft()[1])
        if self._report_at is not None and self._report_at <= at:
            self._report_at = at + seconds(self._behaviour.interval_s)
            if not self.asleep and at >= self._restarting_until:
                reactions.append(self._frame(Order.READ_ALL, Transfer.REPORT, self._everything(at)))
        return reactions + self._alarm()

    def _listens(self, frame: Frame, at: Instant) -> bool:
        if at < self._restarting_until or (self.asleep and frame.command != Order.ACTIVATE):
            return False
        return not self._misfortune()

    def _on_activate(self, _: Frame, at: Instant) -> None:
        self.asleep = False
        self._answer(Order.ACTIVATE, b"\0", at)

    def _on_read_all(self, _: Frame, at: Instant) -> None:
        self._answer(Order.READ_ALL, self._everything(at), at)

    def _on_read(self, frame: Frame, at: Instant) -> None:
        row = ROWS.get(frame.data[0])
        if row not in self.pack.rows:
            return
        value = self.pack.reading(row, at)
        lead = bytes((len(value),)) if row is CELLS and self._length_byte else b""
        self._answer(Order.READ, frame.data[:1] + lead + value, at)

    def _on_password(self, _: Frame, at: Instant) -> None:
        if self._answers_password:
            self._answer(Order.PASSWORD, b"\0", at)

    def _on_write(self, frame: Frame, at: Instant) -> None:
        row = ROWS.get(frame.data[0])
        if row is None:
            return
        stubborn = row.identifier in self.refuses or (row is NAMED["balancer_switch"] and self._misfortune())
        if not stubborn and not self.pack.write(row, frame.data[1:]):
            return
        self._answer(Order.WRITE, frame.data[:1], at)
        if row is NAMED["restart"]:
            self._restarting_until = at + seconds(RESTART_S)
            self.pack.booted_at = self._restarting_until
        elif row is NAMED["factory_reset"]:
            self.pack.reset()

    def _ignore(self, frame: Frame, at: Instant) -> None:
        """A command that is not known."""

    def _everything(self, at: Instant) -> bytes:
        self.pack.pass_time(at, trouble=self._behaviour.faults)
        return self.pack.data(at)

    def _answer(self, order: Order, data: bytes, at: Instant) -> None:
        due = at + seconds(self._random.uniform(*REPLY_S))
        self._outbox.append(
            (max(due, self._outbox[-1][0] if self._outbox else 0), self._frame(order, Transfer.REPLY, data))
        )

    def _frame(self, order: Order, transfer: Transfer, data: bytes) -> Send:
        name = REPORT_NAME if transfer is Transfer.REPORT else NAMES[order]
        return Send(seal(order, data, source=Source.BMS, transfer=transfer, terminal=self._terminal), name)

    def _misfortune(self) -> bool:
        return self._random.random() < self._behaviour.faults

    def _alarm(self) -> Reactions:
        dues = [self._outbox[0][0]] if self._outbox else []
        if self._report_at is not None:
            dues.append(self._report_at)
        return [WakeAt(min(dues, default=None))]

    _ON_ORDER: ClassVar[dict[int, Callable[[Any, Frame, Instant], None]]] = {
        Order.ACTIVATE: _on_activate,
        Order.READ_ALL: _on_read_all,
        Order.READ: _on_read,
        Order.PASSWORD: _on_password,
        Order.WRITE: _on_write,
    }
