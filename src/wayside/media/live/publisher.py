"""The server's side of a connection that publishes: handshake, commands, then audio and video.

It reads on by itself until somebody asks to publish; then it waits for ``accept`` or ``refuse``, and what comes
meanwhile stays where it is.  Sections are those of Adobe's RTMP 1.0.
"""

from __future__ import annotations

import enum
import struct
from typing import Final

import msgspec

from wayside.wire.rtmp import amf0
from wayside.wire.rtmp.chunks import (
    COMMAND_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    ChunkReader,
    Message,
    chunked,
)
from wayside.wire.rtmp.errors import RtmpError

VERSION: Final = 3
HANDSHAKE_BYTES: Final = 1536

WINDOW_BYTES: Final = 2_500_000
"""Both sides' window, as servers usually set it: a few seconds of video between two acknowledgements."""

# Also the largest chunk that may be announced: a chunk waits whole in memory, and none needs to be longer than a
# message may be.
CHUNK_BYTES_MAX: Final = MESSAGE_BYTES_MAX
CHUNK_BYTES: Final = 4096
"""Of our own chunks; what we say fits one."""

NAME_LENGTH_MAX: Final = 256
"""Of an app and of a stream's name, with what stands behind a question mark in it."""

PUBLISHED_STREAM: Final = 1
"""The only message stream that is given out: a camera publishes one thing per connection."""

SET_CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, USER_CONTROL, WINDOW, BANDWIDTH = 1, 2, 3, 4, 5, 6
AUDIO, VIDEO, DATA_AMF3, COMMAND_AMF3, DATA, COMMAND = 8, 9, 15, 17, 18, 20

_U32: Final = struct.Struct(">I")
_PING_REQUEST: Final = 6
_PING_RESPONSE: Final = 7
_CONTROL_STREAM: Final = 2
_COMMAND_STREAM: Final = 3
_STATUS_STREAM: Final = 5
_LIMIT_DYNAMIC: Final = 2


class Asked(msgspec.Struct, frozen=True):
    """Somebody wants to publish: ``path`` is the app and the stream's name together, without a query."""

    path: str


class Media(msgspec.Struct, frozen=True, gc=False):
    """Audio, video or data of what is published, as in a tag of FLV."""

    type: int
    timestamp_ms: int
    payload: bytes


class Ended(msgspec.Struct, frozen=True):
    """The publisher has said that it is done."""


Happening = Asked | Media | Ended


class _Stage(enum.Enum):
    GREETING = enum.auto()
    """C0, C1 and C2 are awaited."""
    TALKING = enum.auto()
    WAITING = enum.auto()
    """For ``accept`` or ``refuse``."""
    PUBLISHING = enum.auto()
    OVER = enum.auto()


class Publisher:
    """One connection.  ``random`` are 1528 random bytes for the handshake."""

    def __init__(self, random: bytes) -> None:
        assert len(random) == HANDSHAKE_BYTES - 8
        self._random = random
        self._stage = _Stage.GREETING
        self._greeting = bytearray()
        self._greeted = False
        self._chunks = ChunkReader(COMMAND_BYTES_MAX)
        self._out = bytearray()
        self._acknowledged = 0
        self._window = WINDOW_BYTES
        self._app = ""
        self._created = False

    @property
    def publishing(self) -> bool:
        """Whether it was accepted and has not ended."""
        return self._stage is _Stage.PUBLISHING

    @property
    def held(self) -> int:
        """Bytes that are kept."""
        return len(self._greeting) + self._chunks.held

    def to_send(self) -> bytes:
        """What is to be written now."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def receive(self, data: bytes) -> list[Happening]:
        """Take bytes in, and say what they bring.

        Raises:
            RtmpError: this is no RTMP, or more than is taken.
        """
        if self._stage is _Stage.GREETING:
            self._greeting += data
            data = self._greet()
        if data:
            self._chunks.feed(data)
        happened = self._read()
        if self._chunks.received - self._acknowledged >= self._window // 2:
            self._acknowledged = self._chunks.received
            self._control(ACKNOWLEDGEMENT, _U32.pack(self._acknowledged & 0xFFFFFFFF))
        return happened

    def accept(self) -> list[Happening]:
        """Let it publish; gives what has come behind its question.

        Raises:
            RtmpError: as ``receive``.
        """
        assert self._stage is _Stage.WAITING
        self._stage = _Stage.PUBLISHING
        self._chunks.message_bytes_max = MESSAGE_BYTES_MAX
        self._status("status", "NetStream.Publish.Start", "publishing")
        return self._read()

    def refuse(self, why: str) -> None:
        """Tell it no; the connection is to be closed when that is written."""
        self._stage = _Stage.OVER
        self._status("error", "NetStream.Publish.BadName", why)

    # The handshake (5.2).

    def _greet(self) -> bytes:
        """Answer C0 and C1, then take C2; gives what stands behind them."""
        greeting = self._greeting
        if greeting and greeting[0] != VERSION:
            raise RtmpError(f"not RTMP: the first byte is {greeting[0]}, not {VERSION}")
        if not self._greeted and len(greeting) > HANDSHAKE_BYTES:
            self._greeted = True
            client = bytes(greeting[1 : 1 + HANDSHAKE_BYTES])
            self._out += bytes((VERSION,)) + bytes(8) + self._random + client
        if len(greeting) <= 2 * HANDSHAKE_BYTES:
            return b""
        # What C2 echoes is not compared: encoders are known to fill it with anything.
        rest = bytes(greeting[1 + 2 * HANDSHAKE_BYTES :])
        greeting.clear()
        self._stage = _Stage.TALKING
        return rest

    # Messages.

    def _read(self) -> list[Happening]:
        happened: list[Happening] = []
        messages = self._chunks.messages()
        while self._listens() and (message := next(messages, None)) is not None:
            happened += self._hear(message)
        return happened

    def _listens(self) -> bool:
        return self._stage in {_Stage.TALKING, _Stage.PUBLISHING}

    def _hear(self, message: Message) -> list[Happening]:
        kind, payload = message.type, message.payload
        if kind in {AUDIO, VIDEO, DATA}:
            return [Media(kind, message.timestamp_ms, payload)] if self.publishing and payload else []
        if kind == DATA_AMF3:
            return [Media(DATA, message.timestamp_ms, payload[1:])] if self.publishing and payload[1:] else []
        if kind in {COMMAND, COMMAND_AMF3}:
            return self._obey(payload if kind == COMMAND else payload[1:], message.stream)
        self._adjust(kind, payload)
        return []

    def _adjust(self, kind: int, payload: bytes) -> None:
        """Protocol control messages (5.4) and pings; what else there is needs no answer."""
        if kind == USER_CONTROL:
            if len(payload) == 6 and int.from_bytes(payload[:2]) == _PING_REQUEST:  # noqa: PLR2004 - type and time (7.1.7)
                self._control(USER_CONTROL, _PING_RESPONSE.to_bytes(2) + payload[2:])
            return
        if kind not in {SET_CHUNK_SIZE, ABORT, WINDOW}:
            return
        if len(payload) < _U32.size:
            raise RtmpError(f"a control message of type {kind} with {len(payload)} bytes")
        (number,) = _U32.unpack_from(payload)
        if kind == SET_CHUNK_SIZE:
            if not 1 <= number <= CHUNK_BYTES_MAX:
                raise RtmpError(f"chunks of {number} bytes, 1 to {CHUNK_BYTES_MAX} are taken")
            self._chunks.chunk_bytes = number
        elif kind == ABORT:
            self._chunks.abort(number)
        else:
            # A window of nothing would have every read acknowledged.
            self._window = max(number, CHUNK_BYTES)

    def _obey(self, payload: bytes, stream: int) -> list[Happening]:
        """A command (7.2); those that are not known are left alone, as players and servers do."""
        name, transaction, *arguments = [*amf0.decode(payload), None, None][: amf0.VALUES_MAX]
        number = transaction if isinstance(transaction, float) else 0.0
        match name:
            case "connect":
                self._connect(number, arguments[0])
            case "createStream":
                self._created = True
                self._reply("_result", number, None, float(PUBLISHED_STREAM))
            case "releaseStream":
                self._reply("_result", number, None, None)
            case "FCPublish":
                self._reply("onFCPublish", 0.0, None, {"code": "NetStream.Publish.Start"})
            case "publish":
                return self._publish(arguments[1], stream)
            case "FCUnpublish" | "deleteStream" | "closeStream":
                if self.publishing:
                    self._stage = _Stage.OVER
                    self._status("status", "NetStream.Unpublish.Success", "done")
                    return [Ended()]
            case "play" | "play2":
                raise RtmpError("only publishing is served here; watch over HTTP")
        return []

    def _connect(self, number: float, properties: amf0.Value) -> None:
        app = properties.get("app") if isinstance(properties, dict) else None
        if not isinstance(app, str) or len(app) > NAME_LENGTH_MAX:
            raise RtmpError("connect without an app")
        self._app = app
        self._control(WINDOW, _U32.pack(WINDOW_BYTES))
        self._control(BANDWIDTH, _U32.pack(WINDOW_BYTES) + bytes((_LIMIT_DYNAMIC,)))
        self._control(SET_CHUNK_SIZE, _U32.pack(CHUNK_BYTES))
        self._reply(
            "_result",
            number,
            {"fmsVer": "FMS/3,0,1,123", "capabilities": 31.0},
            {
                "level": "status",
                "code": "NetConnection.Connect.Success",
                "description": "connected",
                "objectEncoding": 0.0,
            },
        )

    def _publish(self, name: amf0.Value, stream: int) -> list[Happening]:
        if self._stage is not _Stage.TALKING:
            raise RtmpError("a second publish on one connection")
        if not self._created or stream != PUBLISHED_STREAM:
            raise RtmpError("publish without createStream")
        if not isinstance(name, str) or len(name) > NAME_LENGTH_MAX:
            raise RtmpError("publish without a name")
        self._stage = _Stage.WAITING
        return [Asked(joined(self._app, name))]

    # What we say.

    def _status(self, level: str, code: str, description: str) -> None:
        status: amf0.Value = {"level": level, "code": code, "description": description}
        payload = amf0.encode("onStatus", 0.0, None, status)
        self._say(Message(COMMAND, 0, PUBLISHED_STREAM, payload), _STATUS_STREAM)

    def _reply(self, *values: amf0.Value) -> None:
        self._say(Message(COMMAND, 0, 0, amf0.encode(*values)), _COMMAND_STREAM)

    def _control(self, kind: int, payload: bytes) -> None:
        self._say(Message(kind, 0, 0, payload), _CONTROL_STREAM)

    def _say(self, message: Message, chunk_stream: int) -> None:
        self._out += chunked(message, chunk_stream, CHUNK_BYTES)


def joined(app: str, name: str) -> str:
    """``live/1`` and ``864…``, or ``live`` and ``1/864…`` → ``live/1/864…``.

    A query behind either is meant for other servers, which take it for a password.
    """
    parts = (part for text in (app, name) for part in text.partition("?")[0].split("/"))
    return "/".join(filter(None, parts))
