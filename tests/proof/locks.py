"""A parking lock that counts what it was told, over all its connections."""

import asyncio
from collections import Counter
from typing import NamedTuple

from tests.proof.diary import Diary
from tests.proof.world import Tally, World

SIGN_IN = ("Q0", "6023", "E7:0F:B7:FD:A6:74", "1", "2", "2")
HEARTBEAT = ("H0", "1", "6023", "31", "0", "2", "1", "1", "1")
STATUS = ("S5", "6028", "48", "30", "1", "0", "2", "898604D5192291255340", "CMIOT", "E7:0F:B7:FD:A6:74", "1")
KEY = "55"


class Told(NamedTuple):
    """A line from the server."""

    word: str
    fields: list[str]


class Lock:
    """``requests``, ``moves``: how often a key was asked for, and how often the lever was moved, by command number.

    ``obey`` does what a healthy lock does: a result that nobody acknowledged is reported again on the next
    connection.  ``moving`` counts the movements of many locks.
    """

    def __init__(self, number: int, moving: Tally | None = None) -> None:
        self.imei = f"86{number:013d}"
        self.device = f"parking-lock:{self.imei}"
        self.requests: Counter[int] = Counter()
        self.moves: Counter[int] = Counter()
        self.questions = 0
        self.diary = Diary()
        self._moving = moving or Tally()
        self.receipt = asyncio.Event()
        self._result: tuple[str, ...] | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, world: World) -> None:
        """Sign in."""
        self.hang_up()
        self._reader, self._writer = await world.dial("parking-lock")
        self._page = self.diary.connected()
        self.say(*SIGN_IN)
        if self._result is not None:
            self.say(*self._result)

    def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def say(self, *fields: str) -> None:
        assert self._writer is not None
        raw = self._line(fields)
        self._writer.write(raw)
        self._page.said(raw)

    def _line(self, fields: tuple[str, ...]) -> bytes:
        return f"*BGCR,OM,{self.imei},{','.join(fields)}#\r\n".encode()

    @property
    def unheard(self) -> bool:
        """Whether a result waits for its receipt."""
        return self._result is not None

    async def told(self) -> Told:
        """The next line from the server."""
        line = (await self._reader.readuntil(b"#\n")).decode("latin-1")
        head = f"\xff\xff*BGCS,OM,{self.imei},"
        assert line.startswith(head)
        word, *fields = line.removeprefix(head).removesuffix("#\n").split(",")
        if word == "R0":
            self.requests[int(fields[2])] += 1
        elif word == "L0":
            self.moves[int(fields[1])] += 1
            self._moving.add()
        elif word == "S5":
            self.questions += 1
        return Told(word, fields)

    def give_key(self, request: Told) -> None:
        """Answer R0."""
        operation, _, user, time = request.fields
        self.say("R0", operation, KEY, user, time)

    def report(self, order: Told) -> None:
        """The lever has moved as L0 wanted."""
        key, user, time = order.fields
        assert key == KEY
        self._result = ("L0", "0", user, time)
        self.say(*self._result)

    async def obey(self) -> None:
        """Until the line is cut."""
        try:
            while True:
                told = await self.told()
                if told.word == "R0":
                    self.give_key(told)
                elif told.word == "L0":
                    self.report(told)
                elif told.word == "S5":
                    self.say(*STATUS)
                elif told == Told("Re", ["L0"]):
                    if self._result is not None:
                        self.diary.acknowledged(self._line(self._result))
                    self._result = None
                    self.receipt.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.hang_up()
