"""The listed metrics."""

import re

import pytest
from prometheus_client import generate_latest

from common.metrics import METRICS, Metrics


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_every_metric_is_listed_once_and_says_what_it_is() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert re.fullmatch(r"lookout_[a-z_]+", metric.name)
        assert metric.kind in ("counter", "gauge", "histogram")
        assert metric.unit
        assert metric.help.endswith(".")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert all(re.fullmatch(r"[a-z_]+", label) for label in metric.labels)


def test_counters_gauges_and_histograms_take_values() -> None:
    metrics = Metrics()
    metrics.count("lookout_ticks_total")
    metrics.count("lookout_ticks_total", 2)
    metrics.count("lookout_frames_total", fate="analysed")
    metrics.set("lookout_lag_messages", 7, partition="3")
    metrics.observe("lookout_stage_seconds", 0.02, stage="analyse")
    assert sample(metrics, "lookout_ticks_total") == 3
    assert sample(metrics, "lookout_frames_total", fate="analysed") == 1
    assert sample(metrics, "lookout_lag_messages", partition="3") == 7
    assert sample(metrics, "lookout_stage_seconds_count", stage="analyse") == 1


def test_a_series_that_is_somebody_elses_now_is_forgotten() -> None:
    metrics = Metrics()
    metrics.set("lookout_lag_messages", 7, partition="3")
    metrics.forget("lookout_lag_messages", "3")
    metrics.forget("lookout_lag_messages", "3")
    assert sample(metrics, "lookout_lag_messages", partition="3") is None


def test_a_metric_that_is_not_listed_does_not_exist() -> None:
    metrics = Metrics()
    for call in (metrics.count, metrics.set, metrics.observe):
        with pytest.raises(KeyError):
            call("lookout_invented_total", 1)
    with pytest.raises(KeyError):
        metrics.forget("lookout_invented_total", "a")


def test_a_metric_of_another_kind_is_refused() -> None:
    metrics = Metrics()
    with pytest.raises(TypeError, match="no Gauge"):
        metrics.set("lookout_ticks_total", 1)


def test_two_sets_of_metrics_do_not_meet() -> None:
    first, second = Metrics(), Metrics()
    first.count("lookout_ticks_total")
    assert sample(second, "lookout_ticks_total") == 0
    assert b"lookout_ticks_total" in generate_latest(second.registry)
