"""The gateway's numbers, as ``/metrics`` shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wayside.api.services import MetricKind, Sample
from wayside.gateway.gateway import Gateway
from wayside.gateway.stats import Stats

PREFIX: Final = "wayside_"


def samples(gateway: Gateway) -> Iterator[Sample]:
    """Every number of the moment."""
    stats = gateway.stats
    yield from _connections(stats)
    yield from _frames(stats)
    yield counter("commits", "Batches that the store made durable", stats.commits)
    yield counter("commit_failures", "Batches that the store could not commit at once", stats.commit_failures)
    yield counter("entries_refused", "Entries that the store cannot take", stats.entries_refused)
    yield counter("committed_entries", "Entries in those batches", stats.batch_entries.total)
    yield counter("commit_seconds", "Time spent waiting for commits", stats.commit_seconds.total)
    yield gauge("unknown_devices", "Devices that wait for a decision", len(gateway.devices.unknown()))
    for state, count in stats.commands.items():
        yield counter(
            "command_steps", "Steps of commands, by the state they led to", count, state=state.value
        )


def _connections(stats: Stats) -> Iterator[Sample]:
    yield gauge("connections", "Open connections of devices", stats.connections)
    yield counter("connections_accepted", "Connections let in", stats.connections_accepted)
    for reason, count in stats.connections_refused.items():
        yield counter("connections_refused", "Connections refused", count, reason=reason)
    # Not by reason, nor frames by message: peers can invent those, and every label value is a series for ever.
    closed = sum(stats.connections_closed.counts.values())
    yield counter("connections_closed", "Connections that ended", closed)


def _frames(stats: Stats) -> Iterator[Sample]:
    for protocol, messages in stats.frames.items():
        yield counter("frames", "Valid frames received", sum(messages.counts.values()), protocol=protocol)
    for (protocol, fault), count in stats.bad_frames.items():
        yield counter("bad_frames", "Frames refused", count, protocol=protocol, fault=fault)


def counter(name: str, text: str, value: float, **labels: str) -> Sample:
    """A number that only grows."""
    return Sample(PREFIX + name, MetricKind.COUNTER, text, value, labels)


def gauge(name: str, text: str, value: float) -> Sample:
    """A number of the moment."""
    return Sample(PREFIX + name, MetricKind.GAUGE, text, value)
