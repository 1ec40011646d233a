"""Blobs in a bucket: in parts with bounded memory, and honest when the object store is not there."""

import hashlib
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest

from wayside.engines.blobs import S3, BucketBlobs, bucket
from wayside.model.errors import NotFound, StoreUnavailable

KEY = "ab" * 16

PUT_A_BIG_FILE = """
import asyncio, hashlib, resource, sys
from pathlib import Path
import msgspec
from wayside.engines.blobs import S3, BucketBlobs

async def main():
    s3 = msgspec.json.decode(sys.argv[1], type=S3)
    blobs, file = BucketBlobs(s3), Path(sys.argv[2])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await blobs.put("ab" * 16, file)
    digest = hashlib.sha256()
    async for piece in blobs.read("ab" * 16, 0, 5_000_000):
        digest.update(piece)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(digest.hexdigest(), grown)

asyncio.run(main())
"""


def test_a_big_file_goes_in_parts_with_bounded_memory(s3: S3, tmp_path: Path) -> None:
    file, mebibyte = tmp_path / "big", bytes(range(256)) * 4096
    with file.open("wb") as stream:
        stream.writelines([mebibyte] * 160)
    run = subprocess.run(
        [sys.executable, "-c", PUT_A_BIG_FILE, msgspec.json.encode(s3).decode(), str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    found, grown_kb = run.stdout.split()
    assert found == hashlib.sha256((mebibyte * 5)[:5_000_000]).hexdigest()
    assert int(grown_kb) < 80_000, "160 MiB went through"
    head = httpx.head(f"{s3.endpoint}/{s3.bucket}/{s3.prefix}/{KEY}").headers
    assert int(head["content-length"]) == 160 * len(mebibyte)
    assert head["etag"].strip('"').endswith("-20"), "of 20 parts of 8 MiB"


async def test_others_in_the_bucket_are_left_alone(s3: S3, tmp_path: Path) -> None:
    ours, others = BucketBlobs(s3), BucketBlobs(msgspec.structs.replace(s3, prefix="theirs"))
    for blobs in (ours, others):
        (tmp_path / "x.part").write_bytes(b"content")
        await blobs.put(KEY, tmp_path / "x.part")
    await ours.delete(KEY)
    with pytest.raises(NotFound):
        await anext(ours.read(KEY))
    assert await anext(others.read(KEY)) == b"content"


@pytest.mark.parametrize(
    "changes",
    [{"bucket": "not-there"}, {"endpoint": "http://127.0.0.1:1"}],
    ids=["no bucket", "nobody there"],
)
async def test_an_object_store_that_fails_takes_nothing(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]
) -> None:
    monkeypatch.setattr(bucket, "RETRIES_MAX", 0)
    blobs = BucketBlobs(msgspec.structs.replace(s3, **changes))
    part = tmp_path / "x.part"
    part.write_bytes(b"content")
    with pytest.raises(StoreUnavailable, match="object store") as caught:
        await blobs.put(KEY, part)
    assert part.read_bytes() == b"content"
    assert "\n" not in str(caught.value)
    assert "ours" not in str(caught.value)
    assert "object store" in str(await blobs.healthy())
