"""``wayside decode`` keeps the contract of docs/reference/decode.md.  The frames are those that documents print."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import json_lines, wayside
from wayside.app import protocols
from wayside.app.decode import inspect, inspect_any
from wayside.cli.decode import read_bytes
from wayside.cli.exits import UsageError
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Side, Transport

PRINTED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "printed-frames.json").read_text())

NOW = 1_700_000_000_000_000
LOGIN = "78781101075253367890024270003201000512790d0a"
LOGIN_ANSWER = "7878050100059ff80d0a"
HEARTBEAT = "78780a134004040001000fdcee0d0a"
HEARTBEAT_ANSWER = "78780513000f008f0d0a"
SIGN_IN = "*BGCR,OM,866266066379439,Q0,6023,E7:0F:B7:FD:A6:74,1,2,2#"
UNLOCKED = "*BGCR,OM,123456789123456,L0,0,1234,1497689816#"


def decode(protocol: str, data: bytes, side: Side = Side.DEVICE) -> list[dict[str, Any]]:
    family = protocols.protocol(protocol)
    return inspect(family, protocols.link(family), side, data, NOW)


@pytest.mark.parametrize("printed", PRINTED, ids=lambda printed: printed["frame"][:40])
def test_printed_frames_are_accepted_or_refused(printed: dict[str, Any]) -> None:
    family = protocols.protocol(printed["protocol"])
    link = protocols.link(family, Transport(printed["link"]))
    data = read_bytes(printed["frame"], "frame")
    lines = inspect(family, link, Side(printed["from"]), data, NOW)
    assert all(line["valid"] for line in lines) is printed["valid"]
    anyhow = inspect_any(family, family.links, tuple(Side), data, NOW)
    assert all(line["valid"] for line in anyhow) is printed["valid"]
    if printed["valid"] and printed["protocol"] != "jk-bms":  # whose links carry the same frames
        assert {line["link"] for line in anyhow} == {printed["link"]}
    for line in lines:
        assert line["protocol"] == printed["protocol"]
        assert line["link"] == printed["link"]
        if not line["valid"]:
            assert list(line) == ["protocol", "link", "valid", "error", "detail", "hex"]
            assert line["error"] in {"length", "checksum", "framing", "message"}
            continue
        assert list(line) == ["protocol", "link", "valid", "message", "fields", "events", "replies"]
        assert not line["message"].startswith("unknown")
        assert isinstance(line["fields"], dict)
        for event in line["events"]:
            assert list(event) == ["kind", "at", "values"]
            assert complaints(event["values"]) == []
        if printed["from"] == "server":
            assert line["events"] == line["replies"] == []


def test_without_a_sender_the_frame_itself_decides() -> None:
    family = protocols.protocol("jimi")

    def inspect_it(frame: str) -> list[dict[str, Any]]:
        return inspect_any(family, family.links, tuple(Side), bytes.fromhex(frame), NOW)

    (told,) = inspect_it(LOGIN_ANSWER)
    assert (told["valid"], told["message"], told["replies"]) == (True, "login_answer", [])
    (heard,) = inspect_it(LOGIN)
    assert heard["replies"] == [LOGIN_ANSWER]
    (broken,) = inspect_it(LOGIN_ANSWER[:-8] + "00000d0a")
    assert broken["error"] == "checksum"


@pytest.mark.parametrize(
    ("protocol", "frame", "answers"),
    [
        ("jimi", LOGIN, [LOGIN_ANSWER]),
        ("jimi", HEARTBEAT, [HEARTBEAT_ANSWER]),
        ("parking-lock", SIGN_IN, []),
        ("parking-lock", UNLOCKED, [(b"\xff\xff" + b"*BGCS,OM,123456789123456,Re,L0#\n").hex()]),
    ],
)
def test_replies_are_those_of_the_documents(protocol: str, frame: str, answers: list[str]) -> None:
    (line,) = decode(protocol, read_bytes(frame, "frame"))
    assert line["replies"] == answers


def test_a_frame_tells_its_fields_and_what_they_mean() -> None:
    (line,) = decode("parking-lock", UNLOCKED.encode())
    assert line["message"] == "unlock"
    assert line["fields"]["time"] == 1497689816
    (event,) = line["events"]
    assert event["kind"] == "operation"
    assert event["values"]["lock.state"] == "unlocked"


def test_times_are_rfc_3339_in_utc() -> None:
    frame = "78782622160208092b1ecf026c15930c398a1000140001cc0b77060776a4010e0000000000008c6d400d0a"
    (line,) = decode("jimi", bytes.fromhex(frame))
    (event,) = line["events"]
    assert event["at"] == "2022-02-08T09:43:30Z"
    assert json.loads(json.dumps(line)) == line


def test_one_argument_may_hold_several_frames() -> None:
    lines = decode("jimi", bytes.fromhex(LOGIN + HEARTBEAT))
    assert [line["replies"] for line in lines] == [[LOGIN_ANSWER], [HEARTBEAT_ANSWER]]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (LOGIN[:-2], "length"),
        (LOGIN[:20], "length"),
        (LOGIN[:-6] + "ff0d0a", "checksum"),
        (LOGIN[:-4] + "0d0b", "framing"),
        ("00ff" + LOGIN, "framing"),
    ],
)
def test_what_is_wrong_is_named(data: str, error: str) -> None:
    first = decode("jimi", bytes.fromhex(data))[0]
    assert first["valid"] is False
    assert first["error"] == error
    assert first["detail"]


def test_the_end_of_the_input_inside_a_frame_is_an_error_of_length() -> None:
    good, bad = decode("jimi", bytes.fromhex(HEARTBEAT + LOGIN[:12]))
    assert good["valid"] is True
    assert (bad["error"], bad["detail"], bad["hex"]) == ("length", "frame ends early", LOGIN[:12])


def test_content_that_is_no_message_is_an_error_of_its_own() -> None:
    (line,) = decode("parking-lock", b"*BGCR,OM,123456789123456,S6,x#")
    assert line["error"] == "message"
    assert "auto_lock" in line["detail"]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("7878", b"xx"),
        ("78 78\n", b"xx"),
        ("aB cD", b"\xab\xcd"),
        (" *BGCR# ", b"*BGCR#"),
        ('{"86"}\r\n', b'{"86"}'),
    ],
)
def test_hex_is_read_generously(text: str, data: bytes) -> None:
    assert read_bytes(text, "HEX") == data


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("7g", "character 2 is 'g'"),
        ("787", "3 digits"),
        ("٣٣", "character 1"),
    ],
)
def test_other_text_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=f"HEX argument 3 .*{complaint}"):
        read_bytes(text, "HEX argument 3")


def test_good_frames_end_well() -> None:
    run = wayside("decode", "jimi", LOGIN, "--link", "tcp", HEARTBEAT)
    assert (run.returncode, run.stderr) == (0, "")
    assert [line["valid"] for line in json_lines(run.stdout)] == [True, True]


def test_without_a_link_the_frame_itself_decides() -> None:
    run = wayside("decode", "parking-lock", "a3a402b0277f7f271a", SIGN_IN)
    assert run.returncode == 0
    assert [line["link"] for line in json_lines(run.stdout)] == ["ble", "tcp"]
    broken = wayside("decode", "parking-lock", "a3a402b0277f7f2700")
    first = json_lines(broken.stdout)[0]
    assert (first["link"], first["error"]) == ("ble", "checksum")
    named = wayside("decode", "parking-lock", "--link", "tcp", "a3a402b0277f7f271a")
    assert [(line["link"], line["error"]) for line in json_lines(named.stdout)] == [("tcp", "framing")]
    nothing = wayside("decode", "parking-lock", "00ff")
    assert [(line["link"], line["error"]) for line in json_lines(nothing.stdout)] == [("tcp", "framing")]


def test_a_bad_frame_is_a_line_and_an_exit_code() -> None:
    run = wayside("decode", "jimi", LOGIN[:-6] + "ff0d0a", LOGIN)
    assert (run.returncode, run.stderr) == (1, "")
    assert [line["valid"] for line in json_lines(run.stdout)] == [False, True]


def test_standard_input_holds_a_string_a_line() -> None:
    run = wayside("decode", "parking-lock", "-", stdin=f"{SIGN_IN}\n\n{UNLOCKED.encode().hex(' ')}\n")
    assert run.returncode == 0
    assert [line["message"] for line in json_lines(run.stdout)] == ["sign_in", "unlock"]


def test_frames_of_the_server_mean_nothing_to_it() -> None:
    run = wayside("decode", "jimi", "--from", "server", LOGIN_ANSWER)
    assert run.returncode == 0
    (line,) = json_lines(run.stdout)
    assert line["events"] == line["replies"] == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("jimi", LOGIN, "78zz"), "HEX argument 2 is not hexadecimal"),
        (("jimi",), "HEX is missing"),
        (("jimy", LOGIN), "did you mean jimi?"),
        (("parking-lock", "--link", "serial", "00"), "has no serial link"),
        (("jimi", "--link", "pigeon", "00"), "pigeon"),
        (("jimi", "--frm", "device", "00"), "--frm"),
    ],
)
def test_a_wrong_question_is_a_usage_error(arguments: tuple[str, ...], complaint: str) -> None:
    run = wayside("decode", *arguments)
    assert run.returncode == 2
    assert complaint in run.stderr


def test_a_wrong_line_of_standard_input_is_named() -> None:
    run = wayside("decode", "jimi", "-", stdin=f"{LOGIN}\n\nxyz\n")
    assert run.returncode == 2
    assert "line 3 of standard input" in run.stderr
    assert len(json_lines(run.stdout)) == 1


def test_every_link_has_its_protocol() -> None:
    for family in protocols.PROTOCOLS:
        for way in family.links:
            assert protocols.link(family, way.transport) is way
        assert family.links
