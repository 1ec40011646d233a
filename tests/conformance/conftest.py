"""Every test here runs for every link of every protocol: what a protocol must do stands once."""

from __future__ import annotations

import pytest

from tests.conformance.rig import LINKS, Rig


@pytest.fixture(params=LINKS, ids=[f"{rig.protocol.name}-{rig.link.transport}" for rig in LINKS])
def rig(request: pytest.FixtureRequest) -> Rig:
    rig: Rig = request.param
    return rig
