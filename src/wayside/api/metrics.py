"""``/metrics``: the numbers of the moment, in a registry of our own, with a bounded number of series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from http import HTTPMethod
from itertools import accumulate
from typing import Final

from litestar.types import Message, Scope
from prometheus_client import CollectorRegistry, Counter, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from wayside.api.services import Distribution, MetricKind, Sample

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# A name's label values are protocols, their messages and outcomes, some hundreds.  Whatever goes wrong elsewhere,
# one name never fills a monitoring system: the rest is counted as dropped.
SERIES_MAX: Final = 1000
LABEL_LENGTH_MAX: Final = 64

METHODS: Final = frozenset(str(method) for method in HTTPMethod)

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Stats = Callable[[], Iterable[Sample | Distribution]]


class Samples(Collector):
    """Asks for samples at each scrape."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Family]:
        """A family per name."""
        families: dict[str, Family] = {}
        dropped = 0
        for sample in self._stats():
            family = families.get(sample.name)
            if family is None:
                family = families[sample.name] = _family(sample)
            if len(family.samples) >= SERIES_MAX:
                dropped += 1
                continue
            _add(family, sample)
        yield from families.values()
        yield GaugeMetricFamily(
            "wayside_metrics_dropped_series",
            "Series left out of this scrape, over the limit per name",
            dropped,
        )


def _family(sample: Sample | Distribution) -> Family:
    labels = sorted(sample.labels)
    if isinstance(sample, Distribution):
        return HistogramMetricFamily(sample.name, sample.help, labels=labels)
    kind = CounterMetricFamily if sample.kind is MetricKind.COUNTER else GaugeMetricFamily
    return kind(sample.name, sample.help, labels=labels)


def _add(family: Family, sample: Sample | Distribution) -> None:
    labels = [sample.labels[label][:LABEL_LENGTH_MAX] for label in sorted(sample.labels)]
    if isinstance(sample, Distribution):
        assert isinstance(family, HistogramMetricFamily)
        bounds = [*(str(bound) for bound in sample.bounds), "+Inf"]
        buckets = list(zip(bounds, accumulate(sample.counts), strict=True))
        family.add_metric(labels, buckets, sum_value=sample.total)
    else:
        assert not isinstance(family, HistogramMetricFamily)
        family.add_metric(labels, sample.value)


class Metrics:
    """The registry, and the count of HTTP answers."""

    def __init__(self, stats: Stats) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(Samples(stats))
        ProcessCollector(registry=self._registry)
        self._answers = Counter(
            "wayside_http_responses", "HTTP responses", ("method", "status"), registry=self._registry
        )

    async def count(self, message: Message, scope: Scope) -> None:
        """Litestar's ``before_send``: count each response by method and status."""
        if message["type"] == "http.response.start":
            method = str(scope.get("method"))
            self._answers.labels(method if method in METHODS else "other", str(message["status"])).inc()

    def text(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self._registry)
