"""Files as cameras post them, and as they should not."""

import asyncio
import hashlib
import io
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.media.uploads.rig import (
    BOUNDARY,
    DEVICE,
    END,
    EVENT,
    IMEI,
    JPEG_HEAD,
    OTHER,
    Rig,
    answer_of,
    fields,
    file_part,
    form,
    instructed,
    jpeg,
    mp4,
    now,
    post,
    rig_in,
    text_part,
)
from wayside.ports.media import MediaKind, Origin
from wayside.ports.store import DeviceStatus


async def test_a_file_as_the_document_has_it(rig: Rig) -> None:
    content = jpeg(300_000)
    answer = await rig.upload(EVENT, content)
    assert answer.status == 200
    assert (answer.body["code"], answer.body["data"]) == (200, EVENT)
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    (file,) = await rig.files()
    assert (file.name, file.kind, file.content_type) == (EVENT, MediaKind.PICTURE, "image/jpeg")
    assert (file.size, file.origin, file.channel) == (300_000, Origin.UNEXPECTED, "road")
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert await rig.content(file) == content
    (note,) = await rig.notes()
    assert note.values == {
        "media.files": [EVENT],
        "media.file": file.id,
        "media.kind": "picture",
        "media.type": "image/jpeg",
        "media.size": 300_000,
        "media.md5": file.md5,
        "media.channel": "road",
        "media.origin": "unexpected",
        "media.signature": "valid",
    }
    await rig.nothing_left()


async def test_a_real_client_posts_one(rig: Rig) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(rig.url, data=fields(EVENT), files={"file": (EVENT, jpeg())})
        assert (answer.status_code, answer.json()["code"]) == (200, 200)
        again = await client.post(rig.url, data=fields("b.jpg") | {"imei": IMEI}, files={"file": jpeg()})
        assert again.json()["data"] == "b.jpg"
    assert len(await rig.files()) == 2


async def test_the_order_of_the_parts_does_not_matter(rig: Rig) -> None:
    """Not even where the file comes first, and its own part names no camera."""
    texts = b"".join(text_part(*item) for item in (fields("x.jpg") | {"imei": IMEI}).items())
    body = file_part("x.jpg", jpeg()) + texts + END
    assert (await rig.say(post(body))).status == 200
    reverse = b"".join(text_part(*item) for item in reversed(fields(EVENT).items()))
    assert (await rig.say(post(reverse + file_part(EVENT, jpeg()) + END))).status == 200
    assert {file.name for file in await rig.files()} == {"x.jpg", EVENT}


async def test_chunks_without_a_length(rig: Rig) -> None:
    body = form(fields(EVENT), EVENT, jpeg())
    head = (
        "POST /upload HTTP/1.1\r\nHost: wayside\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    ).encode()
    chunks = b"".join(
        f"{len(body[at : at + 701]):x}\r\n".encode() + body[at : at + 701] + b"\r\n"
        for at in range(0, len(body), 701)
    )
    assert (await rig.say(head + chunks + b"0\r\n\r\n")).status == 200


async def test_expect_100_continue_is_answered_before_the_body(rig: Rig) -> None:
    reader, writer = await rig.dial()
    request = post(body := form(fields(EVENT), EVENT, jpeg()), more="Expect: 100-continue\r\n")
    writer.write(request[: -len(body)])
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    writer.write(body)
    assert (await answer_of(reader)).status == 200
    writer.close()


async def test_one_connection_for_many(rig: Rig) -> None:
    reader, writer = await rig.dial()
    for number in range(3):
        name = EVENT.replace("_01.", f"_{number + 1:02d}.")
        writer.write(post(form(fields(name), name, jpeg())))
    for _ in range(3):
        assert (await answer_of(reader)).status == 200
    writer.close()
    assert len(await rig.files()) == 3


async def test_byte_by_byte(rig: Rig) -> None:
    reader, writer = await rig.dial()
    for byte in post(form(fields(EVENT), EVENT, jpeg(300))):
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0)
    assert (await answer_of(reader)).status == 200
    writer.close()


async def test_the_same_bytes_are_kept_once_and_answered_every_time(rig: Rig) -> None:
    content = jpeg()
    for _ in range(3):
        assert (await rig.upload(EVENT, content)).status == 200
    assert len(await rig.files()) == len(await rig.blobs()) == len(await rig.notes()) == 1
    assert (rig.stats.kept, rig.stats.repeated) == (1, 2)
    other = fields("other name.jpg") | {"imei": IMEI}
    for _ in range(2):
        assert (await rig.upload("other name.jpg", content, other)).status == 200
    assert len(await rig.files()) == len(await rig.notes()) == 2, "one of each name"
    assert len(await rig.blobs()) == 1, "of the same bytes"
    assert (rig.stats.kept, rig.stats.repeated) == (2, 3)


async def test_two_tries_at_once_keep_one(rig: Rig) -> None:
    content = jpeg(200_000)
    answers = await asyncio.gather(*(rig.upload(EVENT, content) for _ in range(5)))
    assert {answer.status for answer in answers} == {200}
    assert len(await rig.files()) == len(await rig.blobs()) == len(await rig.notes()) == 1


async def test_a_wrong_signature_is_noted_and_nothing_else(rig: Rig) -> None:
    assert (await rig.upload(EVENT, jpeg(), fields(EVENT) | {"sign": "bm9wZQ=="})).status == 200
    texts = fields(EVENT)
    del texts["sign"]
    assert (await rig.upload(EVENT, jpeg(), texts)).status == 200
    assert [note.values["media.signature"] for note in await rig.notes()] == ["wrong", "missing"]


ZIP = io.BytesIO()
with zipfile.ZipFile(ZIP, "w", zipfile.ZIP_DEFLATED) as bomb:
    bomb.writestr("zeros", bytes(1_000_000))


@pytest.mark.parametrize(
    ("name", "content", "texts", "status", "reason"),
    [
        ("x.jpg", jpeg(), None, 400, "no device"),
        (EVENT, jpeg(), {"imei": OTHER, **fields(EVENT)}, 400, "several devices"),
        ("x.jpg", jpeg(), instructed(77, OTHER), 403, "not registered"),
        (EVENT.replace(IMEI, OTHER), jpeg(), None, 403, "not registered"),
        (EVENT, b"", None, 400, "empty"),
        (EVENT, ZIP.getvalue(), None, 415, "content"),
        (EVENT, b"<html>", None, 415, "content"),
        (EVENT, mp4(), None, 415, "misnamed"),
        (EVENT.replace(".jpg", ".mp4"), jpeg(), None, 415, "misnamed"),
        (EVENT + "\0.jpg", jpeg(), None, 400, "name"),
        (f"../../{EVENT}", jpeg(), {**fields(f"../../{EVENT}"), "imei": IMEI}, 400, "name"),
        (EVENT + "/../../../etc/cron.d/x.jpg", jpeg(), None, 400, "name"),
        (EVENT + "\u202egpj", jpeg(), None, 400, "name"),
        (EVENT + "x" * 100, jpeg(), None, 400, "name"),
        (EVENT, jpeg(), fields(EVENT, now() // 1000 - 90_000_000), 400, "timestamp"),
        (EVENT, jpeg(), fields(EVENT, now() // 1000 + 90_000_000), 400, "timestamp"),
        (EVENT, jpeg(), {"filename": EVENT, "timestamp": "soon"}, 400, "no timestamp"),
        (EVENT, jpeg(), {"filename": EVENT}, 400, "no timestamp"),
    ],
)
async def test_what_is_not_taken(  # noqa: PLR0917 - the columns of the table
    rig: Rig, name: str, content: bytes, texts: dict[str, str] | None, status: int, reason: str
) -> None:
    answer = await rig.upload(name, content, texts)
    assert (answer.status, answer.body["code"]) == (status, 400)
    assert answer.body["message"]
    assert answer.headers["connection"] == "close"
    assert rig.stats.refused == {reason: 1}
    assert await rig.files() == []
    assert await rig.blobs() == []
    await rig.nothing_left()


async def test_unicode_names_are_taken_and_shown_as_they_are(rig: Rig) -> None:
    name = f"EVENT_{IMEI}_Straße 前方.jpg"
    answer = await rig.upload(name, jpeg())
    assert answer.body["data"] == name
    assert [file.name for file in await rig.files()] == [name]


async def test_a_rejected_camera_is_refused_before_its_bytes_are_read(rig: Rig) -> None:
    record = await rig.gateway.devices.reject(DEVICE, "tester")
    assert record.status is DeviceStatus.REJECTED
    body = form(fields(EVENT), EVENT, jpeg())
    reader, writer = await rig.dial()
    writer.write(post(body, length=100_000_000)[:-1000])
    answer = await answer_of(reader)
    assert (answer.status, rig.stats.refused["rejected"]) == (403, 1)
    assert await reader.read() == b""
    writer.close()


async def test_ten_gigabytes_are_refused_at_once(rig: Rig) -> None:
    """Before a byte of them, and without being asked to go on."""
    reader, writer = await rig.dial()
    writer.write(post(b"", length=10_000_000_000, more="Expect: 100-continue\r\n"))
    answer = await answer_of(reader)
    assert (answer.status, answer.body["code"]) == (413, 400)
    assert answer.headers["connection"] == "close"
    assert await reader.read() == b""
    writer.close()


async def test_a_client_that_sends_them_all_the_same_hears_why(tmp_path: Path) -> None:
    async with rig_in(tmp_path, file_bytes=1_000_000) as rig:
        await rig.know(IMEI)
        answer = await rig.say(post(form(fields(EVENT), EVENT, jpeg(20_000_000))))
        assert answer.status == 413


@pytest.mark.parametrize("over", [0, 1])
async def test_the_largest_file(tmp_path: Path, over: int) -> None:
    async with rig_in(tmp_path, file_bytes=100_000) as rig:
        await rig.know(IMEI)
        answer = await rig.upload(EVENT, jpeg(100_000 + over))
        assert answer.status == (413 if over else 200)
        await rig.nothing_left()


async def test_an_endless_body_in_chunks_ends(tmp_path: Path) -> None:
    async with rig_in(tmp_path, file_bytes=100_000) as rig:
        await rig.know(IMEI)
        reader, writer = await rig.dial()
        head = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        start = form(fields(EVENT), EVENT, JPEG_HEAD)[: -len(END) - 2]
        writer.write(head + f"{len(start):x}\r\n".encode() + start + b"\r\n")
        for _ in range(3):
            writer.write(b"c350\r\n" + bytes(50_000) + b"\r\n")
        assert (await answer_of(reader)).status == 413
        writer.close()
        await rig.nothing_left()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /upload HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405),
        (post(b"", "/"), 404),
        (post(b"", "/upload/../etc"), 404),
        (post(b"", "/UPLOAD"), 404),
        (post(b""), 400),
        (post(END), 400),
        (post(file_part(EVENT, jpeg())), 400),
        (post(text_part("filename", EVENT) + END), 400),
        (post(text_part("filename", "x" * 1025) + file_part(EVENT, jpeg()) + END), 400),
        (post(text_part("other", "x") * 17 + file_part(EVENT, jpeg()) + END), 400),
        (post(form(fields(EVENT), EVENT, jpeg())[: -len(END)] + file_part(EVENT, jpeg()) + END), 400),
        (post(b"nonsense" * 1000), 400),
        (post(form({}, EVENT, jpeg())).replace(BOUNDARY.encode(), b"", 1), 400),
        (post(form({}, EVENT, jpeg())).replace(BOUNDARY.encode(), b"x" * 71, 1), 400),
        (post(b"").replace(b"Host: wayside.example\r\n", b""), 400),
        (b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /upload HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"\x78\x78\x11\x01\x03\x53\x37\x61\x10\x00\x88\x82\x42\x02\x32\x01\x00\x01\x0d\x0a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
async def test_what_is_no_upload(rig: Rig, request_: bytes, status: int) -> None:
    answer = await rig.say(request_)
    assert (answer.status, answer.body["code"]) == (status, 400)
    assert await rig.files() == []
    await rig.nothing_left()


async def test_a_query_and_parts_that_nobody_knows_are_passed_over(rig: Rig) -> None:
    texts = {"deviceType": "JC400", **fields(EVENT), "crc": "x" * 5_000}
    assert (await rig.upload(EVENT, jpeg(), texts, "/upload?a=b")).status == 200
