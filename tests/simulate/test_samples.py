"""The shipped picture and clip are what they are said to be."""

from wayside.protocol.simulator import SAMPLE_CLIP_S, Sample
from wayside.simulate.flv import AUDIO, SCRIPT, VIDEO, tags_of
from wayside.simulate.samples import sample, stream


def boxes(mp4: bytes) -> list[bytes]:
    """Names of the outermost ones (ISO/IEC 14496-12, 4.2)."""
    found, at = [], 0
    while at < len(mp4):
        found.append(mp4[at + 4 : at + 8])
        at += int.from_bytes(mp4[at : at + 4])
    assert at == len(mp4)
    return found


def test_a_jpeg() -> None:
    picture = sample(Sample.PICTURE)
    assert picture[:3] == b"\xff\xd8\xff"
    assert picture[-2:] == b"\xff\xd9"
    assert len(picture) < 10_000


def test_an_mp4_that_can_be_played_from_its_beginning() -> None:
    clip = sample(Sample.CLIP)
    assert boxes(clip) == [b"ftyp", b"moov", b"free", b"mdat"]
    assert b"avc1" in clip
    assert b"mp4a" in clip
    assert len(clip) < 30_000


def test_the_stream_has_headers_once_and_a_key_frame_each_second() -> None:
    tags = tags_of(stream())
    headers = [tag for tag in tags if tag.is_header]
    assert [tag.type for tag in headers] == [SCRIPT, VIDEO, AUDIO]
    pictures = [tag for tag in tags if tag.type == VIDEO and not tag.is_header and tag.payload[1] == 1]
    assert len(pictures) == 40
    keys = [tag.timestamp_ms for tag in pictures if tag.payload[0] >> 4 == 1]
    assert [key - keys[0] for key in keys] == [0, 1000, 2000, 3000]
    assert pictures[-1].timestamp_ms < SAMPLE_CLIP_S * 1000
    # Baseline, as its decoder's configuration says (ISO/IEC 14496-15, 5.3.3.1).
    assert headers[1].payload[5:7] == b"\x01\x42"
