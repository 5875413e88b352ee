"""`/metrics`: plain numbers counted on the loop, turned into Prometheus families when scraped.

`labels().inc()` of prometheus-client costs about a microsecond and a lock a call, and a request needs
several.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from trimtab.serve.ticket import Ticket

LATENCY_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
BATCH_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Histogram:
    """Counts by upper bound, and the sum of what was seen."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts, as Prometheus wants them."""
        found, rows = 0, []
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            found += count
            rows.append(("+Inf" if bound == float("inf") else str(bound), float(found)))
        return rows


class Meter(Collector):
    """What a service did since it started, by model version."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.latency = Histogram(LATENCY_S)
        self.batches = Histogram(BATCH_ROWS)
        self.stages: dict[int, int] = {}
        self.requests: dict[tuple[str, str], int] = {}
        self.waiting: Callable[[], int] = lambda: 0
        self.unlogged: Callable[[], int] = lambda: 0
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def answered(self, ticket: Ticket, seconds: float) -> None:
        """Count an answered request."""
        self.latency.observe(seconds)
        for stage in ticket.stages:
            self.stages[stage] = self.stages.get(stage, 0) + 1

    def request(self, protocol: str, code: str) -> None:
        """Count a request that was answered or refused with `code` (HTTP status or gRPC status name)."""
        key = (protocol, code)
        self.requests[key] = self.requests.get(key, 0) + 1

    def page(self) -> bytes:
        """The text of `/metrics`."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """The families, for prometheus-client."""
        version = [self.version]
        requests = CounterMetricFamily(
            "trimtab_requests", "Requests by protocol and status", labels=["version", "protocol", "code"]
        )
        errors = CounterMetricFamily(
            "trimtab_errors", "Requests not answered, by status", labels=["version", "protocol", "code"]
        )
        for (protocol, code), count in sorted(self.requests.items()):
            requests.add_metric([*version, protocol, code], count)
            if code not in ("200", "OK"):
                errors.add_metric([*version, protocol, code], count)
        stages = CounterMetricFamily(
            "trimtab_answers", "Texts answered, by stage of the cascade", labels=["version", "stage"]
        )
        for stage, count in sorted(self.stages.items()):
            stages.add_metric([*version, str(stage)], count)
        unlogged = CounterMetricFamily(
            "trimtab_unlogged", "Texts missing from the request log", labels=["version"]
        )
        unlogged.add_metric(version, self.unlogged())
        waiting = GaugeMetricFamily("trimtab_waiting", "Texts accepted and not answered", labels=["version"])
        waiting.add_metric(version, self.waiting())
        return [requests, errors, stages, unlogged, waiting, *self._histograms()]

    def _histograms(self) -> list[Metric]:
        families: list[Metric] = []
        for name, text, histogram in (
            ("trimtab_latency_seconds", "From receipt of a request to its answer", self.latency),
            ("trimtab_batch_rows", "Texts computed together", self.batches),
        ):
            family = HistogramMetricFamily(name, text, labels=["version"])
            family.add_metric([self.version], histogram.buckets(), histogram.total)
            families.append(family)
        return families
