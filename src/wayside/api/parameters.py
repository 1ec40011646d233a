"""What requests have in common: parameters with their limits, and bodies decoded strictly.

Litestar reads parameters leniently, as it must: they are all text.  A body knows its types, so ``{"confirm":
"true"}`` is refused, and so is a query parameter that nobody asked for: most often it is a misspelt filter.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from wayside.api.problems import Refusal, reason
from wayside.api.services import Services
from wayside.api.tokens import Caller
from wayside.model.instant import EPOCH, Instant
from wayside.model.rentals import BANK_ID
from wayside.ports.store import PAGE_MAX, Span

TEXT_MAX: Final = 100
"""The longest name of a message, a value or a search: ours have under 60 characters."""

ID_MAX: Final = 2**63 - 1
DEVICE_MAX: Final = 100

DEVICE_PATTERN: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*:[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
BANK_PATTERN: Final = f"^{BANK_ID.pattern}$"
NAME_PATTERN: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""Names that people give: anything printable, in any script."""

DATE_TIME: Final = {"format": "date-time"}

Device = Annotated[
    str, PathParameter(pattern=DEVICE_PATTERN, max_length=DEVICE_MAX, description="`<protocol>:<ident>`")
]
DeviceFilter = Annotated[
    str | None,
    QueryParameter(
        name="device", pattern=DEVICE_PATTERN, max_length=DEVICE_MAX, description="Only this device"
    ),
]
Message = Annotated[
    str | None, QueryParameter(max_length=TEXT_MAX, description="The protocol's name of the packet")
]
Holding = Annotated[
    str | None, QueryParameter(max_length=TEXT_MAX, description="Only events that have a value of this name")
]
EventId = Annotated[int, PathParameter(ge=1, le=ID_MAX)]
Key = Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)]

Provided = NamedDependency[Services]
By = NamedDependency[Caller]
Window = NamedDependency[Span]

_PATH: Final = re.compile(r" - at `\$\.?(.*)`$")
_MISSING: Final = re.compile(r"^Object (?:missing required|contains unknown) field `([^`]+)`")


class StrictRequest(Request[Any, Any, State]):
    """A request whose JSON body is decoded straight into the handler's type, with its rules."""

    async def json(self) -> Any:  # noqa: ANN401 - the type is the handler's
        """The body.

        Raises:
            Refusal: 400, naming the path into the body.
        """
        field = self.route_handler.parsed_data_field
        assert field is not None
        body = await self.body()
        return None if field.is_optional and not body else decode(body, field.annotation)


def decode(body: bytes, kind: Any) -> Any:  # noqa: ANN401 - any type that msgspec reads
    """JSON into ``kind``.

    Raises:
        Refusal: 400, naming the path into the body.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text = reason(error)
        path = found[1] if (found := _PATH.search(text)) else ""
        detail = _PATH.sub("", text)
        name = found[1] if (found := _MISSING.match(detail)) else ""
        raise Refusal(
            HTTPStatus.BAD_REQUEST, detail, ".".join(part for part in (path, name) if part) or "body"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, str(error), "body") from error
    except RecursionError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "JSON is nested too deeply", "body") from error


def instant(text: str, field: str) -> Instant:
    """An RFC 3339 time from outside.

    Raises:
        Refusal: 400; it is none, or names no offset.
    """
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "must be an RFC 3339 time with its offset, such as 2026-03-01T12:00:00Z",
            field,
        )
    return (moment - EPOCH) // timedelta(microseconds=1)


def provide_window(
    since: Annotated[
        str | None,
        QueryParameter(max_length=40, description="From this time of receipt on", schema_extra=DATE_TIME),
    ] = None,
    until: Annotated[
        str | None,
        QueryParameter(max_length=40, description="Before this time of receipt", schema_extra=DATE_TIME),
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX, description="The most items to answer")] = 100,
    cursor: Annotated[
        str | None, QueryParameter(max_length=256, description="`next` of the page before: what follows it")
    ] = None,
) -> Span:
    """The part of a list that is asked for: newest first, times by the server's clock."""
    first = instant(since, "since") if since is not None else None
    last = instant(until, "until") if until is not None else None
    return Span(limit, cursor, first, last)


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """Who asks; the gate has let them through."""
    caller: Caller = request.scope["auth"]
    return caller
