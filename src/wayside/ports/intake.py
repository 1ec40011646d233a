"""What comes past a device's line, such as a file over HTTP: how the log and the commands hear of it."""

from __future__ import annotations

from typing import Protocol

from wayside.model.events import Values
from wayside.model.instant import Instant
from wayside.ports.store import Entry
from wayside.protocol.questions import OpenCommand


class Intake(Protocol):
    """Each of these may raise ``StoreUnavailable``: what was told is kept then, and may be committed later."""

    def awaiting(self) -> list[tuple[str, OpenCommand]]:
        """Commands whose file may still come, late ones too, with their devices; oldest first."""

    async def record(self, entry: Entry) -> None:
        """Store it; durable when this returns."""

    async def fulfil(self, command: str, values: Values, at: Instant) -> bool:
        """What this command was to bring has come: it has succeeded, and that is durable when this returns.

        False: it is over, or was never sent; what was told before is durable all the same.
        """

    async def flush(self) -> None:
        """What was told so far is durable when this returns."""
