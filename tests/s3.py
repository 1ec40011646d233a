"""A server that speaks S3 over HTTP, in a process of its own: it prints its port, and ends when its input does."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx


@contextmanager
def s3_serving() -> Iterator[str]:
    """Its address."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.terminate()


def make_bucket(url: str, name: str) -> None:
    httpx.put(f"{url}/{name}").raise_for_status()


if __name__ == "__main__":
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    print(moto.get_host_and_port()[1], flush=True)  # noqa: T201 - this is how the test learns of it
    sys.stdin.read()
    moto.stop()
