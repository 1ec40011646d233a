"""What of live video can be set, and what grows with it."""

import pytest

from wayside.app import config
from wayside.app.live import limits_of
from wayside.app.settings import LiveSettings
from wayside.media.live.limits import LiveLimits
from wayside.model.errors import ConfigError


def test_what_is_not_set_is_as_it_was() -> None:
    assert limits_of(LiveSettings()) == LiveLimits()


def test_what_is_set_counts_and_what_hangs_on_it_grows() -> None:
    given = {"live.viewers_per_stream": "7", "live.recording_s": "90", "live.connections_per_address": 5_000}
    environ = {"WAYSIDE_LIVE_STREAMS": "4000", "WAYSIDE_LIVE_VIEWERS": "3000"}
    limits = limits_of(config.load(given, environ).settings.live)
    assert (limits.streams, limits.connections, limits.requests) == (4_000, 4_000, 8_000)
    assert (limits.viewers, limits.viewers_per_stream) == (3_000, 7)
    assert (limits.recording_s, limits.connections_per_address) == (90.0, 5_000)


def test_few_streams_leave_room_for_cameras_that_come_again() -> None:
    limits = limits_of(LiveSettings(streams=2))
    assert (limits.streams, limits.connections, limits.requests) == (2, 512, 1_024)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("live.streams", "0"),
        ("live.viewers", "4001"),
        ("live.viewers_per_stream", "many"),
        ("live.recording_s", "3601"),
        ("live.connections_per_address", "-1"),
        ("live.gop_bytes", "1"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name.replace(".", r"\.")):
        config.load({name: value}, {})
