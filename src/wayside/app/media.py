"""The media store: where it keeps its files, and the task that keeps it tidy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from wayside.api.services import Sample
from wayside.app.clock import now
from wayside.app.metrics import counter, gauge
from wayside.app.retention import DAY_S, ROUND_EVERY_S, SLICE_PAUSE_S
from wayside.app.settings import MediaSettings
from wayside.engines.blobs import S3, BucketBlobs, DirectoryBlobs
from wayside.media.shelf import Shelf
from wayside.media.thumbnails import Thumbnails
from wayside.media.watched import WatchedBlobs
from wayside.model.errors import ConfigError, StoreUnavailable
from wayside.ports.blobs import Blobs
from wayside.ports.media import MediaStore

DIRECTORY: Final = "media"
"""In the data directory, unless the settings name another."""

BLOBS: Final = "blobs"
INCOMING: Final = "incoming"
THUMBNAILS: Final = "thumbnails"

log = structlog.get_logger(__name__)


def media_directory(settings: MediaSettings, data_dir: Path) -> Path:
    """Where files arrive, and stay unless they go into a bucket."""
    return data_dir / DIRECTORY if settings.directory is None else Path(settings.directory).absolute()


def build_blobs(settings: MediaSettings, directory: Path) -> Blobs:
    """A bucket if one is named, else a directory.

    Raises:
        ConfigError: half a pair of keys.
    """
    if settings.s3_bucket is None:
        return DirectoryBlobs(directory / BLOBS)
    if (settings.s3_access_key is None) != (settings.s3_secret_key is None):
        raise ConfigError("media.s3_access_key and media.s3_secret_key belong together: one is missing")
    return BucketBlobs(
        S3(
            settings.s3_bucket,
            settings.s3_endpoint,
            settings.s3_region,
            settings.s3_prefix,
            settings.s3_access_key,
            settings.s3_secret_key,
        )
    )


def build_shelf(store: MediaStore, blobs: Blobs, directory: Path) -> Shelf:
    """Blobs and records together."""
    return Shelf(store, blobs, directory / INCOMING, Thumbnails(directory / THUMBNAILS, blobs))


def open_media(blobs: Blobs, shelf: Shelf, directory: Path) -> None:
    """Make the folders and clear what an interrupted start left.

    Raises:
        ConfigError: a folder cannot be used.
    """
    try:
        if isinstance(blobs, DirectoryBlobs):
            blobs.open()
        shelf.open()
    except OSError as error:
        raise ConfigError(f"media.directory: {directory}: {error.strerror or error}") from error


async def tidy_forever(shelf: Shelf, settings: MediaSettings) -> None:
    """Prune round after round until cancelled.  What fails is tried again with the next round."""
    while True:
        try:
            pruned = await tidy_round(shelf, settings)
        except StoreUnavailable as error:
            log.warning("media: not tidied", reason=str(error))
        else:
            if pruned:
                log.info("retention: pruned", media=pruned)
        await asyncio.sleep(ROUND_EVERY_S)


def troubles(blobs: WatchedBlobs) -> list[str]:
    """What ``/readyz`` tells everybody: not the reason, in which the bucket's address may stand."""
    if blobs.trouble is None:
        return []
    return ["media: no file of a device can be kept right now; the log has the reason"]


def samples(blobs: WatchedBlobs) -> Iterator[Sample]:
    """The media store's numbers, for ``/metrics``."""
    yield gauge(
        "media_writable", "Whether files of devices could be kept when last tried", blobs.trouble is None
    )
    yield counter("media_failures", "Files that the media store could not keep", blobs.failures)


async def tidy_round(shelf: Shelf, settings: MediaSettings) -> int:
    """Remove what is too old or too much, and every blob without a record; how many files were pruned."""
    age_s = None if settings.retention_age_days is None else settings.retention_age_days * DAY_S
    total = 0
    while touched := await shelf.prune(now(), age_s, settings.device_bytes):
        total += touched
        await asyncio.sleep(SLICE_PAUSE_S)
    while cleared := await shelf.clear():
        log.debug("media: removed blobs without a record", blobs=cleared)
        await asyncio.sleep(SLICE_PAUSE_S)
    return total
