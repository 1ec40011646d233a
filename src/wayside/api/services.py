"""What the API stands on: handed to ``build_app`` by the composition root."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec

from wayside.api.tokens import Tokens
from wayside.model.instant import Instant
from wayside.ports.bus import Bus
from wayside.ports.firmware import FirmwareShelf
from wayside.ports.live import LiveVideo
from wayside.ports.media import MediaShelf, MediaStore
from wayside.ports.platform import CommandDesk, Devices
from wayside.ports.relay import Relays
from wayside.ports.rentals import AvailabilityFeed, Rentals
from wayside.ports.store import Store
from wayside.protocol.base import Protocol

# JSON bodies are commands and names; none comes near this.
BODY_BYTES_MAX: Final = 256 * 1024


class MetricKind(enum.StrEnum):
    """How Prometheus reads a sample."""

    COUNTER = "counter"
    """Only grows, from 0 at the start of the process."""
    GAUGE = "gauge"


class Sample(msgspec.Struct, frozen=True):
    """One number for ``/metrics``: ``wayside_frames_total{protocol="jimi"} 12``.

    ``name`` comes without the ``_total`` of a counter.  Labels have few values: protocols and outcomes, never
    devices or addresses.
    """

    name: str
    kind: MetricKind
    help: str
    value: float
    labels: dict[str, str] = {}


class Distribution(msgspec.Struct, frozen=True):
    """A histogram for ``/metrics``: ``counts[i]`` values were ≤ ``bounds[i]``, the last one above them all."""

    name: str
    help: str
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float
    labels: dict[str, str] = {}


class Services(msgspec.Struct, frozen=True):
    """Everything behind the API.

    ``clock``: now, in microseconds since 1970 UTC.  ``stats``: the numbers of the moment, called per scrape.
    ``readiness``: None, or why the server cannot do its work (a listener is down); the store is asked besides.
    ``troubles``: what does not work although the server does its work, known without waiting for anything.
    ``live`` None: there is no live video; ``live_hook_key`` is what an external engine's questions come with.
    """

    store: Store
    bus: Bus
    devices: Devices
    desk: CommandDesk
    relays: Relays
    firmware: FirmwareShelf
    media: MediaStore
    shelf: MediaShelf
    rentals: Rentals
    protocols: tuple[Protocol, ...]
    tokens: Tokens
    clock: Callable[[], Instant]
    stats: Callable[[], Iterable[Sample | Distribution]]
    readiness: Callable[[], Awaitable[str | None]]
    troubles: Callable[[], list[str]]
    version: str
    feed: AvailabilityFeed | None = None
    feed_public: bool = False
    metrics_public: bool = False
    live: LiveVideo | None = None
    live_hook_key: str | None = None

    def protocol(self, name: str) -> Protocol | None:
        """The protocol of this name, if the server speaks it."""
        return next((protocol for protocol in self.protocols if protocol.name == name), None)
