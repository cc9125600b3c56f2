"""Threads that do a frame's work and nothing else."""

import os

import pytest

from benchmarks.plain_threads import ThreadsResult, possible_per_s, run_threads


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize(
    ("threads", "elsewhere_ms", "per_s"),
    [
        pytest.param(1, 0.0, 1000 / 54, id="as long as cores are free, each thread waits and works"),
        pytest.param(8, 0.0, 8000 / 54, id="and so do several"),
        pytest.param(32, 0.0, 500.0, id="no more than the cores can do"),
        pytest.param(32, 1.0, 400.0, id="which others use too"),
    ],
)
def test_what_is_possible(threads: int, elsewhere_ms: float, per_s: float) -> None:
    assert possible_per_s(threads, 50.0, 4.0, elsewhere_ms) == pytest.approx(per_s)


@pytest.mark.usefixtures("two_cores")
def test_share_of_what_is_possible() -> None:
    assert ThreadsResult(32, 450.0, 4.0, 50.0).share == pytest.approx(0.9)


def test_threads_count_what_they_did_together() -> None:
    found = run_threads(2, wait_ms=5.0, seconds=0.3)

    assert found.threads == 2
    assert found.share > 0
    assert found.cpu_ms > 0
