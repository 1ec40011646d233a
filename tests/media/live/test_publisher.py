import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.live.talking import (
    CAPTURE,
    CONNECT,
    CREATE_STREAM,
    GREETING,
    TO_PUBLISHING,
    chunk,
    hear,
    new,
    publish,
    publishing,
)
from wayside.media.live.publisher import Asked, Ended, Media, Publisher, joined
from wayside.wire.rtmp import amf0
from wayside.wire.rtmp.chunks import ChunkReader, Message
from wayside.wire.rtmp.errors import RtmpError


def said(raw: bytes) -> list[Message]:
    """What the server's side says behind its part of the handshake."""
    reader = ChunkReader(10_000)
    reader.chunk_bytes = 4096
    reader.feed(raw)
    return list(reader.messages())


def commands(publisher: Publisher) -> list[list[amf0.Value]]:
    return [amf0.decode(message.payload) for message in said(publisher.to_send()) if message.type == 20]


def test_what_ffmpeg_sends() -> None:
    happened = hear(new(), CAPTURE.read_bytes())
    assert happened[0] == Asked("live/1/864200000000001")
    assert happened[-1] == Ended()
    media = [one for one in happened if isinstance(one, Media)]
    assert [one.type for one in media].count(9) == 12
    assert [one.type for one in media].count(8) == 10
    assert media[0].payload.startswith(b"\2\0\r@setDataFrame")
    assert [one.timestamp_ms for one in media if one.type == 9][1:11] == list(range(128, 1128, 100))


def test_it_does_not_matter_where_the_bytes_are_cut() -> None:
    raw = CAPTURE.read_bytes()
    whole = hear(new(), raw)
    # Every offset of the conversation, then some of the video.
    for cut in [*range(3073, 3800), *range(3800, len(raw), 97)]:
        assert hear(new(), raw[:cut], raw[cut:]) == whole
    assert hear(new(), *(raw[at : at + 1] for at in range(len(raw)))) == whole


def test_the_handshake() -> None:
    publisher = Publisher(bytes(range(191)) * 8)
    assert publisher.receive(b"\3" + b"c" * 1535) == []
    assert publisher.to_send() == b""
    publisher.receive(b"c")
    answer = publisher.to_send()
    assert answer[0] == 3
    assert answer[9:1537] == bytes(range(191)) * 8
    assert answer[1537:] == b"c" * 1536
    publisher.receive(bytes(1536))
    assert publisher.to_send() == b""


def test_something_else_than_rtmp_is_noticed_at_its_first_byte() -> None:
    with pytest.raises(RtmpError, match="not RTMP"):
        new().receive(b"GET / HTTP/1.1\r\n")


def test_the_conversation() -> None:
    publisher = new()
    publisher.receive(GREETING)
    publisher.to_send()
    publisher.receive(CONNECT)
    answers = said(publisher.to_send())
    assert [message.type for message in answers] == [5, 6, 1, 20]
    result = amf0.decode(answers[3].payload)
    assert result[:2] == ["_result", 1.0]
    assert isinstance(result[3], dict)
    assert result[3]["code"] == "NetConnection.Connect.Success"
    publisher.receive(CREATE_STREAM)
    assert commands(publisher) == [["_result", 4.0, None, 1.0]]
    assert publisher.receive(publish("0/864200000000001")) == [Asked("live/0/864200000000001")]
    assert commands(publisher) == []
    assert publisher.accept() == []
    (status,) = commands(publisher)
    assert status[0] == "onStatus"
    assert isinstance(status[3], dict)
    assert status[3]["code"] == "NetStream.Publish.Start"


def test_what_comes_before_the_answer_waits_for_it() -> None:
    publisher = new()
    frame = chunk(9, 40, b"\x17\1\0\0\0picture")
    assert publisher.receive(TO_PUBLISHING + frame) == [Asked("live/1/864200000000001")]
    assert publisher.receive(frame) == []
    assert publisher.accept() == [Media(9, 40, b"\x17\1\0\0\0picture")] * 2


def test_a_refusal_is_told_and_final() -> None:
    publisher = new()
    publisher.receive(TO_PUBLISHING)
    publisher.to_send()
    publisher.refuse("nobody asked")
    (status,) = commands(publisher)
    assert isinstance(status[3], dict)
    assert status[3] == {
        "level": "error",
        "code": "NetStream.Publish.BadName",
        "description": "nobody asked",
    }
    assert publisher.receive(chunk(9, 0, b"x")) == []


@pytest.mark.parametrize("word", ["FCUnpublish", "deleteStream", "closeStream"])
def test_the_end(word: str) -> None:
    publisher = publishing()
    end = chunk(20, 0, amf0.encode(word, 6.0, None, 1.0), stream=0, chunk_stream=3)
    assert publisher.receive(end + chunk(9, 0, b"x")) == [Ended()]
    assert not publisher.publishing


@pytest.mark.parametrize(
    ("app", "name", "path"),
    [
        ("live/1", "864200000000001", "live/1/864200000000001"),
        ("live", "1/864200000000001", "live/1/864200000000001"),
        ("/live/", "/864200000000001/", "live/864200000000001"),
        ("live?key=a/b", "pip/864200000000001?token=x&y=/z", "live/pip/864200000000001"),
        ("", "", ""),
    ],
)
def test_app_and_name_are_one_path(app: str, name: str, path: str) -> None:
    assert joined(app, name) == path


def test_commands_and_data_in_the_other_encoding() -> None:
    """AMF3 is announced by the type; cameras then send AMF0 behind a zero all the same."""
    publisher = new()
    publisher.receive(GREETING + CONNECT)
    publisher.to_send()
    create = chunk(17, 0, b"\0" + amf0.encode("createStream", 2.0, None), stream=0, chunk_stream=3)
    publisher.receive(create)
    assert commands(publisher) == [["_result", 2.0, None, 1.0]]
    told = publishing().receive(chunk(15, 7, b"\0" + amf0.encode("onMetaData")))
    assert told == [Media(18, 7, amf0.encode("onMetaData"))]


def test_pings_are_answered_and_received_bytes_acknowledged() -> None:
    publisher = publishing()
    publisher.receive(chunk(4, 0, bytes.fromhex("0006 01020304"), stream=0, chunk_stream=2))
    (pong,) = said(publisher.to_send())
    assert (pong.type, pong.payload) == (4, bytes.fromhex("0007 01020304"))
    publisher.receive(chunk(5, 0, (8192).to_bytes(4), stream=0, chunk_stream=2))
    publisher.to_send()
    publisher.receive(chunk(9, 0, bytes(5000)))
    (acknowledged,) = said(publisher.to_send())
    assert acknowledged.type == 3
    assert int.from_bytes(acknowledged.payload) > 5000


def test_a_larger_chunk_size_holds_at_once() -> None:
    publisher = publishing()
    size = chunk(1, 0, (5000).to_bytes(4), stream=0, chunk_stream=2)
    frame = bytes.fromhex("04 000000 001388 09 01000000") + bytes(5000)
    assert publisher.receive(size + frame) == [Media(9, 0, bytes(5000))]


CONTROL = {"stream": 0, "chunk_stream": 2}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (chunk(1, 0, (0).to_bytes(4), **CONTROL), "chunks of 0 bytes"),
        (chunk(1, 0, (1 << 30).to_bytes(4), **CONTROL), "chunks of 1073741824 bytes"),
        (chunk(1, 0, b"\0", **CONTROL), "control message"),
        (chunk(20, 0, amf0.encode("connect", 1.0, None), stream=0), "without an app"),
        (chunk(20, 0, amf0.encode("connect", 1.0, {"app": "x" * 300}), stream=0), "without an app"),
        (chunk(20, 0, amf0.encode("play", 1.0, None, "x"), stream=0), "over HTTP"),
        (CONNECT + publish("x"), "without createStream"),
        (CONNECT + CREATE_STREAM + publish("x", stream=7), "without createStream"),
        (CONNECT + CREATE_STREAM + publish("x" * 300), "without a name"),
        (bytes.fromhex("04 000000 100000 09 01000000"), "1048576 bytes"),
    ],
)
def test_what_cannot_be_is_refused(raw: bytes, reason: str) -> None:
    publisher = new()
    publisher.receive(GREETING)
    with pytest.raises(RtmpError, match=reason):
        publisher.receive(raw)


def test_publishing_twice_is_refused() -> None:
    with pytest.raises(RtmpError, match="second"):
        publishing().receive(publish("x"))


@given(st.binary(max_size=3000), st.integers(1, 700))
def test_garbage_is_an_error_and_no_other(raw: bytes, step: int) -> None:
    for publisher, prefix in ((new(), b"\3"), (publishing(), b"")):
        with contextlib.suppress(RtmpError):
            hear(publisher, prefix, *(raw[at : at + step] for at in range(0, len(raw), step)))
        assert publisher.held < 10_000


@given(st.data())
def test_a_damaged_conversation_is_an_error_and_no_other(data: st.DataObject) -> None:
    raw = bytearray(CAPTURE.read_bytes()[:6000])
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(3073, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RtmpError):
        hear(new(), bytes(raw))
