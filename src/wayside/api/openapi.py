"""The description of the API, OpenAPI 3.1.

Litestar collects routes and parameters.  The shapes are msgspec's own schemas, because those are what encodes and
decodes; and every route gets what all have in common: problems, and the token that it needs.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, get_args

import msgspec
from litestar import HttpMethod, Litestar, Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.routes import HTTPRoute, WebSocketRoute
from litestar.types import ControllerRouterHandler, OperationIDCreator
from litestar.typing import FieldDefinition

from wayside.api.auth import PUBLIC
from wayside.api.problems import MEDIA_TYPE, Problem, Refusal
from wayside.api.tokens import Scope

DESCRIPTION_MADE: Final = "openapi"

SECURITY: Final = "token"
RELAY_SECURITY: Final = "relayToken"
VIEW_SECURITY: Final = "viewToken"
WEBSOCKETS: Final = "x-websockets"
"""Where the description names the WebSockets, for which OpenAPI has no place of its own."""

SCHEMES: Final[dict[str, dict[str, str]]] = {
    SECURITY: {
        "type": "http",
        "scheme": "bearer",
        "description": "`wst_…`, with one scope: `read`, `command` or `admin`, each of which includes the ones "
        "before it. What an operation wants stands with it.",
    },
    RELAY_SECURITY: {
        "type": "http",
        "scheme": "bearer",
        "description": "`wsr_…`, for one device and some minutes; opens the relay, and nothing else.",
    },
    VIEW_SECURITY: {
        "type": "http",
        "scheme": "bearer",
        "description": "`wsv_…`, for one channel of one device and some minutes; opens its live stream, and nothing "
        "else. It may stand in the query as `view`, for players that send no headers.",
    },
}
REF: Final = "#/components/schemas/{name}"

DESCRIPTION: Final = """\
Devices, events, commands and everything around them.

Errors are RFC 9457 problems; `type` is stable. Times are RFC 3339 in UTC. Lists come newest first; give the `next`
of a page as `cursor` to go on. A page can be short and still have a `next`.

Live feed: a WebSocket at `/api/v1/live`, with `device`, `kind`, `message` and `name` as filters in the query. Each
message is a JSON object with a `type`: `event`, `command` or `keepalive`. Programs send the header
`Authorization: Bearer wst_…`; browsers offer two subprotocols, `wayside.v1` and `bearer.wst_…`. A reader that is too
slow is closed with 1013.
"""


class _NoPages(Router):
    """Takes none of the pages that Litestar would serve beside the description."""

    def register(self, value: ControllerRouterHandler) -> list[Any]:  # noqa: ARG002 - the interface's
        return []


def _operation_id(handler: HTTPRouteHandler, method: object, path: object) -> str:  # noqa: ARG001 - the interface's
    name = handler.handler_name.rpartition(".")[2]
    # A route that answers both has one handler.
    return f"{name}_head" if method == HttpMethod.HEAD else name


def config(version: str) -> OpenAPIConfig:
    """How Litestar collects the description."""
    creator: OperationIDCreator = _operation_id
    return OpenAPIConfig(
        title="Wayside",
        version=version,
        description=DESCRIPTION,
        use_handler_docstrings=True,
        operation_id_creator=creator,
        openapi_router=_NoPages("/unused", route_handlers=[]),
    )


def describe(app: Litestar) -> dict[str, Any]:
    """The whole description."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    handlers = _handlers(app)
    kinds = [kind for handler in handlers.values() for kind in _shapes(handler)]
    _, schemas = msgspec.json.schema_components([*kinds, Problem], ref_template=REF)
    document["components"] = {
        "schemas": schemas,
        "securitySchemes": SCHEMES,
    }
    for (path, method), handler in handlers.items():
        _complete(document["paths"][path][method], handler)
    document[WEBSOCKETS] = {
        route.path_format: {
            "description": inspect.cleandoc(route.route_handler.fn.__doc__ or ""),
            "security": _security(route.route_handler),
        }
        for route in app.routes
        if isinstance(route, WebSocketRoute)
    }
    return document


class KnownParameters:
    """A guard that refuses query parameters which the route does not have."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], frozenset[str]] = {}

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Raise a ``Refusal`` that names the first unknown parameter."""
        scope: Any = connection.scope
        if scope["type"] != ScopeType.HTTP or not scope["query_string"]:
            return
        if not self._known:
            self._known = _query_parameters(connection.app)
        template = scope["path_template"].replace(":str}", "}").replace(":int}", "}")
        known = self._known.get((template, scope["method"].lower()), frozenset())
        for name in connection.query_params:
            if name not in known:
                choice = f"; there are: {', '.join(sorted(known))}" if known else ""
                raise Refusal(HTTPStatus.BAD_REQUEST, f"no such parameter{choice}", name[:100])


def _query_parameters(app: Litestar) -> dict[tuple[str, str], frozenset[str]]:
    paths = app.openapi_schema.to_schema()["paths"]
    return {
        (path, method): frozenset(
            parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
        )
        for path, item in paths.items()
        for method, operation in item.items()
    }


def _handlers(app: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """Described routes by path and method."""
    return {
        (route.path_format, method.lower()): handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.resolve_include_in_schema()
        for method in handler.http_methods
    }


def _shapes(handler: HTTPRouteHandler) -> list[Any]:
    """The Structs that a route takes and gives, and the enumerations of its parameters."""
    bodies = [handler.parsed_return_field, handler.parsed_data_field]
    parameters = handler.parsed_fn_signature.parameters.values()
    return [
        *_within(bodies, msgspec.Struct),
        *_within(parameters, enum.Enum),
    ]


def _within(fields: Iterable[FieldDefinition | None], base: type) -> list[Any]:
    kinds = [kind for field in fields if field for kind in (field.annotation, *get_args(field.annotation))]
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, base)]


def _complete(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    """What all operations have in common."""
    operation["security"] = _security(handler)
    if scope := handler.opt.get("scope"):
        operation["description"] += f"\n\nNeeds a token with the scope `{scope}`."
    responses = operation["responses"]
    responses.pop("400", None)
    reference = {"$ref": REF.format(name="Problem")}
    responses["default"] = {"description": "A problem", "content": {MEDIA_TYPE: {"schema": reference}}}
    if produces := handler.opt.get("produces"):
        responses["200"]["content"] = {kind: {"schema": {"type": "string"}} for kind in produces}
    if consumes := handler.opt.get("consumes"):
        # No schema: any bytes are right.
        operation["requestBody"] = {"required": True, "content": {consumes: {}}}
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    if body := operation.get("requestBody", {}).get("content", {}).get("application/json"):
        operation["requestBody"]["required"] = "oneOf" not in body["schema"]
        body["schema"] = _without_null(body["schema"])


def _security(handler: BaseRouteHandler) -> list[dict[str, list[str]]]:
    """What the gate wants to see: nothing, or one of these: a token with this scope, a relay's, a viewer's.

    Raises:
        LookupError: the route does not say, and so it is closed to everybody.
    """
    match handler.opt:
        case {"public": True}:
            return []
        case {"relay": True}:
            return [{RELAY_SECURITY: []}]
        case {"scope": Scope() as scope, "view": True}:
            return [{SECURITY: [scope.value]}, {VIEW_SECURITY: []}]
        case {"scope": Scope() as scope}:
            return [{SECURITY: [scope.value]}]
    raise LookupError(f"{handler} says neither who may call it nor that everybody may")


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter (or body) that may be missing is not one that may be null."""
    rest = {name: value for name, value in schema.items() if name != "oneOf"}
    choices = [choice for choice in schema.get("oneOf", ()) if choice != {"type": "null"}]
    return {**rest, **choices[0]} if len(choices) == 1 else schema


@get("/openapi.json", opt=PUBLIC, include_in_schema=False)
async def get_description(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show the description of the API."""
    state = request.app.state
    # Made once: it takes a tenth of a second in which nothing else runs, and everybody may ask for it.
    if DESCRIPTION_MADE not in state:
        state[DESCRIPTION_MADE] = msgspec.json.encode(describe(request.app))
    return Response(state[DESCRIPTION_MADE], media_type="application/vnd.oai.openapi+json")


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (get_description,)
