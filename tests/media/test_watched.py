"""Whether blobs can be kept is known from what was tried; nobody who asks waits."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from tests.media.live.serving import serving
from wayside.app.media import samples, troubles
from wayside.engines.blobs import DirectoryBlobs, bucket
from wayside.media import watched
from wayside.media.watched import WatchedBlobs
from wayside.model.errors import StoreUnavailable

KEY = "ab" * 16


class Blobs(DirectoryBlobs):
    """In a folder that may refuse, or hang while ``answers`` is not set."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.refuses = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = asyncio.Event()
        self.tries = 0

    async def put(self, key: str, file: Path) -> None:
        if self.refuses:
            raise StoreUnavailable("media: http://bucket.example refuses")
        await super().put(key, file)

    async def healthy(self) -> str | None:
        self.tries += 1
        self.asked.set()
        await self.answers.wait()
        return "media: http://bucket.example refuses" if self.refuses else await super().healthy()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    blobs = Blobs(tmp_path / "blobs")
    blobs.open()
    return blobs


def told(blobs: WatchedBlobs) -> dict[str, float]:
    return {sample.name: sample.value for sample in samples(blobs)}


async def test_an_upload_that_fails_is_told_until_one_succeeds(blobs: Blobs, part: Path) -> None:
    watching = WatchedBlobs(blobs)
    assert (troubles(watching), told(watching)) == (
        [],
        {"wayside_media_writable": 1, "wayside_media_failures": 0},
    )
    blobs.refuses = True
    with structlog.testing.capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await watching.put(KEY, part)
        (trouble,) = troubles(watching)
        assert trouble.startswith("media: ")
        assert "bucket.example" not in trouble, "everybody may read it"
        assert told(watching) == {"wayside_media_writable": 0, "wayside_media_failures": 2}
        blobs.refuses = False
        await watching.put(KEY, part)
    assert (troubles(watching), told(watching)["wayside_media_writable"]) == ([], 1)
    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("error", "media: no file can be kept right now"),
        ("info", "media: files can be kept again"),
    ]
    assert "bucket.example" in lines[0]["reason"]


async def test_where_nothing_is_uploaded_it_is_tried(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "LOOK_EVERY_S", 0.001)
    watching = WatchedBlobs(blobs)
    task = asyncio.create_task(watching.watch_forever())
    for refuses in (True, False):
        blobs.refuses = refuses
        async with asyncio.timeout(20):
            while bool(watching.trouble) is not refuses:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_store_that_hangs_is_in_trouble_and_asked_once(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "ANSWERS_WITHIN_S", 0.001)
    monkeypatch.setattr(watched, "LOOK_EVERY_S", 0.0)
    blobs.answers.clear()
    watching = WatchedBlobs(blobs)
    task = asyncio.create_task(watching.watch_forever())
    async with asyncio.timeout(20):
        while watching.trouble is None:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.001)
    assert "no answer" in watching.trouble
    assert blobs.tries == 1
    blobs.answers.set()
    async with asyncio.timeout(20):
        while blobs.tries == 1:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_watcher_that_is_stopped_waits_for_nothing(blobs: Blobs) -> None:
    blobs.answers.clear()
    task = asyncio.create_task(WatchedBlobs(blobs).watch_forever())
    await blobs.asked.wait()
    task.cancel()
    async with asyncio.timeout(20):
        await asyncio.gather(task, return_exceptions=True)


async def test_a_server_without_its_bucket_is_ready_and_says_what_it_cannot_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "RETRIES_MAX", 0)
    with socket.socket() as nobody:  # bound and not listening: who calls there is refused
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        keys = {"media.s3_access_key": "a", "media.s3_secret_key": "b"}
        async with serving(
            tmp_path, **{"media.s3_bucket": "abc", "media.s3_endpoint": url, **keys}
        ) as served:
            async with asyncio.timeout(60):
                while not (ready := (await served.http.get("/readyz")).json())["troubles"]:
                    assert ready["status"] == "ready"
                    await asyncio.sleep(0.01)
            answer = await served.http.get("/readyz")
            assert (answer.status_code, answer.json()["status"]) == (200, "ready")
            assert url not in answer.text
            assert await served.metric("wayside_media_writable") == 0


async def pieces(found: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in found])


async def test_all_else_is_handed_through(blobs: Blobs, part: Path) -> None:
    watching = WatchedBlobs(blobs)
    await watching.put(KEY, part)
    assert await pieces(watching.read(KEY, 1, 4)) == b"ont"
    assert watching.local(KEY) == blobs.local(KEY)
    await watching.delete(KEY)
    path = watching.local(KEY)
    assert path is not None
    assert not path.exists()
