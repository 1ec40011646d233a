"""What is on the disk when all is over, read without a server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from wayside.engines.embedded import EmbeddedStore
from wayside.model.commands import CommandRecord
from wayside.ports.store import PAGE_MAX, AuditRecord, CommandQuery, FrameQuery, Page, Span

T = TypeVar("T")

CREATED: Final = "command.create"


class Evidence(msgspec.Struct, frozen=True):
    """``frames``: what each device is on record to have said, oldest first; ``commands`` with their steps."""

    frames: dict[str, list[bytes]]
    commands: list[CommandRecord]
    audit: list[AuditRecord]


async def evidence(folder: Path) -> Evidence:
    """Open the store as any server would, and read all of it."""
    store = EmbeddedStore(folder)
    await store.open()
    try:
        frames: dict[str, list[bytes]] = defaultdict(list)
        for frame in await _all(lambda span: store.frames(FrameQuery(span=span))):
            if frame.received is not None:
                frames[frame.device].append(frame.received)
        listed = await _all(lambda span: store.commands(CommandQuery(span=span)))
        commands = [found for each in listed if (found := await store.command(each.id)) is not None]
        return Evidence(frames, commands, await _all(store.audit_records))
    finally:
        await store.close()


async def _all(page_of: Callable[[Span], Awaitable[Page[T]]]) -> list[T]:
    found: list[T] = []
    cursor = None
    while True:
        page = await page_of(Span(PAGE_MAX, cursor))
        found += page.items
        cursor = page.next
        if cursor is None:
            return found[::-1]
