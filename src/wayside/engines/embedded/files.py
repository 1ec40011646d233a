"""Opening and closing what the store stands on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import apsw

from wayside.engines.embedded.connection import lock_folder, open_writer, unavailable
from wayside.engines.embedded.ledger import Ledger
from wayside.engines.embedded.migrations import migrate, steps
from wayside.engines.embedded.retention import Upkeep
from wayside.engines.embedded.state import States


class Files(NamedTuple):
    """The lock, the connection that writes, and what was read through it at the start."""

    lock: int
    db: apsw.Connection
    ledger: Ledger
    upkeep: Upkeep
    states: States

    def close(self) -> None:
        """Let go of everything."""
        self.db.close()
        os.close(self.lock)


def open_files(folder: Path, vfs: str | None) -> Files:
    """Lock the folder, bring the schema up to date, read the states.  Takes as long as the log since the checkpoint.

    Raises:
        ConfigError: the folder or the file cannot be ours.
        StoreUnavailable: the file cannot be read or written now.
    """
    lock = lock_folder(folder)
    try:
        db = open_writer(folder, vfs)
        try:
            migrate(db, steps())
            ledger = Ledger(db)
            states = States(ledger.last_id)
            states.load(db)
            return Files(lock, db, ledger, Upkeep(db, ledger), states)
        except apsw.Error as error:
            db.close()
            raise unavailable(error) from error
        except BaseException:
            db.close()
            raise
    except BaseException:
        os.close(lock)
        raise
