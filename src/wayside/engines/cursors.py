"""Cursors: where a page ended, as text that callers carry but do not read; the same for every engine."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Final, TypeVar

import msgspec

from wayside.model.errors import CommandError
from wayside.ports.store import PAGE_MAX, Span

CURSOR_LENGTH_MAX: Final = 256
"""The longest cursor holds a device id of some 100 characters."""

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

P = TypeVar("P")


class IdPosition(msgspec.Struct, frozen=True, array_like=True, tag="i", forbid_unknown_fields=True):
    """Continue below this id (log, alarms)."""

    id: Int64


class TimePosition(msgspec.Struct, frozen=True, array_like=True, tag="t", forbid_unknown_fields=True):
    """Continue before this time, and below this id at the same time (commands, audit)."""

    at: Int64
    id: Int64


class NamePosition(msgspec.Struct, frozen=True, array_like=True, tag="n", forbid_unknown_fields=True):
    """Continue after this name (devices)."""

    name: str


def write_cursor(position: msgspec.Struct) -> str:
    """A position as text of letters, digits, ``-`` and ``_``."""
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read_cursor(span: Span, shape: type[P]) -> P | None:
    """Where to continue; None for the first page.

    Raises:
        CommandError: field ``cursor``; no list of this shape gave it out.
    """
    text = span.cursor
    if text is None:
        return None
    if len(text) > CURSOR_LENGTH_MAX:
        raise CommandError(f"longer than {CURSOR_LENGTH_MAX} characters", "cursor")
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        return msgspec.json.decode(data, type=shape)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise CommandError("not a cursor of this list", "cursor") from error


def checked_limit(span: Span) -> int:
    """How many items the page may hold.

    Raises:
        CommandError: field ``limit``; not between 1 and ``PAGE_MAX``.
    """
    if not 1 <= span.limit <= PAGE_MAX:
        raise CommandError(f"must be 1 to {PAGE_MAX}", "limit")
    return span.limit
