"""A battery that counts what it was told, over all its connections.  Its frames are put together by hand."""

import asyncio
import struct
from collections import Counter

from tests.proof.world import World

IDENT = b"60300007"
START = b"NW"
CHARGE_SWITCH = 0xAB
WRITE, READ, READ_ALL = 2, 3, 6


def seal(command: int, data: bytes) -> bytes:
    """A reply of the BMS (4.2): terminal and record number 0, as in every reply seen."""
    length = 2 + 4 + 3 + len(data) + 4 + 1 + 4
    body = START + struct.pack(">HIBBB", length, 0, command, 0, 1) + data + bytes(4) + b"\x68"
    return body + struct.pack(">HH", 0, sum(body) & 0xFFFF)


class Battery:
    """``writes``: how often each value of the charge switch was written.  ``deaf``: obeys, and answers nothing."""

    device = f"jk-bms:{IDENT.decode()}"

    def __init__(self) -> None:
        self.charging = 1
        self.writes: Counter[int] = Counter()
        self.deaf = False
        self.written = asyncio.Event()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, world: World) -> None:
        """It says nothing by itself: the server asks."""
        self.hang_up()
        self._reader, self._writer = await world.dial("jk-bms")

    def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def obey(self) -> None:
        """Until the line is cut."""
        try:
            while self._writer is not None:
                head = await self._reader.readexactly(4)
                assert head[:2] == START
                rest = await self._reader.readexactly(int.from_bytes(head[2:]) - 2)
                reply = self._carry_out(rest[4], rest[7:-9])
                if not self.deaf:
                    self._writer.write(reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.hang_up()

    def _carry_out(self, command: int, data: bytes) -> bytes:
        if command == WRITE:
            assert data[0] == CHARGE_SWITCH
            self.charging = data[1]
            self.writes[self.charging] += 1
            self.written.set()
            return seal(command, data[:1])
        switch = bytes((CHARGE_SWITCH, self.charging))
        if command == READ:
            assert data == switch[:1]
            return seal(command, switch)
        if command == READ_ALL:
            return seal(command, b"\x85\x3b\x87\x00\x07" + switch + b"\xb4" + IDENT)
        return seal(command, data)
