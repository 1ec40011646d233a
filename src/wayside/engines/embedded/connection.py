"""Connections to the one file, the lock that keeps a second process out, and what SQLite's errors mean to us."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

import apsw

from wayside.model.errors import ConfigError, StoreUnavailable

DATABASE: Final = "wayside.db"
LOCK: Final = "wayside.lock"

BUSY_TIMEOUT_MS: Final = 2_000
"""Someone with a database shell may hold the file for a moment; longer, and devices should hear of it."""

CACHE_KIB: Final = 65_536
"""The leaves of the side index that are being filled stay in memory: 16,000 pages, one or two per device."""

CHECKPOINT_PAGES: Final = 1_000
"""4 MiB of write-ahead log before it goes into the file.  Four times as much costs the same per row, but the commit
that does it takes 30 ms instead of 9."""

WAL_KEPT_BYTES: Final = 64 * 1024 * 1024
"""A log that grew beyond this during one large round is cut again."""


def lock_folder(folder: Path) -> int:
    """Make the folder if need be and keep every other process out of it until the descriptor is closed.

    Raises:
        ConfigError: the folder cannot be written, or is in use.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(f"data folder {folder}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ConfigError(f"data folder {folder}: another process is using it") from error
    return descriptor


def open_writer(folder: Path, vfs: str | None) -> apsw.Connection:
    """The one connection that writes.

    Raises:
        ConfigError: the file is not a database, or cannot be opened.
        StoreUnavailable: it is one, but cannot be used now.
    """
    path = folder / DATABASE
    try:
        db = apsw.Connection(str(path), vfs=vfs)
        db.set_busy_timeout(BUSY_TIMEOUT_MS)
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        db.pragma("temp_store", "memory")
        db.pragma("cache_size", -CACHE_KIB)
        db.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        db.pragma("journal_size_limit", WAL_KEPT_BYTES)
    except (apsw.NotADBError, apsw.CantOpenError, apsw.ReadOnlyError) as error:
        raise ConfigError(f"{path}: {error}") from error
    except apsw.Error as error:
        raise unavailable(error) from error
    return db


def open_reader(folder: Path, vfs: str | None) -> apsw.Connection:
    """A connection that only reads."""
    db = apsw.Connection(str(folder / DATABASE), flags=apsw.SQLITE_OPEN_READONLY, vfs=vfs)
    db.set_busy_timeout(BUSY_TIMEOUT_MS)
    db.pragma("temp_store", "memory")
    return db


def unavailable(error: apsw.Error) -> StoreUnavailable:
    """What SQLite could not do, in words for the operator."""
    return StoreUnavailable(f"{type(error).__name__.removesuffix('Error')}: {error}")
