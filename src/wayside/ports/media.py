"""Media: pictures, clips and recordings that devices delivered, and the names of what they still hold.

A file is here when its record is: the blob is durable before the record is written, and the record before anybody
hears that the file was taken.  Before the blob there is a note that it may come, so that what a crash leaves without
a record is known by its id: nothing is ever removed only because it is not known, least of all from a bucket that a
restored or a second server looks into.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Protocol

import msgspec

from wayside.model.instant import Instant
from wayside.ports.store import Page, Span


class MediaKind(enum.StrEnum):
    """What sort of file it is, by its content."""

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "audio"


class Origin(enum.StrEnum):
    """Why a file came."""

    ALARM = "alarm"
    """An alarm announced it."""
    ANNOUNCED = "announced"
    """The device announced it, without an alarm."""
    COMMAND = "command"
    """Somebody asked for it."""
    UNEXPECTED = "unexpected"
    """Nobody did; it was within the device's quota."""
    RECORDING = "recording"
    """Live video that this server recorded."""


class MediaFile(msgspec.Struct, frozen=True):
    """A file of a device.

    ``id`` is random, 32 hexadecimal digits; ``name`` is the device's word for it and only ever shown.  ``blob`` is
    that of the record whose bytes it shares, because the device sent them under another name before; None: it has its
    own.  ``taken_at`` is what its name says, in UTC; None: it says nothing.  ``channel``: ``road``, ``cabin``
    or what else the device calls it; "" where nobody knows.  ``alarm`` is the id of the event that announced it,
    ``command`` that of the command that asked for it.
    """

    id: str
    device: str
    name: str
    kind: MediaKind
    content_type: str
    size: int
    sha256: str
    md5: str
    received_at: Instant
    taken_at: Instant | None = None
    channel: str = ""
    origin: Origin = Origin.UNEXPECTED
    alarm: int | None = None
    command: str | None = None
    blob: str | None = None

    @property
    def key(self) -> str:
        """That of its blob.  Several files of a device may have the same."""
        return self.id if self.blob is None else self.blob


class Kept(msgspec.Struct, frozen=True):
    """``file`` is the one that is there now; ``fresh`` is False when these bytes were here under this name before."""

    file: MediaFile
    fresh: bool


class Forgotten(msgspec.Struct, frozen=True):
    """A record that was removed; ``blob`` is the key of what nobody needs any more, None if another file shares it."""

    blob: str | None


class MediaQuery(msgspec.Struct, frozen=True):
    """Which files; None means any.  The span is by time of receipt."""

    device: str | None = None
    kind: MediaKind | None = None
    origin: Origin | None = None
    alarm: int | None = None
    command: str | None = None
    name: str | None = None
    span: Span = Span()


class Recording(msgspec.Struct, frozen=True):
    """A recording that a device says it holds.  ``reported_at``: when it last said so."""

    device: str
    name: str
    reported_at: Instant
    taken_at: Instant | None = None
    channel: str = ""


class Usage(msgspec.Struct, frozen=True):
    """How much of a device is kept; ``unexpected`` ones since the given instant are counted beside the whole."""

    files: int = 0
    size: int = 0
    unexpected: int = 0
    unexpected_size: int = 0


class MediaStore(Protocol):
    """The records; every method may raise ``StoreUnavailable``, and then nothing of it is stored."""

    async def expect_blob(self, file: str) -> None:
        """Note among the orphans that a blob of this id is about to be put.  Durable when this returns."""

    async def keep_file(self, file: MediaFile) -> Kept:
        """Durable when this returns.  The same bytes (``sha256``) of the same device and name are kept once.

        The blob of what is kept is no orphan any more.  Under another name the bytes have a record of their own, which
        shares the blob that is there: then the new one stays an orphan.

        Raises:
            NotFound: there is no such device, or not any more.
        """

    async def file(self, file: str) -> MediaFile | None:
        """One file."""

    async def file_with_content(self, device: str, sha256: str, name: str) -> MediaFile | None:
        """The device's file of this name with these bytes."""

    async def files(self, query: MediaQuery) -> Page[MediaFile]:
        """Newest first."""

    async def files_named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The newest file's id of each pair of device and name, where there is one."""

    async def forget_file(self, file: str) -> Forgotten | None:
        """Remove the record, and note its blob among the orphans unless others share it; None: there was no record."""

    async def orphans(self, limit: int) -> list[str]:
        """Blobs without a record, to be removed and then buried: it is gone, perhaps with its device, or never came."""

    async def bury(self, gone: Collection[str]) -> None:
        """These blobs are gone."""

    async def surplus(
        self, now: Instant, age_s: float | None, device_bytes: int | None, limit: int
    ) -> list[MediaFile]:
        """Up to ``limit`` files that are too old, or the oldest ones of a device that has more than its share."""

    async def usage(self, device: str, since: Instant) -> Usage:
        """How much of the device is kept; what is here under two names counts twice, as it does for ``surplus``."""

    async def put_recordings(self, device: str, recordings: list[Recording]) -> None:
        """The device's list, whole, replaces the one before.  A name stands in it once.

        Raises:
            NotFound: there is no such device, or not any more.
        """

    async def recordings(self, device: str, span: Span) -> Page[Recording]:
        """What the device said it holds; newest ``taken_at`` first, which is also what the span is by."""


class MediaShelf(Protocol):
    """Records and blobs together, so that neither is ever without the other for longer than a crash lasts."""

    @property
    def incoming(self) -> Path:
        """A folder of this machine for files that are still arriving, named ``*.part``; emptied at each start."""

    async def keep(self, part: Path, file: MediaFile) -> Kept:
        """Take a file over whose bytes are all in ``part``: blob and record are durable when this returns.

        ``part`` is gone afterwards; the same bytes of the same device are on the disk once, whatever they are called.

        Raises:
            NotFound: there is no such device, or not any more; ``part`` is gone, too.
            StoreUnavailable: nothing is kept; ``part`` may be gone or not, its bytes have to come again.
        """

    async def remove(self, file: str) -> bool:
        """Remove the record, then the blob if no other file shares it; False if there was no such file."""

    def read(self, file: MediaFile, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``end`` (None: to the last), in small pieces.

        Raises:
            NotFound: it was removed meanwhile.
        """

    async def thumbnail(self, file: MediaFile) -> bytes:
        """A small JPEG of a picture, or of a clip's first frame.

        Raises:
            CommandError: the file is none that shows anything, or is broken.
        """
