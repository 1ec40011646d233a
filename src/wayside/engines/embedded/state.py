"""The last state of every device: in memory, checkpointed in slices, rebuilt from the log.

A row of ``state`` is a device's fold as it was after row ``log_id``; rows of one checkpoint may stand for different
moments.  When every device that had changed is written, the mark ``checkpoint`` says that no event up to it is
missing anywhere.  Reading back starts from the rows and folds what came after each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple

import apsw

from wayside.engines.embedded.ledger import Ledger
from wayside.engines.embedded.marks import mark, set_mark
from wayside.engines.embedded.texts import from_json, to_json, to_values
from wayside.engines.fold import DeviceState, Names
from wayside.model.events import Latest
from wayside.ports.store import Entry

SLICE_DEVICES: Final = 100
"""Devices encoded at a time: a millisecond of the loop."""

REPLAY: Final = """
SELECT k.device, l.id, l.at, l.received_at, s.names, l.vals
FROM log l JOIN device_key k ON k.id = l.device LEFT JOIN shape s ON s.id = l.shape
WHERE l.id > ? AND l.kind > 0 ORDER BY l.id
"""


class StateRow(NamedTuple):
    """A device's state as it is stored."""

    device: str
    log_id: int
    values: bytes
    times: bytes


class States:
    """All devices' states.  Belongs to the event loop."""

    def __init__(self, folded_id: int) -> None:
        self._devices: dict[str, DeviceState] = {}
        self._changed: dict[str, None] = {}
        self.folded_id = folded_id

    @property
    def changed(self) -> bool:
        """Whether anything is not in a checkpoint yet."""
        return bool(self._changed)

    def of(self, device: str) -> dict[str, Latest]:
        """One device's last values."""
        state = self._devices.get(device)
        return {} if state is None else state.latest()

    def fold(self, entries: Sequence[Entry], names: Sequence[Names], first_id: int) -> None:
        """Take in a committed batch, with the names of each entry's values."""
        devices, changed = self._devices, self._changed
        for entry, its_names in zip(entries, names, strict=True):
            event = entry.event
            if event is not None:
                device = entry.device
                state = devices.get(device)
                if state is None:
                    state = devices[device] = DeviceState()
                state.fold(event.values, event.at, entry.received_at, its_names)
                changed[device] = None
        self.folded_id = first_id + len(entries) - 1

    def load(self, db: apsw.Connection) -> None:
        """Read the last checkpoint, and fold what came after it."""
        covered: dict[str, int] = {}
        for device, log_id, values, times in db.execute(
            "SELECT k.device, s.log_id, s.vals, s.times FROM state s JOIN device_key k ON k.id = s.device"
        ):
            covered[device] = log_id
            self._devices[device] = DeviceState(from_json(values), from_json(times))
        for device, row_id, at, received_at, shape, values in db.execute(REPLAY, (mark(db, "checkpoint"),)):
            if row_id > covered.get(device, 0):
                state = self._devices.setdefault(device, DeviceState())
                state.fold(to_values(shape, values), at, received_at)
                self._changed[device] = None

    def take_changed(self) -> list[str]:
        """The devices that a checkpoint has to write; from now on they count as written."""
        changed, self._changed = list(self._changed), {}
        return changed

    def give_back(self, devices: Iterable[str]) -> None:
        """They were not written after all."""
        self._changed.update(dict.fromkeys(devices))

    def rows(self, devices: Iterable[str]) -> list[StateRow]:
        """The states as they are now."""
        states = [(device, self._devices[device]) for device in devices if device in self._devices]
        return [
            StateRow(device, self.folded_id, to_json(state.values), to_json(state.times))
            for device, state in states
        ]

    def forget(self, device: str) -> None:
        """It was deleted."""
        self._devices.pop(device, None)
        self._changed.pop(device, None)


def slices(devices: Sequence[str]) -> Iterable[list[str]]:
    """Devices in portions that one job writes."""
    remaining = iter(devices)
    while portion := list(islice(remaining, SLICE_DEVICES)):
        yield portion


def write_states(db: apsw.Connection, ledger: Ledger, rows: Sequence[StateRow]) -> None:
    """Store a slice of states."""
    db.executemany(
        "INSERT OR REPLACE INTO state (device, log_id, vals, times) VALUES (?, ?, ?, ?)",
        [(ledger.key(db, row.device), row.log_id, row.values, row.times) for row in rows],
    )


def finish_checkpoint(db: apsw.Connection, covered_id: int) -> None:
    """Every device that had changed up to this row is written."""
    set_mark(db, "checkpoint", covered_id)
