import pytest

from wayside.media.flv import HEADER, Kind, Role, kind_of, tag


# First bytes as E.4.3.1 of Adobe's specification and Enhanced RTMP v1 have them; the third column as encoders send it.
@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("17 00 000000 01", Kind(Role.VIDEO_HEADER, "h264")),
        ("17 01 000000 aa", Kind(Role.KEY, "h264")),
        ("27 01 000000 aa", Kind(Role.VIDEO, "h264")),
        ("17 02 000000", Kind(Role.VIDEO, "h264")),
        ("1c 00 000000 01", Kind(Role.VIDEO_HEADER, "h265")),
        ("1c 01 000000 aa", Kind(Role.KEY, "h265")),
        ("2c 01 000000 aa", Kind(Role.VIDEO, "h265")),
        ("90 68766331 01", Kind(Role.VIDEO_HEADER, "h265")),
        ("91 68766331 000000 aa", Kind(Role.KEY, "h265")),
        ("93 68766331 aa", Kind(Role.KEY, "h265")),
        ("a3 68766331 aa", Kind(Role.VIDEO, "h265")),
        ("92 68766331", Kind(Role.VIDEO, "h265")),
        ("94 68766331", Kind(Role.VIDEO, "h265")),
        ("91 61763031 aa", Kind(Role.KEY, "av1")),
        ("93 78787878 aa", Kind(Role.KEY, "")),
        ("12 00", Kind(Role.KEY, "h263")),
        ("22", Kind(Role.VIDEO, "h263")),
        ("17", Kind(Role.VIDEO_HEADER, "h264")),
    ],
)
def test_what_video_is(raw: str, kind: Kind) -> None:
    assert kind_of(9, bytes.fromhex(raw)) == kind


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("af 00 1588", Kind(Role.AUDIO_HEADER, "aac")),
        ("af 01 aa", Kind(Role.AUDIO, "aac")),
        ("af", Kind(Role.AUDIO, "aac")),
        ("72 aa", Kind(Role.AUDIO, "g711a")),
        ("90 4f707573", Kind(Role.AUDIO_HEADER, "opus")),
        ("91 4f707573 aa", Kind(Role.AUDIO, "opus")),
    ],
)
def test_what_audio_is(raw: str, kind: Kind) -> None:
    assert kind_of(8, bytes.fromhex(raw)) == kind


def test_a_tag() -> None:
    """E.4.1, by hand: the upper byte of the time stands behind the lower three."""
    assert tag(9, 0x01020304, b"ab") == bytes.fromhex("09 000002 020304 01 000000 6162 0000000d")
    assert bytes.fromhex("464c5601 05 00000009 00000000") == HEADER
