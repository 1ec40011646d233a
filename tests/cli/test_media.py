"""Files of devices through the command line, from a server that starts with some in its store."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import wayside
from tests.cli.serving import Server, rows, serving
from tests.media.pictures import decoded, still
from wayside.app.media import build_blobs, build_shelf, media_directory, open_media
from wayside.app.settings import MediaSettings
from wayside.engines.embedded import EmbeddedStore
from wayside.model.events import Event, Kind, Values
from wayside.model.instant import from_rfc3339
from wayside.ports.media import MediaFile, MediaKind, Origin, Recording
from wayside.ports.store import Batch, DeviceRecord, DeviceStatus, Entry

pytestmark = pytest.mark.timeout(120)

DEVICE = "jimi:353376110008882"
AT = from_rfc3339("2026-03-01T12:00:00Z")
PICTURE = still(960, 480)
ID = "ab" * 16


async def fill(folder: Path) -> None:
    """A camera whose alarm announced two files, of which one came."""
    store = EmbeddedStore(folder)
    await store.open()
    directory = media_directory(MediaSettings(), folder)
    blobs = build_blobs(MediaSettings(), directory)
    shelf = build_shelf(store, blobs, directory)
    open_media(blobs, shelf, directory)
    await store.put_device(DeviceRecord(DEVICE, "jimi", DeviceStatus.ACCEPTED, AT))
    values: Values = {"alarm.kind": "sos", "media.files": ["EVENT_1.jpg", "EVENT_2.mp4"]}
    alarm = Event(Kind.ALARM, "alarm", values, AT)
    committed = await store.append(Batch([Entry(DEVICE, AT, "alarm", alarm)]))
    part = shelf.incoming / "x.part"
    part.write_bytes(PICTURE)
    sha256, md5 = (hashlib.new(name, PICTURE).hexdigest() for name in ("sha256", "md5"))
    file = MediaFile(
        *(ID, DEVICE, "EVENT_1.jpg", MediaKind.PICTURE, "image/jpeg", len(PICTURE), sha256, md5, AT),
        taken_at=AT,
        channel="road",
        origin=Origin.ALARM,
        alarm=committed.first_id,
    )
    await shelf.keep(part, file)
    listed = [Recording(DEVICE, "EVENT_1.jpg", AT, AT, "road"), Recording(DEVICE, "other.mp4", AT)]
    await store.put_recordings(DEVICE, listed)
    await store.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("server") / "data"
    asyncio.run(fill(data))
    with serving(data) as server:
        yield server


@pytest.fixture
def env(server: Server) -> dict[str, str]:
    assert server.token is not None
    return server.environment(server.token)


def test_files_are_listed_and_shown(env: dict[str, str]) -> None:
    (file,) = rows(env, "media", "list", "--device", DEVICE, "--kind", "picture", "--origin", "alarm")
    assert (file["id"], file["size"], file["channel"]) == (ID, len(PICTURE), "road")
    assert rows(env, "media", "list", "--kind", "video") == []
    (shown,) = rows(env, "media", "show", ID)
    assert shown | file == shown
    assert "EVENT_1.jpg" in wayside("media", "list", env=env).stdout
    assert file["sha256"] in wayside("media", "show", ID, env=env).stdout
    unknown = wayside("media", "show", "0" * 32, env=env)
    assert (unknown.returncode, unknown.stderr) == (1, "wayside: media: no such file\n")


def test_an_alarm_shows_which_of_its_files_came(env: dict[str, str]) -> None:
    (alarm,) = rows(env, "alarms", "list")
    number = str(alarm["event"]["id"])
    assert [(file["name"], file["state"]) for file in alarm["files"]] == [
        ("EVENT_1.jpg", "received"),
        ("EVENT_2.mp4", "missing"),
    ]
    assert "1 of 2" in wayside("alarms", "list", env=env).stdout
    assert rows(env, "alarms", "show", number) == [alarm]
    shown = wayside("alarms", "show", number, env=env).stdout.splitlines()
    assert [line.split() for line in shown[-2:]] == [
        ["EVENT_1.jpg", "received", ID],
        ["EVENT_2.mp4", "missing", "-"],
    ]
    assert rows(env, "media", "list", "--alarm", number)[0]["id"] == ID


def test_recordings_show_what_is_here_too(env: dict[str, str]) -> None:
    listed = rows(env, "media", "recordings", DEVICE)
    assert [(one["name"], one["file"]) for one in listed] == [("EVENT_1.jpg", ID), ("other.mp4", None)]
    assert "other.mp4" in wayside("media", "recordings", DEVICE, env=env).stdout
    assert wayside("media", "recordings", "jimi:000000000000000", env=env).returncode == 1


def test_a_file_is_downloaded_whole_and_small(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert wayside("media", "download", ID, env=env).returncode == 0
    assert (tmp_path / "EVENT_1.jpg").read_bytes() == PICTURE
    again = wayside("media", "download", ID, env=env)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    assert wayside("media", "download", ID, "--output", "there.jpg", env=env).returncode == 0
    assert (tmp_path / "there.jpg").read_bytes() == PICTURE
    assert wayside("media", "download", ID, "--thumbnail", env=env).returncode == 0
    small = decoded((tmp_path / "EVENT_1.jpg.thumbnail.jpg").read_bytes())
    assert (small.width, small.height) == (480, 240)
    assert {path.name for path in tmp_path.iterdir()} == {
        "EVENT_1.jpg",
        "there.jpg",
        "EVENT_1.jpg.thumbnail.jpg",
    }


def test_a_deleted_file_is_gone_and_the_audit_log_knows(server: Server, env: dict[str, str]) -> None:
    assert wayside("media", "delete", ID, env=env).returncode == 0
    assert wayside("media", "delete", ID, env=env).returncode == 1
    assert rows(env, "media", "list") == []
    (record,) = [record for record in rows(env, "audit") if record["action"] == "media.delete"]
    assert (record["subject"], DEVICE in record["detail"]) == (ID, True)
