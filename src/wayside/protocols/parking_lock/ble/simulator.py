"""A simulated parking lock as a BLE peripheral: the same bay as over TCP, another tongue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from wayside.model.instant import Instant, seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Close, Send, WakeAt
from wayside.protocol.framing import BadFrame, Fault
from wayside.protocol.imei import imei_of
from wayside.protocol.simulator import Behaviour, Random, Reactions
from wayside.protocols.parking_lock.bay import Bay
from wayside.protocols.parking_lock.ble import messages as m
from wayside.protocols.parking_lock.ble.frames import BleFramer, Frame
from wayside.protocols.parking_lock.ble.information import items_of, packets_of, text_of, whole_crc
from wayside.protocols.parking_lock.ble.options import DEVICE_KEY_DEFAULT
from wayside.protocols.parking_lock.messages import Arm, Operation
from wayside.protocols.parking_lock.simulator import MODEL, NUMBERS
from wayside.wire.errors import DecodeError

VERIFIED_WITHIN_S: Final = 5.0
RESTART_S: Final = 2.0
HANG_UP_S: Final = 0.2
"""So that its last word still arrives."""

LATE_S: Final = 45.0
"""An operation that goes wrong by being slow: longer than any server waits."""

ASK_AGAIN_S: Final = 3.0
ASKS_MAX: Final = 5

DEVICE_TYPE: Final = 0x80
RAND_MAX: Final = 0x100

# Where one misfortune costs a whole transfer of dozens of packets, it has to be rarer.
PACKET_FAULTS: Final = 0.25

MAKE: Final = {"VERSION": "80_V6.1.9", "VDATA": "Jan 27 2024", "REVISION": "A011B14A7670M7"}


class Receiving:
    """A transfer that the lock fetches packet by packet."""

    def __init__(self, head: m.Transfer) -> None:
        self.head = head
        self.parts: dict[int, bytes] = {}
        self.asks = 0

    @property
    def following(self) -> int:
        """The first packet that is not there yet."""
        return len(self.parts)

    @property
    def data(self) -> bytes:
        """All of it, without the zeroes at the end."""
        return b"".join(self.parts[index] for index in sorted(self.parts))[: self.head.size]


class BleParkingLockSimulator:
    """One lock; see ``protocol.simulator.Simulator``.

    ``device_key``: what opens it.  ``items``: what it tells of itself.  ``unconfirmed``: whether the last operation's
    result still waits for its confirmation.  ``firmware``: the last file that it was sent.
    """

    def __init__(self, behaviour: Behaviour, random: Random) -> None:
        self.ident = imei_of(MODEL, behaviour.number % NUMBERS)
        self.device_key = DEVICE_KEY_DEFAULT
        self.unconfirmed = False
        self.firmware = b""
        self.bay = Bay(random)
        self.items = {
            "APN": "CMNET",
            "IPMODE": "1",
            "IP": "locks.example.net",
            "PORT": "9682",
            "KEY": self.device_key.decode("ascii"),
            "IMEI": self.ident,
            **MAKE,
        }
        self._behaviour = behaviour
        self._random = random
        self._framer = BleFramer(Side.SERVER)
        self._key: int | None = None
        self._moving_to: Operation | None = None
        self._unlock_time = 0
        self._packets: tuple[m.Packet, ...] = ()
        self._receiving: Receiving | None = None
        self._timers: dict[str, Instant] = {}

    def connected(self, at: Instant) -> Reactions:
        """Wait for the device key, but not for long."""
        self._framer = BleFramer(Side.SERVER)
        self._key = self._receiving = None
        self._timers = {name: due for name, due in self._timers.items() if name in {"moved", "car"}}
        self._timers.setdefault("car", at + seconds(self.bay.until_next_car_s()))
        self._set("unverified", at, VERIFIED_WITHIN_S)
        return self._alarm([])

    def received(self, data: bytes, at: Instant) -> Reactions:
        """Requests; a damaged one, or one without the right key, is complained about."""
        reactions: Reactions = []
        for frame in self._framer.feed(data):
            if isinstance(frame, BadFrame):
                if frame.fault is Fault.CHECKSUM:
                    reactions.append(self._say(m.Complaint(m.Reason.CRC)))
                continue
            try:
                message = m.parse(frame, Side.SERVER)
            except DecodeError:
                continue
            reactions += self._handle(frame, message, at)
        return self._alarm(reactions)

    def wake(self, at: Instant) -> Reactions:
        """Whatever was due."""
        reactions: Reactions = []
        while self._timers[name := min(self._timers, key=self._timers.__getitem__)] <= at:
            del self._timers[name]
            reactions += self._ON_TIMER[name](self, at)
        return self._alarm(reactions)

    def _handle(self, frame: Frame, message: msgspec.Struct, at: Instant) -> Reactions:
        if isinstance(message, m.Verify):
            return self._on_verify(message, at)
        if isinstance(message, m.Packet):
            return self._on_packet(message, at)
        if self._key is None or frame.key != self._key:
            reason = m.Reason.NO_KEY if self._key is None else m.Reason.WRONG_KEY
            return [self._say(m.Complaint(reason))]
        handler = self._ON_MESSAGE.get(type(message))
        return [] if handler is None else handler(self, message, at)

    # What the server says.

    def _on_verify(self, request: m.Verify, at: Instant) -> Reactions:
        if request.device_key != self.device_key:
            self._set("refused", at, HANG_UP_S)
            return [self._say(m.Verified(0, 0))]
        self._timers.pop("unverified", None)
        key = self._random.randrange(1, RAND_MAX)
        answer = self._say(m.Verified(1, key))
        self._key = key
        return [answer]

    def _on_unlock(self, order: m.Unlock, at: Instant) -> Reactions:
        self._unlock_time = order.time
        return self._operate(Operation.UNLOCK, at)

    def _on_lock(self, _: m.Lock, at: Instant) -> Reactions:
        return self._operate(Operation.LOCK, at)

    def _operate(self, operation: Operation, at: Instant) -> Reactions:
        self._moving_to = operation
        self.bay.depart()
        self._set("moved", at, LATE_S if self._misfortune() else self.bay.travel_s())
        return self._answer(self._report(operation, m.Progress.STARTED))

    def _on_confirmed(self, _: m.UnlockConfirmed | m.LockConfirmed, _at: Instant) -> Reactions:
        self.unconfirmed = False
        return []

    def _on_address(self, _: m.AddressRequest, _at: Instant) -> Reactions:
        return self._answer(m.Address(1, bytes.fromhex(Bay.mac(self.ident).replace(":", ""))))

    def _on_status(self, _: m.StatusRequest, _at: Instant) -> Reactions:
        bay = self.bay
        bay.drain()
        return self._answer(
            m.Status(
                voltage_mv=bay.voltage_mv,
                reserved_7=False,
                old_data=self.unconfirmed,
                auto_lock=bay.auto_lock,
                occupied=bay.occupied,
                reverse=False,
                centre=bay.arm == Arm.OTHER,
                reserved_1=False,
                unlocked=not bay.locked,
                status_2=0,
                major=6,
                minor=1,
                edition=9,
            )
        )

    def _on_cover(self, _: m.CoverRequest, _at: Instant) -> Reactions:
        return self._answer(m.Cover(bytes((self.bay.occupied,))))

    def _on_device_key(self, order: m.SetDeviceKey, _at: Instant) -> Reactions:
        self.device_key = order.device_key
        self.items["KEY"] = order.device_key.decode("ascii")
        return self._answer(m.SetDeviceKeyAnswer(b"\1"))

    def _on_alarm_sound(self, order: m.SetAlarmSound, _at: Instant) -> Reactions:
        return self._answer(m.SetAlarmSoundAnswer(bytes((order.mode,))))

    def _on_auto_lock(self, order: m.SetAutoLock, _at: Instant) -> Reactions:
        self.bay.auto_lock = order.enabled == 1
        return self._answer(m.SetAutoLockAnswer(bytes((order.enabled,))))

    def _on_find(self, _: m.Find, _at: Instant) -> Reactions:
        return self._answer(m.FindAnswer(b"\1"))

    def _on_reboot(self, _: m.Reboot, at: Instant) -> Reactions:
        self._set("restart", at, RESTART_S)
        return []

    def _on_bus_address(self, order: m.SetBusAddress, _at: Instant) -> Reactions:
        return self._answer(m.SetBusAddressAnswer(bytes((order.current, order.new))))

    def _on_information(self, _: m.InformationRequest, _at: Instant) -> Reactions:
        bay = self.bay
        state = {
            "CSQ": bay.signal(),
            "POWER": bay.voltage_mv,
            "CALIBRATE": 1,
            "LOCKSTA": int(bay.locked),
            "COVERSTA": int(bay.occupied),
            "CUR_POSITION": int(bay.arm),
            "AUTOLOCK": int(bay.auto_lock),
        }
        text = text_of(self.items | {name: str(value) for name, value in state.items()})
        self._packets = packets_of(text)
        head = m.Transfer(
            m.Content.INFORMATION, len(self._packets), whole_crc(self._packets), DEVICE_TYPE, len(text)
        )
        return self._answer(head)

    def _on_packet_request(self, request: m.PacketRequest, _at: Instant) -> Reactions:
        if request.index >= len(self._packets):
            return []
        return self._answer(self._packets[request.index], PACKET_FAULTS)

    def _on_transfer(self, head: m.Transfer, at: Instant) -> Reactions:
        # The same file again: go on where it broke off.
        if self._receiving is None or self._receiving.head != head:
            self._receiving = Receiving(head)
        return self._ask(self._receiving, at)

    def _on_packet(self, packet: m.Packet, at: Instant) -> Reactions:
        receiving = self._receiving
        if receiving is None or packet.index != receiving.following or self._misfortune(PACKET_FAULTS):
            return []
        receiving.parts[packet.index] = packet.data
        receiving.asks = 0
        if receiving.following < receiving.head.packets:
            return self._ask(receiving, at)
        self._receiving = None
        self._timers.pop("ask", None)
        if receiving.head.content == m.Content.FIRMWARE:
            self.firmware = receiving.data
            self._set("restart", at, RESTART_S)
        else:
            self.items |= items_of(receiving.data)
        return []

    def _ask(self, receiving: Receiving, at: Instant) -> Reactions:
        receiving.asks += 1
        self._set("ask", at, ASK_AGAIN_S)
        return [self._say(m.PacketRequest(receiving.following, receiving.head.device_type))]

    # What happens by itself.

    def _ask_again(self, at: Instant) -> Reactions:
        receiving = self._receiving
        if receiving is None or receiving.asks == ASKS_MAX:
            return []
        return self._ask(receiving, at)

    def _moved(self, _at: Instant) -> Reactions:
        operation, self._moving_to = self._moving_to, None
        assert operation is not None
        failed = (operation is Operation.LOCK and self.bay.occupied) or self._misfortune()
        if failed:
            self.bay.fall_back()
        else:
            self.bay.arrive(operation)
        self.unconfirmed = True
        report = self._report(operation, m.Progress.TIMED_OUT if failed else m.Progress.DONE)
        return [] if self._key is None else self._answer(report)

    def _car(self, at: Instant) -> Reactions:
        self.bay.car_comes_or_goes()
        self._set("car", at, self.bay.until_next_car_s())
        return []

    def _unverified(self, _at: Instant) -> Reactions:
        return [Close("no device key in time")]

    def _refused(self, _at: Instant) -> Reactions:
        return [Close("the device key is wrong")]

    def _restart(self, _at: Instant) -> Reactions:
        self._key = None
        return [Close("restart")]

    # Common to all.

    def _report(self, operation: Operation, progress: m.Progress) -> msgspec.Struct:
        if operation is Operation.UNLOCK:
            return m.UnlockReport(progress, self._unlock_time)
        return m.LockReport(progress, self._unlock_time)

    def _answer(self, message: msgspec.Struct, share: float = 1.0) -> Reactions:
        return [] if self._misfortune(share) else [self._say(message)]

    def _say(self, message: msgspec.Struct) -> Send:
        data = m.write(message, self._key or 0, self._random.randrange(0, RAND_MAX))
        return Send(data, m.name_of_message(message))

    def _misfortune(self, share: float = 1.0) -> bool:
        return self._random.random() < self._behaviour.faults * share

    def _set(self, name: str, at: Instant, after_s: float) -> None:
        self._timers[name] = at + seconds(after_s)

    def _alarm(self, reactions: Reactions) -> Reactions:
        return [*reactions, WakeAt(min(self._timers.values(), default=None))]

    _ON_MESSAGE: ClassVar[dict[type, Callable[[Any, Any, Instant], Reactions]]] = {
        m.Unlock: _on_unlock,
        m.UnlockConfirmed: _on_confirmed,
        m.Lock: _on_lock,
        m.LockConfirmed: _on_confirmed,
        m.AddressRequest: _on_address,
        m.StatusRequest: _on_status,
        m.CoverRequest: _on_cover,
        m.SetDeviceKey: _on_device_key,
        m.SetAlarmSound: _on_alarm_sound,
        m.SetAutoLock: _on_auto_lock,
        m.Find: _on_find,
        m.Reboot: _on_reboot,
        m.SetBusAddress: _on_bus_address,
        m.InformationRequest: _on_information,
        m.PacketRequest: _on_packet_request,
        m.Transfer: _on_transfer,
    }
    _ON_TIMER: ClassVar[dict[str, Callable[[Any, Instant], Reactions]]] = {
        "unverified": _unverified,
        "refused": _refused,
        "moved": _moved,
        "car": _car,
        "ask": _ask_again,
        "restart": _restart,
    }
