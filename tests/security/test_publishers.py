"""Terrible words at the RTMP port, in commands, paths and metadata: none becomes a stream, a page or an order."""

import re
import struct
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.cli.running import json_lines
from tests.cli.serving import eventually
from tests.media.live.films import AVC, key_frame
from tests.media.live.talking import GREETING, chunk
from tests.security.hostile import TEXTS
from tests.security.victim import CANARY, Victim, attacked
from wayside.cli.main import run

IMEI: Final = "864200000000001"
CAMERA: Final = f"jimi:{IMEI}"
STREAM: Final = f"devices/{CAMERA}/streams/0"
COMMAND, DATA = 20, 18


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """Every camera may publish, and every complaint is logged."""
    more = ("--set", "live.publishers=open", "--set", "limits.complaints_per_s=100000")
    with attacked(tmp_path_factory.mktemp("victim"), *more) as victim:
        victim.http.post("/api/v1/devices", json={"device": CAMERA}).raise_for_status()
        yield victim


# AMF0 as its document has it, not by the code under test.


def name(text: str) -> bytes:
    raw = text.encode()[:0xFFFF]
    return struct.pack(">H", len(raw)) + raw


def text(said: str) -> bytes:
    raw = said.encode()
    return b"\2" + name(said) if len(raw) <= 0xFFFF else b"\x0c" + struct.pack(">I", len(raw)) + raw


def number(value: float) -> bytes:
    return b"\0" + struct.pack(">d", value)


def pairs(**values: bytes) -> bytes:
    return b"".join(name(key) + value for key, value in values.items()) + b"\0\0\x09"


def connect(**more: bytes) -> bytes:
    return text("connect") + number(1) + b"\3" + pairs(**{"app": text("live"), **more})


CREATE: Final = text("createStream") + number(2) + b"\5"


def publish(what: str, how: bytes = text("live")) -> bytes:
    return text("publish") + number(5) + b"\5" + text(what) + how


def said(*payloads: bytes) -> bytes:
    """Commands as a publisher sends them; the last one on its stream."""
    first = b"".join(chunk(COMMAND, 0, payload, stream=0, chunk_stream=3) for payload in payloads[:-1])
    return GREETING + first + chunk(COMMAND, 0, payloads[-1])


def heard(victim: Victim, request: bytes) -> bytes:
    """All that it answers until it hangs up, which it does once we have."""
    with victim.dial("rtmp") as line:
        answer = b""
        try:
            line.sendall(request)
            line.shutdown(1)
            while piece := line.recv(65_536):
                answer += piece
        except TimeoutError:
            raise  # it neither answers nor hangs up
        except OSError:
            pass  # it hung up first, as it may on what is no RTMP
    assert CANARY.encode() not in answer
    return answer


GOOD: Final = said(connect(), CREATE, publish(f"0/{IMEI}"))


def conversations(what: str) -> dict[str, bytes]:
    """The text in every place that has one."""
    path = publish(f"0/{IMEI}")
    return {
        "app": said(connect(app=text(what)), CREATE, path),
        "app with a query": said(connect(app=text(f"live?{what}")), CREATE, path),
        "tcUrl and flashVer": said(connect(tcUrl=text(what), flashVer=text(what)), CREATE, path),
        "a property's name": said(connect(**{what: text("x")}), CREATE, path),
        "a command's name": said(connect(), text(what) + number(3) + b"\5", CREATE, path),
        "a transaction": said(connect(), text("createStream") + text(what) + b"\5", path),
        "names before": said(
            connect(),
            *(text(known) + number(3) + b"\5" + text(what) for known in ("releaseStream", "FCPublish")),
            CREATE,
            path,
        ),
        "the stream": said(connect(), CREATE, publish(what)),
        "the channel": said(connect(), CREATE, publish(f"{what}/{IMEI}")),
        "the device": said(connect(), CREATE, publish(f"0/{what}")),
        "behind the device": said(connect(), CREATE, publish(f"0/{IMEI}{what}")),
        "the query": said(connect(), CREATE, publish(f"0/{IMEI}?{what}")),
        "the way to publish": said(connect(), CREATE, publish(f"0/{IMEI}", text(what))),
        "play": said(connect(), CREATE, text("play") + number(5) + b"\5" + text(what)),
    }


def metadata(what: str) -> Iterator[bytes]:
    facts = {"width": number(64), "height": text(what), "encoder": text(what), what: text(what)}
    for before in (text("@setDataFrame") + text("onMetaData"), text("onMetaData"), text(what)):
        for kind in (b"\3", b"\x08" + struct.pack(">I", 2**32 - 1)):
            yield before + kind + pairs(**facts)
    yield text("onMetaData") + text(what)
    yield text("@setDataFrame") + text(what) + b"\3" + pairs(**facts)


def test_a_good_publisher_is_let_in(victim: Victim) -> None:
    """Otherwise everything else here would be refused for nothing."""
    assert b"NetStream.Publish.Start" in heard(victim, GOOD)


@pytest.mark.parametrize("kind", TEXTS)
def test_terrible_texts_in_every_place_of_a_conversation(victim: Victim, kind: str) -> None:
    for where, conversation in conversations(TEXTS[kind]).items():
        answer = heard(victim, conversation)
        # Whoever speaks RTMP at all is answered in words of ours.
        assert set(re.findall(rb"Net\w+\.\w+\.\w+", answer)) <= {
            b"NetConnection.Connect.Success",
            b"NetStream.Publish.Start",
            b"NetStream.Publish.BadName",
        }, where


@pytest.mark.parametrize("kind", TEXTS)
def test_terrible_metadata_of_a_camera_that_publishes(victim: Victim, kind: str) -> None:
    with victim.dial("rtmp") as line:
        line.sendall(GOOD)
        for payload in metadata(TEXTS[kind]):
            line.sendall(chunk(DATA, 0, payload))
        line.sendall(chunk(9, 0, b"\xf0" + TEXTS[kind].encode()[:4].ljust(4)))  # a codec in four letters
        line.sendall(chunk(AVC.type, 0, AVC.payload) + chunk(9, 0, key_frame(0).payload))
        stream = eventually(lambda: live(victim))
        assert (stream["video"], stream["height"]) == ("h264", None)
        assert stream["width"] in {64, None}, "metadata that are too long are none"
        assert (stream["audio"], stream["note"]) == ("", "")
        with victim.http.stream("GET", f"/live/0/{IMEI}.flv") as film:
            assert (film.status_code, film.headers["content-type"]) == (200, "video/x-flv")
            assert film.headers["x-content-type-options"] == "nosniff"
            assert next(film.iter_bytes()).startswith(b"FLV\1")
    eventually(lambda: live(victim) is None or None)


def live(victim: Victim) -> dict[str, Any] | None:
    """The stream, while it can be seen."""
    answer = victim.http.get(f"/api/v1/{STREAM}")
    stream: dict[str, Any] = answer.json()
    return stream if answer.status_code == 200 and stream["state"] == "live" and stream["video"] else None


def test_what_came_of_it_is_shown_as_what_it_is(
    victim: Victim, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After all that, there is the one camera; the log tells what was refused, spelled out."""
    streams = {(each["device"], each["channel"]) for each in victim.get("streams")["items"]}
    assert (CAMERA, "0") in streams
    assert streams <= {(CAMERA, "0"), (CAMERA, "playback")}, (
        "an empty channel is a replay, which has none in its path"
    )
    assert [each["device"] for each in victim.get("devices")["items"]] == [CAMERA]
    lines = [line for line in victim.log.splitlines() if line.startswith("{") and "publisher refused" in line]
    refused = json_lines("\n".join(lines))
    paths = "".join(line["path"] for line in refused)
    assert "alert(1)" in paths
    assert "owned" in paths, "escapes were among them"
    assert all(line.isprintable() for line in lines)
    assert max(len(line["path"]) for line in refused) <= 100
    metrics = victim.http.get("/metrics").text
    assert "owned" not in metrics
    assert set(re.findall(r'wayside_live_refused(?:_total)?\{reason="([^"]*)"', metrics)) <= {
        "no such path: live/CHANNEL/IDENT is one",
        "no such device",
        "not RTMP",
    }
    page = victim.http.get(f"/watch/0/{IMEI}")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "alert(1)" not in page.text
    for address, value in victim.server.environment(victim.token).items():
        monkeypatch.setenv(address, value)
    for command in (("live", "list"), ("live", "list", "--json"), ("devices", "list")):
        assert run(list(command)) == 0
    captured = capsys.readouterr()
    assert IMEI in captured.out
    assert all(line.isprintable() for line in (captured.out + captured.err).split("\n"))
