"""Cameras that upload one file after the other, and remember what was answered; and what is on the disk of that."""

import asyncio
import hashlib
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from tests.media.uploads.rig import answer_of, fields, form, jpeg, post
from tests.proof.world import PAGE, Tally, World
from wayside.app.media import BLOBS, DIRECTORY, INCOMING, build_blobs
from wayside.app.settings import MediaSettings
from wayside.engines.embedded import EmbeddedStore
from wayside.model.events import Kind
from wayside.ports.media import MediaQuery
from wayside.ports.store import EventQuery, Span

Key = tuple[str, str]
"""A device, and the SHA-256 of a file."""


class Uploader:
    """``answered`` and ``unanswered`` hold the bodies of its requests, by what is in them."""

    def __init__(self, world: World, number: int, size: int, heard: Tally) -> None:
        self.imei = f"35{number:013d}"
        self.device = f"jimi:{self.imei}"
        self.answered: dict[Key, bytes] = {}
        self.unanswered: dict[Key, bytes] = {}
        self._world = world
        self._size = size
        self._heard = heard
        self._count = 0

    async def upload(self) -> None:
        """Until the server is gone."""
        try:
            while True:
                self._count += 1
                name = f"EVENT_{self.imei}_{self._count:08d}_2024_08_11_14_17_36_01.jpg"
                content = jpeg(self._size)
                key = self.device, hashlib.sha256(content).hexdigest()
                self.unanswered[key] = form(fields(name), name, content)
                await self._post(key)
        except (ConnectionError, asyncio.IncompleteReadError):
            return

    async def again(self) -> None:
        """What was not answered, and what was."""
        for key in [*self.unanswered, *self.answered]:
            await self._post(key)

    async def _post(self, key: Key) -> None:
        body = self.unanswered.get(key) or self.answered[key]
        reader, writer = await self._world.dial("upload")
        writer.write(post(body))
        answer = await answer_of(reader)
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise ConnectionResetError("the server is about to stop")
        assert (answer.status, answer.body["code"]) == (200, 200)
        self.unanswered.pop(key, None)
        self.answered[key] = body
        self._heard.add()
        writer.close()


class Disk(NamedTuple):
    """``files`` with their whole bytes; ``noted`` is how often the log says that a file is here."""

    files: set[Key]
    noted: Counter[str]
    ids: set[str]
    blobs: set[str]
    parts: list[str]


async def disk_of(data: Path) -> Disk:
    """Read without any server; every file that there is a record of is there, whole."""
    blobs = build_blobs(MediaSettings(), data / DIRECTORY)
    store = EmbeddedStore(data)
    await store.open()
    try:
        files, ids, noted = set(), set(), Counter[str]()
        cursor = None
        while True:
            page = await store.files(MediaQuery(span=Span(PAGE, cursor)))
            for file in page.items:
                content = b"".join([piece async for piece in blobs.read(file.key)])
                assert hashlib.sha256(content).hexdigest() == file.sha256
                files.add((file.device, file.sha256))
                ids.add(file.id)
            cursor = page.next
            if cursor is None:
                break
        cursor = None
        while True:
            events = await store.events(
                EventQuery(kind=Kind.MEDIA, message="upload", span=Span(PAGE, cursor))
            )
            noted.update(str(event.values["media.file"]) for event in events.items)
            cursor = events.next
            if cursor is None:
                break
    finally:
        await store.close()
    folder = data / DIRECTORY
    kept = {path.name for path in (folder / BLOBS).glob("??/*") if path.is_file()}
    return Disk(files, noted, ids, kept, [path.name for path in (folder / INCOMING).iterdir()])
