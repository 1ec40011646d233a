"""Terrible forms, lists and names at the upload port: never a file that somebody else chose, never a broken server."""

import json
from http.client import HTTPException, HTTPResponse
from typing import Final

import pytest

from tests.media.uploads.rig import BOUNDARY, END, fields, file_part, form, instructed, jpeg, post, text_part
from tests.security.hostile import BODIES, TEXTS
from tests.security.victim import CANARY, Victim
from wayside.cli.main import run

IMEI: Final = "353376110000012"
CAMERA: Final = f"jimi:{IMEI}"
NAME: Final = f"EVENT_{IMEI}_00000001_2026_11_21_13_20_05_I_01.jpg"


@pytest.fixture(scope="module", autouse=True)
def _known(victim: Victim) -> None:
    victim.http.post("/api/v1/devices", json={"device": CAMERA}).raise_for_status()


def told(victim: Victim, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer; 0: it hung up, as it may on what is no request."""
    with victim.dial("upload") as line:
        try:
            line.sendall(request)
            line.shutdown(1)
            answer = HTTPResponse(line)
            answer.begin()
            body = answer.read()
        except (OSError, HTTPException):
            return 0, b""
    assert answer.getheader("Set-Cookie") is None
    assert CANARY.encode() not in body
    return answer.status, body


def well_answered(victim: Victim, request: bytes, where: object) -> None:
    status, body = told(victim, request)
    assert status < 500, (where, status, body)
    if body:
        assert isinstance(json.loads(body), dict), where


def test_a_good_upload_is_taken(victim: Victim) -> None:
    """Otherwise everything else here would be refused for nothing."""
    status, body = told(victim, post(form(fields(NAME), NAME, jpeg())))
    assert (status, json.loads(body)["code"]) == (200, 200)


@pytest.mark.parametrize("kind", TEXTS)
def test_terrible_texts_in_every_field_of_a_form(victim: Victim, kind: str) -> None:
    text = TEXTS[kind]
    for good in (fields(NAME), instructed(1, IMEI)):
        for name in good:
            well_answered(victim, post(form({**good, name: text}, NAME, jpeg())), (kind, name))
        well_answered(victim, post(form({**good, text: text}, NAME, jpeg())), (kind, "a name of a field"))
    # Signed as it should be, so that only the name can be to blame; and with the camera's own number in it.
    for name in (text, NAME.replace("00000001", text), f"EVENT_{IMEI}_{text}"):
        well_answered(victim, post(form(fields(name), name, jpeg())), (kind, "filename"))
        well_answered(victim, post(form(fields(NAME), name, jpeg())), (kind, "the part's filename"))
    well_answered(victim, post(form(instructed(text, IMEI), text, jpeg())), (kind, "instructionId"))
    well_answered(victim, post(form(instructed(1, text), NAME, jpeg())), (kind, "imei"))


@pytest.mark.parametrize("kind", TEXTS)
def test_terrible_names_in_a_list(victim: Victim, kind: str) -> None:
    text = TEXTS[kind]
    for listed in (
        {"imei": IMEI, "fileNameList": text},
        {"imei": IMEI, "fileNameList": [text, NAME]},
        {"imei": text, "fileNameList": NAME},
        {text: text},
    ):
        well_answered(victim, as_json(json.dumps(listed).encode()), (kind, listed.keys()))


@pytest.mark.parametrize("kind", BODIES)
def test_terrible_bodies(victim: Victim, kind: str) -> None:
    for request in (
        as_json(BODIES[kind]),
        post(BODIES[kind]),
        post(text_part("filename", NAME) + BODIES[kind] + END),
    ):
        well_answered(victim, request, kind)


def as_json(body: bytes, path: str = "/filelist") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


HEADS: Final[dict[str, bytes]] = {
    "no host": b"POST /upload HTTP/1.1\r\n\r\n",
    "a path": b"POST /upload/../../canary.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "an encoded path": b"GET /%2e%2e/canary.txt HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and pieces": b"POST /upload HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a huge length": b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 400 + b"\r\n\r\n",
    "a huge piece": b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"F" * 40
    + b"\r\nx",
    "no boundary": b"POST /upload HTTP/1.1\r\nContent-Type: multipart/form-data\r\nContent-Length: 1\r\n\r\na",
    "a terrible boundary": b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=\x1b["
    b"2J(.*)+\r\nContent-Length: 1\r\n\r\na",
    "an endless head": b"POST /upload HTTP/1.1\r\n" + b"X: y\r\n" * 50_000,
    "an endless line": b"POST /" + b"a" * 1_000_000,
    "control characters": b"POST /\x1b[2J\x00 HTTP/1.1\r\n\x1b: \x00\r\n\r\n",
    "something else": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
}


@pytest.mark.parametrize("kind", HEADS)
def test_terrible_heads(victim: Victim, kind: str) -> None:
    well_answered(victim, HEADS[kind], kind)


def test_forms_of_thousands_of_parts(victim: Victim) -> None:
    many = b"".join(text_part(f"f{number}", "x") for number in range(20_000))
    well_answered(victim, post(many + file_part(NAME, jpeg()) + END), "fields")
    well_answered(victim, post(file_part(NAME, jpeg()) * 500 + END), "files")
    well_answered(victim, post(f"--{BOUNDARY}\r\n".encode() * 50_000), "boundaries")
    well_answered(victim, post(f"--{BOUNDARY}\r\n{'X: y' * 50_000}\r\n\r\n".encode() + END), "a part's head")


def test_what_was_kept_is_shown_as_what_it_is(
    victim: Victim, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = victim.get("media?limit=1000")["items"]
    assert NAME in {each["name"] for each in kept}
    assert all(each["name"].isprintable() and "/" not in each["name"] for each in kept)
    for each in kept:
        answer = victim.http.get(f"/api/v1/media/{each['id']}/content")
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
    for name, value in victim.server.environment(victim.token).items():
        monkeypatch.setenv(name, value)
    for command in (("media", "list"), ("media", "list", "--json"), ("events",), ("alarms", "list")):
        assert run(list(command)) == 0
    captured = capsys.readouterr()
    assert all(line.isprintable() for line in (captured.out + captured.err).split("\n"))
