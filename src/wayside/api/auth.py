"""Who may do what: a guard before every route, default deny.

A route says ``opt={"scope": Scope.READ}`` or ``opt={"public": True}``; one that says neither is closed.  The relay
has tokens of its own kind, which open nothing else, as others do not open it.  The token
comes as ``Authorization: Bearer wst_…``, or, because browsers cannot set headers on a WebSocket, as one of the
offered subprotocols: ``bearer.wst_…`` beside ``wayside.v1``.  Never in the query, which ends in logs; only view tokens
may stand there, which open one camera's stream for some minutes, because many players send no headers.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketException
from litestar.handlers import BaseRouteHandler

from wayside.api.problems import Refusal
from wayside.api.tokens import Scope, Tokens
from wayside.api.view_tokens import PREFIX as VIEW_PREFIX
from wayside.model.instant import Instant
from wayside.model.rate import Rate

PUBLIC: Final[dict[str, Any]] = {"public": True}
READ: Final[dict[str, Any]] = {"scope": Scope.READ}
COMMAND: Final[dict[str, Any]] = {"scope": Scope.COMMAND}
ADMIN: Final[dict[str, Any]] = {"scope": Scope.ADMIN}
RELAY: Final[dict[str, Any]] = {"relay": True}
WATCH: Final[dict[str, Any]] = {**READ, "view": True}

FEED_PROTOCOL: Final = "wayside.v1"
VIEW_PARAMETER: Final = "view"
TOKEN_PROTOCOL: Final = "bearer."  # noqa: S105 - the prefix of a subprotocol, not a secret

# A person who mistypes needs a handful; a program that guesses is told to stop, and its noise stays bounded.
# A valid token is never held up: many callers may share one address behind a proxy.
FAILURES_MAX: Final = 20

Connection = ASGIConnection[Any, Any, Any, Any]
T = TypeVar("T")


class Gate:
    """The guard: Litestar calls it with every connection and the handler it would go to."""

    def __init__(self, tokens: Tokens, clock: Callable[[], Instant]) -> None:
        self._tokens = tokens
        self._clock = clock
        self._failures = Rate(FAILURES_MAX)

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Let the connection through, or raise a ``Refusal`` (for a WebSocket: a close code 4000 + status)."""
        try:
            self._check(connection, handler)
        except Refusal as refusal:
            if connection.scope["type"] != ScopeType.WEBSOCKET:
                raise
            raise WebSocketException(detail=refusal.detail, code=4000 + refusal.status_code) from refusal

    def _check(self, connection: Connection, handler: BaseRouteHandler) -> None:
        if handler.opt.get("public") is True:
            return
        if handler.opt.get("relay") is True:
            connection.scope["auth"] = self._owner(
                connection, offered_token(connection), self._tokens.relay.grant
            )
            return
        if handler.opt.get("view") is True and (token := offered_view(connection)) is not None:
            connection.scope["auth"] = self._owner(connection, token, self._tokens.views.grant)
            return
        caller = self._owner(connection, offered_token(connection), self._tokens.caller)
        needed = handler.opt.get("scope")
        if not isinstance(needed, Scope):
            raise Refusal(HTTPStatus.FORBIDDEN, "this route is closed")
        if not caller.may(needed):
            detail = f"the scope of this token is {caller.scope}; this needs {needed}"
            raise Refusal(HTTPStatus.FORBIDDEN, detail)
        connection.scope["auth"] = caller

    def _owner(self, connection: Connection, token: str | None, find: Callable[[str], T | None]) -> T:
        """Whose token it is that came, or what it permits."""
        if token is None:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "a token is needed: Authorization: Bearer wst_…",
                headers={"WWW-Authenticate": 'Bearer realm="wayside"'},
            )
        if (owner := find(token)) is not None:
            return owner
        client = connection.client
        if wait_s := self._failures.count(client.host if client else "", self._clock()):
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many wrong tokens from this address",
                headers={"Retry-After": str(wait_s)},
            )
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            "this token is not valid, or no longer",
            headers={"WWW-Authenticate": 'Bearer realm="wayside", error="invalid_token"'},
        )


def offered_token(connection: Connection) -> str | None:
    """The token that came with a connection; None if none did."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    offered: Any = connection.scope.get("subprotocols", ())
    return next(
        (name.removeprefix(TOKEN_PROTOCOL) for name in offered if name.startswith(TOKEN_PROTOCOL)), None
    )


def offered_view(connection: Connection) -> str | None:
    """The view token that came with a connection, in the header or else in the query; None if none did."""
    token = offered_token(connection)
    if token is None:
        return connection.query_params.get(VIEW_PARAMETER)
    return token if token.startswith(VIEW_PREFIX) else None
