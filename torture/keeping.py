"""What people do to a server: stop it, copy it, upgrade it."""

from __future__ import annotations

import asyncio
import copy
import shutil
from pathlib import Path
from typing import Final

import apsw

from torture.checks import AUDITED, DISK, IN_ORDER, LEGAL, STORED_ONCE
from torture.crowd import Load
from torture.scenario import Scenario, Stage
from wayside.engines.embedded.connection import DATABASE
from wayside.engines.embedded.migrations import migrate, steps


async def drained(stage: Stage) -> str:
    """SIGTERM under load."""
    codes = []
    for number in range(stage.times):
        if number:
            await stage.start()
        await stage.busy()
        codes.append(await stage.world.stop())
    await stage.start()
    stage.claim("it ends well each time", not any(codes), f"exit codes {codes}")
    return f"{stage.times} times"


async def backed_up(stage: Stage) -> str:
    """Copied under load as the manual says, killed, and brought back from the copy."""
    kept: list[Path] = []
    for _ in range(stage.times):
        await stage.busy()
        receipts = {device: copy.copy(diary.receipts) for device, diary in stage.crowd.diaries().items()}
        shown = copy.deepcopy(stage.crowd.shown)
        copied = stage.folder / f"backup-{len(kept)}.db"
        await asyncio.to_thread(back_up, stage.world.data / DATABASE, copied)
        await stage.kill()
        await stage.crowd.vanish()
        # Those devices and callers know of more than what was copied: hold them to what they knew before.
        for device, diary in stage.crowd.diaries().items():
            diary.receipts = receipts[device]
        stage.crowd.shown = shown
        kept.append(copied)
        shutil.rmtree(stage.world.data)
        stage.world.data.mkdir()
        shutil.copy(copied, stage.world.data / DATABASE)
        await stage.start()
        await stage.gather()
    await stage.busy()
    whole = [_integrity(path) for path in kept]
    stage.claim("the copies are whole", set(whole) == {"ok"}, ", ".join(whole))
    return f"{stage.times} times"


def back_up(database: Path, copied: Path) -> None:
    """As the manual says."""
    source = apsw.Connection(
        f"file:{database}?mode=ro", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )
    source.execute("VACUUM INTO ?", (str(copied),))
    source.close()


def _integrity(path: Path) -> str:
    db = apsw.Connection(str(path))
    found = db.execute("PRAGMA integrity_check").get
    db.close()
    return str(found)


async def migrated(stage: Stage) -> str:
    """Everything is taken back into the previous schema; then the server starts, and dies a few times doing so."""
    await stage.busy(2_000)
    await stage.world.stop()
    previous = await asyncio.to_thread(to_previous, stage.world.data / DATABASE)
    unborn = 0
    for write in range(1, stage.times + 1):
        if await stage.start(f"kill-before-write={write}"):
            await stage.died()
        else:
            unborn += 1
    await stage.start()
    await stage.busy()
    stage.claim("some deaths were in the migration", unborn, f"{unborn} of {stage.times} while it started")
    return f"from version {previous} to {previous + 1}, {stage.times} deaths at the first writes to the disk"


def to_previous(database: Path) -> int:
    """Write the database anew in the schema before the newest, with everything that fits into it; its version."""
    scripts = steps()[:-1]
    old = database.with_suffix(".old")
    db = apsw.Connection(str(old))
    migrate(db, scripts)
    db.execute("ATTACH ? AS newest", (str(database),))
    with db:
        for (table,) in db.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall():
            columns = ", ".join(
                column for (column,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))
            )
            if table != "schema_version":
                db.execute(f"DELETE FROM main.{table}")  # noqa: S608 - names from our own schema
                db.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newest.{table}")  # noqa: S608 - likewise
    db.execute("DETACH newest")
    db.close()
    for path in database.parent.glob(f"{DATABASE}*"):
        path.unlink()
    old.replace(database)
    return len(scripts)


SCENARIOS: Final = (
    Scenario("drain", "SIGTERM under load", drained, DISK, times=8),
    Scenario(
        "backup",
        "copied under load, killed, restored from the copy",
        backed_up,
        (STORED_ONCE, IN_ORDER, LEGAL, AUDITED),
        times=3,
    ),
    # Without cabinets: the schema before the newest need not know rentals.
    Scenario(
        "migration",
        "migration from the previous schema, killed on the way",
        migrated,
        DISK,
        Load(cabinets=0),
        times=6,
    ),
)
