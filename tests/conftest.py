"""What holds for every test."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No deadline: a timing is never asserted, and a busy machine is not a failing test.
# `quick` is the default, and keeps `make test` under five minutes; WAYSIDE_HYPOTHESIS=thorough is for a night.
settings.register_profile(
    "quick", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=5_000)
settings.load_profile(os.environ.get("WAYSIDE_HYPOTHESIS", "quick"))


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """A file that has arrived, and is to be kept."""
    path = tmp_path / "x.part"
    path.write_bytes(b"content")
    return path
