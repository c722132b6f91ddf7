"""What the service counts, and how Prometheus is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Metric


class Counts:
    """Plain numbers, so that counting costs nothing beside a message; they become metrics when somebody asks."""

    def __init__(self) -> None:
        self.frames_in: Counter[str] = Counter()
        self.frames_out = 0
        self.ignored: Counter[str] = Counter()
        self.connections: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.dropped = 0
        self.commands: Counter[str] = Counter()
        self.certificate_failures = 0


class Exposition:
    """The counts as Prometheus' text format.

    Args:
        counts: what is counted.
        present: returns the gauges by name: players, streamers, controllers and the like, as they are now.
    """

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, counts: Counts, present: Callable[[], Mapping[str, float]]) -> None:
        self._counts = counts
        self._present = present

    def render(self) -> bytes:
        """Return the text."""
        # Loaded at the first question: a twentieth of a second that the start does not need.
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Give the metrics, as a collector of `prometheus_client` does."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for name, value in self._present().items():
            yield GaugeMetricFamily(f"pixel_{name}", f"{name.replace('_', ' ')}, now", value=value)
        counts = self._counts
        for name, documentation, label, values in (
            ("frames_received", "frames received", "role", counts.frames_in),
            ("frames_ignored", "frames not acted upon", "role", counts.ignored),
            ("connections", "sockets opened", "role", counts.connections),
            ("refusals", "sockets refused", "reason", counts.refused),
            ("commands", "commands", "status", counts.commands),
        ):
            family = CounterMetricFamily(f"pixel_{name}", documentation, labels=[label])
            for key, count in values.items():
                family.add_metric([key], count)
            yield family
        yield CounterMetricFamily("pixel_frames_sent", "frames sent", value=counts.frames_out)
        yield CounterMetricFamily("pixel_peers_dropped", "peers disconnected for not reading", value=counts.dropped)
