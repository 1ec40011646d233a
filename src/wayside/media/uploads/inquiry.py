"""Whose file this is, and who expects it: what the form says, held against the store and the open commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from wayside.media.uploads.admission import Facts
from wayside.media.uploads.contents import Content, promised
from wayside.media.uploads.limits import UploadLimits
from wayside.media.uploads.matching import Arrival, Awaited, guessed, told
from wayside.model.events import Kind, StoredEvent
from wayside.model.identity import split_device_id
from wayside.model.instant import DAY, MINUTE, SECOND, Instant, seconds
from wayside.ports.intake import Intake
from wayside.ports.media import MediaFile, MediaQuery, MediaStore, Usage
from wayside.ports.store import DeviceStatus, EventQuery, Span, Store
from wayside.protocol.base import Protocol
from wayside.protocol.uploads import Claim, Shot, Uploads, is_name

UPLOAD: Final = "upload"
"""The message of the event that says a file is here: it announces nothing."""

PAGE: Final = 500
PAGES_MAX: Final = 20
"""Of alarms that are looked through for a name: a week of one every minute."""


class Post(msgspec.Struct, frozen=True):
    """A form with a file: its family, what it says, where it came from and when."""

    family: Protocol
    uploads: Uploads
    claim: Claim
    address: str
    at: Instant


class Found(msgspec.Struct, frozen=True):
    """What is known of it.  ``device`` is "" unless exactly one is meant; ``held``: files of this name are here."""

    device: str
    facts: Facts
    channel: str = ""
    taken_at: Instant | None = None
    alarm: int | None = None
    announced: bool = False
    awaited: Awaited | None = None
    held: int = 0


class Inquiry:
    """``address_of(device)``: where it is connected from now, or None.  Everything may raise ``StoreUnavailable``."""

    def __init__(
        self,
        store: Store,
        media: MediaStore,
        intake: Intake,
        limits: UploadLimits,
        address_of: Callable[[str], str | None],
    ) -> None:
        self._store = store
        self._media = media
        self._intake = intake
        self._limits = limits
        self._address_of = address_of

    async def about(self, post: Post, size: int, content: Content | None = None, *, whole: bool) -> Found:
        """Everything that is to be known of a file."""
        claim, name = post.claim, post.claim.name
        shot = content.shot if content else promised(name)
        awaited = self._awaited(post)
        devices = self._devices(post, shot, awaited)
        facts = Facts(
            devices,
            status=None,
            name=name,
            sound_name=is_name(name),
            expected=False,
            clock_off_s=None if claim.timestamp is None else (claim.timestamp - post.at) / SECOND,
            usage=Usage(),
            size=size,
            whole=whole,
            content=content,
        )
        if len(devices) != 1:
            return Found("", facts)
        (device,) = devices
        status = await self.status(device)
        if status is None:
            return Found(device, facts)
        facts = msgspec.structs.replace(facts, status=status)
        arrival = self._arrival(post, device, shot)
        replied = [await self._with_reply(each) for each in awaited if each.device == device]
        return await self._expected(Found(device, facts, arrival.channel, arrival.taken_at), arrival, replied)

    async def status(self, device: str) -> DeviceStatus | None:
        """What was decided about the device; None: nothing."""
        record = await self._store.device(device)
        return record.status if record is not None else None

    def lists(self, family: Protocol, uploads: Uploads, device: str) -> list[Awaited]:
        """The device's open commands that wait for a list of names."""
        every = self._awaited_by(family, uploads)
        return [each for each in every if each.device == device and each.wanted.shot is None]

    def taken_at(self, uploads: Uploads, device: str, local: Instant | None) -> Instant | None:
        """UTC of the device's own time; None where its zone is not known."""
        zone = self._store.state(device).get(uploads.zone)
        if local is None or zone is None or not isinstance(zone.value, int):
            return None
        return local - zone.value * MINUTE

    async def noted(self, device: str, file: str, since: Instant) -> bool:
        """Whether the log says already that this file is here."""
        return (
            await self._newest(
                device, Kind.MEDIA, since, lambda event: event.values.get("media.file") == file
            )
            is not None
        )

    def _awaited(self, post: Post) -> list[Awaited]:
        every = self._awaited_by(post.family, post.uploads)
        return [each for each in every if each.wanted.shot is not None]

    def _awaited_by(self, family: Protocol, uploads: Uploads) -> list[Awaited]:
        found = []
        for device, command in self._intake.awaiting():
            if split_device_id(device)[0] == family.name and (wanted := uploads.wanted(command)) is not None:
                found.append(Awaited(device, command, wanted))
        return found

    def _devices(self, post: Post, shot: Shot | None, awaited: list[Awaited]) -> frozenset[str]:
        """Whom the form names; where it names nobody, whose open command the file fits."""
        family, claim = post.family, post.claim
        named = {f"{family.name}:{ident}" for ident in claim.idents if re.fullmatch(family.ident, ident)}
        if claim.number is not None:
            named |= {each.device for each in awaited if each.command.number == claim.number}
        if named or claim.number is not None:
            return frozenset(named)
        within = seconds(self._limits.announced_s)
        fitting = {
            each.device
            for each in awaited
            if guessed(self._arrival(post, each.device, shot), [each], within) is not None
        }
        if len(fitting) > 1:
            fitting = {each for each in fitting if self._address_of(each) == post.address} or fitting
        return frozenset(fitting)

    def _arrival(self, post: Post, device: str, shot: Shot | None) -> Arrival:
        said = post.uploads.read_name(post.claim.name)
        taken_at = self.taken_at(post.uploads, device, said.local)
        return Arrival(post.claim.name, shot, said.channel, said.local, taken_at, post.claim.number, post.at)

    async def _with_reply(self, awaited: Awaited) -> Awaited:
        record = await self._store.command(awaited.command.id)
        reply = record.values.get("reply.text") if record is not None else None
        return msgspec.structs.replace(awaited, reply=reply) if isinstance(reply, str) else awaited

    async def _expected(self, found: Found, arrival: Arrival, awaited: list[Awaited]) -> Found:
        """Who expects it, in this order: the command that is named, the alarm, a command that it fits."""
        within = seconds(self._limits.announced_s)
        since = arrival.at - within
        asked = told(arrival, awaited, within)
        alarm = await self._announcement(found.device, Kind.ALARM, arrival.name, since)
        announced = alarm is not None or (
            await self._announcement(found.device, Kind.MEDIA, arrival.name, since) is not None
        )
        if asked is None and alarm is None:  # a camera also announces what a command asked for
            asked = guessed(arrival, awaited, within)
        same_name = MediaQuery(device=found.device, name=arrival.name)
        held = len(await self.files(same_name, self._limits.copies))
        expected = asked is not None or (announced and held < self._limits.copies)
        usage = Usage() if expected else await self._media.usage(found.device, arrival.at - DAY)
        return msgspec.structs.replace(
            found,
            facts=msgspec.structs.replace(found.facts, expected=expected, usage=usage),
            alarm=alarm.id if alarm is not None else None,
            announced=announced,
            awaited=asked,
            held=held,
        )

    async def files(self, query: MediaQuery, enough: int) -> list[MediaFile]:
        """The newest, at least so many if there are as many."""
        found: list[MediaFile] = []
        cursor = None
        for _ in range(PAGES_MAX):
            span = Span(PAGE, cursor)
            page = await self._media.files(msgspec.structs.replace(query, span=span))
            found += page.items
            cursor = page.next
            if len(found) >= enough or cursor is None:
                break
        return found

    async def _announcement(self, device: str, kind: Kind, name: str, since: Instant) -> StoredEvent | None:
        def names_it(event: StoredEvent) -> bool:
            names = event.values.get("media.files")
            return event.message != UPLOAD and isinstance(names, list) and name in names

        return await self._newest(device, kind, since, names_it)

    async def _newest(
        self, device: str, kind: Kind, since: Instant, right: Callable[[StoredEvent], bool]
    ) -> StoredEvent | None:
        cursor = None
        for _ in range(PAGES_MAX):
            span = Span(PAGE, cursor, since)
            page = await self._store.events(
                EventQuery(device=device, kind=kind, name="media.files", span=span)
            )
            found = next((event for event in page.items if right(event)), None)
            if found is not None or page.next is None:
                return found
            cursor = page.next
        return None
