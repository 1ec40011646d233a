"""Whatever stands in an address, the answer is one of ours, and never a file."""

from collections.abc import Iterator
from http.client import HTTPResponse
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.security.victim import CANARY, Victim

# Every path of the tests' own server, described or not, with its places to fill in.
TEMPLATES = (
    "/{}",
    "/{}/{}",
    "/healthz/{}",
    "/metrics{}",
    "/firmware/{}",
    "/firmware/{}/{}",
    "/api/{}",
    "/api/v1/{}",
    "/api/v1/openapi.json{}",
    "/api/v1/alarms/{}/acknowledge",
    "/api/v1/banks/{}",
    "/api/v1/banks/{}/retire",
    "/api/v1/cabinets/{}",
    "/api/v1/commands/{}",
    "/api/v1/commands/{}/cancel",
    "/api/v1/devices/{}",
    "/api/v1/devices/{}/accept",
    "/api/v1/devices/{}/commands",
    "/api/v1/devices/{}/options",
    "/api/v1/devices/jimi:{}/capabilities",
    "/api/v1/events/{}",
    "/api/v1/export/{}",
    "/api/v1/firmware/{}",
    "/api/v1/gbfs/{}",
    "/api/v1/live{}",
    "/api/v1/protocols/{}",
    "/api/v1/relay/{}",
    "/api/v1/rentals/{}",
    "/api/v1/tokens/{}",
    "/api/v1/media/{}",
    "/api/v1/media/{}/content",
    "/api/v1/media/{}/thumbnail",
    "/api/v1/devices/jimi:1/streams/{}",
    "/live-hooks/{}/srs",
    "/live/{}",
    "/live/in/{}",
    "/watch/{}",
    "/watch/in/{}",
)
PLACES_MAX = 2

PIECES = (
    *("", ".", "..", "...", "~", "%2e", "%2e%2e", "%252e%252e", "%c0%ae%c0%ae", "%uff0e"),
    *(
        "..%2f",
        "..%2f..%2fcanary.txt",
        "..%5c..%5ccanary.txt",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "file:%2f%2f",
    ),
    *(
        "canary.txt",
        "../canary.txt",
        "../../canary.txt",
        "wayside.db",
        "..%2fwayside.db",
        "firmware",
        "offers.json",
    ),
    *(
        "%00",
        "a%00.bin",
        "%0a",
        "%0d%0aSet-Cookie:%20a=b",
        "%1b[2J",
        "%7f",
        "%ff",
        "%ed%a0%80",
        "%e2%80%ae",
        "%",
    ),
    *(
        "a;b=c",
        "a?b=c",
        "a%3fb",
        "#",
        "%23",
        "*",
        "**",
        "{}",
        "{device}",
        "%7bkey%7d",
        "a:b",
        ":",
        "jimi:1",
        "$(id)",
    ),
    *("con", "nul", "0", "-1", "9" * 40, "1e9", "NaN", "a" * 300, "%41" * 3_000, "/" * 200, "../" * 100),
)

# The server's own refusals of what is no HTTP have no body.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")

RAW = st.binary(min_size=1, max_size=20).map(lambda data: "".join(f"%{byte:02x}" for byte in data))
PLAIN = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
PIECE = st.sampled_from(PIECES) | RAW | PLAIN
TARGET = st.builds(
    lambda template, pieces: (
        template.replace("{}", "\0").replace("\0", pieces[0], 1).replace("\0", pieces[1])
    ),
    st.sampled_from(TEMPLATES),
    st.lists(PIECE, min_size=PLACES_MAX, max_size=PLACES_MAX),
)


class Answer(NamedTuple):
    status: int
    kind: str
    body: bytes


def ask(victim: Victim, method: str, target: bytes) -> Answer:
    """The request as it stands here: no library makes a better address of it."""
    with victim.dial("http") as line:
        line.sendall(
            method.encode() + b" " + target + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            b"Authorization: Bearer " + victim.token.encode() + b"\r\nConnection: close\r\n\r\n{}"
        )
        answer = HTTPResponse(line, method=method)
        answer.begin()
        assert answer.getheader("Set-Cookie") is None
        return Answer(answer.status, answer.getheader("Content-Type", ""), answer.read())


def told_nothing(answer: Answer, where: object) -> None:
    assert answer.status < 500, (where, answer)
    for secret in (CANARY.encode(), b"SQLite format 3", b"root:x:"):
        assert secret not in answer.body, where
    if answer.status >= 400 and answer.body:
        assert answer.kind == "application/problem+json", (where, answer)
        assert msgspec.json.decode(answer.body)["status"] == answer.status


@given(method=st.sampled_from(METHODS), target=TARGET)
@example("GET", "/firmware/../canary.txt")
@example("GET", "/firmware/%2e%2e%2fcanary.txt")
@example("GET", "/api/v1/export/..%2f..%2fcanary.txt")
@settings(max_examples=400)
def test_no_address_is_a_file_or_a_mistake_of_ours(victim: Victim, method: str, target: str) -> None:
    told_nothing(ask(victim, method, target.encode("ascii")), (method, target))


def targets() -> Iterator[str]:
    for template in TEMPLATES:
        for piece in PIECES:
            yield template.replace("{}", piece)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_all_known_tricks_at_all_known_doors(victim: Victim, method: str) -> None:
    for target in targets():
        told_nothing(ask(victim, method, target.encode("ascii")), (method, target))


@given(target=st.binary(min_size=1, max_size=60).map(lambda data: data.translate(None, b" \r\n")))
def test_no_bytes_at_all_are_a_mistake_of_ours(victim: Victim, target: bytes) -> None:
    told_nothing(ask(victim, "GET", b"/firmware/" + target), target)


def test_every_route_with_a_place_to_fill_in_is_tried(victim: Victim) -> None:
    """A new one needs its line above."""
    firsts = {template.partition("{}")[0].rpartition("/")[0] for template in TEMPLATES}
    wanted = {
        path.partition("{")[0].rpartition("/")[0]
        for path in victim.get("openapi.json")["paths"]
        if "{" in path
    }
    assert wanted <= firsts


def test_a_stored_file_is_not_found_by_its_name(victim: Victim) -> None:
    made = victim.http.post("/api/v1/firmware?name=../../x.bin", content=b"\x01\x02\x03")
    assert made.status_code == 201, made.text
    shelf = victim.folder / "data/firmware"
    stored = [path.relative_to(shelf).as_posix() for path in shelf.rglob("*") if path.is_file()]
    assert stored
    for name in (*stored, made.json()["id"], made.json()["sha256"], "x.bin", "../../x.bin"):
        answer = ask(victim, "GET", f"/firmware/{name}".encode())
        assert answer.status in {400, 404}, name
        assert b"\x01\x02\x03" not in answer.body


def test_an_address_that_is_endless_is_refused(victim: Victim) -> None:
    answer = ask(victim, "GET", b"/firmware/" + b"a" * 60_000)
    assert 400 <= answer.status < 500
