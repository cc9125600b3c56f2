"""What the parts are told."""

import pytest

from benchmarks.stand_ins import StandIn
from consumers import wiring
from consumers.pipeline.analysis import Analyzer


@pytest.mark.parametrize(
    ("analyzer", "threads", "ordered"),
    [(None, 4, 0), (StandIn("cpu", 10.0), 4, 0), (StandIn("sleep", 50.0), 1, 1), (StandIn("sleep", 50.0), 32, 3)],
)
def test_ordered_threads_are_for_a_model_that_waits(
    analyzer: Analyzer | None, threads: int, ordered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "default_threads", lambda: 3)
    assert wiring._ordered_threads(analyzer, None, threads) == ordered


@pytest.mark.parametrize("analyzer", [StandIn("cpu", 10.0), StandIn("sleep", 50.0)])
def test_ordered_threads_are_what_the_operator_says(analyzer: Analyzer) -> None:
    assert [wiring._ordered_threads(analyzer, asked, 4) for asked in (0, 1)] == [0, 1]
