"""Both places for blobs, each empty at the start of a test; the bucket is one of a real HTTP server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3 import make_bucket, s3_serving
from wayside.engines.blobs import S3, BucketBlobs, DirectoryBlobs
from wayside.ports.blobs import Blobs


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with s3_serving() as url:
        yield url


@pytest.fixture
def s3(s3_url: str, request: pytest.FixtureRequest) -> S3:
    """A bucket that nobody else has, of which we have a part."""
    bucket = f"b{abs(hash(request.node.nodeid)):x}"
    make_bucket(s3_url, bucket)
    return S3(bucket, s3_url, prefix="wayside/media", access_key="us", secret_key="ours")


@pytest.fixture(params=["directory", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "bucket":
        return BucketBlobs(request.getfixturevalue("s3"))
    directory = DirectoryBlobs(tmp_path / "blobs")
    directory.open()
    return directory
