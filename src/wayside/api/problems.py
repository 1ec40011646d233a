"""Every error is ``application/problem+json`` (RFC 9457), whoever noticed it: router, validation, model or store."""

from __future__ import annotations

import re
import traceback
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from wayside.model.errors import CommandError, Conflict, KeyReused, NotFound, StoreUnavailable, TooLarge

MEDIA_TYPE: Final = "application/problem+json"

# A commit that failed is tried again soon: the disk is being cleared, or the database restarted.
RETRY_AFTER_S: Final = 5

_MISSING: Final = re.compile("parameter '([^']+)'")
_ECHO: Final = re.compile(r"^(Invalid (?:enum )?value) .*?( - at `[^`]*`)?$", re.DOTALL)

_log = structlog.get_logger("wayside.api")


class Problem(msgspec.Struct, frozen=True):
    """What went wrong.  ``type`` is stable and made for programs, ``detail`` for people."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    """The parameter, or the path into the body, that is to blame."""


class Refusal(HTTPException):
    """A problem that the API itself notices."""

    def __init__(
        self, status: HTTPStatus, detail: str, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail=detail, status_code=status, headers=headers)
        self.field = field


# The most derived class first: the first that fits decides.
STATUS: Final[dict[type[CommandError], HTTPStatus]] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    CommandError: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def problem(status: int, detail: str, field: str | None = None, *, name: str | None = None) -> Problem:
    """A problem whose type and title follow from its status, or from its own ``name``."""
    title = name or HTTPStatus(status).phrase
    slug = re.sub(r"[^a-z]+", "-", title.lower())
    return Problem(f"urn:wayside:problem:{slug}", title, int(status), detail, field)


def answer(found: Problem, headers: dict[str, str] | None = None) -> Response[Problem]:
    """The problem as a response."""
    return Response(found, status_code=found.status, media_type=MEDIA_TYPE, headers=headers)


def reason(error: Exception | str) -> str:
    """What msgspec says against a value, without the value: it may be a secret, or of any length."""
    return _ECHO.sub(lambda found: found[1] + (found[2] or ""), str(error))


def on_command_error(_: Request[Any, Any, Any], error: CommandError) -> Response[Problem]:
    """The model refused what the caller asked for."""
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    name = "Key Reused" if isinstance(error, KeyReused) else None
    return answer(problem(status, error.detail, error.field, name=name))


def on_store_unavailable(_: Request[Any, Any, Any], error: StoreUnavailable) -> Response[Problem]:
    """Nothing was stored."""
    _log.error("store_unavailable", reason=str(error))
    found = problem(HTTPStatus.SERVICE_UNAVAILABLE, "the store cannot commit right now; try again")
    return answer(found, {"Retry-After": str(RETRY_AFTER_S)})


def on_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """The router, the body limit or one of our refusals."""
    field = error.field if isinstance(error, Refusal) else None
    return answer(problem(error.status_code, error.detail, field), error.headers)


def on_validation(request: Request[Any, Any, Any], error: ValidationException) -> Response[Problem]:
    """A parameter has not the declared shape, or is missing; the first one is named."""
    if not isinstance(error.extra, list) or not error.extra:
        missing = _MISSING.search(error.detail)
        return answer(problem(HTTPStatus.BAD_REQUEST, "is needed", missing[1] if missing else None))
    key = error.extra[0].get("key", "")
    if key == "data":
        return answer(problem(HTTPStatus.BAD_REQUEST, "a JSON body is needed", "body"))
    parameter = request.route_handler.parsed_fn_signature.parameters.get(key)
    alias = getattr(parameter.kwarg_definition, "name", None) if parameter else None
    return answer(problem(HTTPStatus.BAD_REQUEST, reason(error.extra[0]["message"]), alias or key))


def on_anything(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """A mistake of ours: the caller learns nothing of it, the log everything but the query and the headers."""
    _log.error(
        "request_failed",
        method=request.method,
        route=request.scope.get("path_template"),
        # As text: a log that shows local variables would show the caller's token among them.
        traceback="".join(traceback.format_exception(error)),
    )
    return answer(problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the server made a mistake; its log says which"))


HANDLERS: Final[dict[int | type[Exception], Any]] = {
    CommandError: on_command_error,
    StoreUnavailable: on_store_unavailable,
    ValidationException: on_validation,
    HTTPException: on_http_exception,
    Exception: on_anything,
}
