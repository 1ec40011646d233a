"""Recordings in the media store: a finished file becomes one of the device's files."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from wayside.media.live.recorder import Finished, Recordings
from wayside.model.instant import EPOCH, Instant
from wayside.ports.media import MediaFile, MediaKind, MediaShelf, Origin

# Forty minutes at 1.5 Mbit/s, seven at 10: beyond that a browser does not load it well.
FILE_BYTES: Final = 512 * 1024 * 1024

CONTENT_TYPE: Final = "video/mp4"


def recordings_on(shelf: MediaShelf, clock: Callable[[], Instant], file_s: float) -> Recordings:
    """Recordings that this shelf takes over, in files of so many seconds.

    Until then a file stands among those that arrive, which nobody sees and which a start removes.
    """

    def new_file() -> Path:
        return shelf.incoming / f"{secrets.token_hex(16)}.part"

    async def keep(done: Finished) -> None:
        began = EPOCH + timedelta(microseconds=done.began_at)
        file = MediaFile(
            id=secrets.token_hex(16),
            device=done.key.device,
            name=f"live-{done.key.channel}-{began:%Y%m%dT%H%M%SZ}.mp4",
            kind=MediaKind.VIDEO,
            content_type=CONTENT_TYPE,
            size=done.size,
            sha256=done.sha256,
            md5=done.md5,
            received_at=clock(),
            taken_at=done.began_at,
            channel=done.key.channel,
            origin=Origin.RECORDING,
        )
        try:
            await shelf.keep(done.file, file)
        finally:
            done.file.unlink(missing_ok=True)

    return Recordings(new_file, keep, clock, file_s, FILE_BYTES)
