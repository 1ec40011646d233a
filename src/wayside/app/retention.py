"""Forgetting what is too old, a little at a time."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from wayside.app.clock import now
from wayside.app.settings import RetentionSettings
from wayside.model.errors import StoreUnavailable
from wayside.ports.store import Retention, Store

ROUND_EVERY_S: Final = 60.0

# Between two slices of one round devices come first.
SLICE_PAUSE_S: Final = 0.05

DAY_S: Final = 86_400

log = structlog.get_logger(__name__)


def retention_of(settings: RetentionSettings) -> Retention:
    """The settings, days as seconds."""
    frames, events = settings.frames_age_days, settings.events_age_days
    return Retention(
        frames_age_s=None if frames is None else frames * DAY_S,
        events_age_s=None if events is None else events * DAY_S,
        log_bytes=settings.log_bytes,
    )


async def prune_forever(store: Store, retention: Retention) -> None:
    """Prune round after round until cancelled.  A store that fails is tried again with the next round."""
    if retention == Retention():
        return
    while True:
        try:
            touched = await prune_round(store, retention)
        except StoreUnavailable as error:
            log.warning("retention: nothing pruned", reason=str(error))
        else:
            if touched:
                log.info("retention: pruned", rows=touched)
        await asyncio.sleep(ROUND_EVERY_S)


async def prune_round(store: Store, retention: Retention) -> int:
    """Remove everything that is too old or too much now, in slices; how many rows."""
    total = 0
    while touched := await store.prune(retention, now()):
        total += touched
        await asyncio.sleep(SLICE_PAUSE_S)
    return total
