"""Slow peers, cut lines, floods, quotas, a full disk, a store that is down, and stopping."""

import asyncio
import socket
import struct
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.media.uploads.rig import (
    DEVICE,
    EVENT,
    IMEI,
    Answer,
    Rig,
    answer_of,
    fields,
    form,
    instructed,
    jpeg,
    post,
    rig_in,
)
from wayside.media.uploads import patience
from wayside.model.errors import StoreUnavailable
from wayside.ports.media import Origin


def whole(size: int = 5_000) -> bytes:
    return post(form(fields(EVENT), EVENT, jpeg(size)))


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        return await reader.read()


async def nothing_kept(rig: Rig) -> None:
    assert await rig.files() == []
    assert await rig.notes() == []
    assert await rig.blobs() == []
    await rig.nothing_left()


# Slow ones.


async def test_a_connection_that_says_nothing_is_closed(tmp_path: Path) -> None:
    async with rig_in(tmp_path, headers_s=0.1) as rig:
        reader, writer = await rig.dial()
        assert await until_closed(reader) == b""
        writer.close()
        assert not rig.stats.refused


async def test_a_head_that_never_ends(tmp_path: Path) -> None:
    async with rig_in(tmp_path, headers_s=0.5) as rig:
        reader, writer = await rig.dial()

        async def dribble() -> None:
            for byte in b"POST /upload HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1_000:
                writer.write(bytes((byte,)))
                await asyncio.sleep(0.02)

        dribbling = asyncio.create_task(dribble())
        answer = await answer_of(reader)
        dribbling.cancel()
        assert (answer.status, answer.body["code"]) == (408, 500)
        assert await until_closed(reader) == b""
        writer.close()


async def test_a_body_that_stops(tmp_path: Path) -> None:
    async with rig_in(tmp_path, idle_s=0.2) as rig:
        await rig.know(IMEI)
        reader, writer = await rig.dial()
        writer.write(whole()[:-1_000])
        assert (await answer_of(reader)).status == 408
        writer.close()
        await nothing_kept(rig)


async def test_a_body_that_dribbles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "GRACE_S", 0.3)
    async with rig_in(tmp_path, least_bytes_per_s=1_000_000) as rig:
        await rig.know(IMEI)
        reader, writer = await rig.dial()

        async def dribble() -> None:
            request = whole(50_000)
            for at in range(0, len(request), 100):
                writer.write(request[at : at + 100])
                await asyncio.sleep(0.02)

        dribbling = asyncio.create_task(dribble())
        assert (await answer_of(reader)).status == 408
        dribbling.cancel()
        writer.close()
        await nothing_kept(rig)


async def test_a_request_that_takes_for_ever(tmp_path: Path) -> None:
    async with rig_in(tmp_path, request_s=0.2) as rig:
        await rig.know(IMEI)
        reader, writer = await rig.dial()
        writer.write(whole()[:-1])
        assert (await answer_of(reader)).status == 408
        writer.close()
        await nothing_kept(rig)


# Cut lines.


@pytest.mark.parametrize("reset", [False, True])
async def test_nothing_is_kept_of_what_was_cut_off_at_any_byte(tmp_path: Path, *, reset: bool) -> None:
    async with rig_in(tmp_path, device_per_minute=10_000, address_per_minute=10_000) as rig:
        await rig.know(IMEI)
        await cut_at_any_byte(rig, reset=reset)


async def cut_at_any_byte(rig: Rig, *, reset: bool) -> None:
    request = whole(200)
    for at in range(0, len(request), 3 if reset else 1):
        reader, writer = await rig.dial()
        writer.write(request[:at])
        if reset:
            await asyncio.sleep(0)
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()
        if not reset:
            await until_closed(reader)
    await nothing_kept(rig)
    assert not rig.stats.refused
    assert (await rig.say(request)).status == 200


async def test_who_only_stops_talking_still_hears_the_answer(rig: Rig) -> None:
    reader, writer = await rig.dial()
    writer.write(whole())
    writer.write_eof()
    assert (await answer_of(reader)).status == 200
    assert await until_closed(reader) == b""
    writer.close()


async def test_who_leaves_before_the_answer_has_it_kept(rig: Rig) -> None:
    """It will post it again, and hear then that it is here."""
    request = whole(300_000)
    _, writer = await rig.dial()
    writer.write(request)
    await writer.drain()
    writer.close()
    answer = await rig.say(request)
    assert answer.status == 200
    assert len(await rig.files()) == len(await rig.notes()) == 1


# Floods and quotas.


def later(answer: Answer, status: int = 429) -> None:
    """Refused, but not for ever."""
    assert (answer.status, answer.body["code"]) == (status, 500)
    assert int(answer.headers["retry-after"]) > 0


async def test_a_device_posts_too_often(tmp_path: Path) -> None:
    async with rig_in(tmp_path, device_per_minute=2) as rig:
        await rig.know(IMEI)
        for _ in range(2):
            assert (await rig.upload(EVENT, jpeg())).status == 200
        later(await rig.upload(EVENT, jpeg()))
        later(await rig.post_list(b'{"imei":"%s","fileNameList":""}' % IMEI.encode()))
        assert rig.stats.refused == {"too often": 2}


async def test_an_address_posts_too_often_whatever_it_is(tmp_path: Path) -> None:
    async with rig_in(tmp_path, address_per_minute=2) as rig:
        for _ in range(2):
            assert (await rig.upload("x", jpeg())).status == 400
        later(await rig.upload("x", jpeg()))


async def test_what_nobody_expects_has_a_quota_of_files(tmp_path: Path) -> None:
    async with rig_in(tmp_path, unexpected_files=2) as rig:
        await rig.know(IMEI)
        first = jpeg()
        assert (await rig.upload(EVENT, first)).status == 200
        assert (await rig.upload(EVENT.replace("_01.", "_02."), jpeg())).status == 200
        later(await rig.upload(EVENT.replace("_01.", "_03."), jpeg()))
        later(await rig.upload(EVENT, jpeg()))
        assert rig.stats.refused == {"quota of files": 2}
        assert (await rig.upload(EVENT, first)).status == 200  # it is here already, and must hear so
        await rig.announce("x.jpg")
        assert (await rig.upload("x.jpg", jpeg(), fields("x.jpg") | {"imei": IMEI})).status == 200
        assert [file.origin for file in await rig.files()][-1] is Origin.ALARM


async def test_a_quota_of_none(tmp_path: Path) -> None:
    async with rig_in(tmp_path, unexpected_files=0) as rig:
        await rig.know(IMEI)
        later(await rig.upload(EVENT, jpeg()))
        await nothing_kept(rig)


async def test_what_nobody_expects_has_a_quota_of_bytes(tmp_path: Path) -> None:
    async with rig_in(tmp_path, unexpected_bytes=10_000) as rig:
        await rig.know(IMEI)
        assert (await rig.upload(EVENT, jpeg(6_000))).status == 200
        later(await rig.upload(EVENT, jpeg(4_001)))
        assert (await rig.upload(EVENT, jpeg(4_000))).status == 200


async def test_quotas_are_exact_however_many_come_at_once(tmp_path: Path) -> None:
    async with rig_in(tmp_path, unexpected_files=3) as rig:
        await rig.know(IMEI)
        names = [EVENT.replace("_01.", f"_{number:02d}.") for number in range(12)]
        answers = await asyncio.gather(*(rig.upload(name, jpeg(200_000)) for name in names))
        assert sorted(answer.status for answer in answers) == [200] * 3 + [429] * 9
        assert len(await rig.files()) == len(await rig.blobs()) == 3
        await rig.nothing_left()


async def test_connections_are_counted_for_each_address(tmp_path: Path) -> None:
    async with rig_in(tmp_path, connections_per_address=2) as rig:
        await rig.know(IMEI)
        held = [await rig.dial() for _ in range(2)]
        reader, writer = await rig.dial()
        assert await until_closed(reader) == b""
        writer.close()
        for _, each in held:
            each.close()
            await each.wait_closed()
        async with asyncio.timeout(20):
            while rig.port._server and rig.port._server.door.inside:  # noqa: ASYNC110 - sockets set no events
                await asyncio.sleep(0.01)
        assert (await rig.upload(EVENT, jpeg())).status == 200
        names = {sample.name for sample in rig.port.samples()}
        assert "wayside_upload_connections_refused" in names


async def test_many_requests_end_a_connection_and_lose_nothing(tmp_path: Path) -> None:
    async with rig_in(tmp_path, connection_requests=2) as rig:
        await rig.know(IMEI)
        reader, writer = await rig.dial()
        for _ in range(2):
            writer.write(whole())
            assert (await answer_of(reader)).status == 200
        assert await until_closed(reader) == b""
        writer.close()


# What fails here.


async def test_a_full_disk_says_later_and_leaves_nothing(tmp_path: Path) -> None:
    async with rig_in(tmp_path, free_bytes=2**60) as rig:
        await rig.know(IMEI)
        later(await rig.upload(EVENT, jpeg()), 507)
        later(await rig.post_list(b'{"imei":"%s","fileNameList":""}' % IMEI.encode()), 507)
        assert rig.stats.refused == {"disk": 2}
        await nothing_kept(rig)


class Down:
    """Stands in for something of the store until it has failed so often."""

    def __init__(self, works: Any, times: int = 1) -> None:  # noqa: ANN401 - any method
        self._works = works
        self._left = times

    async def __call__(self, *arguments: Any) -> Any:  # noqa: ANN401 - likewise
        if self._left:
            self._left -= 1
            raise StoreUnavailable("disk I/O error")
        return await self._works(*arguments)


@pytest.mark.parametrize("step", ["store.keep_file", "gateway.record", "gateway.flush", "gateway.fulfil"])
async def test_what_fails_between_two_steps_is_made_up_for_by_the_next_try(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    camera = await rig.camera()
    command = await rig.command("picture", camera="out")
    flag, _ = await camera.told()
    request = post(form(instructed(flag), EVENT, jpeg()))
    owner = rig.store if step.startswith("store") else rig.gateway
    name = step.partition(".")[2]
    if name == "flush":  # only asked when the file is here already
        monkeypatch.setattr(rig.gateway, "record", Down(rig.gateway.record))
        later(await rig.say(request), 503)
    monkeypatch.setattr(owner, name, Down(getattr(owner, name)))
    later(await rig.say(request), 503)
    assert (await rig.settled(command.id)).state != "succeeded"
    assert (await rig.say(request)).status == 200
    assert len(await rig.files()) == len(await rig.notes()) == len(await rig.blobs()) == 1
    assert (await rig.settled(command.id)).state == "succeeded"
    await rig.nothing_left()


async def test_a_fault_of_ours_is_told_and_ends_only_this(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> NoReturn:
        raise RuntimeError("planted")

    with monkeypatch.context() as planted:
        planted.setattr(rig.shelf, "keep", broken)
        later(await rig.upload(EVENT, jpeg()), 500)
    assert (await rig.upload(EVENT, jpeg())).status == 200
    await rig.nothing_left()


async def test_a_camera_that_is_deleted_meanwhile(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = rig.shelf.keep

    async def after_deletion(*arguments: Any) -> Any:  # noqa: ANN401 - as the shelf's
        await rig.gateway.devices.delete(DEVICE, "tester")
        return await keep(*arguments)

    monkeypatch.setattr(rig.shelf, "keep", after_deletion)
    assert (await rig.upload(EVENT, jpeg())).status == 403
    assert await rig.blobs() == []
    await rig.nothing_left()


# Stopping.


async def test_who_is_under_way_may_finish_and_nobody_begins(rig: Rig) -> None:
    server = rig.port._server
    assert server is not None
    address = server.door.address
    idle_reader, idle = await rig.dial()
    reader, writer = await rig.dial()
    request = whole(200_000)
    writer.write(request[:-100])
    async with asyncio.timeout(20):
        while not rig.stats.received_bytes:  # noqa: ASYNC110 - sockets set no events
            await asyncio.sleep(0.01)
    stopping = asyncio.create_task(server.stop())
    assert await until_closed(idle_reader) == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)
    writer.write(request[-100:])
    answer = await answer_of(reader)
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    await stopping
    assert len(await rig.files()) == 1
    idle.close()
    writer.close()


async def test_who_takes_too_long_is_cut_off(tmp_path: Path) -> None:
    async with rig_in(tmp_path, drain_s=0.1) as rig:
        await rig.know(IMEI)
        server = rig.port._server
        assert server is not None
        reader, writer = await rig.dial()
        writer.write(whole(200_000)[:-100])
        async with asyncio.timeout(20):
            while not rig.stats.received_bytes:  # noqa: ASYNC110 - sockets set no events
                await asyncio.sleep(0.01)
        await server.stop()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await answer_of(reader)
        assert rig.parts() == []
        writer.close()
