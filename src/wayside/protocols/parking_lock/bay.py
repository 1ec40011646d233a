"""The physical side of a simulated lock: lever, battery, and the cars above."""

from __future__ import annotations

from typing import Final

from wayside.protocol.simulator import Random
from wayside.protocols.parking_lock.messages import Arm, Locked, Operation

EMPTY_MV: Final = 5200
FULL_MV: Final = 6200
PERCENT: Final = 100
LOW_PERCENT: Final = 5
"""When somebody comes to change the battery."""

DRAIN_PER_REPORT: Final = 0.01
DRAIN_PER_MOVE: Final = 0.05

CAR_COMES_S: Final = (60.0, 600.0)
CAR_STAYS_S: Final = (300.0, 3600.0)
TRAVEL_S: Final = (2.0, 5.0)

WHERE: Final = {Locked.LOCKED: Arm.UP, Locked.UNLOCKED: Arm.DOWN}


class Bay:
    """A parking bay with its lock."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.locked = Locked.LOCKED
        self.arm = Arm.UP
        self.occupied = False
        self.auto_lock = True
        self.level = random.uniform(40, PERCENT)

    @property
    def voltage_mv(self) -> int:
        """What the battery gives at its level."""
        return EMPTY_MV + round((FULL_MV - EMPTY_MV) * self.level / PERCENT)

    def signal(self) -> int:
        """Somewhere in the better half of 2 to 32."""
        return self._random.randrange(18, 33)

    @staticmethod
    def mac(ident: str) -> str:
        """A Bluetooth address that follows from the IMEI."""
        return ":".join(("E7", *(ident[n : n + 2] for n in range(5, 15, 2))))

    def drain(self, percent: float = DRAIN_PER_REPORT) -> None:
        """Use the battery; a low one is changed."""
        self.level -= percent
        if self.level < LOW_PERCENT:
            self.level = float(PERCENT)

    def depart(self) -> None:
        """The lever leaves its end."""
        self.arm = Arm.OTHER
        self.drain(DRAIN_PER_MOVE)

    def arrive(self, operation: Operation) -> None:
        """The lever has come to the other end."""
        self.locked = Locked.UNLOCKED if operation == Operation.UNLOCK else Locked.LOCKED
        self.arm = WHERE[self.locked]

    def fall_back(self) -> None:
        """The lever is back where it was."""
        self.arm = WHERE[self.locked]

    def travel_s(self) -> float:
        """How long the lever is under way."""
        return self._random.uniform(*TRAVEL_S)

    def until_next_car_s(self) -> float:
        """When a car comes, or this one leaves."""
        return self._random.uniform(*(CAR_STAYS_S if self.occupied else CAR_COMES_S))

    def car_comes_or_goes(self) -> bool:
        """True if one left.  None comes where the lever is not down."""
        left = self.occupied
        self.occupied = not left and self.arm == Arm.DOWN
        return left
