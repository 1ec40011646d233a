"""Forms with a file (RFC 7578), read while they arrive: texts into memory, the file to the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from wayside.media.uploads.admission import Refusal, Refused
from wayside.media.uploads.incoming import Incoming, Part
from wayside.protocol.uploads import Uploads

PARTS_MAX: Final = 16
"""Of a form: cameras send four or five."""

PART_HEADERS_MAX: Final = 8
PART_HEADER_BYTES_MAX: Final = 2 * 1024
"""Of a part: one or two lines of some hundred bytes."""

FIELD_BYTES_MAX: Final = 1_024
"""Of a text: the longest is a file's name."""

FORM_BYTES_MAX: Final = 64 * 1024
"""Of everything but the file: the bounds above leave room for twice as much as any form has."""

BOUNDARY_CHARACTERS_MAX: Final = 70
"""RFC 2046, 5.1.1."""

FORM_TYPE: Final = "multipart/form-data"

BROKEN: Final = "broken form"
TOO_LARGE: Final = Refusal(
    "too large", "file: larger than this server takes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
)

Begin = Callable[[dict[str, str], str], Awaitable[None]]


class Form(msgspec.Struct):
    """``part_name`` is the name in the head of the file's own part."""

    fields: dict[str, str]
    part_name: str
    part: Part


def boundary_of(content_type: str) -> str | None:
    """What separates the parts of a form; None: this is no form.

    Raises:
        Refused: it is one without a boundary that can be used.
    """
    kind, options = parse_options_header(content_type)
    if kind != FORM_TYPE:
        return None
    boundary: str = options.get("boundary", "")
    if not 0 < len(boundary) <= BOUNDARY_CHARACTERS_MAX or not (
        boundary.isascii() and boundary.isprintable()
    ):
        raise Refused(Refusal(BROKEN, "Content-Type: a boundary of 1 to 70 characters is expected"))
    return boundary


class FormReader:
    """Reads one form.  ``begin(fields, part_name)`` is asked before the first byte of the file, and may refuse."""

    def __init__(self, uploads: Uploads, incoming: Incoming, file_bytes: int, begin: Begin) -> None:
        self._uploads = uploads
        self._incoming = incoming
        self._file_bytes = file_bytes
        self._begin = begin
        self._fields: dict[str, str] = {}
        self._text: bytearray | None = None
        self._text_name = ""
        self._part_name = ""
        self._writing = False
        self.part: Part | None = None
        """What arrived of the file; whoever reads the form discards it when that fails."""

    async def read(self, boundary: str, body: AsyncIterator[bytes]) -> Form:
        """The whole form, when all of it is there.

        Raises:
            Refused, NoRoom: and whatever ``body`` raises.
        """
        parser = PushMultipartParser(
            boundary,
            max_header_size=PART_HEADER_BYTES_MAX,
            max_header_count=PART_HEADERS_MAX,
            max_segment_count=PARTS_MAX,
        )
        received = 0
        try:
            async for data in body:
                received += len(data)
                if received > self._file_bytes + FORM_BYTES_MAX:
                    raise Refused(TOO_LARGE)
                if not parser.closed:
                    for event in parser.parse(data):
                        await self._take(event)
            parser.close()
        except MultipartError as error:
            raise Refused(Refusal(BROKEN, f"not a form as it should be: {error}")) from error
        if self.part is None:
            raise Refused(Refusal("no file", f"{self._uploads.file}: a part with the file is expected"))
        await self.part.close()
        return Form(self._fields, self._part_name, self.part)

    async def _take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            await self._open(event)
        elif event is None:
            self._end()
        elif self._writing and self.part is not None:
            if self.part.size + len(event) > self._file_bytes:
                raise Refused(TOO_LARGE)
            await self.part.write(bytes(event))
        elif self._text is not None:
            self._text += event
            if len(self._text) > FIELD_BYTES_MAX:
                raise Refused(Refusal(BROKEN, f"{self._text_name}: too long"))

    async def _open(self, segment: MultipartSegment) -> None:
        if segment.name == self._uploads.file:
            if self.part is not None:
                raise Refused(Refusal(BROKEN, f"{self._uploads.file}: there is more than one"))
            self._part_name = segment.filename or ""
            await self._begin(self._fields, self._part_name)
            self.part = await self._incoming.begin()
            self._writing = True
        elif segment.name in self._uploads.fields:
            self._text, self._text_name = bytearray(), segment.name

    def _end(self) -> None:
        if self._text is not None:
            self._fields[self._text_name] = self._text.decode("utf-8", "replace").strip()
        self._text, self._writing = None, False
