"""What a simulated camera uploads and streams, without a socket."""

from __future__ import annotations

import json
import random
from email import message_from_bytes
from email.message import Message

import pytest

from tests.harness import START, Duet
from tests.protocols.jimi.talk import command
from wayside.model.commands import State
from wayside.model.events import Event, Kind
from wayside.protocol.base import Side
from wayside.protocol.session import Setup
from wayside.protocol.simulator import Answer, Behaviour, Post, Publish, Sample, Unpublish
from wayside.protocols.jimi import PROTOCOL
from wayside.protocols.jimi.simulator import JimiSimulator
from wayside.protocols.jimi.simulator_outbox import (
    RETRY_MAX_S,
    WAITING_MAX,
    fields_of,
    fields_of_instruction,
)

OLDER, NEWER = 2, 3
UPLOAD = "http://media.example:23010/upload"
STREAM = "rtmp://media.example/live"

TAKEN = Answer(200, b'{"code":200,"data":"x","message":"success"}')
LISTED = Answer(200, b'{"code":0,"ok":true}')


class Dice(random.Random):
    """Nothing happens by chance, but an alarm behind the next position when that is wanted."""

    alarm = False

    def random(self) -> float:
        return 0.0 if self.alarm else 0.99


def camera(
    number: int = OLDER,
    faults: float = 0.0,
    *,
    zone: int = 60,
    upload: str = UPLOAD,
    stream: str = STREAM,
    dice: random.Random | None = None,
) -> Duet:
    link = PROTOCOL.links[0]
    behaviour = Behaviour(number, faults=faults, upload_url=upload, stream_url=stream)
    simulator = JimiSimulator(behaviour, dice or Dice(), zone)
    found = Duet(link.session(Setup()), simulator, link.framer(Side.DEVICE))
    found.connect()
    return found


def imei(found: Duet) -> str:
    return found.simulator.ident


def posts(found: Duet) -> list[Post]:
    return [errand for errand in found.outside if isinstance(errand, Post)]


def taken(found: Duet) -> Post:
    """The only post that is under way."""
    (post,) = posts(found)
    found.outside.clear()
    return post


def parts(post: Post) -> list[tuple[str, str | None, bytes]]:
    """Name, file name and content of each part, as somebody else's parser reads them."""
    samples = {Sample.PICTURE: b"<picture>", Sample.CLIP: b"<clip>"}
    body = b"".join(piece if isinstance(piece, bytes) else samples[piece] for piece in post.body)
    whole = message_from_bytes(f"Content-Type: {post.content_type}\r\n\r\n".encode() + body)
    assert whole.is_multipart()
    assert whole.defects == []
    return [part_of(part) for part in whole.get_payload() if isinstance(part, Message)]


def part_of(part: Message) -> tuple[str, str | None, bytes]:
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True)
    assert isinstance(name, str)
    assert isinstance(content, bytes)
    return name, part.get_filename(), content


def alarm(found: Duet, dice: Dice) -> Event:
    """The next position comes with one."""
    dice.alarm = True
    before = len(found.events)
    while len(found.events) == before:
        found.run(1)
    dice.alarm = False
    (event,) = [event for event in found.events[before:] if event.kind is Kind.ALARM]
    return event


def test_signatures_are_what_other_programs_compute() -> None:
    """By ``printf %s … | md5sum | cut -c1-32 | tr -d '\\n' | base64``."""
    name = "EVENT_353376110008882_00000000_2020_08_11_14_17_36_24.mp4"
    assert fields_of(name, "1588139792287")["sign"] == "ZDU0ZTA5MzI0OTQ2ZDEzZjBiM2FkNmQ0YjhlMDUzNDE="
    asked = fields_of_instruction("353376110008882", "1230", "1588139792287")
    assert asked["sign"] == "ZjcxNmNkNjJjZDBjZTc4MGQzOGQ3MmM0NzA1ZmQ1Y2Y="


def test_an_alarms_files_are_uploaded_one_after_the_other_in_the_order_of_cameras() -> None:
    dice = Dice()
    found = camera(dice=dice)
    names = alarm(found, dice).values["media.files"]
    assert isinstance(names, list)
    assert len(names) == 2
    for name in names:
        found.run(1)
        post = taken(found)
        assert (post.url, post.chunked, post.cut_after) == (UPLOAD, False, None)
        fields = parts(post)
        assert [field for field, _, _ in fields] == ["filename", "timestamp", "sign", "file"]
        assert fields[0][2].decode() == name
        assert fields[3][1] == name
        content = fields[3][2]
        assert content.startswith(b"<clip>")
        assert content[6 + 4 : 6 + 8] == b"free"
        assert int.from_bytes(content[6 : 6 + 4]) == len(content) - 6
        timestamp = fields[1][2].decode()
        assert abs(int(timestamp) * 1000 - found.now) <= 2_000_000
        assert fields[2][2].decode() == fields_of(str(name), timestamp)["sign"]
        found.posted(TAKEN)
    found.run(RETRY_MAX_S)
    assert posts(found) == []


def test_two_files_are_never_alike() -> None:
    found = camera()
    found.execute(command("picture"))
    bodies = set()
    for _ in range(2):
        found.run(1)
        bodies.add(parts(taken(found))[3][2])
        found.posted(TAKEN)
    assert len(bodies) == 2
    assert all(body.startswith(b"<picture>") for body in bodies)


def test_a_newer_firmware_tells_the_command_that_asked() -> None:
    found = camera(NEWER)
    wanted = command("picture", camera="out")
    found.execute(wanted)
    found.run(1)
    fields = parts(taken(found))
    assert [name for name, _, _ in fields] == ["imei", "instructionId", "timestamp", "sign", "file"]
    assert fields[0][2].decode() == imei(found)
    assert fields[1][2].decode() == str(wanted.number)
    assert fields[4][1] == f"EVENT_{imei(found)}_00000000_2023_11_14_23_13_20_01.jpg"
    assert found.state(wanted.id) is State.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        (0, "2023_11_14_22_13_20"),
        (60, "2023_11_14_23_13_20"),
        (330, "2023_11_15_03_43_20"),
        (-210, "2023_11_14_18_43_20"),
        (-765, "2023_11_14_09_28_20"),
        (840, "2023_11_15_12_13_20"),
    ],
)
def test_names_carry_the_local_time_of_the_zone_that_the_login_tells(zone: int, local: str) -> None:
    assert START == 1_699_999_999_000_000 + 1_000_000  # 2023-11-14 22:13:20 UTC
    found = camera(zone=zone)
    assert found.events[0].values["device.timezone"] == zone
    found.execute(command("picture", camera="in"))
    media = next(event for event in found.events if event.kind is Kind.MEDIA)
    assert media.values["media.files"] == [f"EVENT_{imei(found)}_00000000_{local}_02.jpg"]
    found.run(1)
    taken(found)
    found.posted(TAKEN)
    found.execute(command("file_list"))
    found.run(1)
    names = listing(taken(found))
    assert names[0].startswith(local[:13])


def listing(post: Post) -> list[str]:
    assert post.chunked
    assert post.content_type == "application/json"
    text = b"".join(piece for piece in post.body if isinstance(piece, bytes))
    names: str = json.loads(text)["fileNameList"]
    assert names.endswith(",")
    return names[:-1].split(",")


def test_a_list_has_thousands_of_names_and_some_of_them_twice() -> None:
    found = camera()
    found.execute(command("file_list"))
    found.run(1)
    post = taken(found)
    assert len(post.body) > 20
    text = b"".join(piece for piece in post.body if isinstance(piece, bytes))
    assert json.loads(text)["imei"] == imei(found)
    names = listing(post)
    assert len(names) == 2410
    assert len(set(names)) == 2400
    assert names[:3] == [
        "2023_11_14_23_12_00_01.mp4",
        "2023_11_14_23_12_00_02.mp4",
        "2023_11_14_23_11_00_01.mp4",
    ]
    found.posted(LISTED)
    found.run(60)
    assert posts(found) == []


@pytest.mark.parametrize(
    ("capability", "parameters", "name"),
    [
        ("history_video", {"time": "2023-11-14T20:00:00", "camera": 2}, "2023_11_14_20_00_00_02.mp4"),
        (
            "event_video",
            {"time": "2023-11-14T20:00:05"},
            "EVENT_{imei}_00000000_2023_11_14_20_00_05_01.mp4",
        ),
        ("video", {"camera": "out"}, "EVENT_{imei}_00000000_2023_11_14_23_13_20_01.mp4"),
    ],
)
def test_recordings_are_called_as_they_were_asked_for(
    capability: str, parameters: dict[str, object], name: str
) -> None:
    found = camera()
    found.execute(command(capability, **parameters))
    found.run(1)
    assert parts(taken(found))[0][2].decode() == name.format(imei=imei(found))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Answer(200, b'{"code":500,"message":"no room"}'),
        Answer(200, b"OK"),
        Answer(200, b"[200]"),
        Answer(503, b""),
    ],
)
def test_whatever_is_not_a_200_of_the_document_is_tried_again(answer: Answer | None) -> None:
    found = camera()
    found.execute(command("picture", camera="out"))
    found.run(1)
    first = parts(taken(found))
    for wait_s in (2, 4, 8):
        found.posted(answer)
        found.run(wait_s - 0.1)
        assert posts(found) == []
        found.run(0.2)
        again = parts(taken(found))
        assert (again[0], again[3]) == (first[0], first[3])
    found.posted(Answer(200, b'{"code":"200"}'))
    found.run(RETRY_MAX_S)
    assert posts(found) == []


def test_a_card_that_is_full_forgets_the_oldest_and_keeps_its_patience_bounded() -> None:
    found = camera()
    for _ in range(WAITING_MAX + 5):
        found.execute(command("picture", camera="out"))
        found.run(2)
        if found.outside:
            taken(found)
            found.posted(None)
    found.run(RETRY_MAX_S)
    delivered = []
    while found.outside:
        delivered.append(parts(taken(found))[0][2])
        found.posted(TAKEN)
        found.run(1)
    assert len(set(delivered)) == len(delivered) == WAITING_MAX
    assert delivered[-1].endswith(b"23_16_48_01.jpg"), "the newest is kept"


def test_without_an_address_files_are_announced_and_stay() -> None:
    found = camera(upload="")
    found.execute(command("picture"))
    found.run(60)
    assert any(event.kind is Kind.MEDIA for event in found.events)
    assert posts(found) == []
    found.execute(command("set_upload", url="http://other.example/upload"))
    found.execute(command("picture", camera="out"))
    found.run(1)
    assert taken(found).url == "http://other.example/upload"


def test_lists_go_where_they_were_told_to() -> None:
    found = camera()
    found.execute(command("set_file_list_url", url="http://lists.example/names"))
    found.execute(command("file_list"))
    found.run(1)
    assert taken(found).url == "http://lists.example/names"


def test_a_faulty_camera_is_cut_off_and_signs_wrongly_and_delivers_in_the_end() -> None:
    found = camera(faults=0.4)
    for _ in range(20):
        found.execute(command("picture"))
        found.run(2)
    cut = wrong = 0
    delivered = set()
    while found.outside:
        post = taken(found)
        fields = {name: content.decode("latin-1") for name, _, content in parts(post)}
        name = fields["filename"]
        is_wrong = fields["sign"] != fields_of(name, fields["timestamp"])["sign"]
        wrong += is_wrong
        if post.cut_after is not None:
            assert 0 <= post.cut_after <= 5000
            cut += 1
        is_taken = not is_wrong and post.cut_after is None
        delivered |= {name} if is_taken else set()
        found.posted(TAKEN if is_taken else None)
        found.run(0 if is_taken else RETRY_MAX_S)
    assert len(delivered) == 40
    assert cut > 3
    assert wrong > 3


def test_an_announced_file_that_never_comes() -> None:
    dice = Dice()
    found = camera(faults=1.0, dice=dice)
    dice.alarm = True
    found.run(12)
    dice.alarm = False
    found.run(600)
    assert any(event.kind is Kind.ALARM for event in found.events)
    assert posts(found) == []


def test_how_a_server_answers_changes_nothing_of_what_a_camera_says() -> None:
    stories = []
    for answer in (TAKEN, None):
        found = camera(faults=0.3, dice=random.Random(7))
        for _ in range(100):
            found.run(30)
            if found.outside:
                found.outside.clear()
                found.posted(answer)
        stories.append([(event.kind, event.values) for event in found.events])
    assert stories[0] == stories[1]


def addresses(found: Duet, *channels: str) -> list[str]:
    return [f"{STREAM}/{channel}{imei(found)}" for channel in channels]


@pytest.mark.parametrize(
    ("which", "channels"), [("out", ("0/",)), ("in", ("1/",)), ("inout", ("0/", "1/", "pip/"))]
)
def test_live_video_begins_and_ends_as_told(which: str, channels: tuple[str, ...]) -> None:
    found = camera()
    found.execute(command("live_start", camera=which, minutes=5))
    assert found.outside == [Publish(url) for url in addresses(found, *channels)]
    found.outside.clear()
    found.execute(command("live_start", camera=which, minutes=5))
    assert found.outside == []
    found.execute(command("live_stop", camera=which))
    assert found.outside == [Unpublish(url) for url in addresses(found, *channels)]
    found.outside.clear()
    found.execute(command("live_stop", camera=which))
    assert found.outside == []


def test_live_video_ends_by_itself_and_another_start_keeps_it_alive() -> None:
    found = camera(upload="")
    found.execute(command("live_start", minutes=2))
    found.run(100)
    found.execute(command("live_start", minutes=2))
    found.run(100)
    assert found.outside == [Publish(url) for url in addresses(found, "0/")]
    found.run(21)
    assert found.outside[1:] == [Unpublish(url) for url in addresses(found, "0/")]


def test_recordings_are_streamed_without_a_channel_for_as_long_as_they_are() -> None:
    found = camera(upload="")
    found.execute(command("replay", files=["a.mp4", "b.mp4"]))
    found.run(7.9)
    assert found.outside == [Publish(url) for url in addresses(found, "")]
    found.run(0.2)
    assert found.outside[1:] == [Unpublish(url) for url in addresses(found, "")]
    found.execute(command("replay", files=["a.mp4"]))
    found.execute(command("replay_stop"))
    assert found.outside[3:] == [Unpublish(url) for url in addresses(found, "")]


def test_a_camera_that_knows_no_address_streams_nowhere_and_one_that_restarts_stops() -> None:
    found = camera(upload="")
    found.execute(command("live_start", minutes=5))
    found.outside.clear()
    found.execute(command("reboot"))
    assert found.outside == [Unpublish(url) for url in addresses(found, "0/")]
    lost = camera(upload="", stream="")
    lost.execute(command("live_start", minutes=5))
    lost.run(600)
    assert lost.outside == []
