"""A drive through a town, for the simulator: where a car is, how fast, and which way it heads."""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, radians
from typing import Final, NamedTuple

from wayside.protocol.simulator import Random


class Corner(NamedTuple):
    """A corner of the round, and how fast one drives from there to the next."""

    latitude: float
    longitude: float
    limit_kmh: float


# Once around the Tiergarten in Berlin: Strasse des 17. Juni, Hardenbergstrasse, Tauentzien- and Kleiststrasse,
# Buelowstrasse, Potsdamer Strasse, Ebertstrasse.
ROUND: Final = (
    Corner(52.51630, 13.37700, 50.0),
    Corner(52.51450, 13.35010, 50.0),
    Corner(52.51270, 13.32100, 40.0),
    Corner(52.50720, 13.33270, 30.0),
    Corner(52.50190, 13.34270, 40.0),
    Corner(52.49950, 13.35400, 50.0),
    Corner(52.49860, 13.36180, 40.0),
    Corner(52.50580, 13.36900, 50.0),
    Corner(52.50960, 13.37590, 30.0),
)

METRES_PER_DEGREE: Final = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""

RED_LIGHT_SHARE: Final = 0.08
TURN_DEG: Final = 30.0
KMH_PER_MPS: Final = 3.6


class Car:
    """Goes round and round; every car begins at a place of its own."""

    __slots__ = ("_leg", "_metres", "course_deg", "mileage_m", "relay_cut", "speed_kmh", "turned")

    def __init__(self, number: int) -> None:
        self._leg = number % len(ROUND)
        self._metres = 0.0
        self.speed_kmh = 0.0
        self.course_deg = _leg_course(self._leg)
        self.mileage_m = 1000.0 * (number % 100_000)
        self.turned = False
        """Whether the last step went round a corner."""
        self.relay_cut = False

    def drive(self, duration_s: float, random: Random) -> None:
        """Let time pass: a car keeps below the limit, stops at red lights, and stands when its relay is cut."""
        red = self.relay_cut or random.random() < RED_LIGHT_SHARE
        self.speed_kmh = 0.0 if red else ROUND[self._leg].limit_kmh * random.uniform(0.6, 1.05)
        metres = self.speed_kmh / KMH_PER_MPS * duration_s
        self.mileage_m += metres
        self._metres += metres
        while self._metres >= (length := _leg_metres(self._leg)):
            self._metres -= length
            self._leg = (self._leg + 1) % len(ROUND)
        course = _leg_course(self._leg)
        self.turned = TURN_DEG <= abs(course - self.course_deg) <= 360 - TURN_DEG
        self.course_deg = course

    @property
    def place(self) -> tuple[float, float]:
        """Latitude and longitude, on the straight line between two corners."""
        start, end = ROUND[self._leg], ROUND[(self._leg + 1) % len(ROUND)]
        share = self._metres / _leg_metres(self._leg)
        return (
            start.latitude + share * (end.latitude - start.latitude),
            start.longitude + share * (end.longitude - start.longitude),
        )


def _leg_vector(leg: int) -> tuple[float, float]:
    """Metres north and east from one corner to the next."""
    start, end = ROUND[leg], ROUND[(leg + 1) % len(ROUND)]
    north = (end.latitude - start.latitude) * METRES_PER_DEGREE
    east = (end.longitude - start.longitude) * METRES_PER_DEGREE * cos(radians(start.latitude))
    return north, east


def _leg_metres(leg: int) -> float:
    return hypot(*_leg_vector(leg))


def _leg_course(leg: int) -> float:
    north, east = _leg_vector(leg)
    return degrees(atan2(east, north)) % 360
