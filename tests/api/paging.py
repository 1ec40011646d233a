"""Pages of lists in memory."""

from collections.abc import Callable
from typing import TypeVar

from wayside.model.errors import CommandError
from wayside.model.instant import Instant
from wayside.ports.store import Page, Span

T = TypeVar("T")


def paged(items: list[T], span: Span, time: Callable[[T], Instant]) -> Page[T]:
    """The part that a span asks for; the cursor is a plain offset, as text."""
    chosen = [
        item
        for item in items
        if (span.since is None or time(item) >= span.since)
        and (span.until is None or time(item) < span.until)
    ]
    if span.cursor is not None and not (span.cursor.isascii() and span.cursor.isdigit()):
        raise CommandError("is no cursor of ours", "cursor")
    start = int(span.cursor or 0)
    end = start + span.limit
    return Page(tuple(chosen[start:end]), str(end) if end < len(chosen) else None)
