"""Every rule of the table: what breaks it, and that what just does not is taken."""

from http import HTTPStatus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayside.media.uploads.admission import RULES, Facts, judge
from wayside.media.uploads.contents import CONTENTS, HEAD_BYTES, SUFFIXES, Content, content_of, promised
from wayside.media.uploads.limits import UploadLimits
from wayside.ports.media import Usage
from wayside.ports.store import DeviceStatus
from wayside.protocol.uploads import Shot

LIMITS = UploadLimits(file_bytes=1000, unexpected_files=3, unexpected_bytes=5000, clock_s=100.0)
JPEG = Content("image/jpeg", Shot.PICTURE, ())
MP4 = Content("video/mp4", Shot.VIDEO, ())

GOOD = Facts(
    devices=frozenset({"jimi:353376110008882"}),
    status=DeviceStatus.ACCEPTED,
    name="a.jpg",
    sound_name=True,
    expected=False,
    clock_off_s=-100.0,
    usage=Usage(9, 9000, 2, 4000),
    size=1000,
    whole=True,
    content=JPEG,
)


def but(**changes: object) -> Facts:
    return msgspec.structs.replace(GOOD, **changes)


# What is different from the good one, and the reason for which it is refused; "": it is not.
TABLE: list[tuple[dict[str, object], str]] = [
    ({}, ""),
    ({"devices": frozenset()}, "no device"),
    ({"devices": frozenset({"jimi:1", "jimi:2"})}, "several devices"),
    ({"status": None}, "not registered"),
    ({"status": DeviceStatus.REJECTED}, "rejected"),
    ({"sound_name": False}, "name"),
    ({"size": 1001}, "too large"),
    ({"size": 1001, "whole": False, "content": None}, "too large"),
    ({"size": 0}, "empty"),
    ({"size": 0, "whole": False, "content": None}, ""),
    ({"content": None}, "content"),
    ({"content": MP4}, "misnamed"),
    ({"content": MP4, "name": "a.mp4"}, ""),
    ({"content": MP4, "name": "a.bin"}, ""),
    ({"content": MP4, "name": "jpg"}, "misnamed"),
    ({"clock_off_s": None}, "no timestamp"),
    ({"clock_off_s": None, "expected": True}, ""),
    ({"clock_off_s": 100.5}, "timestamp"),
    ({"clock_off_s": -100.5}, "timestamp"),
    ({"clock_off_s": 1e9, "expected": True}, ""),
    ({"usage": Usage(9, 9000, 3, 3000)}, "quota of files"),
    ({"usage": Usage(9, 9000, 3, 3000), "expected": True}, ""),
    ({"usage": Usage(9, 9000, 2, 4001)}, "quota of bytes"),
    ({"usage": Usage(9, 9000, 2, 4001), "expected": True}, ""),
]


@pytest.mark.parametrize(("changes", "reason"), TABLE)
def test_the_table(changes: dict[str, object], reason: str) -> None:
    refusal = judge(but(**changes), LIMITS)
    assert (refusal.reason if refusal else "") == reason


def test_every_rule_is_tried_and_has_a_reason_of_its_own() -> None:
    reasons = [rule.refusal.reason for rule in RULES]
    assert len(reasons) == len(set(reasons))
    assert set(reasons) == {reason for _, reason in TABLE if reason}


def test_what_may_be_taken_later_says_so() -> None:
    for rule in RULES:
        assert rule.refusal.temporary is (rule.refusal.status is HTTPStatus.TOO_MANY_REQUESTS)
        assert 400 <= rule.refusal.status < 500


facts = st.builds(
    Facts,
    devices=st.frozensets(st.sampled_from(["jimi:1", "jimi:2"])),
    status=st.sampled_from([None, *DeviceStatus]),
    name=st.sampled_from(["a.jpg", "a.mp4", "a"]),
    sound_name=st.booleans(),
    expected=st.booleans(),
    clock_off_s=st.none() | st.floats(),
    usage=st.builds(Usage, unexpected=st.integers(0, 10), unexpected_size=st.integers(0, 10_000)),
    size=st.integers(0, 2000),
    whole=st.booleans(),
    content=st.sampled_from([None, JPEG, MP4]),
)


@given(facts)
def test_whatever_is_taken_is_of_one_device_of_ours_sound_and_within_bounds(given_: Facts) -> None:
    if judge(given_, LIMITS) is not None:
        return
    assert len(given_.devices) == 1
    assert given_.status is DeviceStatus.ACCEPTED
    assert given_.sound_name
    assert given_.size <= LIMITS.file_bytes
    if given_.whole:
        assert given_.size
        assert given_.content is not None
    if not given_.expected:
        assert given_.usage.unexpected < LIMITS.unexpected_files
        assert given_.usage.unexpected_size + given_.size <= LIMITS.unexpected_bytes


TS = b"G" + bytes(187)


@pytest.mark.parametrize(
    ("head", "type_"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "video/mp4"),
        (b"\x00\x00\x00\x20ftyp3gp5\x00\x00\x02\x00", "video/mp4"),
        (b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat", "video/mp4"),
        (b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00", "audio/mp4"),
        (TS * 4, "video/mp2t"),
        ((bytes(4) + TS) * 3, "video/mp2t"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"FLV\x01\x05\x00\x00\x00\x09", "video/x-flv"),
        (b"#!AMR\n<", "audio/amr"),
        (b"ID3\x04\x00", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", None),
        (b"GIF89a", None),
        (b"<svg xmlns=", None),
        (b"<html>", None),
        (b"#!/bin/sh\n", None),
        (b"\x7fELF", None),
        (b"%PDF-1.7", None),
        (b"\x1f\x8b\x08", None),
        (b"RIFF\x24\x00\x00\x00", None),
        (b"G", None),
        (b"", None),
    ],
)
def test_what_a_file_holds(head: bytes, type_: str | None) -> None:
    found = content_of(head[:HEAD_BYTES])
    assert (found.type if found else None) == type_


def test_marks_stand_in_the_part_that_is_looked_at() -> None:
    assert all(at + len(mark) <= HEAD_BYTES for content in CONTENTS for at, mark in content.marks)


def test_what_names_promise() -> None:
    assert promised("A.JPG") is Shot.PICTURE
    assert promised("a.tar.mp4") is Shot.VIDEO
    assert promised("a.exe") is None
    assert set(SUFFIXES.values()) == set(Shot)
