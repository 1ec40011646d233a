"""A BLE peripheral as a transport: pieces, order, brakes, and an end that is told once."""

import asyncio
from collections.abc import Callable

import pytest

from tests.gateway.world import eventually, quick
from wayside.gateway.gatt import GattTransport
from wayside.ports.gatt import pieces
from wayside.protocol.base import Gatt

GATT = Gatt("service", "write", "notify")


class Client:
    """A peripheral that takes what it gets, when it is let."""

    def __init__(self, mtu: int = 23) -> None:
        self.mtu = mtu
        self.written: list[bytes] = []
        self.let = asyncio.Event()
        self.let.set()
        self.fault: OSError | None = None
        self.heard: Callable[[bytes], None]

    async def subscribe(self, characteristic: str, heard: Callable[[bytes], None]) -> None:
        assert characteristic == "notify"
        if self.fault is not None:
            raise self.fault
        self.heard = heard

    async def write(self, characteristic: str, data: bytes) -> None:
        assert characteristic == "write"
        await self.let.wait()
        if self.fault is not None:
            raise self.fault
        self.written.append(data)


class Listener(asyncio.Protocol):
    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.lost: list[Exception | None] = []
        self.braked = 0

    def data_received(self, data: bytes) -> None:
        self.read.append(data)

    def pause_writing(self) -> None:
        self.braked += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


class Rig:
    def __init__(self, mtu: int = 23, **limits: float) -> None:
        self.client = Client(mtu)
        self.listener = Listener()
        self.transport = GattTransport(self.client, GATT, self.listener, quick(**limits))


@pytest.mark.parametrize(("size", "mtu", "count"), [(0, 23, 0), (20, 23, 1), (21, 23, 2), (100, 185, 1)])
def test_pieces_fit_the_link(size: int, mtu: int, count: int) -> None:
    data = bytes(range(size))
    cut = list(pieces(data, mtu))
    assert b"".join(cut) == data
    assert len(cut) == count
    assert all(len(piece) <= mtu - 3 for piece in cut)


async def test_writes_arrive_in_order_and_in_pieces() -> None:
    rig = Rig()
    await rig.transport.open()
    rig.transport.write(b"a" * 30)
    rig.transport.write(b"b" * 5)
    rig.transport.close()
    assert rig.transport.is_closing()
    await rig.transport.ended.wait()
    assert rig.client.written == [b"a" * 20, b"a" * 10, b"b" * 5]
    await eventually(lambda: rig.listener.lost)
    assert rig.listener.lost == [None]


async def test_notifications_wait_while_nobody_reads() -> None:
    rig = Rig(pending_bytes=10)
    await rig.transport.open()
    rig.client.heard(b"a")
    rig.transport.pause_reading()
    rig.client.heard(b"b" * 5)
    rig.client.heard(b"c" * 5)
    assert rig.listener.read == [b"a"]
    rig.transport.resume_reading()
    assert rig.listener.read == [b"a", b"bbbbbccccc"]
    rig.transport.pause_reading()
    rig.client.heard(b"d" * 11)
    await eventually(lambda: rig.listener.lost)
    assert isinstance(rig.listener.lost[0], ConnectionAbortedError)
    rig.client.heard(b"e")
    rig.transport.write(b"f")
    assert rig.listener.read == [b"a", b"bbbbbccccc"]


async def test_a_write_that_fails_ends_it() -> None:
    rig = Rig()
    await rig.transport.open()
    rig.client.fault = ConnectionResetError("out of reach")
    rig.transport.write(b"a")
    await eventually(lambda: rig.listener.lost)
    assert rig.listener.lost == [rig.client.fault]
    rig.transport.lost(None)
    rig.transport.abort()
    await asyncio.sleep(0)
    assert len(rig.listener.lost) == 1


async def test_so_does_one_that_takes_too_long() -> None:
    rig = Rig(gatt_write_s=0.01)
    await rig.transport.open()
    rig.client.let.clear()
    rig.transport.write(b"a")
    await eventually(lambda: rig.listener.lost)
    assert isinstance(rig.listener.lost[0], TimeoutError)


async def test_a_peripheral_that_takes_nothing_is_noticed() -> None:
    rig = Rig(write_buffer_bytes=100)
    await rig.transport.open()
    rig.transport.set_write_buffer_limits(high=100)
    rig.client.let.clear()
    rig.transport.write(bytes(100))
    before = rig.listener.braked
    rig.transport.write(b"a")
    assert (before, rig.listener.braked) == (0, 1)
    assert rig.transport.get_write_buffer_size() == 101
    rig.transport.abort()
    await eventually(lambda: rig.listener.lost)


async def test_one_that_cannot_be_listened_to_never_was_there() -> None:
    rig = Rig()
    rig.client.fault = ConnectionError("no such characteristic")
    with pytest.raises(ConnectionError):
        await rig.transport.open()
    rig.transport.lost(None)
    await asyncio.sleep(0)
    assert rig.listener.lost == []
