"""The commands in this process, with a server that the test plays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import httpx

from wayside.cli.client import Client
from wayside.cli.options import ServerOptions


@contextmanager
def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Iterator[list[httpx.Request]]:
    """Whatever the commands ask is answered so; what they asked."""
    asked: list[httpx.Request] = []

    def heard(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    def client(options: ServerOptions) -> Client:
        return Client(options.url, options.token, httpx.MockTransport(heard))

    with patch.object(ServerOptions, "client", client):
        yield asked
