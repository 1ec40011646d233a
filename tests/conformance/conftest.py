"""Every test here runs for every link of every protocol: what a protocol must do stands once."""

from __future__ import annotations

import pytest

from tests.conformance.rig import LINKS, Rig, recording


@pytest.fixture(params=LINKS, ids=[f"{rig.protocol.name}-{rig.link.transport}" for rig in LINKS])
def rig(request: pytest.FixtureRequest) -> Rig:
    rig: Rig = request.param
    return rig


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Record a link's conversation before Hypothesis begins: the recording draws its commands from Hypothesis too."""
    rig = (
        item.callspec.params.get("rig")
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else None
    )
    if isinstance(rig, Rig):
        recording(rig)
