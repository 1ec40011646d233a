"""What a simulated camera uploads over HTTP, one after the other, until the server says 200 (chapter 6)."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from wayside.model.instant import Instant, seconds
from wayside.protocol.simulator import Answer, Post, Sample
from wayside.protocols.jimi.uploads import SECRET, signature

BEGIN_S: Final = 1.0
"""From the announcement to the upload: the file has to be closed first."""
RETRY_FIRST_S: Final = 2.0
RETRY_MAX_S: Final = 120.0
"""Doubled each time up to this; real ones go on for hours."""
WAITING_MAX: Final = 100
"""Files that wait: the card is a ring, the oldest are overwritten."""

NAMES_IN_A_PIECE: Final = 100
"""Of a list; each piece is a chunk of its own."""
CUT_WITHIN_BYTES: Final = 5_000
"""Where an upload is cut off at the latest: the smallest sample is longer."""

DONE: Final = {200, "200"}
LISTED: Final = {0, "0", 200, "200"}
"""Section 6.2.2 has another code for success than 6.1.2."""

_CHANCES: Final = 1 << 32
_NO_SUM: Final = "0" * 32


class File(msgspec.Struct, frozen=True):
    """A file to upload.  ``instruction``: the server flag of the command that asked, where it is to be told (6.3)."""

    name: str
    instruction: int | None = None

    @property
    def sample(self) -> Sample:
        """What is in it."""
        return Sample.PICTURE if self.name.endswith(".jpg") else Sample.CLIP


class Listing(msgspec.Struct, frozen=True):
    """The names of recordings, to post (6.2)."""

    names: tuple[str, ...]


Item = File | Listing


class Outbox:
    """``faults``: the share of tries that go wrong (cut off, or wrongly signed), and of files that never come.

    Chance is a hash of what is uploaded and how often it was tried: how a server answers changes nothing of what the
    camera says elsewhere.
    """

    def __init__(self, imei: str, faults: float) -> None:
        self._imei, self._faults = imei, faults
        self._waiting: deque[Item] = deque(maxlen=WAITING_MAX)
        self._under_way: Item | None = None
        self._due: Instant | None = None
        self._tries = 0

    def put(self, item: Item, at: Instant) -> None:
        """Upload it, when it is its turn."""
        self._waiting.append(item)
        if self._due is None:
            self._due = at + seconds(BEGIN_S)

    def forgets(self, name: str) -> bool:
        """Whether this announced file is one of those that never come."""
        return self._chance(name, 0) < self._faults

    @property
    def due(self) -> Instant | None:
        """When ``next`` has something; None while an answer is awaited."""
        return None if self._under_way else self._due

    def next(self, at: Instant, upload_url: str, list_url: str) -> Post | None:
        """What is to be posted now; nothing can be posted to no address."""
        if self.due is None or self.due > at:
            return None
        item = self._waiting.popleft()
        url = list_url if isinstance(item, Listing) else upload_url
        if not url:
            self._due = at if self._waiting else None
            return None
        self._under_way = item
        self._tries += 1
        if isinstance(item, Listing):
            return Post(url, "application/json", name_list(self._imei, item.names), chunked=True)
        return self._form(item, url, at)

    def posted(self, answer: Answer | None, at: Instant) -> None:
        """On to the next one, or later again the same."""
        item, self._under_way = self._under_way, None
        if item is None:
            return
        if answer is not None and _code(answer) in (LISTED if isinstance(item, Listing) else DONE):
            self._tries = 0
            self._due = at if self._waiting else None
            return
        if len(self._waiting) < WAITING_MAX:
            self._waiting.appendleft(item)
        self._due = at + seconds(min(RETRY_FIRST_S * 2 ** (self._tries - 1), RETRY_MAX_S))

    def _form(self, file: File, url: str, at: Instant) -> Post:
        timestamp = str(at // 1000)
        fields = (
            fields_of(file.name, timestamp)
            if file.instruction is None
            else fields_of_instruction(self._imei, str(file.instruction), timestamp)
        )
        cut_after = None
        if (chance := self._chance(file.name, self._tries)) < self._faults / 2:
            cut_after = round(2 * CUT_WITHIN_BYTES * chance / self._faults)
        elif chance < self._faults:
            fields["sign"] = b64encode(_NO_SUM.encode()).decode()
        boundary = f"----{hashlib.md5(f'{file.name}{timestamp}'.encode()).hexdigest()}"  # noqa: S324 - a mark, no secret
        body = multipart(boundary, fields, file.name, file.sample)
        return Post(url, f"multipart/form-data; boundary={boundary}", body, cut_after=cut_after)

    def _chance(self, name: str, tries: int) -> float:
        return zlib.crc32(f"{self._imei} {name} {tries}".encode()) / _CHANCES


def _code(answer: Answer) -> Any:  # noqa: ANN401 - whatever a server writes there
    try:
        body = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return None
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int | str) else None


def fields_of(name: str, timestamp: str) -> dict[str, str]:
    """What stands before a file (6.1.2), in the order in which cameras send it."""
    return {"filename": name, "timestamp": timestamp, "sign": signature(name + timestamp + SECRET)}


def fields_of_instruction(imei: str, instruction: str, timestamp: str) -> dict[str, str]:
    """What stands before a file that a command asked for (6.3.2)."""
    sign = signature(imei + instruction + SECRET + timestamp)
    return {"imei": imei, "instructionId": instruction, "timestamp": timestamp, "sign": sign}


def multipart(boundary: str, fields: dict[str, str], name: str, sample: Sample) -> tuple[bytes | Sample, ...]:
    """A form with the file last.  What is behind the sample makes each file another one, and harms none."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    end = f"\r\n--{boundary}--\r\n"
    return "".join(parts).encode(), sample, TRAILERS[sample](name.encode()), end.encode()


def _free_box(text: bytes) -> bytes:
    """An MP4 may end in a box that nobody reads (ISO/IEC 14496-12, 8.1.2)."""
    return (8 + len(text)).to_bytes(4) + b"free" + text


def _as_it_is(text: bytes) -> bytes:
    """Behind a JPEG's end cameras leave what they like."""
    return text


TRAILERS: Final[dict[Sample, Callable[[bytes], bytes]]] = {
    Sample.PICTURE: _as_it_is,
    Sample.CLIP: _free_box,
}


def name_list(imei: str, names: tuple[str, ...]) -> tuple[bytes, ...]:
    """Section 6.2.1, in pieces, with a comma behind the last name as cameras write it."""
    pieces = [
        "".join(f"{name}," for name in names[start : start + NAMES_IN_A_PIECE]).encode()
        for start in range(0, len(names), NAMES_IN_A_PIECE)
    ]
    return f'{{"imei":"{imei}","fileNameList":"'.encode(), *pieces, b'"}'
