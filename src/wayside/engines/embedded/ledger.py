"""What the writer remembers from one transaction to the next, and takes back when one fails."""

from __future__ import annotations

import apsw


class Ledger:
    """The numbers of devices and the next id of the log.  Used by the writer's thread alone."""

    def __init__(self, db: apsw.Connection) -> None:
        self._keys: dict[str, int] = dict(db.execute("SELECT device, id FROM device_key"))
        # An id that was given once is never given again, even when the whole log has been pruned: then the
        # marks remember it, because no row goes before it is indexed and folded.
        last_id: int = db.execute(
            "SELECT max(coalesce((SELECT max(id) FROM log), 0),"
            " (SELECT max(value) FROM mark WHERE name IN ('indexed', 'checkpoint')))"
        ).get
        self.next_id = last_id + 1
        self._kept_next_id = self.next_id
        self._fresh: list[str] = []
        self._dropped: dict[str, int] = {}

    @property
    def last_id(self) -> int:
        """The newest row that is committed."""
        return self._kept_next_id - 1

    def key(self, db: apsw.Connection, device: str) -> int:
        """The device's number, a new one if it has none."""
        key = self._keys.get(device)
        if key is None:
            key = db.execute("INSERT INTO device_key (device) VALUES (?) RETURNING id", (device,)).get
            assert key is not None
            self._keys[device] = key
            self._fresh.append(device)
        return key

    def known(self, device: str) -> int | None:
        """The device's number, if it has one."""
        return self._keys.get(device)

    def drop(self, db: apsw.Connection, device: str) -> int | None:
        """Take the device's number away; what it was, if it had one."""
        key = self._keys.pop(device, None)
        if key is not None:
            db.execute("DELETE FROM device_key WHERE id = ?", (key,))
            self._dropped[device] = key
        return key

    def keep(self) -> None:
        """The transaction is durable."""
        self._kept_next_id = self.next_id
        self._fresh.clear()
        self._dropped.clear()

    def undo(self) -> None:
        """The transaction was rolled back."""
        self.next_id = self._kept_next_id
        for device in self._fresh:
            self._keys.pop(device, None)
        self._keys.update(self._dropped)
        self._fresh.clear()
        self._dropped.clear()
