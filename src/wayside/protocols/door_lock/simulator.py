"""A simulated door lock: a peripheral that only answers, with its codes, its tries and its patience."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from wayside.model.instant import MINUTE, SECOND, Instant, seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Send
from wayside.protocol.framing import BadFrame
from wayside.protocol.simulator import Behaviour, Random, Reactions
from wayside.protocols.door_lock import messages as m
from wayside.protocols.door_lock.cipher import CIPHER_DEFAULT, cipher_named
from wayside.protocols.door_lock.clock import CENTURY, YEARS
from wayside.protocols.door_lock.frames import MAC_BYTES, DoorLockFramer
from wayside.protocols.door_lock.identity import ident_of
from wayside.wire.civil import civil_from_instant, instant_from_civil
from wayside.wire.errors import DecodeError

MAKER: Final = b"\xbb\xa0\x50"
"""How the captured lock's MAC begins."""
NUMBERS: Final = 1 << 24

OWN_CODE_BYTES: Final = 14
ECHOED: Final = slice(12, 14)
"""Which two bytes of the phone's code the captured lock gave back."""

TRIES_MAX: Final = 5
LOCKED_OUT_S: Final = 60.0
WAIT_S_MAX: Final = 0xFF

STATE: Final = bytes.fromhex("01000700")
TAIL: Final = bytes.fromhex("0b0000000000")
OPEN_TAIL: Final = bytes(8)


class DoorLockSimulator:
    """One lock; see ``protocol.simulator.Simulator``.

    ``cipher``: the name of the one that its make has.  ``wrong``: how many wrong tries in a row it has seen.
    """

    def __init__(self, behaviour: Behaviour, random: Random, *, cipher: str = CIPHER_DEFAULT) -> None:
        self._mac = MAKER + (behaviour.number % NUMBERS).to_bytes(MAC_BYTES - len(MAKER))
        self.ident = ident_of(self._mac)
        self.wrong = 0
        self.opened = 0
        self._behaviour = behaviour
        self._random = random
        self._cipher = cipher_named(cipher)
        self._framer = DoorLockFramer(Side.SERVER)
        self._key: bytes | None = None
        self._ahead: Instant = 0
        self._locked_out_until: Instant = 0

    def connected(self, at: Instant) -> Reactions:  # noqa: ARG002 - the Simulator's signature
        """Nothing: the phone speaks first.  Tries and clock outlive the connection, the key does not."""
        self._framer = DoorLockFramer(Side.SERVER)
        self._key = None
        return []

    def received(self, data: bytes, at: Instant) -> Reactions:
        """Requests; what is nonsense is ignored."""
        reactions: Reactions = []
        for frame in self._framer.feed(data):
            if isinstance(frame, BadFrame):
                continue
            try:
                message = m.parse(frame, Side.SERVER)
            except DecodeError:
                continue
            handler = self._ON_MESSAGE.get(type(message))
            if handler is not None:
                reactions += handler(self, message, at)
        return reactions

    def wake(self, at: Instant) -> Reactions:  # noqa: ARG002 - the Simulator's signature
        """It has no alarm clock."""
        return []

    def _on_clock(self, order: m.SetClock, at: Instant) -> Reactions:
        told = instant_from_civil(
            order.year + CENTURY, order.month, order.day, order.hour, order.minute, order.second
        )
        if told is not None:
            self._ahead = told - at
        return self._answer(m.ClockSet(order.mark, STATE, self._mac, TAIL))

    def _on_code(self, order: m.AppCode, _at: Instant) -> Reactions:
        own = bytes(self._random.randrange(0, 256) for _ in range(OWN_CODE_BYTES))
        self._key = own + order.code[ECHOED]
        return self._answer(m.LockCode(self._key))

    def _on_open(self, order: m.Open, at: Instant) -> Reactions:
        key, self._key = self._key, None
        if at < self._locked_out_until:
            return self._say(m.OpenStatus.LOCKED_OUT, at)
        if key is not None and self._opens(self._cipher.decrypt(key, order.block), at):
            self.wrong = 0
            self.opened += 1
            return self._say(m.OpenStatus.OK, at)
        self.wrong += 1
        if self.wrong < TRIES_MAX:
            return self._say(m.OpenStatus.REFUSED, at)
        self.wrong = 0
        self._locked_out_until = at + seconds(LOCKED_OUT_S)
        return self._say(m.OpenStatus.LOCKED_OUT, at)

    def _opens(self, block: bytes, at: Instant) -> bool:
        """Whether this decrypted block is an order for just now.  A misfortune is a wrong key, too."""
        window = m.WINDOW.decode(block)
        start, end = _instant(window.start), _instant(window.end)
        if window.mark != m.WINDOW_MARK or start is None or end is None or self._misfortune():
            return False
        return start <= at + self._ahead < end + MINUTE

    def _say(self, status: m.OpenStatus, at: Instant) -> Reactions:
        wait_s = min(max(0, (self._locked_out_until - at) // SECOND), WAIT_S_MAX)
        year, month, day, hour, minute, second = civil_from_instant(at + self._ahead)
        return self._answer(
            m.OpenAnswer(status, wait_s, year % YEARS, month, day, hour, minute, second, OPEN_TAIL)
        )

    def _answer(self, message: msgspec.Struct) -> Reactions:
        if self._misfortune():
            return []
        return [Send(m.write(message, self._mac), m.message_name(message))]

    def _misfortune(self) -> bool:
        return self._random.random() < self._behaviour.faults

    _ON_MESSAGE: ClassVar[dict[type, Callable[[Any, Any, Instant], Reactions]]] = {
        m.SetClock: _on_clock,
        m.AppCode: _on_code,
        m.Open: _on_open,
    }


def _instant(moment: m.Moment) -> Instant | None:
    return instant_from_civil(moment.year + CENTURY, moment.month, moment.day, moment.hour, moment.minute, 0)
