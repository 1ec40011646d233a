from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.jimi.talk import NOW, command, known
from wayside.model.commands import Risk
from wayside.model.errors import CommandError
from wayside.protocols.jimi.commands import (
    BY_NAME,
    CAPABILITIES,
    CONFIRMED_WORDS,
    TEXT_BYTES_MAX,
    WORDING,
    is_refusal,
    text_for,
)

# By the vendor's public command list.
LINES = [
    ("picture", {"camera": "in"}, "Picture,in"),
    ("picture", {}, "Picture,inout"),
    ("video", {"camera": "out", "duration_s": 3}, "Video,out,3s"),
    ("live_start", {"camera": "inout", "minutes": 180}, "RTMP,ON,INOUT,180"),
    ("live_stop", {"camera": "in"}, "RTMP,OFF,IN"),
    ("file_list", {}, "FILELIST"),
    (
        "replay",
        {"files": ["2021_06_10_18_50_17_01.mp4", "b.mp4"]},
        "REPLAYLIST,2021_06_10_18_50_17_01.mp4,b.mp4",
    ),
    ("replay_stop", {}, "REPLAYLIST,OFF"),
    ("history_video", {"time": "2021-06-10T18:50:17", "camera": 2}, "HVIDEO,2021_06_10_18_50_17,2"),
    (
        "event_video",
        {"time": "2021-06-10T18:50:17", "camera": 1, "duration_s": 60},
        "EVIDEO,2021-06-10 18:50:17,1,60",
    ),
    ("status", {}, "STATUS"),
    ("parameters", {}, "PARAM"),
    ("version", {}, "VERSION"),
    ("ping", {"service": "RTMP"}, "PING,RTMP"),
    ("timer", {}, "TIMER"),
    ("timer", {"arguments": "10,60"}, "TIMER,10,60"),
    ("speed_alarm", {"arguments": "ON,20,100"}, "SPEED,ON,20,100"),
    ("set_upload", {"url": "http://h:8000/upload"}, "UPLOAD,http://h:8000/upload"),
    ("set_rtmp", {"url": "rtmp://h:1935/live"}, "RSERVICE,rtmp://h:1935/live"),
    ("set_file_list_url", {"url": "http://h/list?x=1"}, "FILELIST,http://h/list?x=1"),
    ("relay", {"on": True}, "RELAY,1"),
    ("relay", {"on": False}, "RELAY,0"),
    ("reboot", {}, "REBOOT"),
    ("set_core_kit", {"on": False}, "COREKITSW,0"),
    ("set_server", {"host": "192.0.2.7", "port": 21100}, "SERVER,0,192.0.2.7,21100"),
    ("set_server", {"host": "cam.example.org", "port": 1}, "SERVER,1,cam.example.org,1"),
    ("text", {"text": "WHATEVER,1 2,#"}, "WHATEVER,1 2,#"),
]


@pytest.mark.parametrize(("capability", "parameters", "line"), LINES, ids=[line for _, _, line in LINES])
def test_the_text_of_a_command(capability: str, parameters: dict[str, object], line: str) -> None:
    wanted = command(capability, **parameters)
    assert text_for(wanted.capability, wanted.parameters) == line


def test_every_capability_has_words_and_a_line_above() -> None:
    assert [capability.name for capability in CAPABILITIES] == list(BY_NAME)
    assert set(BY_NAME) == set(WORDING) == {capability for capability, _, _ in LINES}


def test_risks() -> None:
    at_risk = {risk: {one.name for one in CAPABILITIES if one.risk is risk} for risk in Risk}
    assert at_risk[Risk.DANGEROUS] == {"set_server", "set_core_kit"}
    assert at_risk[Risk.ACTUATION] == {"relay", "reboot", "text"}
    assert all(BY_NAME[name].expires_after_s <= 30 for name in at_risk[Risk.ACTUATION])


@pytest.mark.parametrize(
    ("capability", "parameters"),
    [
        ("picture", {"camera": "roof"}),
        ("video", {"duration_s": 2}),
        ("video", {"duration_s": 11}),
        ("live_start", {"minutes": 1}),
        ("live_start", {"minutes": 181}),
        ("replay", {"files": []}),
        ("replay", {"files": ["../etc/passwd"]}),
        ("replay", {"files": ["a,OFF"]}),
        ("history_video", {"time": "2021-02-30T00:00:00"}),
        ("history_video", {"time": "2021-02-03T00:00:00Z"}),
        ("history_video", {"time": "2021-02-03T00:00:00", "camera": 3}),
        ("event_video", {"time": "2021-02-03T00:00:00", "duration_s": 9}),
        ("event_video", {"time": "2021-02-03T00:00:00", "duration_s": 61}),
        ("set_server", {"host": "h,1", "port": 1}),
        ("set_server", {"host": "h", "port": 0}),
        ("set_upload", {"url": "ftp://h/"}),
        ("set_upload", {"url": "http://h/a,b"}),
        ("set_rtmp", {"url": "http://h/live"}),
        ("relay", {"on": 1}),
        ("text", {"text": ""}),
        ("text", {"text": "ü"}),
        ("version", {"verbose": True}),
    ],
)
def test_bad_parameters_never_become_a_command(capability: str, parameters: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        command(capability, **parameters)


# What patterns let through: `$` stands before a last line feed, too.
@pytest.mark.parametrize(
    ("capability", "parameters", "field"),
    [
        ("text", {"text": "STATUS\n"}, "text"),
        ("timer", {"arguments": "10\n"}, "arguments"),
        ("set_upload", {"url": "http://h/\n"}, "url"),
        ("set_upload", {"url": "http://h/ü"}, "url"),
        ("set_server", {"host": "h\n", "port": 1}, "host"),
        ("replay", {"files": ["a.mp4\n"]}, "files"),
        ("replay", {"files": ["a" * 60, "b" * 60, "c" * 60, "d" * 60]}, "files"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name(
    capability: str, parameters: dict[str, object], field: str
) -> None:
    session = known()
    with pytest.raises(CommandError) as refused:
        session.execute(command(capability, **parameters), NOW)
    assert refused.value.field == f"parameters.{field}"
    assert session.disconnected(NOW) == [], "nothing is under way"


def test_the_longest_text_fits_and_leaves_as_one_frame() -> None:
    session = known()
    assert session.execute(command("text", text="x" * TEXT_BYTES_MAX), NOW)
    with pytest.raises(msgspec.ValidationError):
        command("text", text="x" * (TEXT_BYTES_MAX + 1))


@pytest.mark.parametrize("text", ["SERVER,1,evil.example,1", "server", " COREKITSW,1", "Server ,1"])
def test_free_text_does_not_go_around_a_confirmation(text: str) -> None:
    with pytest.raises(CommandError, match="confirmation"):
        text_for("text", command("text", text=text).parameters)
    assert set(CONFIRMED_WORDS.values()) == {one.name for one in CAPABILITIES if one.risk is Risk.DANGEROUS}


def test_what_no_camera_can_do_is_refused() -> None:
    with pytest.raises(CommandError) as refused:
        text_for("fly", None)
    assert refused.value.field == "capability"


@given(st.text(max_size=100))
def test_whatever_text_is_sent_is_printable_ascii(text: str) -> None:
    try:
        line = text_for("text", command("text", text=text).parameters)
    except (CommandError, msgspec.ValidationError):
        return
    assert line == text
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize(
    ("reply", "refused"),
    [
        ("[TIMER] OFF,10", False),
        ("picture", False),
        ("[STATUS] last error: none", False),
        ("", False),
        ("Error: unknown command", True),
        ("[RTMP] parameter error", True),
        ("  Unknown command!", True),
        ("FAIL", True),
    ],
)
def test_what_counts_as_a_refusal(reply: str, *, refused: bool) -> None:
    assert is_refusal(reply) is refused


def test_every_parameter_makes_a_schema() -> None:
    for capability in CAPABILITIES:
        assert msgspec.json.schema(capability.parameters)
