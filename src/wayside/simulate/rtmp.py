"""The publishing side of RTMP without a socket: handshake, commands, then audio and video (Adobe's RTMP 1.0)."""

from __future__ import annotations

import enum
from typing import Final
from urllib.parse import urlsplit

from wayside.simulate.flv import AUDIO, SCRIPT, Tag
from wayside.wire.rtmp import amf0
from wayside.wire.rtmp.chunks import CHUNK_BYTES_FIRST, ChunkReader, Message, chunked

VERSION: Final = 3
HANDSHAKE_BYTES: Final = 1536
RANDOM_BYTES: Final = HANDSHAKE_BYTES - 8
PORT: Final = 1935

CHUNK_BYTES: Final = 1024
"""Of our own chunks, once the server was told: key frames come in several, as from real cameras."""

SET_CHUNK_SIZE, USER_CONTROL, DATA, COMMAND = 1, 4, 18, 20
CONTROL_STREAM, COMMAND_STREAM, AUDIO_STREAM, VIDEO_STREAM = 2, 3, 4, 6

_PING_REQUEST: Final = 6
_PING_RESPONSE: Final = 7
_CONNECT, _CREATE, _PUBLISH = 1.0, 4.0, 5.0
_METADATA: Final = amf0.encode("@setDataFrame")


class Stage(enum.Enum):
    """How far it has come."""

    GREETING = enum.auto()
    ASKING = enum.auto()
    LIVE = enum.auto()
    REFUSED = enum.auto()


def place(url: str) -> tuple[str, int, str, str]:
    """Host, port, app and name: all but the last part of the path is the app, as in what cameras are built on.

    Raises:
        ValueError: it is no address that one could stream to.
    """
    parts = urlsplit(url)
    app, _, name = parts.path.strip("/").rpartition("/")
    if parts.scheme != "rtmp" or not parts.hostname or not app or not name:
        raise ValueError(f"not rtmp://HOST[:PORT]/APP/NAME: {url}")
    return parts.hostname, parts.port or PORT, app, name


class Publisher:
    """One connection to ``url``.  ``random`` are 1528 bytes for the handshake."""

    def __init__(self, url: str, random: bytes) -> None:
        _, _, self._app, self._name = place(url)
        self._tc_url = url.rpartition("/")[0]
        self._chunks = ChunkReader()
        self._chunk_bytes = CHUNK_BYTES_FIRST
        self._greeting: bytearray | None = bytearray()
        self._stream = 0
        self.stage = Stage.GREETING
        self.reason = ""
        """Why it was refused."""
        self._out = bytearray((VERSION,)) + bytes(8) + random

    def to_send(self) -> bytes:
        """What is to be written now."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def receive(self, data: bytes) -> None:
        """Take the server's bytes in.

        Raises:
            RtmpError: it does not speak RTMP.
        """
        if self._greeting is not None:
            self._greeting += data
            if len(self._greeting) <= 2 * HANDSHAKE_BYTES:
                return
            data = self._greeted(bytes(self._greeting))
        self._chunks.feed(data)
        for message in self._chunks.messages():
            self._hear(message)

    def push(self, tag: Tag, timestamp_ms: int) -> None:
        """Send a tag's contents at a time of our own; ``stage`` is LIVE."""
        payload = _METADATA + tag.payload if tag.type == SCRIPT else tag.payload
        kind = DATA if tag.type == SCRIPT else tag.type
        stream = AUDIO_STREAM if tag.type == AUDIO else VIDEO_STREAM
        self._say(Message(kind, timestamp_ms, self._stream, payload), stream)

    def finish(self) -> None:
        """Say that it is over."""
        self._command("FCUnpublish", 6.0, None, self._name)
        self._command("deleteStream", 7.0, None, float(self._stream))

    def _greeted(self, greeting: bytes) -> bytes:
        """S0, S1 and S2 are here: send C2, and ask to connect; gives what stands behind them."""
        self._greeting = None
        self._out += greeting[1 : 1 + HANDSHAKE_BYTES]
        self.stage = Stage.ASKING
        self._command(
            "connect",
            _CONNECT,
            {"app": self._app, "type": "nonprivate", "flashVer": "FMLE/3.0", "tcUrl": self._tc_url},
        )
        return greeting[1 + 2 * HANDSHAKE_BYTES :]

    def _hear(self, message: Message) -> None:
        payload = message.payload
        if message.type == SET_CHUNK_SIZE:
            self._chunks.chunk_bytes = int.from_bytes(payload[:4])
        elif message.type == USER_CONTROL and int.from_bytes(payload[:2]) == _PING_REQUEST:
            answer = _PING_RESPONSE.to_bytes(2) + payload[2:]
            self._say(Message(USER_CONTROL, 0, 0, answer), CONTROL_STREAM)
        elif message.type == COMMAND:
            self._answered(amf0.decode(payload))

    def _answered(self, values: list[amf0.Value]) -> None:
        match values:
            case ["_result", float(number), *_] if number == _CONNECT:
                self._connected()
            case ["_result", float(number), _, float(stream)] if number == _CREATE:
                self._stream = int(stream)
                self._command("publish", _PUBLISH, None, self._name, "live", stream=self._stream)
            case ["onStatus", _, _, {"code": "NetStream.Publish.Start"}]:
                self.stage = Stage.LIVE
            case ["onStatus", _, _, {"level": "error", "code": code}] | ["_error", _, _, {"code": code}]:
                self.stage, self.reason = Stage.REFUSED, str(code)

    def _connected(self) -> None:
        self._say(Message(SET_CHUNK_SIZE, 0, 0, CHUNK_BYTES.to_bytes(4)), CONTROL_STREAM)
        self._chunk_bytes = CHUNK_BYTES
        self._command("releaseStream", 2.0, None, self._name)
        self._command("FCPublish", 3.0, None, self._name)
        self._command("createStream", _CREATE, None)

    def _command(self, *values: amf0.Value, stream: int = 0) -> None:
        self._say(Message(COMMAND, 0, stream, amf0.encode(*values)), COMMAND_STREAM)

    def _say(self, message: Message, chunk_stream: int) -> None:
        self._out += chunked(message, chunk_stream, self._chunk_bytes)
