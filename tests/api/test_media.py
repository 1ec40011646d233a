"""Files of devices as callers see them: their records, their bytes in any part, and never a page."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.api.fakes import NOW, Client, World
from tests.media.pictures import decoded, still
from wayside.api.tokens import Scope
from wayside.model.events import Kind
from wayside.model.instant import DAY
from wayside.ports.media import MediaFile, MediaKind, Origin, Recording

MEDIA = "/api/v1/media"


@pytest.fixture
def file(world: World) -> MediaFile:
    world.device()
    return world.media_file(taken_at=NOW - 5, channel="road", origin=Origin.ALARM, alarm=3, command="c1")


def content(file: MediaFile) -> str:
    return f"{MEDIA}/{file.id}/content"


async def test_a_file_shows_what_is_known_of_it(client: Client, file: MediaFile) -> None:
    found = (await client.get(f"{MEDIA}/{file.id}")).json()
    assert found == {
        "id": file.id,
        "device": "demo:1",
        "name": "EVENT_1.jpg",
        "kind": "picture",
        "content_type": "image/jpeg",
        "size": 10,
        "sha256": file.sha256,
        "md5": file.md5,
        "received_at": "2026-03-01T12:00:00.000001Z",
        "taken_at": "2026-03-01T11:59:59.999995Z",
        "channel": "road",
        "origin": "alarm",
        "alarm": 3,
        "command": "c1",
        "reports": [],
    }
    del found["reports"]
    assert (await client.get(MEDIA)).json() == {"items": [found], "next": None}


async def test_a_file_shows_where_its_device_spoke_of_it(
    client: Client, world: World, file: MediaFile
) -> None:
    said = [
        {"media.files": ["other.jpg", file.name]},
        {"media.files": [file.name], "media.file": file.id},
        {"media.files": ["other.jpg"]},
        {"media.files": [file.md5.upper()]},
    ]
    for number, values in enumerate(said, start=1):
        world.event(number, kind=Kind.MEDIA, values=values)
    world.event(5, device="demo:2", kind=Kind.MEDIA, values={"media.files": [file.name]})
    found = (await client.get(f"{MEDIA}/{file.id}")).json()
    assert found["reports"] == [4, 1]


@pytest.mark.parametrize("path", ["", "/content", "/thumbnail"])
async def test_a_file_that_is_not_there(client: Client, path: str) -> None:
    answer = await client.get(f"{MEDIA}/{'0' * 32}{path}")
    assert (answer.status_code, answer.json()["field"]) == (404, "media")
    for wrong in ("1", "..%2F" + "a" * 27, "A" * 32):
        assert (await client.get(f"{MEDIA}/{wrong}{path}")).status_code in {400, 404}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [4, 3, 2, 1]),
        ("device=demo:2", [4]),
        ("kind=video", [3]),
        ("origin=alarm", [2, 1]),
        ("alarm=7", [2]),
        ("command=c1", [3]),
        ("name=EVENT_4.jpg", [4]),
        ("limit=1&cursor=1", [3]),
        ("since=2026-03-01T12:00:00.000003Z", [4, 3]),
        ("until=2026-03-01T12:00:00.000002Z", [1]),
    ],
)
async def test_lists_are_filtered(world: World, client: Client, query: str, numbers: list[int]) -> None:
    world.media_file(number=1, origin=Origin.ALARM)
    world.media_file(number=2, origin=Origin.ALARM, alarm=7)
    world.media_file(number=3, kind=MediaKind.VIDEO, command="c1")
    world.media_file(number=4, device="demo:2")
    items = (await client.get(f"{MEDIA}?{query}")).json()["items"]
    assert [int(item["id"], 16) for item in items] == numbers


@pytest.mark.parametrize("query", ["kind=text", "origin=x", "alarm=0", "alarm=x", "device=x", "channel=road"])
async def test_filters_that_mean_nothing_are_refused(client: Client, query: str) -> None:
    answer = await client.get(f"{MEDIA}?{query}")
    assert (answer.status_code, answer.json()["field"]) == (400, query.partition("=")[0])


async def test_the_whole_file_comes_as_data_and_never_as_a_page(client: Client, file: MediaFile) -> None:
    answer = await client.get(content(file))
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    headers = answer.headers
    assert headers["content-type"] == "image/jpeg"
    assert headers["content-length"] == "10"
    assert headers["etag"] == f'"{file.sha256}"'
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"] == 'attachment; filename="EVENT_1.jpg"'
    assert headers["cache-control"] == "private, no-cache"
    assert "sandbox" in headers["content-security-policy"]
    assert "content-range" not in headers


async def test_a_head_has_the_same_headers_and_no_bytes(client: Client, file: MediaFile) -> None:
    whole = await client.get(content(file))
    head = await client.head(content(file), headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(whole.headers)


@pytest.mark.parametrize(
    ("wanted", "expected", "where"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=3-5", b"345", "bytes 3-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=0-99", b"0123456789", "bytes 0-9/10"),
    ],
)
async def test_a_part_of_a_file(
    client: Client, file: MediaFile, wanted: str, expected: bytes, where: str
) -> None:
    answer = await client.get(content(file), headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"] == where
    assert answer.headers["content-length"] == str(len(expected))
    assert answer.headers["etag"] == f'"{file.sha256}"'
    assert answer.headers["content-type"] == "image/jpeg"


async def test_a_part_beyond_the_end_is_refused_with_the_size(client: Client, file: MediaFile) -> None:
    answer = await client.get(content(file), headers={"Range": "bytes=10-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")
    assert (answer.json()["field"], answer.json()["detail"]) == ("Range", "the file has 10 bytes")


async def test_a_range_of_another_version_gives_the_whole(client: Client, file: MediaFile) -> None:
    for tag, status in ((f'"{file.sha256}"', 206), ('"other"', 200)):
        answer = await client.get(content(file), headers={"Range": "bytes=0-0", "If-Range": tag})
        assert answer.status_code == status


async def test_who_has_it_already_gets_nothing(client: Client, file: MediaFile) -> None:
    tag = {"If-None-Match": f'"{file.sha256}"'}
    for headers in (tag, tag | {"Range": "bytes=0-0"}):
        answer = await client.get(content(file), headers=headers)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag["If-None-Match"]
    assert (await client.get(content(file), headers={"If-None-Match": '"x"'})).status_code == 200


async def test_a_big_file_comes_in_pieces(world: World, client: Client) -> None:
    big = bytes(range(256)) * 8192
    file = world.media_file(big)
    assert (await client.get(content(file))).content == big
    part = await client.get(content(file), headers={"Range": "bytes=300000-1900000"})
    assert part.content == big[300_000:1_900_001]


async def test_an_empty_file(world: World, client: Client) -> None:
    file = world.media_file(b"")
    answer = await client.get(content(file))
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert (await client.get(content(file), headers={"Range": "bytes=0-"})).status_code == 416


async def test_a_blob_that_is_gone_is_an_answer(world: World, client: Client, file: MediaFile) -> None:
    await world.blobs.delete(file.id)
    assert (await client.get(content(file))).status_code == 404


@pytest.mark.parametrize(
    ("name", "content_type", "saved_as", "served_as"),
    [
        ("../../etc/passwd", "image/jpeg", "etc_passwd.jpg", "image/jpeg"),
        ('a"; filename="x.html', "image/jpeg", "a_filename_x.jpg", "image/jpeg"),
        ("x\r\nSet-Cookie: a=b.mp4", "video/mp4", "x_Set-Cookie_a_b.mp4", "video/mp4"),
        ("видео.mp4", "video/mp4", f"{1:032x}.mp4", "video/mp4"),
        ("page.html", "text/html", "page.bin", "application/octet-stream"),
        ("x.svg", "image/svg+xml", "x.bin", "application/octet-stream"),
        ("", "video/mp2t", f"{1:032x}.ts", "video/mp2t"),
        ("n" * 500, "audio/wav", f"{'n' * 80}.wav", "audio/wav"),
    ],
)
async def test_what_a_device_calls_a_file_does_no_harm(
    *, world: World, client: Client, name: str, content_type: str, saved_as: str, served_as: str
) -> None:
    file = world.media_file(b"<script>", name=name, content_type=content_type)
    headers = (await client.get(content(file))).headers
    assert headers["content-disposition"] == f'attachment; filename="{saved_as}"'
    assert headers["content-type"] == served_as
    assert "set-cookie" not in headers


async def test_a_thumbnail_is_a_small_jpeg(world: World, client: Client) -> None:
    file = world.media_file(still(960, 480))
    answer = await client.get(f"{MEDIA}/{file.id}/thumbnail")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert (decoded(answer.content).width, decoded(answer.content).height) == (480, 240)
    again = await client.get(
        f"{MEDIA}/{file.id}/thumbnail", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("changes", "words"),
    [({}, "nothing that could be decoded"), ({"content_type": "audio/wav"}, "no thumbnails of audio/wav")],
)
async def test_a_file_without_a_thumbnail_says_why(
    world: World, client: Client, changes: dict[str, Any], words: str
) -> None:
    file = world.media_file(b"noise", **changes)
    answer = await client.get(f"{MEDIA}/{file.id}/thumbnail")
    assert answer.status_code == 404
    assert words in answer.json()["detail"]


async def test_deleting_takes_the_bytes_and_is_audited(world: World, client: Client, file: MediaFile) -> None:
    assert (await client.delete(f"{MEDIA}/{file.id}")).status_code == 204
    assert (await client.delete(f"{MEDIA}/{file.id}")).status_code == 404
    assert (await client.get(content(file))).status_code == 404
    path = world.blobs.local(file.id)
    assert path is not None
    assert path not in set(path.parent.iterdir())
    (record,) = [record for record in world.store.audit_log if record.action == "media.delete"]
    assert (record.actor, record.subject) == ("first-admin", file.id)
    assert "demo:1 EVENT_1.jpg" in record.detail


async def test_only_an_administrator_deletes(world: World, client: Client, file: MediaFile) -> None:
    for scope in (Scope.READ, Scope.COMMAND):
        headers = world.headers(scope)
        assert (await client.delete(f"{MEDIA}/{file.id}", headers=headers)).status_code == 403
        assert (await client.get(content(file), headers=headers)).status_code == 200


async def test_recordings_show_which_of_them_are_here(world: World, client: Client, file: MediaFile) -> None:
    listed = [Recording("demo:1", "new.mp4", NOW, NOW - 5, "road"), Recording("demo:1", "EVENT_1.jpg", NOW)]
    world.media.lists["demo:1"] = listed
    answer = (await client.get("/api/v1/devices/demo:1/recordings")).json()
    assert answer["next"] is None
    assert answer["items"] == [
        {
            "device": "demo:1",
            "name": "new.mp4",
            "reported_at": "2026-03-01T12:00:00Z",
            "taken_at": "2026-03-01T11:59:59.999995Z",
            "channel": "road",
            "file": None,
        },
        {
            "device": "demo:1",
            "name": "EVENT_1.jpg",
            "reported_at": "2026-03-01T12:00:00Z",
            "taken_at": None,
            "channel": "",
            "file": file.id,
        },
    ]
    assert (await client.get("/api/v1/devices/demo:2/recordings")).status_code == 404


async def test_an_alarm_shows_what_became_of_its_files(world: World, client: Client, file: MediaFile) -> None:
    names = ["EVENT_1.jpg", "EVENT_2.mp4"]
    alarm = world.event(5, kind=Kind.ALARM, values={"alarm.kind": "sos", "media.files": names})
    world.event(6, kind=Kind.ALARM, values={"alarm.kind": "sos"})
    world.event(7, kind=Kind.ALARM, device="demo:2", values={"media.files": ["EVENT_1.jpg"]})

    async def files(number: int) -> Any:  # noqa: ANN401 - JSON
        return (await client.get(f"/api/v1/alarms/{number}")).json()["files"]

    here = {"name": "EVENT_1.jpg", "state": "received", "file": file.id}
    assert await files(5) == [here, {"name": "EVENT_2.mp4", "state": "awaited", "file": None}]
    assert await files(6) == []
    assert await files(7) == [{"name": "EVENT_1.jpg", "state": "awaited", "file": None}]
    listed = (await client.get("/api/v1/alarms")).json()["items"]
    assert [len(one["files"]) for one in listed] == [1, 0, 2]
    world.clock.now = alarm.received_at + DAY
    assert [one["state"] for one in await files(5)] == ["received", "awaited"]
    world.clock.now += 1
    assert [one["state"] for one in await files(5)] == ["received", "missing"]
    world.media.by_id[f"{9:032x}"] = replace(file, id=f"{9:032x}", name="EVENT_2.mp4")
    assert [one["state"] for one in await files(5)] == ["received", "received"], "better late than never"
    acknowledged = (await client.post("/api/v1/alarms/5/acknowledge")).json()
    assert acknowledged["files"] == await files(5)
    assert (await client.get("/api/v1/alarms/99")).status_code == 404
