"""What becomes of a file that came: judged, kept, noted in the log, and its command fulfilled.  Then it is answered.

Each step is durable before the next begins, and each can be repeated: whatever a crash cuts off, the device posts the
same file again, and the steps that are missing are made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

import msgspec
import structlog

from wayside.media.uploads.admission import NOT_REGISTERED, SEVERAL_DEVICES, Refused, judge, judge_status
from wayside.media.uploads.contents import Content, content_of
from wayside.media.uploads.incoming import Part
from wayside.media.uploads.inquiry import UPLOAD, Found, Inquiry, Post
from wayside.media.uploads.limits import UploadLimits
from wayside.media.uploads.matching import Awaited
from wayside.media.uploads.stats import Stats
from wayside.model.errors import NotFound
from wayside.model.events import Event, Kind, Values
from wayside.model.instant import Instant
from wayside.ports.intake import Intake
from wayside.ports.media import MediaFile, MediaKind, MediaQuery, MediaShelf, MediaStore, Origin, Recording
from wayside.ports.store import Entry
from wayside.protocol.base import Protocol
from wayside.protocol.uploads import NameList, Uploads

FILE_LIST: Final = "file_list"
"""The message of the event that says a list of names is here."""

log = structlog.get_logger("wayside.media")


class Keeper:
    """``random_bytes`` makes ids; everything may raise ``StoreUnavailable``, and then the device is to try again."""

    def __init__(
        self,
        *,
        inquiry: Inquiry,
        shelf: MediaShelf,
        media: MediaStore,
        intake: Intake,
        limits: UploadLimits,
        stats: Stats,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._inquiry = inquiry
        self._shelf = shelf
        self._media = media
        self._intake = intake
        self._limits = limits
        self._stats = stats
        self._random_bytes = random_bytes
        # One file of a device after the other: quotas are exact then, and two tries with one file see each other.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ask(self, post: Post) -> str:
        """Before the file's first byte: whether it is worth reading; returns the device.

        Raises:
            Refused: it is not.
        """
        found = await self._inquiry.about(post, 0, whole=False)
        # One of this name is here: perhaps the same, whose answer was lost.  Only its bytes can tell.
        facts = msgspec.structs.replace(found.facts, expected=found.facts.expected or found.held > 0)
        if refusal := judge(facts, self._limits):
            raise Refused(refusal)
        return found.device

    async def keep(self, post: Post, part: Part, device: str) -> MediaFile:
        """The file of this device is here, whole: when this returns, everything that follows from it is durable.

        Raises:
            Refused: it is not taken.
        """
        content = content_of(part.head)
        async with self._turn(device):
            found = await self._inquiry.about(post, part.size, content, whole=True)
            if (
                found.device != device
            ):  # what stood behind the file says something else than what stood before
                raise Refused(SEVERAL_DEVICES)
            same = await self._media.file_with_content(device, part.sha256, post.claim.name)
            facts = msgspec.structs.replace(found.facts, expected=found.facts.expected or same is not None)
            if refusal := judge(facts, self._limits):
                raise Refused(refusal)
            assert content is not None, "judged"
            file, fresh = await self._on_the_shelf(self._record(post, found, part, content), part, same)
            await self._note(post, found, file, fresh=fresh)
            if found.awaited is not None:
                await self._fulfil(found.awaited, file, post.at)
        self._count(file, post, fresh=fresh)
        return file

    async def keep_list(self, family: Protocol, uploads: Uploads, listed: NameList, at: Instant) -> str:
        """A device's list of names; returns the device.  Raises as ``keep``."""
        device = f"{family.name}:{listed.ident}"
        if refusal := judge_status(await self._inquiry.status(device)):
            raise Refused(refusal)
        async with self._turn(device):
            recordings = [self._recording(uploads, device, name, at) for name in listed.names]
            try:
                await self._media.put_recordings(device, recordings)
            except NotFound as error:
                raise Refused(NOT_REGISTERED) from error
            values: Values = {"media.recordings": len(recordings)}
            await self._intake.record(Entry(device, at, FILE_LIST, Event(Kind.MEDIA, FILE_LIST, values)))
            for awaited in self._inquiry.lists(family, uploads, device):
                await self._intake.fulfil(awaited.command.id, dict(values), at)
        self._stats.lists += 1
        log.info("list of names kept", device=device, names=len(recordings), left_out=listed.left_out)
        return device

    def _turn(self, device: str) -> asyncio.Lock:
        lock = self._turns.get(device)
        if lock is None:
            lock = self._turns[device] = asyncio.Lock()
        return lock

    def _record(self, post: Post, found: Found, part: Part, content: Content) -> MediaFile:
        return MediaFile(
            id=self._random_bytes(16).hex(),
            device=found.device,
            name=post.claim.name,
            kind=MediaKind(content.shot),
            content_type=content.type,
            size=part.size,
            sha256=part.sha256,
            md5=part.md5,
            received_at=post.at,
            taken_at=found.taken_at,
            channel=found.channel,
            origin=_origin(found),
            alarm=found.alarm,
            command=found.awaited.command.id if found.awaited is not None else None,
        )

    async def _on_the_shelf(
        self, file: MediaFile, part: Part, same: MediaFile | None
    ) -> tuple[MediaFile, bool]:
        if same is not None:
            return same, False
        try:
            kept = await self._shelf.keep(part.path, file)
        except NotFound as error:  # deleted in this moment
            raise Refused(NOT_REGISTERED) from error
        return kept.file, kept.fresh

    async def _note(self, post: Post, found: Found, file: MediaFile, *, fresh: bool) -> None:
        """One event for one file; a crash may have come between the file and its event."""
        if not fresh:
            await self._intake.flush()
            if await self._inquiry.noted(file.device, file.id, file.received_at):
                return
        values: Values = {
            "media.files": [file.name],
            "media.file": file.id,
            "media.kind": file.kind.value,
            "media.type": file.content_type,
            "media.size": file.size,
            "media.md5": file.md5,
            "media.origin": file.origin.value,
            "media.signature": post.claim.signature.value,
        }
        if file.channel:
            values["media.channel"] = file.channel
        if post.claim.number is not None:
            values["media.instruction"] = post.claim.number
        await self._intake.record(Entry(found.device, post.at, UPLOAD, Event(Kind.MEDIA, UPLOAD, values)))

    async def _fulfil(self, awaited: Awaited, file: MediaFile, at: Instant) -> None:
        """A command for two cameras has succeeded when both files are here."""
        wanted = max(1, len(awaited.wanted.channels))
        here = await self._inquiry.files(MediaQuery(device=file.device, command=awaited.command.id), wanted)
        files = {each.id: each for each in (file, *here)}
        if len(files) >= wanted:
            names = sorted({each.name for each in files.values()})
            await self._intake.fulfil(awaited.command.id, {"media.files": names, "media.file": file.id}, at)

    def _recording(self, uploads: Uploads, device: str, name: str, at: Instant) -> Recording:
        said = uploads.read_name(name)
        return Recording(device, name, at, self._inquiry.taken_at(uploads, device, said.local), said.channel)

    def _count(self, file: MediaFile, post: Post, *, fresh: bool) -> None:
        self._stats.kept += fresh
        self._stats.kept_bytes += file.size if fresh else 0
        self._stats.repeated += not fresh
        log.info(
            "file kept" if fresh else "file is here already",
            device=file.device,
            file=file.id,
            name=file.name,
            size=file.size,
            origin=file.origin.value,
            signature=post.claim.signature.value,
            address=post.address,
        )


def _origin(found: Found) -> Origin:
    if found.awaited is not None:
        return Origin.COMMAND
    if found.alarm is not None and found.facts.expected:
        return Origin.ALARM
    if found.announced and found.facts.expected:
        return Origin.ANNOUNCED
    return Origin.UNEXPECTED
