"""Pictures, clips and recordings: their records, their bytes, and what devices still hold.

What devices sent is data, never a page: the content type comes from a table of ours, browsers are told not to guess
another, and the file is offered for saving under a name that we cleaned.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from litestar import HttpMethod, Request, Response, delete, get, route
from litestar.handlers import BaseRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import FromQuery, PathParameter, QueryParameter
from litestar.response import Stream

from wayside.api.auth import ADMIN, READ
from wayside.api.devices import known
from wayside.api.parameters import ID_MAX, By, Device, DeviceFilter, Provided, Window
from wayside.api.problems import Refusal
from wayside.api.ranges import Unsatisfiable, is_continued, is_known, part_wanted
from wayside.api.services import Services
from wayside.api.shapes import Next, Time, time
from wayside.model.errors import NotFound
from wayside.model.events import Kind, StoredEvent
from wayside.model.instant import DAY, to_rfc3339
from wayside.ports.media import MediaFile, MediaKind, MediaQuery, Origin, Recording
from wayside.ports.store import AuditRecord, EventQuery, Span

NAME_MAX: Final = 200

REPORTS_READ_MAX: Final = 500
"""Events that are looked through for words about a file: a day of one every three minutes."""
SPOKEN_OF_BEFORE: Final = 7 * DAY
"""How long before a file its announcement is looked for; so long it may be on its way."""

JPEG: Final = "image/jpeg"
UNKNOWN_TYPE: Final = "application/octet-stream"

EXTENSIONS: Final = {
    JPEG: "jpg",
    "image/png": "png",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/mp2t": "ts",
    "video/x-flv": "flv",
    "video/x-msvideo": "avi",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/amr": "amr",
}
"""What is served as what it is, and the ending of its name; all else is bytes."""

# A picture does not change under its id: a browser may keep it, and ask each time whether it still may.
KEPT: Final = {"Cache-Control": "private, no-cache", "Content-Security-Policy": "default-src 'none'; sandbox"}

_ENDING: Final = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")

MediaId = Annotated[str, PathParameter(pattern=r"^[0-9a-f]{32}$", description="Of a file")]


class MediaView(msgspec.Struct, frozen=True):
    """A file of a device.  ``name`` is the device's word for it; ``taken_at`` is what that says.

    ``alarm`` is the event that announced it, ``command`` what asked for it.
    """

    id: str
    device: str
    name: str
    kind: MediaKind
    content_type: str
    size: int
    sha256: str
    md5: str
    received_at: Time
    taken_at: Time | None
    channel: str
    origin: Origin
    alarm: int | None
    command: str | None

    @classmethod
    def of(cls, file: MediaFile) -> MediaView:
        times = {"received_at": to_rfc3339(file.received_at), "taken_at": time(file.taken_at)}
        shown = {name: getattr(file, name) for name in MediaView.__struct_fields__}
        return cls(**(shown | times))


class MediaDetail(MediaView, frozen=True):
    """A file of a device.

    ``reports`` are the newest events in which the device itself spoke of it, by its name or its MD5: that it will
    come, or that it was uploaded.
    """

    reports: list[int]


class MediaPage(msgspec.Struct, frozen=True):
    """Files, newest first."""

    items: list[MediaView]
    next: Next


class RecordingView(msgspec.Struct, frozen=True):
    """A recording that a device says it holds.  ``file``: the id under which it is here too, null if it is not."""

    device: str
    name: str
    reported_at: Time
    taken_at: Time | None
    channel: str
    file: str | None

    @classmethod
    def of(cls, recording: Recording, file: str | None) -> RecordingView:
        return cls(
            recording.device,
            recording.name,
            to_rfc3339(recording.reported_at),
            time(recording.taken_at),
            recording.channel,
            file,
        )


class RecordingPage(msgspec.Struct, frozen=True):
    """Recordings, those taken last first, those without a time at the end."""

    items: list[RecordingView]
    next: Next


@get("/media", opt=READ)
async def list_media(
    *,
    services: Provided,
    window: Window,
    device: DeviceFilter = None,
    kind: FromQuery[MediaKind | None] = None,
    origin: FromQuery[Origin | None] = None,
    alarm: Annotated[
        int | None, QueryParameter(ge=1, le=ID_MAX, description="Only what this alarm announced")
    ] = None,
    command: Annotated[
        str | None, QueryParameter(max_length=64, description="Only what this command asked for")
    ] = None,
    name: Annotated[
        str | None, QueryParameter(max_length=NAME_MAX, description="The device's name of the file, whole")
    ] = None,
) -> MediaPage:
    """List files of devices, newest first."""
    page = await services.media.files(MediaQuery(device, kind, origin, alarm, command, name, window))
    return MediaPage([MediaView.of(file) for file in page.items], page.next)


@get("/media/{media:str}", opt=READ)
async def get_media(services: Provided, media: MediaId) -> MediaDetail:
    """Show what is known of one file, and where its device spoke of it."""
    file = await _file(services, media)
    view = MediaView.of(file)
    return MediaDetail(**msgspec.structs.asdict(view), reports=await _reports(services, file))


@route(
    "/media/{media:str}/content",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    opt={**READ, "produces": (*EXTENSIONS, UNKNOWN_TYPE)},
    status_code=200,
    responses={
        206: ResponseSpec(None, description="The part that was asked for", generate_examples=False),
        304: ResponseSpec(None, description="The caller has it already", generate_examples=False),
    },
)
async def download_media(
    services: Provided, request: Request[Any, Any, Any], media: MediaId
) -> Response[Any]:
    """Download a file, or with `Range` one part of it.  Its `ETag` is its SHA-256."""
    file = await _file(services, media)
    headers = KEPT | {
        "ETag": f'"{file.sha256}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{safe_name(file)}"',
    }
    if is_known(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    wanted = request.headers.get("range") if request.method == HttpMethod.GET else None
    if not is_continued(request.headers.get("if-range"), headers["ETag"]):
        wanted = None
    try:
        part = part_wanted(wanted, file.size)
    except Unsatisfiable as error:
        raise Refusal(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"the file has {file.size} bytes",
            "Range",
            {"Content-Range": f"bytes */{file.size}"},
        ) from error
    start, end = part or (0, file.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    headers["Content-Length"] = str(end - start)
    pieces = services.shelf.read(file, start, end)
    # Until the first piece is there, everything that can go wrong is still an answer.
    first = await anext(pieces, b"") if request.method == HttpMethod.GET else b""
    return Stream(
        _all(first, pieces),
        status_code=HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT,
        media_type=file.content_type if file.content_type in EXTENSIONS else UNKNOWN_TYPE,
        headers=headers,
    )


@get("/media/{media:str}/thumbnail", opt={**READ, "produces": (JPEG,)})
async def get_thumbnail(
    services: Provided, request: Request[Any, Any, Any], media: MediaId
) -> Response[bytes | None]:
    """Show a file small: a JPEG of at most 480 by 480, for pictures and of the first frame of clips.

    404 also where there is nothing to show, because the file is sound or broken.
    """
    file = await _file(services, media)
    headers = KEPT | {"ETag": f'"{file.sha256}-thumbnail"'}
    jpeg = await services.shelf.thumbnail(file)
    if is_known(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(jpeg, media_type=JPEG, headers=headers)


@delete("/media/{media:str}", opt=ADMIN)
async def delete_media(services: Provided, by: By, media: MediaId) -> None:
    """Remove a file for good."""
    file = await _file(services, media)
    if not await services.shelf.remove(media):
        raise NotFound("no such file", "media")
    detail = f"{file.device} {file.name} ({file.size} bytes, sha256 {file.sha256})"
    await services.store.audit(AuditRecord(services.clock(), by.name, "media.delete", media, detail))


@get("/devices/{device:str}/recordings", opt=READ)
async def list_recordings(services: Provided, window: Window, device: Device) -> RecordingPage:
    """List what a device says it holds, as of its last list; `since` and `until` are about the time of recording."""
    await known(services, device)
    page = await services.media.recordings(device, window)
    files = await services.media.files_named([(one.device, one.name) for one in page.items])
    items = [RecordingView.of(one, files.get((one.device, one.name))) for one in page.items]
    return RecordingPage(items, page.next)


async def _reports(services: Services, file: MediaFile) -> list[int]:
    span = Span(REPORTS_READ_MAX, since=file.received_at - SPOKEN_OF_BEFORE)
    query = EventQuery(device=file.device, kind=Kind.MEDIA, name="media.files", span=span)
    words = {file.name, file.md5}
    return [
        event.id
        for event in (await services.store.events(query)).items
        # What has an id was written when the file came, and is no word of the device.
        if "media.file" not in event.values and words & set(_names(event))
    ]


def _names(event: StoredEvent) -> list[str]:
    names = event.values.get("media.files")
    return [name for each in names for name in (each, each.lower())] if isinstance(names, list) else []


async def _file(services: Services, media: str) -> MediaFile:
    file = await services.media.file(media)
    if file is None:
        raise NotFound("no such file", "media")
    return file


async def _all(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
        async for piece in pieces:
            yield piece


def safe_name(file: MediaFile) -> str:
    """What to save a file as: what is harmless of the device's name for it, with the ending of its type."""
    plain = _UNSAFE.sub("_", _ENDING.sub("", file.name)).strip("_")[:80]
    return f"{plain or file.id}.{EXTENSIONS.get(file.content_type, 'bin')}"


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (
    list_media,
    get_media,
    download_media,
    get_thumbnail,
    delete_media,
    list_recordings,
)
