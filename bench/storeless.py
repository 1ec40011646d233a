"""``wayside serve`` with the log switched off: batches are taken and thrown away, everything else is as it is.

What it costs less than the real server is what storing costs; what it costs more than the null server is what the
protocol and the gateway cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

from wayside.app import engine
from wayside.cli.main import main
from wayside.engines.embedded import EmbeddedStore
from wayside.ports.store import Batch, Committed


class Storeless(EmbeddedStore):
    """Commits at once, to nowhere."""

    def __init__(self, folder: Path, *, vfs: str | None = None) -> None:
        super().__init__(folder, vfs=vfs)
        self._next_id = 1

    def append(self, batch: Batch) -> Awaitable[Committed]:
        """Nothing of it is kept."""
        done: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        done.set_result(Committed(self._next_id))
        self._next_id += len(batch.entries)
        return done


if __name__ == "__main__":
    engine.EmbeddedStore = Storeless  # type: ignore[attr-defined]  # here alone, and said in the name
    main()
