"""Streams: from one publisher to many viewers, each tag held once."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from wayside.media import flv
from wayside.media.flv import Role
from wayside.media.live.limits import LiveLimits
from wayside.media.live.timeline import Timeline
from wayside.media.live.viewers import Viewer
from wayside.wire.rtmp import amf0
from wayside.wire.rtmp.errors import RtmpError

METADATA_BYTES_MAX: Final = 16 * 1024
"""Encoders send a few hundred bytes."""

SET_DATA_FRAME: Final = "@setDataFrame"
ON_METADATA: Final = "onMetaData"


class Key(NamedTuple):
    """Which stream."""

    device: str
    channel: str


class Tag(msgspec.Struct, frozen=True, gc=False):
    """What came: for recorders, which want the payload, and viewers, which want ``data``, the tag of FLV."""

    role: Role
    codec: str
    timestamp_ms: int
    payload: bytes
    data: bytes


class Picture(msgspec.Struct, frozen=True):
    """What the publisher says about its video; None where it says nothing that can be."""

    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None


class Stream:
    """One channel of one device, over as many publishers as it takes."""

    def __init__(self, key: Key, limits: LiveLimits) -> None:
        self.key = key
        self._limits = limits
        self._timeline = Timeline()
        self._headers: dict[Role, Tag] = {}
        self._gop: list[Tag] = []
        self._gop_bytes = 0
        self._codecs: dict[Role, str] = {}
        self.viewers: set[Viewer] = set()
        self.picture = Picture()
        self.received = 0
        self.nonsense = 0

    @property
    def video(self) -> str:
        """The codec of the video; "" while there is none, or an unknown one."""
        return self._codecs.get(Role.VIDEO, "")

    @property
    def audio(self) -> str:
        """The codec of the audio."""
        return self._codecs.get(Role.AUDIO, "")

    @property
    def has_video(self) -> bool:
        """Whether any video has come from this publisher."""
        return Role.VIDEO in self._codecs

    @property
    def held(self) -> int:
        """Bytes kept for those who come late."""
        return self._gop_bytes

    def headers(self) -> list[Tag]:
        """What a decoder needs before anything else."""
        order = (Role.METADATA, Role.VIDEO_HEADER, Role.AUDIO_HEADER)
        return [self._headers[role] for role in order if role in self._headers]

    def header_data(self) -> list[bytes]:
        """See ``viewers.Headed``."""
        return [tag.data for tag in self.headers()]

    def restart(self) -> None:
        """Its publisher is gone, or another one comes: nothing can be shown before that one's first key frame."""
        self._timeline.restart()
        self._headers.clear()
        self._codecs.clear()
        self._forget_gop()
        self.picture = Picture()
        for viewer in self.viewers:
            viewer.await_key()

    def join(self, viewer: Viewer) -> None:
        """Let it watch from the last key frame on; what it must have first is its first piece."""
        kept = [tag.data for tag in self._gop]
        viewer.begin([flv.HEADER, *self.header_data(), *kept], await_key=not kept)
        self.viewers.add(viewer)

    def push(self, kind: int, timestamp_ms: int, payload: bytes, now_s: float) -> Tag | None:
        """Take in what the publisher sent, hand it to everybody; None if it is nothing that can be handed on."""
        self.received += len(payload)
        if kind == flv.SCRIPT:
            tag = self._metadata(payload)
        else:
            what = flv.kind_of(kind, payload)
            at = self._timeline.at(timestamp_ms)
            tag = Tag(what.role, what.codec, at, payload, flv.tag(kind, at, payload))
            self._codecs[Role.VIDEO if kind == flv.VIDEO else Role.AUDIO] = what.codec
        if tag is None:
            self.nonsense += 1
            return None
        self._keep(tag)
        for viewer in tuple(self.viewers):
            viewer.offer(tag.role, tag.data, self, now_s)
        return tag

    def _keep(self, tag: Tag) -> None:
        if tag.role in {Role.METADATA, Role.VIDEO_HEADER, Role.AUDIO_HEADER}:
            self._headers[tag.role] = tag
            return
        if tag.role is Role.KEY:
            self._forget_gop()
        elif not self._gop:
            return
        self._gop.append(tag)
        self._gop_bytes += len(tag.data)
        if self._gop_bytes > self._limits.gop_bytes or len(self._gop) > self._limits.gop_tags:
            self._forget_gop()

    def _forget_gop(self) -> None:
        self._gop, self._gop_bytes = [], 0

    def _metadata(self, payload: bytes) -> Tag | None:
        """``onMetaData`` in words of our own: what cannot be read is not handed on."""
        try:
            values = amf0.decode(payload) if len(payload) <= METADATA_BYTES_MAX else []
        except RtmpError:
            return None
        said = [value for value in values if value != SET_DATA_FRAME][:2]
        if len(said) < 2 or said[0] != ON_METADATA or not isinstance(said[1], dict):  # noqa: PLR2004 - name and data
            return None
        facts = said[1]
        self.picture = Picture(_size(facts, "width"), _size(facts, "height"), _rate(facts))
        written = amf0.encode(ON_METADATA) + amf0.ecma_array(facts)
        return Tag(Role.METADATA, "", 0, written, flv.tag(flv.SCRIPT, 0, written))


def _size(facts: dict[str, amf0.Value], name: str) -> int | None:
    value = facts.get(name)
    return int(value) if isinstance(value, float) and 0 < value < 100_000 else None  # noqa: PLR2004 - no picture is so wide


def _rate(facts: dict[str, amf0.Value]) -> float | None:
    value = facts.get("framerate")
    return value if isinstance(value, float) and 0 < value < 1_000 else None  # noqa: PLR2004 - no camera is so fast
