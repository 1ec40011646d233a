"""A power-bank cabinet that counts how often it gave each bank out; its bytes are made here, not by our code."""

import asyncio
from collections import Counter

from fastcrc import crc16

from tests.proof.diary import Diary
from tests.proof.world import World

SLOTS = 3


def seal(imei: str, content: str) -> bytes:
    """Section 1, with the CRC that we assume: CRC-16/MODBUS."""
    text = f"{imei},{content}"
    return f'{{"{text},{crc16.modbus(text.encode()):04X}"}}\r\n'.encode()


class Cabinet:
    """``slots``: which bank stands where; ``given``: how often each left on an order, ``ordered``: how often one came
    to ``obey``.

    ``unheard``: reports without a receipt; ``orders``: those that nobody has looked at yet.
    """

    def __init__(self, number: int, *banks: str | None) -> None:
        self.imei = f"86626204{number:07d}"
        self.device = f"power-bank:{self.imei}"
        self.slots = dict(enumerate((*banks, *[None] * SLOTS)[:SLOTS], start=1))
        self.given: Counter[str] = Counter()
        self.ordered: Counter[str] = Counter()
        self.carried: list[str] = []
        self.unheard: list[str] = []
        self.orders: list[tuple[int, str]] = []
        self.diary = Diary()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, world: World) -> None:
        """Say that it is there, answer the question for its inventory, repeat what nobody has acknowledged."""
        self.hang_up()
        self._reader, self._writer = await world.dial("power-bank")
        self._page = self.diary.connected()
        self.orders.clear()
        self.say("CH")
        while await self.hear() != "CQ":
            pass
        self.show()
        for report in self.unheard:
            self.say(report)

    def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def say(self, content: str) -> None:
        assert self._writer is not None
        raw = seal(self.imei, content)
        self._writer.write(raw)
        self._page.said(raw)

    def show(self) -> None:
        """AQ: what stands in the slots."""
        groups = (f"{slot}.FU.{bank}" if bank else f"{slot}.EM" for slot, bank in self.slots.items())
        self.say(f"AQ,{''.join(f'{group};' for group in groups)}")

    def report(self, content: str) -> None:
        """Something that it repeats until it is acknowledged."""
        self.unheard.append(content)
        self.say(content)

    async def hear(self) -> str:
        """What stands between IMEI and CRC of the next frame."""
        raw = await self._reader.readuntil(b'"}\r\n')
        content = raw.decode().removeprefix(f'{{"{self.imei},')[: -len(',0000"}\r\n')]
        assert raw == seal(self.imei, content)
        word, _, rest = content.partition(",")
        if word in {"AM", "AR"}:
            report = f"{'MC' if word == 'AM' else 'MR'},{rest}"
            self.unheard.remove(report)
            self.diary.acknowledged(seal(self.imei, report))
        elif word == "CC":
            kind, slot, bank = rest.split(",")
            assert kind == "BW"
            self.orders.append((int(slot), bank))
        return content

    async def hear_order(self) -> tuple[int, str]:
        """Slot and bank of the next CC; questions for the inventory before it are answered."""
        while not self.orders:
            if await self.hear() == "CQ":
                self.show()
        return self.orders.pop(0)

    def give(self, slot: int, bank: str) -> None:
        """The motor runs, and a hand takes the bank."""
        assert self.slots[slot] == bank
        self.slots[slot] = None
        self.given[bank] += 1

    async def bring(self, slot: int, bank: str) -> bool:
        """Somebody wants to leave a bank; whether the server would have it."""
        self.say(f"MQ,{slot},{bank}")
        while (answer := await self.hear()) == "CQ":
            self.show()
        assert answer in {f"RQ,T,{slot},{bank}", f"RQ,F,{slot},{bank}"}
        if answer.startswith("RQ,F"):
            return False
        self.slots[slot] = bank
        self.report(f"MC,RO,{slot},{bank}")
        return True

    async def receipt(self) -> None:
        """Until nothing is unheard."""
        while self.unheard:
            if await self.hear() == "CQ":
                self.show()

    async def obey(self) -> None:
        """What a healthy cabinet does, until the line is cut; banks that it gave out are in ``carried``."""
        try:
            while True:
                match (await self.hear()).split(","):
                    case ["CQ"]:
                        self.show()
                    case ["CC", *_]:
                        self._dispense(*self.orders.pop(0))
                    case ["RQ", "T", slot, bank] if bank in self.carried:
                        self.carried.remove(bank)
                        self.slots[int(slot)] = bank
                        self.report(f"MC,RO,{slot},{bank}")
        except (asyncio.IncompleteReadError, ConnectionError):
            self.hang_up()

    def _dispense(self, slot: int, bank: str) -> None:
        """An order that came twice finds the slot empty, and is counted all the same."""
        self.ordered[bank] += 1
        if self.slots[slot] == bank:
            self.give(slot, bank)
            self.carried.append(bank)
            self.report(f"MC,BO,{slot},{bank}")

    def offer(self) -> None:
        """Somebody stands there with a bank that was given out."""
        free = next((slot for slot, bank in self.slots.items() if bank is None), None)
        if self._writer is not None and self.carried and free is not None:
            self.say(f"MQ,{free},{self.carried[0]}")
