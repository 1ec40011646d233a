"""Firmware files in a directory: ``<id>.bin`` with ``<id>.json`` beside it, and the addresses given out for them.

A file is there when its JSON is: that is renamed into place last, after everything it speaks of is on disk.  What
an interrupted upload left behind is removed at the next start.  Names that people give never become file names.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, Final

import msgspec

from wayside.model.errors import CommandError, TooLarge
from wayside.model.instant import Instant
from wayside.ports.firmware import FirmwareRecord
from wayside.protocol.questions import FirmwareOffer

# The largest image that a lock of this kind takes is well under one megabyte; the room above it is for gateways
# and cabinets, and keeps a mistaken upload (a disk image, a video) from filling the disk.
FIRMWARE_BYTES_MAX: Final = 64 * 1024 * 1024

NAME_LENGTH_MAX: Final = 120

# Offers live for minutes, and one is made per upgrade: a thousand is a whole fleet at once.  The ones that expire
# first make room.
OFFERS_MAX: Final = 1024

# 16 random bytes: nobody guesses an address, and the lock's text line stays short (section 2.10).
KEY_BYTES: Final = 16

_OFFERS_FILE: Final = "offers.json"


class Offer(msgspec.Struct, frozen=True):
    """An address that was given out; ``key`` is its last segment."""

    key: str
    firmware: str
    command: str
    until: Instant


class FirmwareDirectory:
    """A ``ports.firmware.FirmwareShelf`` on a directory.

    ``base_url()`` gives what addresses begin with, such as ``http://203.0.113.7:8080``; it is asked at each
    offer, because the port may be known only once the server listens.
    """

    def __init__(
        self,
        directory: Path,
        base_url: Callable[[], str],
        clock: Callable[[], Instant],
        *,
        bytes_max: int = FIRMWARE_BYTES_MAX,
    ) -> None:
        self._directory = directory
        self._base_url = base_url
        self._clock = clock
        self._bytes_max = bytes_max
        self._records: dict[str, FirmwareRecord] = {}
        self._offers: dict[str, Offer] = {}

    def open(self) -> None:
        """Make the directory if it is missing, and read what is in it.

        Raises:
            OSError: the directory cannot be read or written.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        offers = self._directory / _OFFERS_FILE
        for path in self._directory.glob("*.json"):
            if path != offers:
                record = msgspec.json.decode(path.read_bytes(), type=FirmwareRecord)
                self._records[record.id] = record
        for path in (*self._directory.glob("*.bin"), *self._directory.glob("*.part")):
            if path.suffix == ".part" or path.stem not in self._records:
                path.unlink()
        if offers.exists():
            kept = msgspec.json.decode(offers.read_bytes(), type=list[Offer])
            self._offers = {offer.key: offer for offer in kept}

    async def add(self, name: str, chunks: AsyncIterator[bytes]) -> FirmwareRecord:
        """Store a file while it streams in.

        Raises:
            CommandError: the name is unfit for people, or there are no bytes.
            TooLarge: more bytes than the limit.
        """
        if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable():
            raise CommandError(f"must have 1 to {NAME_LENGTH_MAX} printable characters", "name")
        firmware = secrets.token_hex(8)
        part = self._directory / f"{firmware}.bin.part"
        try:
            record = await self._receive(firmware, name, part, chunks)
            await asyncio.to_thread(self._publish, record, part)
        finally:
            part.unlink(missing_ok=True)
        self._records[firmware] = record
        return record

    async def records(self) -> list[FirmwareRecord]:
        return sorted(self._records.values(), key=lambda record: record.created_at, reverse=True)

    async def remove(self, firmware: str) -> bool:
        if self._records.pop(firmware, None) is None:
            return False
        self._offers = {key: offer for key, offer in self._offers.items() if offer.firmware != firmware}
        await asyncio.to_thread(self._unpublish, firmware)
        return True

    async def offer(self, firmware: str, command: str, until: Instant) -> FirmwareOffer | None:
        record = self._records.get(firmware)
        if record is None:
            return None
        now = self._clock()
        live = [offer for offer in self._offers.values() if offer.until > now]
        same = (offer.key for offer in live if (offer.firmware, offer.command) == (firmware, command))
        offer = Offer(next(same, "") or secrets.token_urlsafe(KEY_BYTES), firmware, command, until)
        others = sorted((other for other in live if other.key != offer.key), key=lambda other: other.until)
        self._offers = {kept.key: kept for kept in (*others[-(OFFERS_MAX - 1) :], offer)}
        await asyncio.to_thread(self._keep_offers)
        return FirmwareOffer(f"{self._base_url()}/firmware/{offer.key}", record.size, record.byte_sum)

    def fetch(self, key: str, now: Instant) -> tuple[FirmwareRecord, Path] | None:
        offer = self._offers.get(key)
        if offer is None or offer.until <= now:
            return None
        record = self._records.get(offer.firmware)
        return (record, self._data(record.id)) if record else None

    async def _receive(
        self, firmware: str, name: str, part: Path, chunks: AsyncIterator[bytes]
    ) -> FirmwareRecord:
        """Write the bytes to ``part``, through to the disk."""
        size = byte_sum = 0
        digest = hashlib.sha256()
        with part.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._bytes_max:
                    raise TooLarge(f"a firmware file has at most {self._bytes_max} bytes", "body")
                digest.update(chunk)
                byte_sum += await asyncio.to_thread(_write, file, chunk)
            if not size:
                raise CommandError("the firmware file is empty", "body")
            await asyncio.to_thread(_to_disk, file)
        return FirmwareRecord(firmware, name, size, byte_sum, digest.hexdigest(), self._clock())

    def _publish(self, record: FirmwareRecord, part: Path) -> None:
        part.rename(self._data(record.id))
        self._replace(f"{record.id}.json", msgspec.json.encode(record))

    def _unpublish(self, firmware: str) -> None:
        (self._directory / f"{firmware}.json").unlink(missing_ok=True)
        self._data(firmware).unlink(missing_ok=True)
        self._keep_offers()

    def _keep_offers(self) -> None:
        self._replace(_OFFERS_FILE, msgspec.json.encode(list(self._offers.values())))

    def _data(self, firmware: str) -> Path:
        return self._directory / f"{firmware}.bin"

    def _replace(self, name: str, content: bytes) -> None:
        """Write a small file so that a crash leaves the old one or the new one."""
        part = self._directory / f"{name}.{secrets.token_hex(4)}.part"
        with part.open("xb") as file:
            file.write(content)
            _to_disk(file)
        part.rename(self._directory / name)
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _write(file: IO[bytes], chunk: bytes) -> int:
    """Write, and give the sum of the bytes: of a megabyte that takes long enough to belong in a thread."""
    file.write(chunk)
    return sum(chunk)


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
