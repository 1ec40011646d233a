"""Records of files in memory, enough of the port for the API to be wrong about."""

import hashlib
from collections.abc import Callable, Collection

from tests.api.paging import paged
from wayside.model.instant import Instant
from wayside.ports.media import Forgotten, Kept, MediaFile, MediaKind, MediaQuery, Recording, Usage
from wayside.ports.store import Page, Span


class FakeMedia:
    """``check`` raises when the store is down."""

    def __init__(self, check: Callable[[], None]) -> None:
        self.check = check
        self.by_id: dict[str, MediaFile] = {}
        self.lists: dict[str, list[Recording]] = {}

    async def expect_blob(self, file: str) -> None:
        raise NotImplementedError

    async def keep_file(self, file: MediaFile) -> Kept:
        self.by_id[file.id] = file
        return Kept(file, fresh=True)

    async def file(self, file: str) -> MediaFile | None:
        self.check()
        return self.by_id.get(file)

    async def file_with_content(self, device: str, sha256: str, name: str) -> MediaFile | None:
        raise NotImplementedError

    async def files(self, query: MediaQuery) -> Page[MediaFile]:
        self.check()
        wanted = {
            name: value
            for name in ("device", "kind", "origin", "alarm", "command", "name")
            if (value := getattr(query, name)) is not None
        }
        chosen = [
            file
            for file in sorted(self.by_id.values(), key=lambda file: -file.received_at)
            if all(getattr(file, name) == value for name, value in wanted.items())
        ]
        return paged(chosen, query.span, lambda file: file.received_at)

    async def files_named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        self.check()
        found = {(file.device, file.name): file.id for file in self.by_id.values()}
        return {pair: found[pair] for pair in names if pair in found}

    async def forget_file(self, file: str) -> Forgotten | None:
        self.check()
        return Forgotten(file) if self.by_id.pop(file, None) is not None else None

    async def orphans(self, limit: int) -> list[str]:
        raise NotImplementedError

    async def bury(self, gone: Collection[str]) -> None:
        self.check()

    async def surplus(
        self, now: Instant, age_s: float | None, device_bytes: int | None, limit: int
    ) -> list[MediaFile]:
        raise NotImplementedError

    async def usage(self, device: str, since: Instant) -> Usage:
        raise NotImplementedError

    async def put_recordings(self, device: str, recordings: list[Recording]) -> None:
        self.lists[device] = recordings

    async def recordings(self, device: str, span: Span) -> Page[Recording]:
        self.check()
        return paged(self.lists.get(device, []), span, lambda one: one.taken_at or 0)


def media_file(content: bytes, number: int, received_at: Instant) -> MediaFile:
    digest = hashlib.sha256(content).hexdigest()
    return MediaFile(
        f"{number:032x}",
        "demo:1",
        f"EVENT_{number}.jpg",
        MediaKind.PICTURE,
        "image/jpeg",
        len(content),
        digest,
        digest[:32],
        received_at,
    )
