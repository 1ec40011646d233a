"""An upload port with a real store, gateway and shelf behind it, and cameras that post to it.

The forms are written here, byte by byte as section 6 shows them, not by the code under test.
"""

import asyncio
import hashlib
import os
import re
import secrets
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from tests.proof.cameras import LOGIN, seal
from wayside.app.media import build_blobs, build_shelf, open_media
from wayside.app.protocols import PROTOCOLS
from wayside.app.settings import MediaSettings, Settings
from wayside.app.uploads import UploadPort
from wayside.engines.embedded import EmbeddedStore, InProcessBus
from wayside.gateway.gateway import Gateway
from wayside.gateway.tcp import Listen
from wayside.media.shelf import Shelf
from wayside.media.uploads.limits import UploadLimits
from wayside.media.uploads.stats import Stats
from wayside.model.commands import CommandRecord, State
from wayside.model.events import Event, Kind, StoredEvent
from wayside.model.instant import Instant
from wayside.ports.media import MediaFile, MediaQuery
from wayside.ports.platform import CommandRequest
from wayside.ports.store import Entry, EventQuery, Span

IMEI = "353376110008882"
DEVICE = f"jimi:{IMEI}"
OTHER = "353376110007413"
SECRET = "jimidvr@123!443"
PATIENCE_S = 20.0

EVENT = f"EVENT_{IMEI}_00000000_2024_08_11_14_17_36_01.jpg"
BOUNDARY = "----WaysideTest7MA4YWxkTrZu0gW"

JPEG_HEAD = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
MP4_HEAD = bytes.fromhex("00000020667479706d70343200000000")


def now() -> Instant:
    return time.time_ns() // 1000


def jpeg(size: int = 5_000) -> bytes:
    """One that is like no other."""
    return JPEG_HEAD + os.urandom(size - len(JPEG_HEAD))


def mp4(size: int = 5_000) -> bytes:
    return MP4_HEAD + os.urandom(size - len(MP4_HEAD))


def sign(text: str) -> str:
    return b64encode(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().encode()).decode()


def fields(name: str, stamp_ms: int | None = None) -> dict[str, str]:
    """What stands before a file (6.1)."""
    stamp = str(now() // 1000 if stamp_ms is None else stamp_ms)
    return {"filename": name, "timestamp": stamp, "sign": sign(name + stamp + SECRET)}


def instructed(number: int | str, imei: str = IMEI) -> dict[str, str]:
    """The same for a command's file (6.3)."""
    stamp = str(now() // 1000)
    signed = sign(f"{imei}{number}{SECRET}{stamp}")
    return {"imei": imei, "instructionId": str(number), "timestamp": stamp, "sign": signed}


def text_part(name: str, text: str) -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()


def file_part(name: str, content: bytes) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def form(texts: Mapping[str, str], name: str, content: bytes) -> bytes:
    return b"".join(text_part(*item) for item in texts.items()) + file_part(name, content) + END


def post(body: bytes, path: str = "/upload", *, length: int | None = None, more: str = "") -> bytes:
    """A request as a camera sends it."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: wayside.example\r\n{more}"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    ).encode() + body


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: dict[str, Any]


async def answer_of(reader: asyncio.StreamReader) -> Answer:
    """The next answer on a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(first.split()[1]), headers, msgspec.json.decode(body) if body else {})


class Camera:
    """On the line, for commands."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def frame(self) -> tuple[int, bytes]:
        """Code and content of the next one."""
        head = await self._reader.readexactly(3)
        rest = await self._reader.readexactly(head[2] + 2)
        return rest[0], rest[1:-6]

    async def log_in(self, imei: str, zone: str = "3201") -> None:
        """``zone``: 3201 is eight hours east."""
        self._writer.write(seal(LOGIN, bytes.fromhex(f"0{imei}0242{zone}"), 1))
        assert (await self.frame())[0] == LOGIN

    async def told(self) -> tuple[int, str]:
        """The server flag and the words of the next command."""
        code, content = await self.frame()
        assert code == 0x80
        length = content[0]
        return int.from_bytes(content[1:5]), content[5 : 1 + length].decode()

    def reply(self, flag: int, text: str) -> None:
        self._writer.write(seal(0x21, flag.to_bytes(4) + b"\x01" + text.encode(), 2))

    def hang_up(self) -> None:
        self._writer.close()


class Rig:
    def __init__(self, folder: Path, limits: UploadLimits) -> None:
        self.store = EmbeddedStore(folder)
        self.media = folder / "media"
        blobs = build_blobs(MediaSettings(), self.media)
        self.shelf: Shelf = build_shelf(self.store, blobs, self.media)
        self._blobs = blobs
        self.gateway = Gateway(
            PROTOCOLS, self.store, InProcessBus(), clock=now, random_bytes=secrets.token_bytes
        )
        settings = Settings(upload="127.0.0.1:0", uploads=limits)
        self.port = UploadPort(settings, self.store, self.gateway, self.shelf)
        self._cameras: list[Camera] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.store.open()
        open_media(self._blobs, self.shelf, self.media)
        await self.gateway.start([Listen("jimi", "127.0.0.1", 0)])
        try:
            async with self.port.running():
                yield
        finally:
            for camera in self._cameras:
                camera.hang_up()
            await self.gateway.drain(5.0)
            await self.store.close()

    @property
    def stats(self) -> Stats:
        return self.port._stats

    @property
    def url(self) -> str:
        return f"http://{self.port.address}/upload"

    async def know(self, *imeis: str) -> None:
        for imei in imeis:
            await self.gateway.devices.create(f"jimi:{imei}", "", "tester")

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        assert self.port.address is not None
        return await asyncio.open_connection(*self.port.address)

    async def say(self, request: bytes) -> Answer:
        """One request on a connection of its own."""
        reader, writer = await self.dial()
        try:
            writer.write(request)
            return await answer_of(reader)
        finally:
            writer.close()

    async def upload(
        self, name: str, content: bytes, texts: Mapping[str, str] | None = None, path: str = "/upload"
    ) -> Answer:
        return await self.say(post(form(fields(name) if texts is None else texts, name, content), path))

    async def post_list(self, body: bytes | Iterable[bytes], path: str = "/filelist") -> Answer:
        """In chunks, where there are several."""
        url = self.url.replace("/upload", path)
        content = body if isinstance(body, bytes) else _pieces(body)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(url, content=content, headers={"Content-Type": "application/json"})
        return Answer(answer.status_code, dict(answer.headers), answer.json())

    async def announce(self, *names: str, kind: Kind = Kind.ALARM, device: str = DEVICE) -> int:
        """As the session does it; returns the event's id."""
        event = Event(kind, "alarm", {"media.files": list(names)})
        await self.gateway.record(Entry(device, now(), "alarm", event))
        page = await self.store.events(EventQuery(device=device, kind=kind, span=Span(limit=1)))
        return page.items[0].id

    async def camera(self, imei: str = IMEI, zone: str = "3201") -> Camera:
        camera = Camera(*await asyncio.open_connection("127.0.0.1", self.gateway.port("jimi")))
        self._cameras.append(camera)
        await camera.log_in(imei, zone)
        return camera

    async def command(self, capability: str, imei: str = IMEI, **parameters: object) -> CommandRecord:
        request = CommandRequest(f"jimi:{imei}", capability, "tester", parameters)
        return (await self.gateway.desk.submit(request)).command

    async def settled(self, command: str) -> CommandRecord:
        await self.gateway.flush()
        found = await self.store.command(command)
        assert found is not None
        return found

    async def reaches(self, command: str, state: State) -> None:
        """Wait until it is there."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.settled(command)).state is not state:  # noqa: ASYNC110 - as the API shows it
                await asyncio.sleep(0.01)

    async def files(self, device: str = DEVICE) -> list[MediaFile]:
        """Oldest first."""
        return list((await self.store.files(MediaQuery(device=device))).items)[::-1]

    async def notes(self, message: str = "upload", device: str = DEVICE) -> list[StoredEvent]:
        query = EventQuery(device=device, kind=Kind.MEDIA, message=message)
        return list((await self.store.events(query)).items)[::-1]

    async def content(self, file: MediaFile) -> bytes:
        return b"".join([piece async for piece in self.shelf.read(file)])

    def parts(self) -> list[Path]:
        """What is still arriving, or was left."""
        return list((self.media / "incoming").iterdir())

    async def blobs(self) -> list[Path]:
        """What stays when the shelf has tidied up."""
        while await self.shelf.clear():
            pass
        return [
            path for path in (self.media / "blobs").rglob("*") if re.fullmatch(r"[0-9a-f]{32}", path.name)
        ]

    async def nothing_left(self) -> None:
        """No part stays; they are removed in the background."""
        async with asyncio.timeout(PATIENCE_S):
            while self.parts():  # noqa: ASYNC110 - threads set no events
                await asyncio.sleep(0.01)


async def _pieces(body: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in body:
        yield piece


@asynccontextmanager
async def rig_in(folder: Path, **limits: Any) -> AsyncIterator[Rig]:  # noqa: ANN401 - limits have types of their own
    rig = Rig(folder, UploadLimits(**{"free_bytes": 0, **limits}))
    async with rig.running():
        yield rig
