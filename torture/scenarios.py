"""Every scenario, in the order of the table."""

from __future__ import annotations

from typing import Final

from torture import deaths, fuzz, keeping, peers, slow, troubles
from torture.scenario import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *deaths.SCENARIOS,
    *troubles.SCENARIOS,
    *slow.SCENARIOS,
    *peers.SCENARIOS,
    *fuzz.SCENARIOS,
    *keeping.SCENARIOS,
)
