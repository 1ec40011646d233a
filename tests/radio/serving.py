"""A whole server in this process, and its API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.ports import FREE_PORTS
from wayside.app.config import load
from wayside.app.engine import running
from wayside.link.adapter import SYSTEM, Backends

T = TypeVar("T")


class Refused(Exception):
    """The API said no; the text is its answer."""


class Api:
    """The API as an administrator, who is told all that goes wrong."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._http = httpx.AsyncClient(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=20
        )

    async def get(self, path: str) -> Any:  # noqa: ANN401 - whatever JSON it is
        answer = await self._http.get(path)
        if not answer.is_success:
            raise Refused(answer.text)
        return answer.json()

    async def post(self, path: str, **body: object) -> Any:  # noqa: ANN401 - whatever JSON it is
        answer = await self._http.post(path, json=body)
        if not answer.is_success:
            raise Refused(answer.text)
        return answer.json()

    async def patch(self, path: str, **body: object) -> Any:  # noqa: ANN401 - whatever JSON it is
        answer = await self._http.patch(path, json=body)
        if not answer.is_success:
            raise Refused(answer.text)
        return answer.json()

    async def online(self, device: str, *, wanted: bool = True) -> None:
        """Wait until it is, or is not."""

        async def look() -> bool:
            found = await self.get(f"/devices/{device}")
            return found["presence"]["online"] is wanted

        await eventually(look)

    async def settled(self, command: str, *states: str) -> Any:  # noqa: ANN401 - the command as JSON
        """The command, once it is in one of these states."""

        async def look() -> Any:  # noqa: ANN401 - the command as JSON
            found = await self.get(f"/commands/{command}")
            return found if found["state"] in states else None

        return await eventually(look)

    async def close(self) -> None:
        await self._http.aclose()


async def eventually(look: Callable[[], Awaitable[T | None]]) -> T:
    """What ``look`` finds, as soon as it finds something; the test's own timeout ends a vain wait."""
    while not (found := await look()):  # noqa: ASYNC110 - the server sets no events for its callers
        await asyncio.sleep(0.01)
    return found


@asynccontextmanager
async def serving(folder: Path, radio: Backends = SYSTEM, **settings: object) -> AsyncIterator[Api]:
    """On free ports of this machine, with this Bluetooth."""
    async with running(load({"data_dir": str(folder), **settings}, FREE_PORTS).settings, radio) as server:
        assert server.first_token is not None
        api = Api(f"http://{server.http}", server.first_token)
        try:
            yield api
        finally:
            await api.close()
