"""The reference of the API, from the routes themselves and the OpenAPI description that they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute, WebSocketRoute

from tools.docs.generated import Page
from tools.docs.markdown import cell, code, summary, table
from tools.docs.schemas import fields, words
from wayside import __version__
from wayside.api import live, openapi
from wayside.api.app import build_app
from wayside.api.services import Services
from wayside.api.tokens import Scope
from wayside.app.protocols import PROTOCOLS

HEAD = """\
# API

JSON over HTTP under `/api/v1`. The same as OpenAPI 3.1, for programs: `GET /api/v1/openapi.json`, without a token.
Whose token opens what, as a table: [Access](access.md).

## What all have in common

- **Token**: `Authorization: Bearer wst_…`. Each token has one scope, and each scope includes the ones before it:
  `read`, `command`, `admin`. Never in the query, which ends in logs.
- **Errors** are problems (RFC 9457, `application/problem+json`); `type` is stable, `field` names what is wrong. All of
  them are listed under [Errors](errors.md#problems-of-the-api).
- **Unknown query parameters and unknown fields are refused** (400): most often they are misspelt filters.
- **Times** are RFC 3339 in UTC, **bytes** are hexadecimal, **devices** are `<protocol>:<ident>`.
- **Lists** come newest first (devices: by id). `next` of a page is the `cursor` of the following one. A page can be
  short, even empty, and still have a `next`; the last one has `null`.
- **Idempotency**: `POST …/commands` and `POST /rentals` take an `Idempotency-Key`. The same key with the same body
  answers 200 with the first command or rental, and nothing is sent again; with another body it is refused (422).
"""

LIVE_HEAD = """\
## Live feed

`/api/v1/live` is a WebSocket that tells what has just been committed. Its query may hold the filters below; with
`kind`, `message` or `name` it tells events only. Programs send the token as the usual header; browsers, which cannot,
offer two subprotocols: `wayside.v1` and `bearer.wst_…`. The feed takes no messages. A reader that is too slow is
closed with 1013, and what it missed stands in `/api/v1/events`; [close codes](errors.md#close-codes-of-the-live-feed)
are listed with the errors.
"""

NOTICES: dict[str, type[msgspec.Struct]] = {
    "event": live.EventNotice,
    "command": live.CommandNotice,
    "keepalive": live.Keepalive,
}


class Endpoint(NamedTuple):
    """A method of a path.  ``operation`` is its part of the description; empty for what is not described."""

    method: str
    path: str
    handler: BaseRouteHandler
    operation: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def scope(self) -> str:
        """Which scope it needs."""
        if self.handler.opt.get("relay"):
            return "relay token"
        scope = self.handler.opt.get("scope")
        return scope.value if isinstance(scope, Scope) else "none"


def page() -> Page:
    """The page ``docs/reference/api.md``."""
    return Page("docs/reference/api.md", "wayside.api", text)


@cache
def description() -> dict[str, Any]:
    """The OpenAPI description of an application that is never served."""
    return openapi.describe(application())


@cache
def application() -> Any:  # noqa: ANN401 - Litestar's own type says nothing more
    """The API on nothing: to be described, its services are never asked."""
    nothing: Any = None
    return build_app(
        Services(
            store=nothing,
            bus=nothing,
            devices=nothing,
            desk=nothing,
            relays=nothing,
            firmware=nothing,
            media=nothing,
            shelf=nothing,
            rentals=nothing,
            protocols=PROTOCOLS,
            tokens=nothing,
            clock=nothing,
            stats=nothing,
            readiness=nothing,
            troubles=nothing,
            version=__version__,
        )
    )


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every endpoint, by path."""
    return tuple(sorted(_endpoints(), key=lambda endpoint: (endpoint.path, endpoint.method)))


def _endpoints() -> Iterator[Endpoint]:
    paths = description()["paths"]
    for route in application().routes:
        if isinstance(route, WebSocketRoute):
            yield Endpoint("WebSocket", route.path_format, route.route_handler, {})
        elif isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in sorted(map(str, handler.http_methods - {"OPTIONS"})):
                    operation = paths.get(route.path_format, {}).get(method.lower(), {})
                    yield Endpoint(method, route.path_format, handler, operation)


def text() -> str:
    """Everything."""
    rows = [
        (code(endpoint.title), code(endpoint.scope), summary(endpoint.handler.fn)) for endpoint in endpoints()
    ]
    shapes = description()["components"]["schemas"]
    parts = [
        HEAD.strip(),
        "## All endpoints",
        table(("endpoint", "scope", "what it does"), rows),
        "## Endpoints in detail",
        *(detail(endpoint) for endpoint in endpoints() if endpoint.operation),
        LIVE_HEAD.strip(),
        *feed(),
        "## Shapes",
        *(shape(name, shapes[name]) for name in sorted(shapes)),
    ]
    return "\n\n".join(parts)


def detail(endpoint: Endpoint) -> str:
    """One endpoint: what it takes and what it answers."""
    operation = endpoint.operation
    parts = [f"### {endpoint.title}", operation["description"]]
    if not operation["security"]:
        parts.append("Needs no token.")
    if given := [parameter(each) for each in operation.get("parameters", ())]:
        parts.append(table(("parameter", "in", "value", "what it is"), given))
    if body := operation.get("requestBody"):
        parts.append(f"Body{'' if body.get('required') else ' (may be left out)'}: {content(body)}.")
    answers = [
        f"{status}: {content(answer) or 'nothing'}"
        for status, answer in sorted(operation["responses"].items())
        if status != "default"
    ]
    parts.append(f"Answers {'; '.join(answers)}.")
    return "\n\n".join(parts)


def parameter(given: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """One parameter of an endpoint."""
    schema = given["schema"]
    described = given.get("description") or schema.get("description", "")
    usual = schema.get("default")
    note = f"; {code(usual)} if not given" if usual is not None and usual is not False else ""
    return code(given["name"]), given["in"], words(schema), cell(f"{described}{note}")


def content(part: Mapping[str, Any]) -> str:
    """What a body or an answer holds."""
    return ", ".join(
        words(media["schema"]) if kind == "application/json" else code(kind)
        for kind, media in part.get("content", {}).items()
    )


def feed() -> Iterator[str]:
    """The live feed's filters and messages."""
    filters = _schema(live.Filter)
    yield table(("filter", "value"), ((name, what) for name, what, _, _ in fields(filters)))
    for kind, notice in NOTICES.items():
        schema = _schema(notice)
        yield f"A message of `type` `{kind}`: {summary(notice)}"
        yield table(("field", "value"), ((name, what) for name, what, _, _ in fields(schema)))


def _schema(structure: type[msgspec.Struct]) -> Mapping[str, Any]:
    """The schema of one Struct; what it refers to is among the shapes of the page."""
    _, components = msgspec.json.schema_components([structure], ref_template=openapi.REF)
    found: dict[str, Any] = components[structure.__name__]
    return found


def shape(name: str, schema: Mapping[str, Any]) -> str:
    """One shape: an object's fields, or what else it is."""
    parts = [f"### {name}", cell(schema.get("description", "").replace("``", "`"))]
    rows = list(fields(schema))
    if not rows:
        parts.append(words(schema))
    elif set(schema["properties"]) == set(schema.get("required", ())):
        parts.append(table(("field", "value", "what it is"), ((row[0], row[1], row[3]) for row in rows)))
    else:
        parts.append(table(("field", "value", "default", "what it is"), rows))
    return "\n\n".join(part for part in parts if part)
