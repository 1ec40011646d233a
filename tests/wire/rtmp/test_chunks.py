import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.live.talking import chunk
from wayside.wire.rtmp import chunks
from wayside.wire.rtmp.chunks import ChunkReader, Message, chunked
from wayside.wire.rtmp.errors import RtmpError


def read(*pieces: bytes, limit: int = 100_000, size: int = 128) -> list[Message]:
    reader = ChunkReader(limit)
    reader.chunk_bytes = size
    found = []
    for piece in pieces:
        reader.feed(piece)
        found += list(reader.messages())
    return found


# The two examples of section 5.3.2, as the specification has them in words.
def test_the_first_example() -> None:
    """Audio: a whole header, one with a delta, and two with nothing new."""
    raw = bytes.fromhex("03 0003e8 000020 08 39300000") + bytes(32)
    raw += bytes.fromhex("83 000014") + bytes(32)
    raw += bytes.fromhex("c3") + bytes(32) + bytes.fromhex("c3") + bytes(32)
    found = read(raw)
    assert [message.timestamp_ms for message in found] == [1000, 1020, 1040, 1060]
    assert {(message.type, message.stream, len(message.payload)) for message in found} == {(8, 12345, 32)}


def test_the_second_example() -> None:
    """Video of 307 bytes in chunks of 128."""
    payload = bytes(range(256)) + bytes(51)
    raw = bytes.fromhex("04 0003e8 000133 09 3a300000") + payload[:128]
    raw += b"\xc4" + payload[128:256] + b"\xc4" + payload[256:]
    assert read(raw) == [Message(9, 1000, 12346, payload)]


def test_a_header_of_type_1_has_another_length() -> None:
    raw = chunk(8, 10, b"ab") + bytes.fromhex("44 000005 000003 09") + b"xyz"
    assert read(raw)[1] == Message(9, 15, 1, b"xyz")


def test_two_messages_take_turns() -> None:
    first, second = b"a" * 200, b"b" * 300
    a, b = chunk(8, 1, first), chunk(9, 2, second, chunk_stream=6)
    # Headers have 12 bytes, chunks 128, and those that go on one byte before them.
    raw = a[:140] + b[:140] + a[140:] + b[140:]
    assert [message.payload for message in read(raw)] == [first, second]


@pytest.mark.parametrize("chunk_stream", [2, 63, 64, 319, 320, 65_599])
def test_numbers_of_chunk_streams(chunk_stream: int) -> None:
    if chunk_stream < 64:
        basic = bytes((chunk_stream,))
    elif chunk_stream < 320:
        basic = bytes((0, chunk_stream - 64))
    else:
        basic = b"\1" + (chunk_stream - 64).to_bytes(2, "little")
    assert read(basic + chunk(8, 1, b"x")[1:])[0].payload == b"x"


def test_extended_times() -> None:
    late = 0x01000000
    head = bytes.fromhex("04 ffffff 0000c8 09 01000000") + late.to_bytes(4)
    whole = head + b"a" * 128 + b"\xc4" + late.to_bytes(4) + b"b" * 72
    assert read(whole) == [Message(9, late, 1, b"a" * 128 + b"b" * 72)]
    # Some encoders do not repeat it.
    assert read(head + b"a" * 128 + b"\xc4" + b"b" * 72) == read(whole)
    # A delta that needs four bytes, too.
    longer = chunk(9, 5, b"x") + bytes.fromhex("84 ffffff") + late.to_bytes(4) + b"y"
    assert read(longer)[1] == Message(9, 5 + late, 1, b"y")


def test_time_runs_over() -> None:
    raw = bytes.fromhex("04 ffffff 000001 09 01000000 fffffff0") + b"x" + bytes.fromhex("84 000020") + b"y"
    assert [message.timestamp_ms for message in read(raw)] == [0xFFFFFFF0, 0x10]


def test_an_aborted_message_is_forgotten() -> None:
    reader = ChunkReader(1000)
    reader.feed(chunk(9, 0, b"a" * 200)[:140])
    assert list(reader.messages()) == []
    assert reader.held == 128
    reader.abort(4)
    reader.abort(5)
    reader.feed(chunk(9, 0, b"b"))
    assert [message.payload for message in reader.messages()] == [b"b"]
    assert reader.held == 0


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xc4", "without a whole header"),
        (chunk(9, 0, b"a" * 200)[:140] + chunk(9, 0, b"b"), "inside another"),
        (chunk(9, 0, bytes(1001))[:12], "1001 bytes, 1000 are the most"),
        (
            b"".join(chunk(9, 0, b"", chunk_stream=number) for number in range(2, 19)),
            "more than 16 chunk streams",
        ),
        (chunk(9, 0, bytes(600))[:140] + chunk(9, 0, bytes(900), chunk_stream=5)[:12], "open at once"),
    ],
)
def test_what_makes_no_sense_or_too_much_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(RtmpError, match=reason):
        read(raw, limit=1000)


def test_a_claim_takes_no_memory() -> None:
    reader = ChunkReader(chunks.MESSAGE_BYTES_MAX)
    reader.feed(bytes.fromhex("04 000000 3fffff 09 01000000"))
    assert list(reader.messages()) == []
    assert reader.held == 12


MESSAGES = st.lists(
    st.builds(
        Message,
        st.integers(8, 9),
        st.integers(0, 0xFFFFFE),
        st.just(1),
        st.binary(max_size=600),
    ),
    max_size=5,
)


@given(MESSAGES, st.integers(1, 300), st.data())
def test_it_does_not_matter_how_bytes_come(messages: list[Message], size: int, data: st.DataObject) -> None:
    raw = b"".join(chunked(message, 4 + number, size) for number, message in enumerate(messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert read(*pieces, size=size) == messages


@given(st.binary(max_size=2000), st.integers(1, 128))
def test_garbage_is_an_error_and_no_other_and_memory_is_bounded(raw: bytes, step: int) -> None:
    reader = ChunkReader(500)
    try:
        for start in range(0, len(raw), step):
            reader.feed(raw[start : start + step])
            list(reader.messages())
            # Of messages, and of one chunk with its headers.
            assert reader.held <= 500 + 128 + 18
    except RtmpError:
        pass
