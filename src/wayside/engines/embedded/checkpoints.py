"""When the states in memory are written down: every so many rows, every so often, and at the end."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

import structlog

from wayside.engines.embedded.ledger import Ledger
from wayside.engines.embedded.state import States, finish_checkpoint, slices, write_states
from wayside.engines.embedded.writer import Writer
from wayside.model.errors import StoreUnavailable

CHECKPOINT_ROWS: Final = 200_000
"""Rows folded before the next checkpoint: what a start after a crash reads back, in half a second."""

CHECKPOINT_EVERY_S: Final = 60.0
"""While anything changes.  All devices of a full gateway are 20,000 rows: a tenth of a second's work a minute."""

log = structlog.get_logger(__name__)


class Checkpoints:
    """Belongs to the event loop."""

    def __init__(self, writer: Writer, ledger: Ledger, states: States) -> None:
        self._writer = writer
        self._ledger = ledger
        self._states = states
        self._last_id = states.folded_id
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        # Held while states are written; whoever deletes a device holds it too, or its state would come back.
        self.lock = asyncio.Lock()

    def folded(self) -> None:
        """Something changed: see to it that it is written down in time."""
        if self._states.folded_id - self._last_id >= CHECKPOINT_ROWS:
            self._begin()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(CHECKPOINT_EVERY_S, self._begin)

    async def write(self) -> None:
        """Write every device that has changed.

        Raises:
            StoreUnavailable: not all is written; the next checkpoint writes the rest too.
        """
        async with self.lock:
            covered_id = self._states.folded_id
            changed = self._states.take_changed()
            try:
                for portion in slices(changed):
                    rows = self._states.rows(portion)
                    await self._writer.submit(partial(write_states, ledger=self._ledger, rows=rows))
                await self._writer.submit(partial(finish_checkpoint, covered_id=covered_id))
            except BaseException:
                self._states.give_back(changed)
                raise
            self._last_id = covered_id

    async def stop(self) -> None:
        """No more by itself."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            await self._task

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._write_or_warn())

    async def _write_or_warn(self) -> None:
        try:
            await self.write()
        except StoreUnavailable as error:
            log.warning("store: no checkpoint of the devices' states", reason=str(error))
