"""Both places for blobs, each empty at the start of a test; the bucket is one of a real HTTP server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from wayside.engines.blobs import S3, BucketBlobs, DirectoryBlobs
from wayside.ports.blobs import Blobs


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    program = Path(__file__).with_name("s3_server.py")
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.terminate()


@pytest.fixture
def s3(s3_url: str, request: pytest.FixtureRequest) -> S3:
    """A bucket that nobody else has, of which we have a part."""
    bucket = f"b{abs(hash(request.node.nodeid)):x}"
    httpx.put(f"{s3_url}/{bucket}").raise_for_status()
    return S3(bucket, s3_url, prefix="wayside/media", access_key="us", secret_key="ours")


@pytest.fixture(params=["directory", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "bucket":
        return BucketBlobs(request.getfixturevalue("s3"))
    directory = DirectoryBlobs(tmp_path / "blobs")
    directory.open()
    return directory
