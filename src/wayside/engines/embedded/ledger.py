"""What the writer remembers from one transaction to the next, and takes back when one fails."""

from __future__ import annotations

from typing import Final

import apsw

from wayside.engines.embedded.tail import Rows, Tail
from wayside.engines.embedded.texts import from_json, to_json
from wayside.engines.fold import Names

SHAPES_MAX: Final = 10_000
"""Five families need some hundred; what a hostile device could make up beyond that is stored with its names."""

Shape = tuple[int | None, Names]
"""Names of values in their order, and the number that stands for them in the log."""


class Ledger:
    """The numbers of devices and shapes, the next id of the log, and its tail.  Used by the writer's thread alone.

    ``keys`` and ``shapes`` are for reading: the path of every event looks there first, without a call.
    """

    def __init__(self, db: apsw.Connection) -> None:
        self.keys: dict[str, int] = dict(db.execute("SELECT device, id FROM device_key"))
        self.shapes: dict[Names, Shape] = {}
        for number, text in db.execute("SELECT id, names FROM shape"):
            names = tuple(from_json(text))
            self.shapes[names] = number, names
        # An id that was given once is never given again, even when the whole log has been pruned: then the
        # marks remember it, because no row goes before it is indexed and folded.
        last_id: int = db.execute(
            "SELECT max(coalesce((SELECT max(id) FROM log), 0),"
            " (SELECT max(value) FROM mark WHERE name IN ('indexed', 'checkpoint')))"
        ).get
        self.next_id = last_id + 1
        self._kept_next_id = self.next_id
        self.tail = Tail(self.next_id)
        self.fresh = Rows()
        """What this transaction appends."""
        self._fresh_devices: list[str] = []
        self._fresh_shapes: list[Names] = []
        self._dropped: dict[str, int] = {}

    @property
    def last_id(self) -> int:
        """The newest row that is committed."""
        return self._kept_next_id - 1

    def key(self, db: apsw.Connection, device: str) -> int:
        """The device's number, a new one if it has none."""
        key = self.keys.get(device)
        if key is None:
            key = db.execute("INSERT INTO device_key (device) VALUES (?) RETURNING id", (device,)).get
            assert key is not None
            self.keys[device] = key
            self._fresh_devices.append(device)
        return key

    def known(self, device: str) -> int | None:
        """The device's number, if it has one."""
        return self.keys.get(device)

    def shape(self, db: apsw.Connection, names: Names) -> Shape:
        """The shape of these names in this order, a new one if they have none; beyond ``SHAPES_MAX`` no number."""
        shape = self.shapes.get(names)
        if shape is None:
            if len(self.shapes) >= SHAPES_MAX:
                return None, names
            number = db.execute("INSERT INTO shape (names) VALUES (?) RETURNING id", (to_json(names),)).get
            shape = self.shapes[names] = number, names
            self._fresh_shapes.append(names)
        return shape

    def drop(self, db: apsw.Connection, device: str) -> int | None:
        """Take the device's number away; what it was, if it had one."""
        key = self.keys.pop(device, None)
        if key is not None:
            db.execute("DELETE FROM device_key WHERE id = ?", (key,))
            self._dropped[device] = key
        return key

    def keep(self) -> None:
        """The transaction is durable."""
        self._kept_next_id = self.next_id
        self.tail.extend(self.fresh)
        self.fresh.clear()
        self._fresh_devices.clear()
        self._fresh_shapes.clear()
        self._dropped.clear()

    def undo(self) -> None:
        """The transaction was rolled back."""
        self.next_id = self._kept_next_id
        self.fresh.clear()
        for device in self._fresh_devices:
            self.keys.pop(device, None)
        for names in self._fresh_shapes:
            self.shapes.pop(names, None)
        self.keys.update(self._dropped)
        self._fresh_devices.clear()
        self._fresh_shapes.clear()
        self._dropped.clear()
