"""From announcement or command to file: who expected it, when it was taken, and what that settles."""

import asyncio
from pathlib import Path

import pytest

from tests.media.uploads.rig import (
    DEVICE,
    EVENT,
    IMEI,
    OTHER,
    SECRET,
    Camera,
    Rig,
    fields,
    instructed,
    jpeg,
    mp4,
    now,
    rig_in,
    sign,
)
from wayside.model.commands import CommandRecord, State
from wayside.model.events import Kind
from wayside.model.instant import HOUR, SECOND, from_rfc3339
from wayside.model.vocabulary import complaints, lookup
from wayside.ports.media import MediaKind, MediaQuery, Origin
from wayside.ports.store import Span
from wayside.protocol.uploads import Signature
from wayside.wire.civil import civil_from_instant

STALE_MS = 1_500_000_000_000


def stamp(local_us: int) -> str:
    return "_".join(f"{part:02d}" for part in civil_from_instant(local_us))


def event_name(camera: int, suffix: str, later_s: int = 1) -> str:
    """What a camera eight hours east calls a file that it makes now."""
    return f"EVENT_{IMEI}_00000000_{stamp(now() + 8 * HOUR + later_s * SECOND)}_{camera:02d}.{suffix}"


async def asked(rig: Rig, line: Camera, capability: str, **parameters: object) -> tuple[CommandRecord, int]:
    """The command, and the number under which the camera has it; it has answered that it begins."""
    command = await rig.command(capability, IMEI, **parameters)
    flag, _ = await line.told()
    line.reply(flag, "picture")
    await rig.reaches(command.id, State.ACKNOWLEDGED)
    return command, flag


async def test_a_file_that_an_alarm_announced(rig: Rig) -> None:
    other = EVENT.replace("_01.", "_02.")
    await rig.announce("something else.jpg")
    alarm = await rig.announce(EVENT, other)
    await rig.announce("something.jpg")
    assert (await rig.upload(EVENT, jpeg(), fields(EVENT, STALE_MS))).status == 200
    assert (await rig.upload(other, jpeg(), fields(other, STALE_MS))).status == 200
    assert [(file.alarm, file.origin) for file in await rig.files()] == [(alarm, Origin.ALARM)] * 2
    assert [file.channel for file in await rig.files()] == ["road", "cabin"]
    found = await rig.store.files(MediaQuery(alarm=alarm))
    assert {file.name for file in found.items} == {EVENT, other}


async def test_the_same_bytes_under_each_announced_name_count_for_each(rig: Rig) -> None:
    """A camera that cut one clip for two alarms, and one that names a clip twice."""
    content, second, third = jpeg(), EVENT.replace("_36_", "_37_"), EVENT.replace("_36_", "_38_")
    first_alarm, second_alarm = await rig.announce(EVENT), await rig.announce(second, third)
    for name in (EVENT, second, third, second):
        assert (await rig.upload(name, content, fields(name, STALE_MS))).status == 200
    received = await rig.store.files_named([(DEVICE, name) for name in (EVENT, second, third)])
    assert len(set(received.values())) == 3
    assert {(file.name, file.alarm) for file in await rig.files()} == {
        (EVENT, first_alarm),
        (second, second_alarm),
        (third, second_alarm),
    }
    assert [await rig.content(file) for file in await rig.files()] == [content] * 3
    assert {str(note.values["media.file"]) for note in await rig.notes()} == set(received.values())
    assert len(await rig.blobs()) == 1


async def test_a_file_that_only_a_0x69_announced(rig: Rig) -> None:
    await rig.announce(EVENT, kind=Kind.MEDIA)
    assert (await rig.upload(EVENT, jpeg(), fields(EVENT, STALE_MS))).status == 200
    (file,) = await rig.files()
    assert (file.alarm, file.origin) == (None, Origin.ANNOUNCED)


async def test_an_upload_announces_nothing(rig: Rig) -> None:
    assert (await rig.upload(EVENT, jpeg())).status == 200
    assert (await rig.upload(EVENT, jpeg())).status == 200
    assert [file.origin for file in await rig.files()] == [Origin.UNEXPECTED] * 2


async def test_announced_names_are_no_licence(tmp_path: Path) -> None:
    async with rig_in(tmp_path, copies=2, unexpected_files=1) as rig:
        await rig.know(IMEI)
        await rig.announce(EVENT)
        statuses = [(await rig.upload(EVENT, jpeg())).status for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert [file.origin for file in await rig.files()] == [
            Origin.ALARM,
            Origin.ALARM,
            Origin.UNEXPECTED,
        ]


async def test_an_announcement_of_another_camera_is_none(rig: Rig) -> None:
    await rig.know(OTHER)
    await rig.announce(EVENT, device=f"jimi:{OTHER}")
    assert (await rig.upload(EVENT, jpeg())).status == 200
    (file,) = await rig.files()
    assert file.origin is Origin.UNEXPECTED


@pytest.mark.parametrize(("zone", "hours"), [("3201", 8), ("3209", -8), ("1ae1", 4.5)])
async def test_local_times_become_utc_by_the_login(rig: Rig, zone: str, hours: float) -> None:
    await rig.camera(zone=zone)
    assert (await rig.upload(EVENT, jpeg())).status == 200
    (file,) = await rig.files()
    expected = {8: "2024-08-11T06:17:36Z", -8: "2024-08-11T22:17:36Z", 4.5: "2024-08-11T09:47:36Z"}[hours]
    assert file.taken_at == from_rfc3339(expected)


async def test_without_a_login_nobody_knows_the_zone(rig: Rig) -> None:
    assert (await rig.upload(EVENT, jpeg())).status == 200
    (file,) = await rig.files()
    assert file.taken_at is None


@pytest.mark.parametrize("numbered", [True, False])
async def test_a_picture_that_was_asked_for(rig: Rig, *, numbered: bool) -> None:
    command, flag = await asked(rig, await rig.camera(), "picture", camera="out")
    name = event_name(1, "jpg")
    answer = await rig.upload(name, jpeg(), instructed(flag) if numbered else fields(name))
    assert (answer.status, answer.body["data"]) == (200, name)
    (file,) = await rig.files()
    assert (file.command, file.origin, file.kind) == (command.id, Origin.COMMAND, MediaKind.PICTURE)
    settled = await rig.settled(command.id)
    assert (settled.state, settled.late) == (State.SUCCEEDED, False)
    assert settled.values == {"media.files": [name], "media.file": file.id}
    (note,) = await rig.notes()
    assert note.values["media.signature"] == Signature.VALID
    assert note.values.get("media.instruction") == (flag if numbered else None)


async def test_both_cameras_are_waited_for(rig: Rig) -> None:
    command, flag = await asked(rig, await rig.camera(), "picture", camera="inout")
    road, cabin = event_name(1, "jpg"), event_name(2, "jpg")
    content = jpeg()
    assert (await rig.upload(road, content)).status == 200
    assert (await rig.upload(road, content)).status == 200  # the answer was lost
    assert (await rig.settled(command.id)).state is State.ACKNOWLEDGED
    assert (await rig.upload(cabin, jpeg(), instructed(flag))).status == 200
    settled = await rig.settled(command.id)
    assert settled.state is State.SUCCEEDED
    assert settled.values["media.files"] == [road, cabin]
    assert {file.command for file in await rig.files()} == {command.id}


async def test_two_cameras_that_see_the_same_black_are_two_files(rig: Rig) -> None:
    command, flag = await asked(rig, await rig.camera(), "picture", camera="inout")
    black = jpeg()
    for camera in (1, 2):
        assert (await rig.upload(event_name(camera, "jpg"), black, instructed(flag))).status == 200
    settled = await rig.settled(command.id)
    assert settled.state is State.SUCCEEDED
    assert len(await rig.files()) == 2
    assert len(await rig.blobs()) == 1


async def test_a_recording_whose_name_holds_no_imei_belongs_to_who_was_asked_for_it(rig: Rig) -> None:
    await rig.know(OTHER)
    await rig.camera(OTHER)
    command, _ = await asked(rig, await rig.camera(), "history_video", time="2024-06-10T18:50:40", camera=1)
    name = "2024_06_10_18_50_17_01.mp4"
    assert (await rig.upload("2024_06_10_18_52_17_01.mp4", mp4())).body["code"] == 400
    assert (await rig.upload("2024_06_10_18_50_17_02.mp4", mp4())).body["code"] == 400
    assert (await rig.upload(name, mp4())).status == 200
    (file,) = await rig.files()
    assert (file.device, file.command, file.channel) == (DEVICE, command.id, "road")
    assert file.taken_at == from_rfc3339("2024-06-10T10:50:17Z")
    assert (await rig.settled(command.id)).state is State.SUCCEEDED


async def test_a_recording_that_two_were_asked_for_belongs_to_nobody(rig: Rig) -> None:
    """Both are connected from here, so that their addresses say nothing."""
    await rig.know(OTHER)
    first, second = await rig.camera(), await rig.camera(OTHER)
    await rig.command("history_video", time="2024-06-10T18:50:40")
    await rig.command("history_video", OTHER, time="2024-06-10T18:50:40")
    await asyncio.gather(first.told(), second.told())
    name = "2024_06_10_18_50_17_01.mp4"
    assert (await rig.upload(name, mp4())).status == 400
    assert rig.stats.refused == {"several devices": 1}
    assert (await rig.upload(name, mp4(), {"imei": OTHER, **fields(name)})).status == 200
    assert len(await rig.files(f"jimi:{OTHER}")) == 1


async def test_a_number_alone_says_whose_it_is(rig: Rig) -> None:
    command, flag = await asked(rig, await rig.camera(), "video", camera="in")
    texts = instructed(flag, "") | {"sign": sign(f"{flag}{SECRET}")}
    assert (await rig.upload("clip.mp4", mp4(), texts)).status == 200
    assert (await rig.settled(command.id)).state is State.SUCCEEDED
    assert (await rig.upload("clip.mp4", mp4(), instructed(flag + 1, ""))).status == 400


async def test_a_name_that_the_camera_told_in_its_reply(rig: Rig) -> None:
    camera = await rig.camera()
    command = await rig.command("video", camera="out")
    flag, _ = await camera.told()
    camera.reply(flag, "video:CLIP_0001.mp4")
    await rig.reaches(command.id, State.ACKNOWLEDGED)
    texts = {"imei": IMEI, **fields("CLIP_0001.mp4")}
    assert (await rig.upload("CLIP_0001.mp4", mp4(), texts)).status == 200
    assert (await rig.settled(command.id)).state is State.SUCCEEDED


async def test_a_late_file_still_counts(rig: Rig) -> None:
    camera = await rig.camera()
    command, flag = await asked(rig, camera, "picture", camera="out")
    camera.hang_up()
    await rig.reaches(command.id, State.TIMED_OUT)
    assert (await rig.upload(name := event_name(1, "jpg"), jpeg(), instructed(flag))).status == 200
    settled = await rig.settled(command.id)
    assert (settled.state, settled.late, settled.values["media.files"]) == (State.SUCCEEDED, True, [name])


async def test_the_same_recording_asked_for_twice_answers_both(rig: Rig) -> None:
    camera, name, content = await rig.camera(), "2024_06_10_18_50_17_01.mp4", mp4()
    ids = set()
    for _ in range(2):
        command, flag = await asked(rig, camera, "history_video", time="2024-06-10T18:50:40")
        assert (await rig.upload(name, content, instructed(flag))).status == 200
        settled = await rig.settled(command.id)
        assert settled.state is State.SUCCEEDED
        ids.add(settled.values["media.file"])
    assert len(ids) == len(await rig.files()) == 1


async def test_an_alarms_file_is_not_taken_for_the_picture_that_was_asked_for(rig: Rig) -> None:
    name = event_name(1, "jpg")
    await rig.announce(name)
    command, _ = await asked(rig, await rig.camera(), "picture", camera="out")
    assert (await rig.upload(name, jpeg())).status == 200
    (file,) = await rig.files()
    assert (file.origin, file.command) == (Origin.ALARM, None)
    assert (await rig.settled(command.id)).state is State.ACKNOWLEDGED


async def test_a_0x69_that_names_what_was_asked_for_does_not_hide_it(rig: Rig) -> None:
    """Cameras say so of every upload, also of those that commands asked for."""
    command, _ = await asked(rig, await rig.camera(), "picture", camera="out")
    name = event_name(1, "jpg")
    await rig.announce(name, kind=Kind.MEDIA)
    assert (await rig.upload(name, jpeg())).status == 200
    (file,) = await rig.files()
    assert (file.origin, file.command) == (Origin.COMMAND, command.id)
    assert (await rig.settled(command.id)).state is State.SUCCEEDED


async def test_a_list_of_names_ends_the_command_that_asked_for_it(rig: Rig) -> None:
    command, _ = await asked(rig, await rig.camera(), "file_list")
    answer = await rig.post_list(
        f'{{"imei":"{IMEI}","fileNameList":"2024_06_10_18_50_17_01.mp4,2024_06_10_18_50_17_02.mp4,"}}'.encode()
    )
    assert (answer.status, answer.body) == (200, {"code": 0, "ok": True})
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    settled = await rig.settled(command.id)
    assert (settled.state, settled.values) == (State.SUCCEEDED, {"media.recordings": 2})
    page = await rig.store.recordings(DEVICE, Span())
    assert {(each.name, each.channel) for each in page.items} == {
        ("2024_06_10_18_50_17_01.mp4", "road"),
        ("2024_06_10_18_50_17_02.mp4", "cabin"),
    }
    assert {each.taken_at for each in page.items} == {from_rfc3339("2024-06-10T10:50:17Z")}
    assert [note.values for note in await rig.notes("file_list")] == [{"media.recordings": 2}]


async def test_a_list_in_many_chunks_replaces_the_one_before(rig: Rig) -> None:
    names = [f"2024_06_10_{n // 3600:02d}_{n // 60 % 60:02d}_{n % 60:02d}_01.mp4" for n in range(6_000)]
    pieces = [f'{{"imei":"{IMEI}","fileNameList":"'.encode(), *(f"{name},".encode() for name in names), b'"}']
    assert (await rig.post_list(b'{"imei":"%s","fileNameList":"old.mp4"}' % IMEI.encode())).status == 200
    for _ in range(2):
        assert (await rig.post_list(pieces, "/upload")).status == 200
    found, cursor = [], None
    while True:
        page = await rig.store.recordings(DEVICE, Span(1000, cursor))
        found += [each.name for each in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(found) == sorted(names)
    await rig.nothing_left()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b'{"imei":"353376110008882"', 400),
        (b'{"imei":"353376110007413","fileNameList":"a.mp4"}', 403),
        (b'{"imei":"../../etc/passwd","fileNameList":"a.mp4"}', 400),
        (b'{"imei":"353376110008882","fileNameList":"' + b"a" * 2_100_000 + b'"}', 413),
    ],
)
async def test_what_is_no_list_of_ours(rig: Rig, body: bytes, status: int) -> None:
    answer = await rig.post_list(body)
    assert (answer.status, answer.body["code"], answer.body["ok"]) == (status, 400, False)
    assert (await rig.store.recordings(DEVICE, Span())).items == ()
    await rig.nothing_left()


async def test_a_list_in_endless_chunks_ends(rig: Rig) -> None:
    pieces = [b'{"imei":"353376110008882","fileNameList":"', *[b"a.mp4," * 10_000] * 50]
    assert (await rig.post_list(pieces)).status == 413


async def test_everything_that_is_noted_stands_in_the_vocabulary(rig: Rig) -> None:
    await rig.announce(EVENT)
    assert (await rig.upload(EVENT, jpeg(), instructed(7))).status == 200
    assert (await rig.post_list(b'{"imei":"353376110008882","fileNameList":""}')).status == 200
    for note in (*await rig.notes(), *await rig.notes("file_list")):
        assert complaints(note.values) == []
    for name, values in (("media.origin", Origin), ("media.signature", Signature)):
        entry = lookup(name)
        assert entry is not None
        assert set(entry.choices) == {value.value for value in values}
