"""How far a connection's ident is believed that came from outside the device's own words."""

from __future__ import annotations

import enum


class Belief(enum.Enum):
    """When a link whose device somebody has named speaks for that device."""

    AT_ONCE = enum.auto()
    """The link reaches this device and no other (a BLE address): as soon as it is up."""
    WHEN_HEARD = enum.auto()
    """Somebody plugged it in there (a serial port): once anything answers.  It may sleep for as long as it likes."""
    WHEN_SAID = enum.auto()
    """Somebody else says so (a phone between us): once the device has said the same of itself."""
