"""A WebSocket that is refused before it opened gets an HTTP answer with a problem, where the server can do that."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from wayside.api.problems import MEDIA_TYPE, problem

EXTENSION: Final = "websocket.http.response"

# The gate and the feed close with 4000 + the HTTP status.
CODE_BASE: Final = 4000


class Denial(ASGIMiddleware):
    """Turns an early ``websocket.close`` into a response."""

    scopes = (ScopeType.WEBSOCKET,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass everything on but the refusal."""
        accepted = False

        async def watch(message: Message) -> None:
            nonlocal accepted
            if message["type"] == "websocket.close" and not accepted:
                await _refuse(message["code"], message.get("reason") or "", scope, send)
                return
            accepted = accepted or message["type"] == "websocket.accept"
            await send(message)

        await next_app(scope, receive, watch)


async def _refuse(code: int, reason: str, scope: Scope, send: Send) -> None:
    status = code - CODE_BASE
    raw: Any = send
    if EXTENSION not in (scope.get("extensions") or {}) or status not in set(HTTPStatus):
        await raw({"type": "websocket.close", "code": code, "reason": reason})
        return
    body = msgspec.json.encode(problem(status, reason))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await raw({"type": f"{EXTENSION}.start", "status": status, "headers": headers})
    await raw({"type": f"{EXTENSION}.body", "body": body})
