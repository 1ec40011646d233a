"""Firmware files that devices fetch over HTTP: stored once, offered per command at an address that expires."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import msgspec

from wayside.model.instant import Instant
from wayside.protocol.questions import FirmwareOffer


class FirmwareRecord(msgspec.Struct, frozen=True):
    """A stored file.  ``byte_sum`` is the sum of all its bytes (parking lock, section 2.10)."""

    id: str
    name: str
    size: int
    byte_sum: int
    sha256: str
    created_at: Instant


class FirmwareShelf(Protocol):
    """Keeps firmware files and hands out addresses."""

    async def add(self, name: str, chunks: AsyncIterator[bytes]) -> FirmwareRecord:
        """Store a file, hashing while it streams; visible only when complete.

        Raises:
            CommandError: the file is empty or too big, or its name cannot be used.
        """

    async def records(self) -> list[FirmwareRecord]:
        """All files, newest first."""

    async def remove(self, firmware: str) -> bool:
        """False if there was none."""

    async def offer(self, firmware: str, command: str, until: Instant) -> FirmwareOffer | None:
        """An address for this command alone, valid until then; None if there is no such file."""

    def fetch(self, key: str, now: Instant) -> tuple[FirmwareRecord, Path] | None:
        """The file behind an address's last path segment; None when unknown or expired."""
