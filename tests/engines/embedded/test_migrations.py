"""The schema: made, found again, brought forward step by step, refused when newer or not ours."""

from pathlib import Path

import apsw
import pytest

from tests.store.samples import ONE, START, append, command, report
from wayside.engines.embedded import EmbeddedStore, media
from wayside.engines.embedded.connection import DATABASE
from wayside.engines.embedded.migrations import APPLICATION_ID, migrate, steps, version_of
from wayside.model.errors import ConfigError
from wayside.model.rentals import Bank, Snapshot
from wayside.ports.media import Forgotten
from wayside.ports.store import Batch, DeviceRecord, DeviceStatus, EventQuery


def test_the_files_are_numbered_without_gaps(tmp_path: Path) -> None:
    assert steps()
    for name in ("0002_b.sql", "0001_a.sql", "notes.txt"):
        (tmp_path / name).write_text(name)
    assert steps(tmp_path) == ["0001_a.sql", "0002_b.sql"]
    (tmp_path / "0004_d.sql").write_text("")
    with pytest.raises(AssertionError):
        steps(tmp_path)


def test_an_older_schema_gets_only_what_it_lacks() -> None:
    db = apsw.Connection(":memory:")
    migrate(db, ["CREATE TABLE a (x)"])
    db.execute("INSERT INTO a VALUES (1)")
    migrate(db, ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 2; CREATE TABLE b (x)"])
    assert version_of(db) == 2
    assert db.execute("SELECT x, y FROM a").fetchall() == [(1, 2)]
    assert db.pragma("application_id") == APPLICATION_ID


def test_a_step_that_fails_leaves_nothing_behind() -> None:
    db = apsw.Connection(":memory:")
    migrate(db, ["CREATE TABLE a (x)"])
    with pytest.raises(apsw.SQLError):
        migrate(db, ["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"])
    assert version_of(db) == 1
    assert db.table_exists(None, "b") is False


async def test_fresh_and_reopened_are_the_same(tmp_path: Path) -> None:
    schemas = []
    for _ in range(2):
        store = EmbeddedStore(tmp_path)
        await store.open()
        await append(store, report())
        await store.close()
        db = apsw.Connection(str(tmp_path / DATABASE))
        assert version_of(db) == len(steps())
        schemas.append(db.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall())
        db.close()
    assert schemas[0] == schemas[1]


async def test_what_version_1_kept_is_there_in_the_newest(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    await store.open()
    await append(store, report(values={"n": 1}))
    await store.create_command(command())
    await store.close()
    db = apsw.Connection(str(tmp_path / DATABASE))
    for table in ("bank", "slot", "rental", "media", "media_orphan", "recording"):
        db.execute(f"DROP TABLE {table}")
    db.execute("ALTER TABLE device DROP COLUMN options")
    db.execute("INSERT INTO device VALUES ('jimi:1', 'jimi', 'accepted', 7, 'Van')")
    db.execute("DELETE FROM schema_version WHERE version > 1")
    first = apsw.Connection(":memory:")
    migrate(first, steps()[:1])
    assert names(db) == names(first)
    db.close()

    store = EmbeddedStore(tmp_path)
    await store.open()
    assert len((await store.events(EventQuery())).items) == 1
    assert await store.command("c1") is not None
    assert await store.all_devices() == [DeviceRecord("jimi:1", "jimi", DeviceStatus.ACCEPTED, 7, "Van")]
    assert await store.rental_snapshot() == Snapshot()
    bank = Bank("A", START)
    await store.append(Batch([report(values={"n": 2})], changes=[bank]))
    assert store.state(ONE)["n"].value == 2
    assert (await store.rental_snapshot()).banks == (bank,)
    await store.close()


def test_files_of_version_4_have_their_own_bytes() -> None:
    db = apsw.Connection(":memory:")
    migrate(db, steps()[:4])
    db.execute("INSERT INTO device_key VALUES (1, 'jimi:1')")
    db.execute(
        "INSERT INTO media VALUES (1, 'ab', 1, 'a.jpg', 'picture', 'image/jpeg', 5, '5a', '5d', 7, NULL, '', 'alarm',"
        " 3, NULL)"
    )
    migrate(db, steps())
    file = media.file(db, "ab")
    assert file is not None
    assert (file.name, file.key, file.alarm) == ("a.jpg", "ab", 3)
    assert media.forget(db, "ab") == Forgotten("ab")


def names(db: apsw.Connection) -> set[str]:
    """All tables and indexes."""
    return {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}


async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    await store.open()
    await store.close()
    db = apsw.Connection(str(tmp_path / DATABASE))
    db.execute("INSERT INTO schema_version VALUES (?)", (len(steps()) + 1,))
    db.close()
    for _ in range(2):
        with pytest.raises(ConfigError, match="newer Wayside"):
            await EmbeddedStore(tmp_path).open()


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    db = apsw.Connection(str(tmp_path / DATABASE))
    db.execute("CREATE TABLE recipes (name)")
    db.close()
    with pytest.raises(ConfigError, match="not Wayside's"):
        await EmbeddedStore(tmp_path).open()


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database, whatever it is" * 1000)
    with pytest.raises(ConfigError, match=DATABASE):
        await EmbeddedStore(tmp_path).open()
