"""Dashcams whose every location is told apart, and which remember what they sent and what was acknowledged.

A location's latitude is its number, its longitude the number of the connection that carried it.  So a frame that is
stored twice can be told from one that was sent twice.  The bytes are made here, not by the code under test.
"""

import asyncio
import time
from collections import deque

from fastcrc import crc16

from tests.proof.diary import Diary
from tests.proof.world import Events, Tally, World

UNITS_PER_DEGREE = 1_800_000

LOGIN, HEARTBEAT, LOCATION = 0x01, 0x13, 0x22
ANSWER_BYTES = 10

# After position and time: 17 km/h, a fix, north and east; cell; ignition off, by interval, live (section 5.3.1).
TAIL = bytes.fromhex("00140001cc0b77060776a4010e000000")


def seal(code: int, content: bytes, serial: int) -> bytes:
    """A 7878 frame (section 4)."""
    counted = bytes((len(content) + 5, code)) + content + serial.to_bytes(2)
    return b"\x78\x78" + counted + crc16.ibm_sdlc(counted).to_bytes(2) + b"\r\n"


def location(number: int, connection: int, clock_s: float | None = None) -> bytes:
    """By the clock of this machine, or by another one."""
    year, *rest = time.gmtime(clock_s)[:6]
    place = number.to_bytes(4) + connection.to_bytes(4)
    return seal(LOCATION, bytes((year - 2000, *rest, 0xCF)) + place + TAIL, number & 0xFFFF)


class Line:
    """One connection: the numbers of the locations that it carried, and how many of them were acknowledged."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.sent: list[int] = []
        self.acknowledged = 0


class Camera:
    """``window``: how many locations may be unacknowledged; ``heard`` counts acknowledgements; ``first_line``: the
    number of its first connection, for a camera that has a twin; ``pace_s``: its rest after each acknowledgement;
    ``clock_s``: where its clock stands."""

    def __init__(
        self,
        number: int,
        window: int = 8,
        heard: Tally | None = None,
        *,
        first_line: int = 1,
        pace_s: float = 0.0,
        clock_s: float | None = None,
        diary: Diary | None = None,
    ) -> None:
        self.imei = f"35{number:013d}"
        self.device = f"jimi:{self.imei}"
        self.lines: list[Line] = []
        self.full = False
        self.diary = diary or Diary()
        self._pace_s = pace_s
        self._clock_s = clock_s
        self._first_line = first_line
        self._window = window
        self._heard = heard or Tally()
        self._next = 1
        self._again: deque[int] = deque()
        self._unheard: deque[bytes] = deque()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None

    @property
    def line(self) -> Line:
        return self.lines[-1]

    @property
    def acknowledged(self) -> int:
        return sum(line.acknowledged for line in self.lines)

    async def connect(self, world: World) -> None:
        """Log in; done when the login is answered."""
        self.hang_up()
        self._unheard.clear()
        self._reader, self._writer = await world.dial("jimi")
        self.lines.append(Line(self._first_line + len(self.lines)))
        self._page = self.diary.connected()
        self.say(LOGIN, bytes.fromhex(f"0{self.imei}02423201"), 1)
        assert await self.answer() == (LOGIN, 1)

    def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def say(self, code: int, content: bytes, serial: int) -> None:
        self._write(seal(code, content, serial))

    def _write(self, raw: bytes) -> None:
        assert self._writer is not None
        self._writer.write(raw)
        self._page.said(raw)

    def beat(self, serial: int) -> None:
        self.say(HEARTBEAT, bytes.fromhex("4004040001"), serial)

    def locate(self) -> int:
        """Send the next location, or one again that was not acknowledged on an earlier connection."""
        if self._again:
            number = self._again.popleft()
        else:
            number, self._next = self._next, self._next + 1
        self.line.sent.append(number)
        raw = location(number, self.line.number, self._clock_s)
        self._unheard.append(raw)
        self._write(raw)
        return number

    async def answer(self) -> tuple[int, int]:
        """Code and serial number of the next answer, which is as the document has it."""
        raw = await self._reader.readexactly(ANSWER_BYTES)
        code, serial = raw[3], int.from_bytes(raw[4:6])
        assert raw == seal(code, b"", serial)
        return code, serial

    async def acknowledgement(self) -> None:
        """The next answer acknowledges the oldest location that has none."""
        expected = self.line.sent[self.line.acknowledged] & 0xFFFF
        assert await self.answer() == (LOCATION, expected)
        self.line.acknowledged += 1
        self.diary.acknowledged(self._unheard.popleft())
        self._heard.add()

    async def gone(self) -> None:
        """The server closes; nothing more comes before that."""
        assert await self._reader.read() == b""
        self.hang_up()

    async def report(self) -> None:
        """Locations as fast as they are acknowledged, until ``full`` or until the line is cut."""
        line = self.line
        try:
            while self.has_more or line.acknowledged < len(line.sent):
                while self.has_more and len(line.sent) - line.acknowledged < self._window:
                    self.locate()
                await self.acknowledgement()
                if self._pace_s:
                    await asyncio.sleep(self._pace_s)
        except (asyncio.IncompleteReadError, ConnectionError):
            self._again.extendleft(reversed(line.sent[line.acknowledged :]))
            self.hang_up()

    @property
    def has_more(self) -> bool:
        """Whether there is something yet to be sent."""
        return bool(self._again) or not self.full


class Fleet:
    """Cameras that report together."""

    def __init__(self, count: int, window: int = 8, *, first_line: int = 1) -> None:
        self.heard = Tally()
        self.cameras = [
            Camera(number, window, self.heard, first_line=first_line) for number in range(1, count + 1)
        ]

    async def connect(self, world: World) -> None:
        await asyncio.gather(*(camera.connect(world) for camera in self.cameras))

    async def report(self) -> None:
        """Until every line is cut, or the cameras are full."""
        await asyncio.gather(*(camera.report() for camera in self.cameras))

    def fill(self) -> None:
        """Let them come to an end: everything sent is acknowledged, and no more is sent."""
        for camera in self.cameras:
            camera.full = True


def places(events: Events, device: str) -> list[tuple[int, int]]:
    """Connection and number of the device's locations, as stored."""
    return [
        (
            round(event["values"]["position.longitude"] * UNITS_PER_DEGREE),
            round(event["values"]["position.latitude"] * UNITS_PER_DEGREE),
        )
        for event in events
        if event["device"] == device and event["message"] == "location"
    ]


def check_stored(events: Events, device: str, *lines: Line) -> None:
    """What is stored of each connection is what it sent up to some point, in order, each once; all that was
    acknowledged is there; and no connection's frames stand among those of another."""
    stored = places(events, device)
    connections = [connection for connection, _ in stored]
    assert connections == sorted(connections)
    assert set(connections) <= {line.number for line in lines}
    for line in lines:
        numbers = [number for connection, number in stored if connection == line.number]
        assert numbers == line.sent[: len(numbers)]
        assert len(numbers) >= line.acknowledged, "acknowledged and lost"


def presence(events: Events, device: str) -> list[str]:
    """How the device came and went."""
    return [
        event["values"]["connection.status"]
        for event in events
        if event["device"] == device and event["kind"] == "presence"
    ]


def last_values(events: Events, device: str) -> dict[str, object]:
    """What the device's events say last of each name.  (The clocks of this test never go back.)"""
    values: dict[str, object] = {}
    for event in events:
        if event["device"] == device:
            values |= event["values"]
    return values
