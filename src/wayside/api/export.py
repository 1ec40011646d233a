"""Events as a file, streamed page by page: memory stays at one page, however long the log is.

CSV is made for spreadsheets: UTF-8 with a byte order mark (without it they guess the encoding), one row per event,
``columns=`` puts the named values into columns of their own, otherwise they stand together as JSON.  Text that a
spreadsheet would take for a formula gets an apostrophe before it; JSON lines, made for programs, are exact.
"""

from __future__ import annotations

import csv
import enum
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from wayside.api.auth import READ
from wayside.api.parameters import DeviceFilter, Holding, Message, Provided, Window
from wayside.api.shapes import EventView
from wayside.model.events import Kind, StoredEvent, Value
from wayside.model.instant import to_rfc3339
from wayside.ports.store import PAGE_MAX, EventQuery, Page, Store

# What a spreadsheet may take for the start of a formula; the wide forms count in some locales.
FORMULA_STARTS: Final = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - the wide forms are meant

COLUMNS: Final = ("id", "device", "kind", "message", "at", "received_at")

Write = Callable[[Sequence[StoredEvent]], bytes]


class Format(enum.StrEnum):
    """How a file of events looks."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES: Final = {Format.CSV: "text/csv", Format.JSONL: "application/jsonl"}


@get(
    "/export/events",
    opt={**READ, "produces": tuple(MEDIA_TYPES.values())},
)
async def export_events(
    *,
    services: Provided,
    window: Window,
    form: Annotated[Format, QueryParameter(name="format")] = Format.CSV,
    columns: Annotated[
        str | None,
        QueryParameter(
            pattern=r"^[a-z0-9_.]+(,[a-z0-9_.]+)*$",
            max_length=4000,
            description="CSV: names of values, separated by commas, that get a column each",
        ),
    ] = None,
    device: DeviceFilter = None,
    kind: FromQuery[Kind | None] = None,
    message: Message = None,
    name: Holding = None,
) -> Stream:
    """Download all events that the filters let through, newest first; `limit` is not looked at.

    CSV is for spreadsheets: with a byte order mark, and an apostrophe before text that would be taken for a formula.
    Without `columns` all values of an event stand in one column as JSON. JSON lines are exact, for programs.
    """
    span = msgspec.structs.replace(window, limit=PAGE_MAX)
    query = EventQuery(device, kind, message, name, span)
    first = await services.store.events(query)
    write = write_csv(columns.split(",") if columns else None) if form is Format.CSV else write_jsonl
    return Stream(
        _pages(services.store, query, first, write),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="wayside-events.{form}"'},
    )


async def _pages(
    store: Store, query: EventQuery, page: Page[StoredEvent], write: Write
) -> AsyncIterator[bytes]:
    """Each page as bytes.  When the store fails on the way the connection breaks: half is never taken for all."""
    yield write(page.items)
    while page.next is not None:
        span = msgspec.structs.replace(query.span, cursor=page.next)
        page = await store.events(msgspec.structs.replace(query, span=span))
        if page.items:
            yield write(page.items)


def write_jsonl(events: Sequence[StoredEvent]) -> bytes:
    """A line per event, of the shape that ``/events`` has."""
    return b"".join(msgspec.json.encode(EventView.of(event)) + b"\n" for event in events)


def write_csv(names: Sequence[str] | None) -> Write:
    """A writer whose first call begins with the header; ``names`` None: all values in one JSON column."""
    header: list[Sequence[str]] = [(*COLUMNS, *(names if names is not None else ("values",)))]

    def write(events: Sequence[StoredEvent]) -> bytes:
        text = io.StringIO()
        if header:
            text.write("\ufeff")
        rows = csv.writer(text)
        rows.writerows([header.pop()] if header else [])
        rows.writerows(_row(event, names) for event in events)
        return text.getvalue().encode()

    return write


def _row(event: StoredEvent, names: Sequence[str] | None) -> list[str]:
    at = "" if event.at is None else to_rfc3339(event.at)
    values = (
        [cell(event.values.get(name)) for name in names]
        if names is not None
        else [msgspec.json.encode(event.values).decode()]
    )
    return [
        str(event.id),
        event.device,
        event.kind,
        cell(event.message),
        at,
        to_rfc3339(event.received_at),
        *values,
    ]


def cell(value: Value | None) -> str:
    """A value as a spreadsheet reads it; a list as JSON, nothing for a value that the event does not have."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in FORMULA_STARTS else value
    return msgspec.json.encode(value).decode()


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (export_events,)
