"""Real sockets on the loopback: who may come in, and what happens when descriptors run out."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from tests.gateway.world import World, eventually, quick, running
from wayside.gateway import inbox
from wayside.gateway.tcp import Listen, Listener, prepare
from wayside.model.errors import ConfigError


class Dialled:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, text: str) -> None:
        self.writer.write(text.encode())

    async def hears(self, line: str) -> None:
        while (await self.reader.readline()).decode().strip() != line:
            assert not self.reader.at_eof(), f"closed before {line}"

    async def ends(self) -> None:
        with contextlib.suppress(ConnectionResetError):
            while await self.reader.read(65_536):
                pass


@contextlib.asynccontextmanager
async def dialled(world: World) -> AsyncIterator[Dialled]:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.gateway.port("toy"))
    try:
        yield Dialled(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_device_reports_is_told_what_to_do_and_leaves() -> None:
    async with running("0001", listen=True) as world:
        async with dialled(world) as device:
            device.say("LOGIN 0001\nREP")
            await device.hears("HELLO")
            device.say("ORT 1 a\n")
            await device.hears("OK 1")
            assert world.store.values("toy:0001") == ["a"]
            command = await world.submit("move", parameters={"minutes": 5})
            await device.hears("DO 1 move 5")
            device.say("ANSWER 1 OK\n")
            await eventually(lambda: world.states(command) == ["sent", "succeeded"])
            assert world.devices.presence("toy:0001").address == "127.0.0.1"
        await eventually(lambda: not world.devices.presence("toy:0001").online)
        await eventually(lambda: world.gateway.stats.connections == 0)


async def test_a_reset_takes_the_device_offline() -> None:
    async with running("0001", listen=True) as world, dialled(world) as device:
        device.say("LOGIN 0001\n")
        await device.hears("HELLO")
        sock = device.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        device.writer.transport.abort()
        await eventually(lambda: not world.devices.presence("toy:0001").online)


async def test_the_newest_socket_wins() -> None:
    async with running("0001", listen=True) as world, dialled(world) as old, dialled(world) as new:
        old.say("LOGIN 0001\n")
        await old.hears("HELLO")
        new.say("LOGIN 0001\n")
        await new.hears("HELLO")
        await old.ends()
        new.say("REPORT 1 a\n")
        await new.hears("OK 1")
        assert world.devices.presence("toy:0001").online


async def test_a_fleet_that_comes_back_at_once_waits_for_its_own_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "STRANGERS_PER_TURN", 1)
    idents = [f"{number:04}" for number in range(1, 21)]
    # One is to spare: a place is free in the turn after its goodbye.
    async with running(*idents, listen=True, limits=quick(connections=21)) as world:
        fleet = [world.connect() for _ in idents]
        for wire, ident in zip(fleet, idents, strict=True):
            wire.connection.data_received(f"LOGIN {ident}\n".encode())
        await eventually(lambda: all(wire.heard()[-1:] == ["HELLO"] for wire in fleet))
        with contextlib.ExitStack() as sockets:
            for wire, ident in zip(fleet, idents, strict=True):
                wire.connection.eof_received()
                sock = sockets.enter_context(
                    socket.create_connection(("127.0.0.1", world.gateway.port("toy")))
                )
                sock.sendall(f"LOGIN {ident}\n".encode())
            assert world.gateway.hub.inbox.crowded
            back = [("online", "connected"), ("offline", "closed by the device"), ("online", "connected")]
            await eventually(lambda: all(world.store.presence(f"toy:{ident}") == back for ident in idents))
        assert not world.gateway.stats.connections_refused
        await eventually(lambda: world.gateway.stats.connections == 0)


async def test_connections_are_bounded_in_all_and_per_address() -> None:
    async with running(listen=True, limits=quick(connections_per_address=2)) as world:
        async with dialled(world) as one, dialled(world) as two, dialled(world) as three:
            await three.ends()
            for each in (one, two):
                each.say("BEAT\n")
                await each.hears("BEAT")
            assert world.gateway.stats.connections_refused == {"too many connections from one address": 1}
        await eventually(lambda: world.gateway.stats.connections == 0)
        async with dialled(world) as again:
            again.say("BEAT\n")
            await again.hears("BEAT")
    async with (
        running(listen=True, limits=quick(connections=1)) as world,
        dialled(world),
        dialled(world) as over,
    ):
        await over.ends()
        assert world.gateway.stats.connections_refused == {"too many connections": 1}


class Starved(socket.socket):
    """A listening socket whose process has no descriptors left until told otherwise."""

    starved = True
    asked = 0

    def accept(self) -> tuple[socket.socket, object]:
        type(self).asked += 1
        if self.starved:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


async def test_without_descriptors_it_backs_off_and_then_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def create_server(address: tuple[str, int], **_: object) -> socket.socket:
        sock = Starved()
        sock.bind(address)
        sock.listen()
        return sock

    monkeypatch.setattr(socket, "create_server", create_server)
    async with running(listen=True, limits=quick(accept_backoff_s=0.01)) as world:
        listener: Listener = next(iter(world.gateway._listeners.values()))
        async with dialled(world) as device:
            await eventually(lambda: listener.backing_off)
            asked = Starved.asked
            await asyncio.sleep(0)
            assert Starved.asked == asked, "it does not spin"
            await eventually(lambda: Starved.asked > asked)
            Starved.starved = False
            device.say("BEAT\n")
            await device.hears("BEAT")
            assert not listener.backing_off
            assert world.gateway.stats.connections_refused["no descriptors"] >= 2


async def test_a_device_that_never_reads_is_dropped() -> None:
    async with running("0001", listen=True, limits=quick(write_buffer_bytes=10_000)) as world:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", world.gateway.port("toy")))
        await loop.sock_sendall(sock, b"LOGIN 0001\n")
        await eventually(lambda: world.devices.presence("toy:0001").online)
        with contextlib.suppress(ConnectionError):
            while world.devices.presence("toy:0001").online:
                await asyncio.wait_for(loop.sock_sendall(sock, b"BEAT\n" * 20_000), 5)
        sock.close()
        await world.settle()
        assert world.store.presence("toy:0001")[-1] == ("offline", "does not read")


async def test_the_kernel_keeps_no_more_for_a_device_than_it_is_told() -> None:
    limits = quick(send_buffer_bytes=20_000)
    with socket.socket() as sock:
        prepare(sock, limits)
        kept = sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert limits.send_buffer_bytes <= kept <= 2 * limits.send_buffer_bytes  # Linux doubles it, for its own


async def test_a_device_that_reads_gets_more_than_its_buffer_holds() -> None:
    async with running("0001", listen=True, limits=quick(write_buffer_bytes=10_000)) as world:
        async with dialled(world) as device:
            device.say("LOGIN 0001\n")
            for number in range(200):
                device.say(f"REPORT {number} a\n" + "BEAT\n" * 500)
                await device.hears(f"OK {number}")
        assert len(world.store.values("toy:0001")) == 200


async def test_back_pressure_reaches_the_sender_and_loses_nothing() -> None:
    async with running("0001", listen=True, limits=quick(uncommitted=50)) as world, dialled(world) as device:
        device.say("LOGIN 0001\n")
        await device.hears("HELLO")
        world.store.gate.clear()
        for number in range(20_000):
            device.say(f"REPORT {number} {number}\n")
        await eventually(lambda: world.gateway.pipeline.full)
        held = world.gateway.pipeline.uncommitted
        for _ in range(50):
            await asyncio.sleep(0)
        assert world.gateway.pipeline.uncommitted == held, "nothing more is read"
        world.store.gate.set()
        await device.hears("OK 19999")
        assert world.store.values("toy:0001") == [str(number) for number in range(20_000)]


async def test_nobody_is_let_in_while_the_store_does_not_keep_up() -> None:
    async with running(
        "0001", "0002", listen=True, limits=quick(uncommitted=1, accept_backoff_s=0.01)
    ) as world:
        world.store.gate.clear()
        async with dialled(world) as one:
            one.say("LOGIN 0001\n")
            await eventually(lambda: world.gateway.pipeline.full)
            async with dialled(world) as two:
                two.say("LOGIN 0002\n")
                refused = world.gateway.stats.connections_refused
                await eventually(lambda: refused["the store does not keep up"] >= 2)
                assert world.gateway.stats.connections == 1
                world.store.gate.set()
                await two.hears("HELLO")


@pytest.mark.parametrize(
    "listen",
    [Listen("other", "127.0.0.1", 0), Listen("toy", "127.0.0.1", None), Listen("toy", "192.0.2.1", 0)],
)
async def test_a_wrong_listener_says_what_is_wrong(listen: Listen) -> None:
    world = World()
    with pytest.raises(ConfigError, match=listen.protocol):
        await world.gateway.start([listen])
    await world.gateway.drain(0.1)


async def test_a_port_that_is_taken_says_so() -> None:
    async with running(listen=True) as world:
        port = world.gateway.port("toy")
        other = World()
        with pytest.raises(ConfigError, match=str(port)):
            await other.gateway.start([Listen("toy", "127.0.0.1", port)])
        await other.gateway.drain(0.1)


async def test_ipv6_if_the_machine_has_it() -> None:
    world = World()
    try:
        await world.gateway.start([Listen("toy", "::1", 0)])
    except ConfigError:
        pytest.skip("no IPv6 here")
    reader, writer = await asyncio.open_connection("::1", world.gateway.port("toy"))
    writer.write(b"BEAT\n")
    assert await reader.readline() == b"BEAT\n"
    writer.close()
    await world.gateway.drain(1.0)


async def test_a_port_of_ones_own_says_who_connects() -> None:
    """A device that cannot name itself; it is here once it has said anything valid, and strangers elsewhere stay so."""
    world = World()
    world.know("0001")
    await world.gateway.start([Listen("toy", "127.0.0.1", 0), Listen("toy", "127.0.0.1", 0, "0001")])
    try:
        port = world.gateway.port("toy", "0001")
        assert port != world.gateway.port("toy")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await eventually(lambda: world.gateway.hub.connections)
        assert not world.devices.presence("toy:0001").online
        writer.write(b"REPORT 1 a\n")
        while await reader.readline() != b"OK 1\n":
            assert not reader.at_eof()
        assert world.devices.presence("toy:0001").online
        assert world.store.values("toy:0001") == ["a"]
        writer.close()
        async with dialled(world) as stranger:
            stranger.say("REPORT 1 a\n")
            await eventually(lambda: world.gateway.stats.bad_frames["toy", "unidentified"])
    finally:
        await world.gateway.drain(1.0)
