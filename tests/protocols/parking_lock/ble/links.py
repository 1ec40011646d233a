"""A session fed with messages by hand."""

from __future__ import annotations

from random import Random

import msgspec

from tests.protocols.parking_lock.ble.air import INFORMATION
from wayside.model.commands import Command, State
from wayside.model.instant import Instant, seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Effects, Emit, Identify, Send, Settle
from wayside.protocol.questions import OpenCommand, Registration
from wayside.protocol.session import Setup
from wayside.protocols.parking_lock import PROTOCOL
from wayside.protocols.parking_lock.ble import messages as m
from wayside.protocols.parking_lock.ble.frames import BleFramer, Frame
from wayside.protocols.parking_lock.ble.information import packets_of, whole_crc
from wayside.protocols.parking_lock.ble.session import BleParkingLockSession

IMEI = "862205059210080"
MAC = bytes.fromhex("e70fb7fda674")
START: Instant = 1_700_638_984 * 1_000_000
KEY = 0x59

VERIFIED = m.Verified(1, KEY)
ADDRESS = m.Address(1, MAC)
COVER = m.Cover(b"\0")
LOCKED, UNLOCKED = 0x00, 0x01
BETWEEN, AUTO = 0x04, 0x20


def status(flags: int) -> m.Status:
    return m.Status(
        6018,
        reserved_7=bool(flags & 0x80),
        old_data=bool(flags & 0x40),
        auto_lock=bool(flags & AUTO),
        occupied=bool(flags & 0x10),
        reverse=bool(flags & 0x08),
        centre=bool(flags & BETWEEN),
        reserved_1=bool(flags & 0x02),
        unlocked=bool(flags & UNLOCKED),
        status_2=0,
        major=6,
        minor=1,
        edition=9,
    )


def transfer(text: str) -> tuple[m.Transfer, tuple[m.Packet, ...]]:
    """What the lock sends of a text: the head, and the packets."""
    packets = packets_of(text.encode())
    return m.Transfer(m.Content.INFORMATION, len(packets), whole_crc(packets), 0x80, len(text)), packets


class Lock:
    """Talks to a session in messages, and keeps the time."""

    def __init__(self, *open_commands: OpenCommand, ident: str | None = IMEI, **options: str) -> None:
        setup = Setup(ident=ident, random_bytes=Random(1).randbytes, options=options)
        self.session = BleParkingLockSession(setup)
        self.registration = Registration(accepted=True, open_commands=open_commands)
        self.now = START

    def connect(self) -> Effects:
        """Up to the point where a known lock has been asked how it is."""
        effects = self.session.connected(self.now) + self.say(VERIFIED)
        # The gateway's own word, where the transport knew the device.
        effects += self.session.answer(Identify(IMEI), self.registration, self.now)
        for answer in (status(LOCKED), COVER, ADDRESS):
            effects += self.say(answer)
        return effects

    def say(self, message: msgspec.Struct) -> Effects:
        """The effects of one message, with what the answer to an ``Identify`` brought behind them."""
        (frame,) = BleFramer(Side.DEVICE).feed(m.write(message, KEY, 0x7E))
        assert isinstance(frame, Frame)
        effects = self.session.receive(frame, self.now)
        for effect in list(effects):
            if isinstance(effect, Identify):
                effects += self.session.answer(effect, self.registration, self.now)
        return effects

    def tell(self, text: str = INFORMATION) -> Effects:
        """The whole information, packet by packet as it is asked for."""
        head, packets = transfer(text)
        effects = self.say(head)
        for packet in packets:
            assert m.PacketRequest(packet.index, 0x80) in sent(effects)
            effects += self.say(packet)
        return effects

    def ask(self, capability: str, command: str = "", number: int = 7, **parameters: object) -> Effects:
        """Begin a command; its id is the capability's name unless another is given."""
        return self.order(capability, parameters, command, number)

    def order(
        self, capability: str, parameters: dict[str, object], command: str = "", number: int = 7
    ) -> Effects:
        known = PROTOCOL.capability(capability)
        assert known is not None
        values = msgspec.convert(parameters, known.parameters)
        return self.session.execute(Command(command or capability, number, capability, values), self.now)

    def wait(self, duration_s: float) -> Effects:
        self.now += seconds(duration_s)
        return self.session.wake(self.now)

    def lose(self) -> Effects:
        return self.session.disconnected(self.now)


def frames(effects: Effects) -> list[Frame]:
    """The frames that go to the lock."""
    found = [f for e in effects if isinstance(e, Send) for f in BleFramer(Side.SERVER).feed(e.data)]
    return [frame for frame in found if isinstance(frame, Frame)]


def sent(effects: Effects) -> list[msgspec.Struct]:
    """What goes to the lock."""
    return [m.parse(frame, Side.SERVER) for frame in frames(effects)]


def settled(effects: Effects) -> list[tuple[State, bool]]:
    """States that commands came to, and whether late."""
    return [(effect.state, effect.late) for effect in effects if isinstance(effect, Settle)]


def emitted(effects: Effects) -> list[str]:
    return [effect.event.message for effect in effects if isinstance(effect, Emit)]
