"""Metrics: one exists only if it is listed here, with type, unit, labels and how to react."""

import contextlib
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


@dataclass(frozen=True, slots=True)
class Metric:
    """`reaction`: what a person does when it looks wrong."""

    name: str
    kind: str
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    reaction: str = ""


METRICS: tuple[Metric, ...] = (
    Metric(
        "lookout_frames_received_total",
        "counter",
        "frames",
        "Frames answered by ingest, by outcome code.",
        ("outcome",),
        "Look at the code; 503 means Kafka, 507 the disk.",
    ),
    Metric(
        "lookout_frame_bytes_total",
        "counter",
        "bytes",
        "JPEG bytes acknowledged by Kafka.",
        (),
        "Compare with retention.bytes.",
    ),
    Metric(
        "lookout_pictures_total",
        "counter",
        "pictures",
        "Single pictures asked for, by outcome code.",
        ("outcome",),
        "Look at the code; busy means more than two at once.",
    ),
    Metric(
        "lookout_picture_seconds",
        "histogram",
        "seconds",
        "From a single picture's arrival to its answer.",
        (),
        "Give the process another core.",
    ),
    Metric("lookout_ingest_seconds", "histogram", "seconds", "From request to answer.", (), "Look at broker latency."),
    Metric(
        "lookout_lag_messages",
        "gauge",
        "messages",
        "Records behind the log's end.",
        ("partition",),
        "Add threads, processes or partitions.",
    ),
    Metric(
        "lookout_lag_seconds",
        "gauge",
        "seconds",
        "Age of the oldest record not admitted, the most it can be.",
        ("partition",),
        "As for lag_messages.",
    ),
    Metric(
        "lookout_camera_lag_messages",
        "gauge",
        "messages",
        "A camera's frames not stored in a clip yet, and all that is not read of its partition.",
        ("camera",),
        "Look at that camera's rate.",
    ),
    Metric(
        "lookout_camera_lag_seconds",
        "gauge",
        "seconds",
        "Age of a camera's oldest frame not stored in a clip yet; of one that is not read, the most it can be.",
        ("camera",),
        "Look at that camera's rate.",
    ),
    Metric(
        "lookout_in_flight_frames",
        "gauge",
        "frames",
        "Admitted and not yet through the ordered stage.",
        (),
        "At its cap: the model is the limit.",
    ),
    Metric(
        "lookout_unsettled_windows", "gauge", "windows", "Open, closed or uploading.", (), "Grows: the store is slow."
    ),
    Metric("lookout_paused", "gauge", "partitions", "Partitions paused for want of room.", (), "A dependency is out."),
    Metric(
        "lookout_loop_gap_seconds",
        "gauge",
        "seconds",
        "Since the loop last turned.",
        (),
        "Over 1 s: the loop is blocked.",
    ),
    Metric(
        "lookout_stage_seconds",
        "histogram",
        "seconds",
        "Time of one step of one stage.",
        ("stage",),
        "Shows where time goes.",
    ),
    Metric(
        "lookout_commit_age_seconds",
        "gauge",
        "seconds",
        "Since the last commit.",
        (),
        "Longer than two windows: look at the store.",
    ),
    Metric(
        "lookout_frames_total",
        "counter",
        "frames",
        "What became of frames.",
        ("fate",),
        "failed and dead_letter should stand still.",
    ),
    Metric(
        "lookout_dead_letters_total",
        "counter",
        "records",
        "Records that could not be processed.",
        ("reason",),
        "python -m consumers dead-letters list",
    ),
    Metric(
        "lookout_rebalances_total",
        "counter",
        "events",
        "Assignments, revocations, losses.",
        ("event",),
        "Often: look at session timeouts.",
    ),
    Metric(
        "lookout_clips_total",
        "counter",
        "clips",
        "Clips by outcome of their PUT.",
        ("outcome",),
        "conflict should be 0.",
    ),
    Metric(
        "lookout_conflicts_total",
        "counter",
        "clips",
        "Windows whose stored clip did not cover ours.",
        (),
        "Alarm: read the log.",
    ),
    Metric("lookout_ticks_total", "counter", "records", "Ticks written to silent partitions.", (), ""),
    Metric("lookout_spool_bytes", "gauge", "bytes", "Clips waiting for the store.", (), "Grows: the store is out."),
    Metric(
        "lookout_detections_total",
        "counter",
        "messages",
        "Detection messages by outcome.",
        ("outcome",),
        "dropped: the broker does not take them, live pictures go without boxes.",
    ),
    Metric(
        "lookout_events_indexed_total", "counter", "events", "Clip events written to the database.", ("outcome",), ""
    ),
    Metric(
        "lookout_index_lag_seconds", "gauge", "seconds", "Age of the newest event indexed.", (), "Look at the database."
    ),
    Metric("lookout_swept_total", "counter", "clips", "Clips the sweep repaired or deleted.", ("action",), ""),
    Metric(
        "lookout_http_requests_total",
        "counter",
        "requests",
        "Requests to the API, by route and status.",
        ("route", "status"),
        "",
    ),
    Metric("lookout_live_viewers", "gauge", "connections", "Open live pictures.", (), ""),
    Metric(
        "lookout_live_pictures_total",
        "counter",
        "pictures",
        "Sent to viewers.",
        (),
        "Far below cameras x fps x viewers: slow viewers.",
    ),
)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


M = TypeVar("M", Counter, Gauge, Histogram)


class Metrics:
    """The listed metrics over one registry. Create one per process and pass it on; safe on any thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._known: dict[str, Counter | Gauge | Histogram] = {}
        for metric in METRICS:
            text = f"{metric.help} Unit: {metric.unit}. {metric.reaction}".strip()
            if metric.kind == "counter":
                self._known[metric.name] = Counter(metric.name, text, metric.labels, registry=self.registry)
            elif metric.kind == "gauge":
                self._known[metric.name] = Gauge(metric.name, text, metric.labels, registry=self.registry)
            else:
                self._known[metric.name] = Histogram(
                    metric.name, text, metric.labels, registry=self.registry, buckets=_BUCKETS
                )

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter. KeyError for a name that is not listed."""
        metric = self._metric(name, Counter)
        (metric.labels(**labels) if labels else metric).inc(amount)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        metric = self._metric(name, Gauge)
        (metric.labels(**labels) if labels else metric).set(value)

    def forget(self, name: str, *label_values: str) -> None:
        """Drop one labelled series, when its partition or camera has gone to another member."""
        metric = self._known[name]
        with contextlib.suppress(KeyError):  # never set
            metric.remove(*label_values)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add to a histogram."""
        metric = self._metric(name, Histogram)
        (metric.labels(**labels) if labels else metric).observe(seconds)

    def _metric(self, name: str, kind: type[M]) -> M:
        metric = self._known[name]
        if not isinstance(metric, kind):
            raise TypeError(f"{name} is no {kind.__name__}")
        return metric
