"""MP4 files (ISO/IEC 14496-12, -14 and -15) out of what live video brings: H.264 or H.265, and AAC.

Samples are written as they come and their table at the end, so a file is playable when it is finished and not before.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import IO, Final

import msgspec

TIMESCALE: Final = 1000
"""Everything is counted in milliseconds, as in FLV."""

VIDEO_TRACK, AUDIO_TRACK = 1, 2
BRANDS: Final = b"isom\0\0\2\0isomiso2mp41"

_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDEFINED_LANGUAGE: Final = 0x55C4
_LARGE: Final = 16
"""Bytes of a box header whose size has eight bytes."""

# What is said of a sample's length where no other follows it.
LAST_MS: Final = 40

SAMPLE_RATES: Final = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip


class VideoFormat(msgspec.Struct, frozen=True):
    """``configuration`` is the decoder's, as ``avcC`` or ``hvcC`` has it; sizes in pixels, 0 if nobody said."""

    codec: str
    configuration: bytes
    width: int = 0
    height: int = 0


class _Sample(msgspec.Struct, frozen=True, gc=False):
    """``at`` is where it lies in the file; times in milliseconds."""

    at: int
    size: int
    time: int
    offset: int
    key: bool


class Mp4Writer:
    """Writes to ``file``, which must be empty and seekable; ``audio`` is an AudioSpecificConfig."""

    def __init__(self, file: IO[bytes], video: VideoFormat, audio: bytes | None) -> None:
        self._file = file
        self._video, self._audio = video, audio
        self._samples: dict[int, list[_Sample]] = {VIDEO_TRACK: [], AUDIO_TRACK: []}
        file.write(_box(b"ftyp", BRANDS))
        self._begin = file.tell()
        file.write(struct.pack(">I4sQ", 1, b"mdat", _LARGE))
        self._end = self._begin + _LARGE

    @property
    def size(self) -> int:
        """Bytes so far, without the table."""
        return self._end

    def add_video(self, time_ms: int, offset_ms: int, data: bytes, *, key: bool) -> None:
        """A picture: when it is decoded, how much later it is shown, its length-prefixed NAL units."""
        self._add(VIDEO_TRACK, time_ms, offset_ms, data, key=key)

    def add_audio(self, time_ms: int, data: bytes) -> None:
        """A frame of AAC.  What lies before the first picture is left out."""
        pictures = self._samples[VIDEO_TRACK]
        if self._audio is not None and pictures and time_ms >= pictures[0].time:
            self._add(AUDIO_TRACK, time_ms, 0, data, key=True)

    def finish(self) -> None:
        """Write the table; the file is whole then."""
        self._file.write(self._movie())
        self._file.seek(self._begin + 8)
        self._file.write(struct.pack(">Q", self._end - self._begin))
        self._file.flush()

    def _add(self, track: int, time_ms: int, offset_ms: int, data: bytes, *, key: bool) -> None:
        samples = self._samples[track]
        # A time that runs back would be a length below zero.
        time_ms = max(time_ms, samples[-1].time) if samples else time_ms
        samples.append(_Sample(self._end, len(data), time_ms, offset_ms, key))
        self._file.write(data)
        self._end += len(data)

    def _movie(self) -> bytes:
        start = self._samples[VIDEO_TRACK][0].time if self._samples[VIDEO_TRACK] else 0
        tracks = [(VIDEO_TRACK, _video_entry(self._video))]
        if self._audio is not None and self._samples[AUDIO_TRACK]:
            tracks.append((AUDIO_TRACK, _audio_entry(self._audio)))
        lengths = [_length(self._samples[track], start) for track, _ in tracks]
        header = struct.pack(">IIIIIHH8x", 0, 0, TIMESCALE, max(lengths), 0x10000, 0x100, 0)
        movie = _full(b"mvhd", header + _MATRIX + bytes(24) + struct.pack(">I", AUDIO_TRACK + 1))
        return _box(b"moov", movie, *(self._track(track, entry, start) for track, entry in tracks))

    def _track(self, track: int, entry: bytes, start: int) -> bytes:
        samples = self._samples[track]
        is_video = track == VIDEO_TRACK
        delay, length = samples[0].time - start if samples else 0, _length(samples, start)
        size = (self._video.width, self._video.height) if is_video else (0, 0)
        head = struct.pack(">IIIII8xHHHH", 0, 0, track, 0, length, 0, 0, 0 if is_video else 0x100, 0)
        edges = struct.pack(">II", size[0] << 16, size[1] << 16)
        media = struct.pack(">IIIIHH", 0, 0, TIMESCALE, length - delay, _UNDEFINED_LANGUAGE, 0)
        handler = struct.pack(">I4s12x", 0, b"vide" if is_video else b"soun") + b"\0"
        kind = _full(b"vmhd", bytes(8), flags=1) if is_video else _full(b"smhd", bytes(4))
        data = _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1)))
        return _box(
            b"trak",
            _full(b"tkhd", head + _MATRIX + edges, flags=3),
            _edits(delay, length - delay),
            _box(
                b"mdia",
                _full(b"mdhd", media),
                _full(b"hdlr", handler),
                _box(b"minf", kind, data, _table(entry, samples, is_video=is_video)),
            ),
        )


def _length(samples: Sequence[_Sample], start: int) -> int:
    """From the film's start to the track's end, in milliseconds."""
    return samples[-1].time - start + LAST_MS if samples else 0


def _edits(delay: int, length: int) -> bytes:
    """Nothing for as long as the track begins later than the film."""
    if not delay:
        return b""
    rows = struct.pack(">IiHH", delay, -1, 1, 0) + struct.pack(">IiHH", length, 0, 1, 0)
    return _box(b"edts", _full(b"elst", struct.pack(">I", 2) + rows))


def _table(entry: bytes, samples: Sequence[_Sample], *, is_video: bool) -> bytes:
    steps = [after.time - before.time for before, after in pairwise(samples)]
    parts = [
        _full(b"stsd", struct.pack(">I", 1), entry),
        _full(b"stts", _runs([*steps, *([steps[-1] if steps else LAST_MS] if samples else [])], ">II")),
    ]
    if is_video:
        parts.append(_full(b"ctts", _runs([sample.offset for sample in samples], ">Ii"), version=1))
        keys = [number for number, sample in enumerate(samples, 1) if sample.key]
        parts.append(_full(b"stss", struct.pack(f">I{len(keys)}I", len(keys), *keys)))
    sizes = struct.pack(f">II{len(samples)}I", 0, len(samples), *(sample.size for sample in samples))
    places = struct.pack(f">I{len(samples)}Q", len(samples), *(sample.at for sample in samples))
    # Each sample is a chunk of its own.
    parts += [
        _full(b"stsc", struct.pack(">IIII", 1, 1, 1, 1)),
        _full(b"stsz", sizes),
        _full(b"co64", places),
    ]
    return _box(b"stbl", *parts)


def _runs(values: Iterable[int], form: str) -> bytes:
    """Run lengths: how often, and what."""
    rows = [struct.pack(form, len(list(group)), value) for value, group in groupby(values)]
    return struct.pack(">I", len(rows)) + b"".join(rows)


def _video_entry(video: VideoFormat) -> bytes:
    name, configuration = (b"hvc1", b"hvcC") if video.codec == "h265" else (b"avc1", b"avcC")
    head = struct.pack(">6xH16xHHIIIH32xHh", 1, video.width, video.height, 0x480000, 0x480000, 0, 1, 0x18, -1)
    return _box(name, head, _box(configuration, video.configuration))


def _audio_entry(configuration: bytes) -> bytes:
    rate, channels = _aac(configuration)
    head = struct.pack(">6xH8xHHII", 1, channels, 16, 0, rate << 16 if rate < 0x10000 else 0)  # noqa: PLR2004 - 16 bits
    decoder = _descriptor(4, bytes((0x40, 0x15)) + bytes(11) + _descriptor(5, configuration))
    stream = _descriptor(3, struct.pack(">HB", AUDIO_TRACK, 0) + decoder + _descriptor(6, b"\2"))
    return _box(b"mp4a", head, _full(b"esds", stream))


def _aac(configuration: bytes) -> tuple[int, int]:
    """Samples per second and channels (14496-3, 1.6.2.1), or what is usual where it names neither."""
    bits = int.from_bytes(configuration[:2].ljust(2, b"\0"))
    index = bits >> 7 & 0x0F
    return SAMPLE_RATES[index] if index < len(SAMPLE_RATES) else 44100, bits >> 3 & 0x0F or 2


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes((tag, 0x80, 0x80, 0x80, len(content) & 0x7F)) + content


def _box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), name) + content


def _full(name: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags), *parts)
