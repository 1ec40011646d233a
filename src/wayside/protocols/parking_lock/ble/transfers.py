"""Whom a transfer is for, and what its end means for the command: one at a time on a connection."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from wayside.model.commands import State
from wayside.model.events import Event
from wayside.model.instant import Instant
from wayside.protocol.effects import Settle
from wayside.protocols.parking_lock.attempts import Orders, Outgoing
from wayside.protocols.parking_lock.ble.information import items_of, text_of
from wayside.protocols.parking_lock.ble.messages import Content, Packet, PacketRequest, Transfer
from wayside.protocols.parking_lock.ble.transfer import (
    DEVICE_TYPE_DEFAULT,
    WRITE_BYTES_MAX,
    Reading,
    Writing,
)
from wayside.protocols.parking_lock.ble.translate import information

BUSY: Final = "another transfer is under way"
ASKED: Final = "the lock asks for the packets"
UPGRADED: Final = "the lock has the whole file; it does not say what it makes of it"
UNSOUND: Final = "the announced checksum does not fit the text"


class Task(NamedTuple):
    """What a transfer is for.  ``command`` None: to learn who the lock is.  ``wanted``: items to be read back."""

    command: str | None
    wanted: dict[str, str] | None = None


class Transfers:
    """The transfer under way.

    ``items``: what has just been read, until the next input.  ``nameless``: the reading that was to tell who the lock
    is came to nothing.
    """

    def __init__(self) -> None:
        self.items: dict[str, str] | None = None
        self.nameless = False
        self._now: Reading | Writing | None = None
        self._task = Task(None)
        self._acknowledged = False
        self._device_type = DEVICE_TYPE_DEFAULT

    @property
    def busy(self) -> bool:
        """Whether one is under way."""
        return self._now is not None

    @property
    def deadline(self) -> Instant | None:
        """When ``wake`` has something to do."""
        return None if self._now is None else self._now.deadline

    def read(self, command: str | None, at: Instant) -> Orders:
        """Read the lock's information."""
        return self._begin(Reading(), Task(command), at)

    def configure(self, command: str, items: dict[str, str], at: Instant) -> Orders:
        """Write some of it, and read it back."""
        writing = Writing(Content.INFORMATION, text_of(items), self._device_type)
        return self._begin(writing, Task(command, items), at)

    def upgrade(self, command: str, data: bytes, at: Instant) -> Orders:
        """Write firmware."""
        if not 0 < len(data) <= WRITE_BYTES_MAX:
            detail = f"the file has {len(data)} bytes; 1 to {WRITE_BYTES_MAX} can be sent"
            return [Settle(command, State.REJECTED, detail)]
        return self._begin(Writing(Content.FIRMWARE, data, self._device_type), Task(command), at)

    def hear(self, message: Transfer | PacketRequest | Packet, at: Instant) -> Orders:
        """What the lock sent."""
        self.items = None
        if self._now is None:
            return []
        return self._go_on(self._now, self._now.hear(message, at), at)

    def wake(self, at: Instant) -> Orders:
        """Time may be up."""
        self.items = None
        if self._now is None:
            return []
        return self._go_on(self._now, self._now.wake(at), at)

    def lost(self) -> list[Settle]:
        """The connection is gone."""
        now, self._now = self._now, None
        command, wanted = self._task
        if now is None or command is None:
            return []
        if isinstance(now, Reading):
            if wanted is not None:
                return [
                    Settle(
                        command, State.UNKNOWN, "written, but the connection ended before it was read back"
                    )
                ]
            return [Settle(command, State.FAILED, "the connection ended before the lock had sent it all")]
        if not now.complete:
            return [Settle(command, State.FAILED, f"the connection ended after {now.progress}")]
        if wanted is not None:
            return [
                Settle(command, State.UNKNOWN, "written, but the connection ended before it was read back")
            ]
        return [Settle(command, State.UNCONFIRMED, UPGRADED)]

    @staticmethod
    def event(items: dict[str, str]) -> Event:
        """What was read."""
        return information(items)

    def _begin(self, transfer: Reading | Writing, task: Task, at: Instant) -> Orders:
        if self._now is not None:
            return [Settle(task.command, State.REJECTED, BUSY)] if task.command is not None else []
        self._now, self._task, self._acknowledged = transfer, task, False
        return [Outgoing(message, task.command) for message in transfer.begin(at)]

    def _go_on(self, now: Reading | Writing, messages: list[msgspec.Struct], at: Instant) -> Orders:
        orders: Orders = []
        command = self._task.command
        if isinstance(now, Writing) and now.begun and not self._acknowledged and command is not None:
            self._acknowledged = True
            orders.append(Settle(command, State.ACKNOWLEDGED, ASKED))
        orders += [Outgoing(message) for message in messages]
        if not now.over:
            return orders
        self._now = None
        return orders + (self._read(now) if isinstance(now, Reading) else self._written(now, at))

    def _read(self, reading: Reading) -> Orders:
        command, wanted = self._task
        self._device_type = reading.device_type
        if reading.data is None:
            self.nameless = command is None
            if command is None:
                return []
            state = State.TIMED_OUT if wanted is None else State.UNCONFIRMED
            return [Settle(command, state, reading.failure or "")]
        self.items = items_of(reading.data)
        if command is None:
            return []
        if wanted is not None:
            return [_compared(command, wanted, self.items)]
        return [Settle(command, State.SUCCEEDED, "" if reading.sound else UNSOUND)]

    def _written(self, writing: Writing, at: Instant) -> Orders:
        command, wanted = self._task
        assert command is not None
        if writing.failure is not None:
            return [Settle(command, State.FAILED, writing.failure)]
        if wanted is None:
            return [Settle(command, State.UNCONFIRMED, UPGRADED)]
        reading = Reading()
        self._now = reading
        return [Outgoing(message) for message in reading.begin(at)]


def _compared(command: str, wanted: dict[str, str], items: dict[str, str]) -> Settle:
    """Whether what was written stands there now.  Some items a lock may not tell back."""
    kept = [name for name, value in wanted.items() if items.get(name, value) != value]
    if kept:
        return Settle(command, State.FAILED, f"the lock kept its {', '.join(kept)}")
    silent = [name for name in wanted if name not in items]
    if silent:
        return Settle(command, State.UNCONFIRMED, f"the lock does not tell its {', '.join(silent)}")
    return Settle(command, State.SUCCEEDED, "read back")
