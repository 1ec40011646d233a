"""A server process that can be killed and started again on the same data, and its API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.cli.running import WAYSIDE
from tests.cli.serving import PATIENCE_S, Server, serving
from wayside.engines.embedded import EmbeddedStore
from wayside.ports.store import EventQuery, Span

T = TypeVar("T")

OPEN = ("--registration", "open")

PAGE = 1000

Events = list[dict[str, Any]]


async def eventually(look: Callable[[], Awaitable[T | None]]) -> T:
    """What ``look`` finds, as soon as it finds something."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await look()):  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.02)
        return found


class Tally:
    """Counts what many clients see together."""

    def __init__(self) -> None:
        self.count = 0
        self._goal = 0
        self._reached = asyncio.Event()

    def add(self) -> None:
        self.count += 1
        if self.count >= self._goal:
            self._reached.set()

    async def more(self, times: int) -> None:
        """Wait until it has happened so many times more."""
        self._goal = self.count + times
        self._reached.clear()
        await self._reached.wait()


class World:
    """One folder of data, and the server that runs on it now: ``program`` with the arguments of ``wayside``."""

    def __init__(self, folder: Path, program: Sequence[str] = WAYSIDE) -> None:
        self.data = folder / "data"
        self.program = program
        self.token = ""
        self.server: Server
        self.http: httpx.AsyncClient
        self._running = ExitStack()
        self._lines: list[asyncio.StreamWriter] = []

    async def start(self, *arguments: str) -> None:
        """Start a server; whoever ran before has ended."""
        context = serving(self.data, *arguments, program=self.program)
        self.server = await asyncio.to_thread(self._running.enter_context, context)
        self.token = self.server.token or self.token
        self.http = httpx.AsyncClient(
            base_url=f"http://{self.server.address('http')}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=PATIENCE_S,
        )

    async def kill(self) -> None:
        """SIGKILL, now; returns when the process is gone."""
        self.server.process.kill()
        await self.clean_up()

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        await self.begin_to_stop()
        return await self.stopped()

    async def begin_to_stop(self) -> None:
        """SIGTERM; returns when the server has noticed."""
        process = self.server.process
        process.terminate()
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "stopping\n"

    async def stopped(self) -> int:
        """The exit code, once there is one."""
        code = await asyncio.to_thread(self.server.process.wait, PATIENCE_S)
        await self.clean_up()
        return code

    async def clean_up(self) -> None:
        """End the server, if it runs yet, and what belongs to it."""
        await self.http.aclose()
        await asyncio.to_thread(self._running.close)

    async def dial(self, protocol: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a device does; hung up at the end of the test at the latest."""
        host, _, port = self.server.address(protocol).rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        self._lines.append(writer)
        return reader, writer

    async def close(self) -> None:
        """Nothing of it runs any more."""
        for line in self._lines:
            line.close()
        if hasattr(self, "http"):
            await self.clean_up()

    # What the API says.

    async def get(self, path: str, **query: str | int) -> dict[str, Any]:
        answer = await self.http.get(f"/api/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return await self.http.post(f"/api/v1/{path}", json=body, headers=headers)

    async def ready(self) -> bool:
        answer = await self.http.get("/readyz")
        assert answer.status_code in {200, 503}
        return answer.status_code == 200

    async def all_of(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """Every item of a list, page by page, as the API sorts it."""
        found = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=PAGE, **query, **cursor)
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    async def events(self, **query: str | int) -> Events:
        """Oldest first."""
        return list(reversed(await self.all_of("events", **query)))

    async def online(self, *devices: str) -> None:
        """Wait until all of them are."""

        async def look() -> bool:
            found = {device["device"] for device in await self.all_of("devices", online="true")}
            return found.issuperset(devices)

        await eventually(look)

    async def command(self, device: str, capability: str, key: str = "", **body: object) -> dict[str, Any]:
        """Submit one; it must be a new one."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self.post(f"devices/{device}/commands", {"capability": capability, **body}, **headers)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    async def settled(self, command: str, *states: str) -> dict[str, Any]:
        """The command, once it is in one of these states."""

        async def look() -> dict[str, Any] | None:
            found: dict[str, Any] = await self.get(f"commands/{command}")
            return found if found["state"] in states else None

        return await eventually(look)

    # What is on the disk.

    async def kept(self) -> Events:
        """All events of the folder, oldest first, read without any server."""
        store = EmbeddedStore(self.data)
        await store.open()
        try:
            found: Events = []
            cursor = None
            while True:
                page = await store.events(EventQuery(span=Span(PAGE, cursor)))
                found += [
                    {"id": e.id, "device": e.device, "kind": e.kind, "message": e.message, "values": e.values}
                    for e in page.items
                ]
                cursor = page.next
                if cursor is None:
                    return found[::-1]
        finally:
            await store.close()


@asynccontextmanager
async def world_in(folder: Path) -> AsyncIterator[World]:
    world = World(folder)
    try:
        yield world
    finally:
        await world.close()
