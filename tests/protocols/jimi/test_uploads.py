"""Forms, lists and names of files, as chapter 6 has them; signatures were made with md5sum and base64."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayside.model.commands import State
from wayside.protocol.questions import OpenCommand
from wayside.protocol.uploads import FileName, NameList, Shot, Signature, Wanted, is_name
from wayside.protocols.jimi import PROTOCOL
from wayside.protocols.jimi.file_names import read_name, wanted
from wayside.protocols.jimi.uploads import LIST_NAMES_MAX, LISTED, claim, read_list, refused, taken

IMEI = "353376110008882"
EVENT = f"EVENT_{IMEI}_000000_2020_08_11_14_17_36_24.mp4"
RECORDING = "2021_06_10_18_50_17_01.mp4"

FORM = {
    "filename": "img07-1588139792287.png",
    "timestamp": "1588139792287",
    "sign": "MmViMGYzNDMxZGViNmVmZjdkNTNmYTIyMmMxZTg2ZjM=",
}
INSTRUCTED = {
    "imei": IMEI,
    "instructionId": "305419896",
    "timestamp": "1588139792287",
    "sign": "NTllZDQwZjhkMjc0MjU3MGRlYWJiOGYxMDBkOGU4NzU=",
}


def local(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_a_form_says_what_it_is() -> None:
    said = claim(FORM, "anything.png")
    assert said.name == "img07-1588139792287.png"
    assert (set(said.idents), said.number) == (set(), None)
    assert said.signature is Signature.VALID
    assert said.timestamp == 1_588_139_792_287_000


def test_a_form_for_a_command_says_which_one() -> None:
    said = claim(INSTRUCTED, RECORDING)
    assert said.name == RECORDING
    assert (set(said.idents), said.number) == ({IMEI}, 305_419_896)
    assert said.signature is Signature.VALID


@pytest.mark.parametrize("form", [FORM, INSTRUCTED])
def test_any_other_text_breaks_the_signature(form: dict[str, str]) -> None:
    for name, text in form.items():
        said = claim({**form, name: f"{text}0"}, "")
        assert said.signature is Signature.WRONG, name
    assert claim({**form, "sign": "ÿ"}, "").signature is Signature.WRONG
    assert claim({**form, "sign": ""}, "").signature is Signature.MISSING


def test_every_field_that_names_a_camera_counts() -> None:
    other = "353376110007413"
    assert claim({"filename": EVENT}, "").idents == {IMEI}
    assert claim({}, EVENT).idents == {IMEI}
    assert claim({"imei": other, "filename": EVENT}, RECORDING).idents == {IMEI, other}
    assert claim({"filename": RECORDING}, EVENT).idents == {IMEI}


@pytest.mark.parametrize("number", ["", "-1", "1.5", "4294967296", "\u0661", "9" * 30, "0x10", " 1"])
def test_what_is_no_server_flag_is_none(number: str) -> None:
    assert claim({"instructionId": number}, EVENT).number is None


@pytest.mark.parametrize("stamp", ["", "-1", "now", "1588139792.287", "9" * 20, "4102444800001"])
def test_what_is_no_time_is_none(stamp: str) -> None:
    assert claim({"timestamp": stamp}, EVENT).timestamp is None


@given(st.dictionaries(st.sampled_from(sorted(PROTOCOL.uploads.fields)), st.text()), st.text())  # type: ignore[union-attr]  # ours has uploads
def test_no_form_breaks_it(fields: dict[str, str], part: str) -> None:
    said = claim(fields, part)
    assert said.name == (fields.get("filename") or part)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (EVENT, FileName(IMEI, local("2020-08-11T14:17:36"), "24")),
        (
            "EVENT_353376110007413_0000000_2020_10_20_06_17_34_07.mp4",
            FileName("353376110007413", local("2020-10-20T06:17:34"), "07"),
        ),
        (RECORDING, FileName("", local("2021-06-10T18:50:17"), "road")),
        ("2021_06_10_18_50_17_02.mp4", FileName("", local("2021-06-10T18:50:17"), "cabin")),
        (
            f"EVENT_{IMEI}_00000000_2024_08_06_15_59_25_I_09.mp4",
            FileName(IMEI, local("2024-08-06T15:59:25"), "I"),
        ),
        ("2021_06_10_18_50_17.mp4", FileName("", local("2021-06-10T18:50:17"))),
        ("2021_02_30_18_50_17_01.mp4", FileName("", None, "road")),
        ("img07-1588139792287.png", FileName()),
        (f"EVENT_{IMEI}_picture.jpg", FileName(IMEI)),
        ("EVENT_35337611000888_2020.mp4", FileName()),
        ("", FileName()),
    ],
)
def test_names_say_who_when_and_where(name: str, said: FileName) -> None:
    assert read_name(name) == said


@given(st.text())
def test_no_name_breaks_it(name: str) -> None:
    read_name(name)


@pytest.mark.parametrize("name", [EVENT, RECORDING, "Bild 1, Straße.jpg", "前.jpg", "x" * 128])
def test_files_may_be_called_so(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 129,
        "../../etc/passwd",
        "/etc/passwd",
        "a\\b.jpg",
        "C:a.jpg",
        ".htaccess",
        "..",
        "a\0.jpg",
        "a\n.jpg",
        "a\u202egpj.mp4",
        "a\ud800.jpg",
    ],
)
def test_files_may_not_be_called_so(name: str) -> None:
    assert not is_name(name)


def test_the_printed_list() -> None:
    body = (
        b'{"imei":"357730090564767","fileNameList":"2021_06_10_18_50_17_01.mp4,'
        b'2021_06_10_18_51_20_01.mp4,2021_06_10_18_52_20_01.mp4"}'
    )
    names = ("2021_06_10_18_50_17_01.mp4", "2021_06_10_18_51_20_01.mp4", "2021_06_10_18_52_20_01.mp4")
    assert read_list(body) == NameList("357730090564767", names)


@pytest.mark.parametrize(
    ("told", "names", "left_out"),
    [
        ('"a.mp4,b.mp4,"', ("a.mp4", "b.mp4"), 0),
        ('"a.mp4, b.mp4,a.mp4"', ("a.mp4", "b.mp4"), 0),
        ('"a.mp4,../b.mp4,c\\u0000.mp4"', ("a.mp4",), 2),
        ('""', (), 0),
        ('","', (), 0),
        ('["a.mp4","b.mp4"]', ("a.mp4", "b.mp4"), 0),
        ('"a.mp4",', ("a.mp4",), 0),
    ],
)
def test_lists_as_cameras_write_them(told: str, names: tuple[str, ...], left_out: int) -> None:
    body = f'{{"imei":"{IMEI}","fileNameList":{told}}}'
    assert read_list(body.encode()) == NameList(IMEI, names, left_out)


def test_a_list_has_an_end() -> None:
    told = ",".join(f"{number}.mp4" for number in range(LIST_NAMES_MAX + 5))
    listed = read_list(f'{{"imei":"{IMEI}","fileNameList":"{told}"}}'.encode())
    assert (len(listed.names), listed.left_out) == (LIST_NAMES_MAX, 5)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"imei":"1","fileNameList":""}',
        b'{"imei":"35337611000888a","fileNameList":""}',
        b'{"imei":353376110008882,"fileNameList":""}',
        b'{"imei":"353376110008882"}',
        b'{"imei":"353376110008882","fileNameList":7}',
        b'{"imei":"353376110008882","fileNameList":"\xff"}',
        b'{"imei":"353376110008882","fileNameList":"a.mp4',
        b"[" * 100_000,
    ],
)
def test_what_is_no_list(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"list of names|imei"):
        read_list(body)


def test_the_answers_of_the_document() -> None:
    done = msgspec.json.decode(taken('a"b.jpg'))
    assert (done["code"], done["data"], set(done)) == (200, 'a"b.jpg', {"code", "data", "message"})
    assert msgspec.json.decode(LISTED) == {"code": 0, "ok": True}
    assert msgspec.json.decode(refused("no", False)) == {"code": 400, "message": "no", "ok": False}
    assert msgspec.json.decode(refused("later", True))["code"] == 500


@pytest.mark.parametrize(
    ("capability", "parameters", "waits_for"),
    [
        ("picture", {"camera": "in"}, Wanted(Shot.PICTURE, ("cabin",))),
        ("picture", {}, Wanted(Shot.PICTURE, ("road", "cabin"))),
        ("video", {"camera": "out"}, Wanted(Shot.VIDEO, ("road",))),
        (
            "history_video",
            {"time": "2021-06-10T18:50:30", "camera": 2},
            Wanted(Shot.VIDEO, ("cabin",), (local("2021-06-10T18:40:30"), local("2021-06-10T18:51:30"))),
        ),
        (
            "event_video",
            {"time": "2021-06-10T18:50:30", "camera": 1, "duration_s": 30},
            Wanted(Shot.VIDEO, ("road",), (local("2021-06-10T18:49:30"), local("2021-06-10T18:52:00"))),
        ),
        ("file_list", {}, Wanted()),
        ("status", {}, None),
    ],
)
def test_what_a_command_waits_for(
    capability: str, parameters: dict[str, object], waits_for: Wanted | None
) -> None:
    known = PROTOCOL.capability(capability)
    assert known is not None
    shaped = msgspec.convert(parameters, known.parameters)
    assert wanted(OpenCommand("c", 1, capability, shaped, State.ACKNOWLEDGED)) == waits_for


def test_everything_that_ends_with_a_file_waits_for_one() -> None:
    required = {
        "history_video": {"time": "2021-06-10T18:50:30"},
        "event_video": {"time": "2021-06-10T18:50:30"},
    }
    for capability in PROTOCOL.capabilities:
        if capability.file_within_s is not None:
            shaped = msgspec.convert(required.get(capability.name, {}), capability.parameters)
            assert wanted(OpenCommand("c", 1, capability.name, shaped, State.SENT)) is not None
