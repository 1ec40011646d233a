"""The gateway's numbers as samples: bounded labels, whatever peers invent."""

from types import SimpleNamespace
from typing import cast

from wayside.app.metrics import samples
from wayside.gateway.gateway import Gateway
from wayside.gateway.stats import Stats
from wayside.model.commands import State


def test_every_number_is_there_and_no_label_comes_from_a_peer() -> None:
    stats = Stats(message_names=10)
    stats.connections = 3
    stats.connections_closed.add("a frame of 123456789012345 on another's connection")
    stats.connections_closed.add("idle")
    stats.messages("jimi").add("unknown_ab")
    stats.messages("jimi").add("location")
    stats.bad_frames["jimi", "checksum"] += 2
    stats.commands[State.SENT] += 4
    stats.commits = 2
    stats.batch_entries.observe(7)
    gateway = SimpleNamespace(stats=stats, devices=SimpleNamespace(unknown=lambda: [1, 2]))

    found = list(samples(cast("Gateway", gateway)))
    told = {(sample.name.removeprefix("wayside_"), *sample.labels.values()): sample.value for sample in found}
    assert told["connections",] == 3
    assert told["connections_closed",] == 2
    assert told["frames", "jimi"] == 2
    assert told["bad_frames", "jimi", "checksum"] == 2
    assert told["command_steps", "sent"] == 4
    assert told["commits",] == 2
    assert told["committed_entries",] == 7
    assert told["unknown_devices",] == 2
    assert len(told) == len(found)
    assert all(sample.name.startswith("wayside_") and sample.help for sample in found)
