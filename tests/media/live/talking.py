"""A publisher's side, written down byte by byte, and what the server's side makes of it."""

import struct
from pathlib import Path

from wayside.media.live.publisher import Asked, Happening, Publisher

CAPTURE = Path(__file__).parent / "captures" / "avc-aac.rtmp"
"""What ffmpeg 5.1 sent to publish one second: testsrc 64x48 at 10 pictures per second as H.264, a sine as AAC."""

HEVC = CAPTURE.with_name("hevc.flv")
"""What FFmpeg 8 writes as FLV for ten pictures of H.265, 64x48: Enhanced RTMP, with a key frame every five."""

GREETING = b"\3" + bytes(1536) + bytes(1536)

CONNECT = bytes.fromhex(
    "03000000 000036 14 00000000"
    "02 0007 636f6e6e656374"  # "connect"
    "00 3ff0000000000000"  # 1
    "03 0003 617070 02 0004 6c697665"  # {"app": "live",
    "0005 746355726c 02 0009 72746d703a2f2f682f"  # "tcUrl": "rtmp://h/",
    "000009"  # }
)
CREATE_STREAM = bytes.fromhex(
    "03000000 000019 14 00000000 02 000c 63726561746553747265616d 00 4010000000000000 05"
)


def publish(name: str, stream: int = 1) -> bytes:
    """As ffmpeg words it."""
    payload = b"\2\0\7publish" + b"\0" + struct.pack(">d", 5) + b"\5"
    payload += b"\2" + struct.pack(">H", len(name)) + name.encode() + b"\2\0\4live"
    return chunk(20, 0, payload, stream=stream, chunk_stream=8)


def chunk(kind: int, time: int, payload: bytes, *, stream: int = 1, chunk_stream: int = 4) -> bytes:
    """One message with a whole header, cut into chunks of 128 bytes."""
    header = bytes((chunk_stream,)) + time.to_bytes(3) + len(payload).to_bytes(3) + bytes((kind,))
    parts = [payload[start : start + 128] for start in range(0, max(1, len(payload)), 128)]
    return header + stream.to_bytes(4, "little") + bytes((0xC0 | chunk_stream,)).join(parts)


TO_PUBLISHING = GREETING + CONNECT + CREATE_STREAM + publish("1/864200000000001")


def new() -> Publisher:
    return Publisher(bytes(1528))


def hear(publisher: Publisher, *pieces: bytes) -> list[Happening]:
    """Everything that these pieces bring, with every wish to publish granted."""
    found: list[Happening] = []
    for piece in pieces:
        happened = publisher.receive(piece)
        while happened:
            found += happened
            happened = publisher.accept() if isinstance(happened[-1], Asked) else []
    return found


def publishing() -> Publisher:
    publisher = new()
    hear(publisher, TO_PUBLISHING)
    assert publisher.publishing
    publisher.to_send()
    return publisher
