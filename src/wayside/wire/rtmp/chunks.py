"""The chunk stream: messages cut into chunks, several of them interleaved (Adobe's RTMP 1.0, section 5.3).

Memory is bounded by what has come, never by what is announced: a message that claims sixteen megabytes is refused
before it takes one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from wayside.wire.rtmp.errors import RtmpError

# ffmpeg uses five chunk streams, cameras two to four.
STREAMS_MAX: Final = 16

# A key frame of a camera at 1080p has some hundred kilobytes; four megabytes are one at the highest quality in 4K.
MESSAGE_BYTES_MAX: Final = 4 * 1024 * 1024

# Until somebody may publish there are only commands, of which `connect` is the longest: a few hundred bytes.
COMMAND_BYTES_MAX: Final = 16 * 1024

CHUNK_BYTES_FIRST: Final = 128
"""What both sides begin with (5.4.1)."""

_EXTENDED: Final = 0xFFFFFF
_TIME_MASK: Final = 0xFFFFFFFF
_HEADER_BYTES: Final = (11, 7, 3, 0)
"""Of the four types of message headers (5.3.1.2)."""

_SAME_LENGTH: Final = 2
"""From this type on a header does not say how long the message is."""
_CONTINUES: Final = 3
"""This type has no header at all: it goes on with a message, or begins another one like the last."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """One whole message.  ``timestamp_ms`` is the sender's clock, 32 bits; ``stream`` the number from createStream."""

    type: int
    timestamp_ms: int
    stream: int
    payload: bytes


class _Incoming(msgspec.Struct):
    """What is remembered of a chunk stream between its chunks."""

    time: int = 0
    delta: int = 0
    length: int = 0
    type: int = 0
    stream: int = 0
    extended: int | None = None
    """The extended timestamp of its last header, which chunks of type 3 repeat."""
    payload: bytearray | None = None
    """Of a message that is not whole."""


class ChunkReader:
    """Bytes to messages.  ``message_bytes_max`` may grow when the peer has become somebody.

    ``received`` counts every byte taken in, for acknowledgements.
    """

    def __init__(self, message_bytes_max: int = COMMAND_BYTES_MAX) -> None:
        self.message_bytes_max = message_bytes_max
        self.chunk_bytes = CHUNK_BYTES_FIRST
        self.received = 0
        self._buffer = bytearray()
        self._streams: dict[int, _Incoming] = {}
        self._partial = 0

    @property
    def held(self) -> int:
        """Bytes kept: of messages that are not whole, and of a chunk that is not."""
        return self._partial + len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes in; ``messages`` gives what they complete."""
        self.received += len(data)
        self._buffer += data

    def messages(self) -> Iterator[Message]:
        """What is whole, in order.  Between two of them the caller may change the limits.

        Raises:
            RtmpError: the stream makes no sense, or too much of it is open at once.
        """
        while (taken := self._chunk()) is not None:
            used, message = taken
            del self._buffer[:used]
            if message is not None:
                yield message

    def abort(self, chunk_stream: int) -> None:
        """Forget what has come of this chunk stream's message (5.4.2)."""
        known = self._streams.get(chunk_stream)
        if known is not None and known.payload is not None:
            self._partial -= len(known.payload)
            known.payload = None

    def _chunk(self) -> tuple[int, Message | None] | None:
        """One chunk: how many bytes it has, and the message that it ends.  None: it is not whole."""
        if (basic := _basic_header(self._buffer)) is None:
            return None
        kind, chunk_stream, at = basic
        if len(self._buffer) < at + _HEADER_BYTES[kind]:
            return None
        incoming = self._stream(chunk_stream, kind)
        if (head := _head(self._buffer, incoming, kind, at)) is None:
            return None
        have = 0 if incoming.payload is None else len(incoming.payload)
        self._check(head.length, have)
        part = min(self.chunk_bytes, head.length - have)
        if len(self._buffer) < head.end + part:
            return None
        if incoming.payload is None:
            _begin(incoming, head, kind)
        return head.end + part, self._take(incoming, memoryview(self._buffer)[head.end : head.end + part])

    def _stream(self, chunk_stream: int, kind: int) -> _Incoming:
        known = self._streams.get(chunk_stream)
        if known is None:
            if kind != 0:
                raise RtmpError("a chunk stream begins without a whole header")
            if len(self._streams) >= STREAMS_MAX:
                raise RtmpError(f"more than {STREAMS_MAX} chunk streams")
            known = self._streams[chunk_stream] = _Incoming()
        return known

    def _check(self, length: int, have: int) -> None:
        if length > self.message_bytes_max:
            raise RtmpError(f"a message of {length} bytes, {self.message_bytes_max} are the most")
        if self._partial - have + length > self.message_bytes_max:
            raise RtmpError("too many messages are open at once")

    def _take(self, incoming: _Incoming, part: memoryview) -> Message | None:
        assert incoming.payload is not None
        incoming.payload += part
        self._partial += len(part)
        part.release()
        if len(incoming.payload) < incoming.length:
            return None
        self._partial -= incoming.length
        payload, incoming.payload = bytes(incoming.payload), None
        return Message(incoming.type, incoming.time, incoming.stream, payload)


def _basic_header(buffer: bytearray) -> tuple[int, int, int] | None:
    """Header type, chunk stream and where the rest begins (5.3.1.1)."""
    if not buffer:
        return None
    kind, chunk_stream = buffer[0] >> 6, buffer[0] & 0x3F
    if chunk_stream > 1:
        return kind, chunk_stream, 1
    size = 2 + chunk_stream
    if len(buffer) < size:
        return None
    return kind, 64 + int.from_bytes(buffer[1:size], "little"), size


class _Head(msgspec.Struct, frozen=True, gc=False):
    """What the header of a chunk says.  ``time`` None: nothing of times; ``end`` is where its payload begins."""

    time: int | None
    extended: bool
    length: int
    type: int
    stream: int
    end: int


def _head(buffer: bytearray, incoming: _Incoming, kind: int, at: int) -> _Head | None:
    """The message header and its extended timestamp (5.3.1.2, 5.3.1.3); None: it is not whole."""
    if incoming.payload is not None and kind < _CONTINUES:
        raise RtmpError("a message begins inside another one of its chunk stream")
    end = at + _HEADER_BYTES[kind]
    header = bytes(buffer[at:end])
    time = int.from_bytes(header[:3]) if header else None
    extended = time == _EXTENDED if header else incoming.extended is not None
    if extended:
        if len(buffer) < end + 4:
            return None
        stamp = int.from_bytes(buffer[end : end + 4])
        # Some encoders do not repeat it in chunks of type 3: then these four bytes are the payload.
        if header or stamp == incoming.extended:
            end += 4
        time = stamp if header else None
    return _Head(
        time,
        extended,
        int.from_bytes(header[3:6]) if kind < _SAME_LENGTH else incoming.length,
        header[6] if kind < _SAME_LENGTH else incoming.type,
        int.from_bytes(header[7:11], "little") if kind == 0 else incoming.stream,
        end,
    )


def _begin(incoming: _Incoming, head: _Head, kind: int) -> None:
    """A message begins."""
    if kind == 0:
        assert head.time is not None
        incoming.time, incoming.delta = head.time, 0
    else:
        incoming.delta = incoming.delta if head.time is None else head.time
        incoming.time = (incoming.time + incoming.delta) & _TIME_MASK
    if head.time is not None:
        incoming.extended = head.time if head.extended else None
    incoming.length, incoming.type, incoming.stream = head.length, head.type, head.stream
    incoming.payload = bytearray()


def chunked(message: Message, chunk_stream: int, chunk_bytes: int) -> bytes:
    """A message as chunks, with a header of type 0 and as many of type 3 as it takes.

    ``chunk_stream`` is 2 to 63, ``timestamp_ms`` below the extended range: what a server says has no times.
    """
    header = b"".join(
        (
            bytes((chunk_stream,)),
            message.timestamp_ms.to_bytes(3),
            len(message.payload).to_bytes(3),
            bytes((message.type,)),
            message.stream.to_bytes(4, "little"),
        )
    )
    parts = [
        message.payload[start : start + chunk_bytes]
        for start in range(0, max(len(message.payload), 1), chunk_bytes)
    ]
    return header + bytes((0xC0 | chunk_stream,)).join(parts)
