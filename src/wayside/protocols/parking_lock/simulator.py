"""A simulated parking lock: a bay with a lever, cars that come and go, and the talk with the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from wayside.model.instant import MINUTE, Instant, seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Close, Send, WakeAt
from wayside.protocol.framing import BadFrame
from wayside.protocol.imei import imei_of
from wayside.protocol.simulator import Behaviour, Random, Reactions
from wayside.protocols.parking_lock import messages as m
from wayside.protocols.parking_lock.bay import Bay
from wayside.protocols.parking_lock.frames import LineFramer
from wayside.wire.errors import DecodeError

VENDOR: Final = "OM"
MODEL: Final = "86626606"
"""How the IMEI in the document begins."""
NUMBERS: Final = 1_000_000

INTERLEAVED_SHARE: Final = 0.2
"""How often a heartbeat slips in before an answer, in the same segment."""

REPEAT_AFTER_S: Final = 20.0
REPEATS_MAX: Final = 3
"""A report without a receipt is sent again, but not for ever."""

AUTO_LOCK_EMPTY_S: Final = 180.0
AUTO_LOCK_LEFT_S: Final = 10.0
"""Section 1.7.9: up again when no car came for three minutes, or when one has left."""

RESTART_S: Final = 3.0
UPGRADE_S: Final = (10.0, 30.0)
LATE_S: Final = 90.0
"""An operation that goes wrong by being slow: longer than any server waits."""


class ParkingLockSimulator:
    """One lock; see ``protocol.simulator.Simulator``."""

    def __init__(self, behaviour: Behaviour, random: Random) -> None:
        self.ident = imei_of(MODEL, behaviour.number % NUMBERS)
        self._behaviour = behaviour
        self._random = random
        self._bay = Bay(random)
        self._framer = LineFramer(Side.SERVER)
        self._timers: dict[str, Instant] = {}
        self._unreceipted: dict[str, tuple[msgspec.Struct, int]] = {}
        self._key: tuple[int, m.Operation, Instant] | None = None
        self._moving_to: m.Operation | None = None
        self._user = self._user_time = 0
        self._unlocked_at: Instant = 0
        self._revision = 0

    def connected(self, at: Instant) -> Reactions:
        """Sign in, and report again what nobody has acknowledged."""
        self._framer = LineFramer(Side.SERVER)
        if "heartbeat" not in self._timers:
            self._set("heartbeat", at, self._random.uniform(0, self._behaviour.interval_s))
            self._set("car", at, self._bay.until_next_car_s())
        bay = self._bay
        reactions: Reactions = [self._say(m.SignIn(bay.voltage_mv, bay.mac(self.ident), "1", "2", bay.arm))]
        reactions += [self._say(message) for message, _ in self._unreceipted.values()]
        return self._with_alarm(reactions)

    def received(self, data: bytes, at: Instant) -> Reactions:
        """Lines from the server; what is nonsense, or for another lock, is ignored."""
        reactions: Reactions = []
        for frame in self._framer.feed(data):
            if isinstance(frame, BadFrame) or frame.imei != self.ident:
                continue
            try:
                message = m.parse(frame, Side.SERVER)
            except DecodeError:
                continue
            handler = self._ON_MESSAGE.get(type(message))
            if handler is not None:
                reactions += handler(self, message, at)
        return self._with_alarm(reactions)

    def wake(self, at: Instant) -> Reactions:
        """Whatever was due."""
        reactions: Reactions = []
        while self._timers[name := min(self._timers, key=self._timers.__getitem__)] <= at:
            del self._timers[name]
            reactions += self._ON_TIMER[name](self, at)
        return self._with_alarm(reactions)

    # What the server says.

    def _on_status_request(self, _: m.StatusRequest, _at: Instant) -> Reactions:
        bay = self._bay
        return self._answer(
            m.Status(
                bay.voltage_mv,
                int(bay.level),
                bay.signal(),
                bay.locked,
                int(bay.occupied),
                bay.arm,
                f"8986040{self.ident[2:]}",
                "CMIOT",
                bay.mac(self.ident),
                int(bay.auto_lock),
            )
        )

    def _on_key_request(self, request: m.KeyRequest, at: Instant) -> Reactions:
        key = self._random.randrange(0, 256)
        self._key = key, request.operation, at + seconds(request.valid_s)
        if request.operation == m.Operation.UNLOCK:
            self._user, self._user_time = request.user, request.time
        if self._misfortune():
            self._key = None
        return self._answer(m.Key(request.operation, key, request.user, request.time))

    def _on_unlock(self, order: m.Unlock, at: Instant) -> Reactions:
        self._user, self._user_time = order.user, order.time
        return self._operate(m.Operation.UNLOCK, order.key, at)

    def _on_lock(self, order: m.Lock, at: Instant) -> Reactions:
        return self._operate(m.Operation.LOCK, order.key, at)

    def _operate(self, operation: m.Operation, key: int, at: Instant) -> Reactions:
        granted, self._key = self._key, None
        if granted is None or granted[:2] != (key, operation) or at > granted[2]:
            return self._report(self._result(operation, m.Result.KEY_REFUSED, at), at)
        if self._moving_to is not None:
            return self._report(self._result(operation, m.Result.FAILED, at), at)
        self._move(operation, at)
        return []

    def _on_receipt(self, receipt: m.Receipt, _at: Instant) -> Reactions:
        self._unreceipted.pop(receipt.word, None)
        return []

    def _on_version_request(self, _: m.VersionRequest, _at: Instant) -> Reactions:
        return self._answer(m.Version(f"V1.0.{self._revision}", "May172024", "SIM7670V01"))

    def _on_set_auto_lock(self, order: m.SetAutoLock, at: Instant) -> Reactions:
        self._bay.auto_lock = order.enabled == 1
        self._plan_auto_lock(at)
        return self._answer(m.AutoLockReport(order.enabled))

    def _on_upgrade(self, _: m.Upgrade, at: Instant) -> Reactions:
        if self._misfortune():
            return [self._say(m.UpgradeReport(m.UpgradeCode.REJECTED))]
        self._set("upgraded", at, self._random.uniform(*UPGRADE_S))
        return [self._say(m.UpgradeReport(m.UpgradeCode.RECEIVED))]

    def _on_reboot(self, _: m.Reboot, at: Instant) -> Reactions:
        self._set("restart", at, RESTART_S)
        return []

    # What happens by itself.

    def _beat(self, at: Instant) -> Reactions:
        self._set("heartbeat", at, self._behaviour.interval_s)
        reactions: Reactions = [self._say(self._heartbeat())]
        if self._bay.locked and self._moving_to is None and self._misfortune():
            reactions += self._alarm(1, at)
        return reactions

    def _car(self, at: Instant) -> Reactions:
        left = self._bay.car_comes_or_goes()
        self._set("car", at, self._bay.until_next_car_s())
        if left:
            self._plan_auto_lock(at, AUTO_LOCK_LEFT_S)
        return []

    def _lock_by_itself(self, at: Instant) -> Reactions:
        bay = self._bay
        if bay.auto_lock and not bay.locked and not bay.occupied and self._moving_to is None:
            self._move(m.Operation.LOCK, at)
        return []

    def _moved(self, at: Instant) -> Reactions:
        operation, self._moving_to = self._moving_to, None
        assert operation is not None
        obstructed = operation == m.Operation.LOCK and self._bay.occupied
        if obstructed or self._misfortune():
            self._bay.fall_back()
            reactions = self._alarm(3 if obstructed else 2, at)
            return reactions + self._report(self._result(operation, m.Result.FAILED, at), at)
        self._bay.arrive(operation)
        reactions = self._report(self._result(operation, m.Result.OK, at), at)
        if operation == m.Operation.UNLOCK:
            self._unlocked_at = at
            self._plan_auto_lock(at)
        return reactions

    def _upgraded(self, at: Instant) -> Reactions:
        self._revision += 1
        self._set("restart", at, RESTART_S)
        return [self._say(m.UpgradeReport(m.UpgradeCode.ENDED))]

    def _restart(self, _at: Instant) -> Reactions:
        return [Close("restart")]

    def _repeat(self, at: Instant) -> Reactions:
        reactions: Reactions = []
        for word, (message, repeats) in list(self._unreceipted.items()):
            if repeats == REPEATS_MAX:
                del self._unreceipted[word]
                continue
            self._unreceipted[word] = message, repeats + 1
            reactions.append(self._say(message))
        if self._unreceipted:
            self._set("repeat", at, REPEAT_AFTER_S)
        return reactions

    # Common to all.

    def _heartbeat(self) -> m.Heartbeat:
        bay = self._bay
        bay.drain()
        return m.Heartbeat(
            bay.locked,
            bay.voltage_mv,
            bay.signal(),
            int(bay.occupied),
            bay.arm,
            "1",
            "1",
            int(bay.auto_lock),
        )

    def _move(self, operation: m.Operation, at: Instant) -> None:
        self._moving_to = operation
        self._bay.depart()
        self._set("moved", at, LATE_S if self._misfortune() else self._bay.travel_s())

    def _plan_auto_lock(self, at: Instant, after_s: float = AUTO_LOCK_EMPTY_S) -> None:
        self._set("auto_lock", at, after_s)

    def _result(self, operation: m.Operation, result: m.Result, at: Instant) -> msgspec.Struct:
        if operation == m.Operation.UNLOCK:
            return m.UnlockResult(result, self._user, self._user_time)
        minutes = (at - self._unlocked_at) // MINUTE if self._unlocked_at else 0
        return m.LockResult(result, self._user, self._user_time, minutes)

    def _report(self, message: msgspec.Struct, at: Instant) -> Reactions:
        word = m.word_of(message)
        self._unreceipted[word] = message, 0
        self._set("repeat", at, REPEAT_AFTER_S)
        return [self._say(message)]

    def _alarm(self, code: int, at: Instant) -> Reactions:
        return self._report(m.Alarm(code), at)

    def _answer(self, message: msgspec.Struct) -> Reactions:
        if self._misfortune():
            return []
        answer = self._say(message)
        if self._random.random() < INTERLEAVED_SHARE:
            heartbeat = self._say(self._heartbeat())
            return [Send(heartbeat.data + answer.data, answer.message)]
        return [answer]

    def _say(self, message: msgspec.Struct) -> Send:
        return Send(m.write(message, VENDOR, self.ident), m.name_of(message))

    def _misfortune(self) -> bool:
        return self._random.random() < self._behaviour.faults

    def _set(self, name: str, at: Instant, after_s: float) -> None:
        self._timers[name] = at + seconds(after_s)

    def _with_alarm(self, reactions: Reactions) -> Reactions:
        return [*reactions, WakeAt(min(self._timers.values()))]

    _ON_MESSAGE: ClassVar[dict[type, Callable[[Any, Any, Instant], Reactions]]] = {
        m.StatusRequest: _on_status_request,
        m.KeyRequest: _on_key_request,
        m.Unlock: _on_unlock,
        m.Lock: _on_lock,
        m.Receipt: _on_receipt,
        m.VersionRequest: _on_version_request,
        m.SetAutoLock: _on_set_auto_lock,
        m.Upgrade: _on_upgrade,
        m.Reboot: _on_reboot,
    }
    _ON_TIMER: ClassVar[dict[str, Callable[[Any, Instant], Reactions]]] = {
        "heartbeat": _beat,
        "car": _car,
        "auto_lock": _lock_by_itself,
        "moved": _moved,
        "upgraded": _upgraded,
        "restart": _restart,
        "repeat": _repeat,
    }
