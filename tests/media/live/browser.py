"""Debian's Chromium without a window, spoken to over its debugging protocol."""

import asyncio
import base64
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

BROWSER = "chromium"
OPTIONS = (
    "--headless",
    "--no-sandbox",  # tests run as root, also in containers, where its sandbox does not
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-port=0",
    "--window-size=800,640",
)


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.said: list[str] = []
        """What the page wrote to its console, and what the browser had to say about it."""

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command of the protocol; what happens meanwhile is noted."""
        number = next(self._numbers)
        await self._socket.send(
            msgspec.json.encode({"id": number, "method": method, "params": parameters}).decode()
        )
        while True:
            message: dict[str, Any] = msgspec.json.decode(await self._socket.recv())
            if message.get("id") == number:
                assert "error" not in message, message
                found: dict[str, Any] = message["result"]
                return found
            if message.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
                self.said.append(str(message["params"]))

    async def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - JavaScript
        """What an expression is in the page."""
        result = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        return result["result"].get("value")

    async def until(self, expression: str) -> Any:  # noqa: ANN401 - JavaScript
        """Its value, as soon as it is true; the test's own timeout ends a vain wait."""
        while not (value := await self.evaluate(expression)):  # noqa: ASYNC110 - another process sets no events
            await asyncio.sleep(0.05)
        return value

    async def picture(self, file: Path) -> None:
        """What it looks like."""
        shot = await self.call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(shot["data"]))  # noqa: ASYNC240 - one picture, in a test


@asynccontextmanager
async def page(folder: Path) -> AsyncIterator[Page]:
    """A tab of a browser that keeps everything in ``folder``."""
    process = await asyncio.create_subprocess_exec(
        BROWSER, *OPTIONS, f"--user-data-dir={folder}", "about:blank", stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        while not (found := re.search(rb"ws://([\d.:]+)/", line := await process.stderr.readline())):
            assert line, "the browser ended before it listened"
        draining = asyncio.create_task(process.stderr.read())
        async with httpx.AsyncClient() as http:
            tabs = (await http.get(f"http://{found[1].decode()}/json")).json()
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        async with connect(address, max_size=None) as socket:
            tab = Page(socket)
            for domain in ("Page", "Runtime", "Log"):
                await tab.call(f"{domain}.enable")
            yield tab
        draining.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
