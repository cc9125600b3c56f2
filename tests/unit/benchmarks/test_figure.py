"""Figures: what holds, and which measurements count."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from benchmarks.figure import Figure, calmest, typical
from benchmarks.figures import FULL, QUICK, effort_of, parse
from benchmarks.plan import intervals
from benchmarks.rivals.__main__ import CAMERAS, frames_for


@dataclass(frozen=True)
class Run:
    others: float


def test_figure_at_most_holds_at_its_limit_and_not_above() -> None:
    assert Figure("overhead", 0.3, True, 0.3).holds
    missed = Figure("overhead", 0.3, True, 0.36)
    assert not missed.holds
    assert missed.missed_by_percent == pytest.approx(20)


def test_figure_at_least_holds_at_its_limit_and_not_below() -> None:
    assert Figure("efficiency", 0.9, False, 0.9).holds
    assert Figure("efficiency", 0.9, False, 0.81).row()[""] == "missed by 10 %"


def test_calmest_quiet_run_ends_the_tries() -> None:
    runs: Iterator[Run] = iter([Run(0.4), Run(0.01), Run(0.0)])
    assert calmest(lambda: next(runs), tries=3).others == 0.01


def test_calmest_no_quiet_run_takes_the_least_disturbed() -> None:
    runs: Iterator[Run] = iter([Run(0.4), Run(0.2), Run(0.3)])
    assert calmest(lambda: next(runs), tries=3).others == 0.2


def test_typical_disturbed_values_do_not_count_beside_quiet_ones() -> None:
    assert typical([(0.5, 0.6), (0.97, 0.01), (0.95, 0.0), (0.96, 0.04)]) == (0.96, 0.04)


def test_typical_only_disturbed_values_count_and_say_so() -> None:
    assert typical([(0.5, 0.6), (0.7, 0.3), (0.6, 0.2)]) == (0.6, 0.6)


def test_effort_of_options_override_one_by_one() -> None:
    assert effort_of(parse(["--quick"])) == QUICK
    assert effort_of(parse(["--rounds", "5"])).rounds == 5
    assert effort_of(parse(["--rounds", "5"])).threads == FULL.threads


def test_parse_unknown_figure_is_refused() -> None:
    with pytest.raises(SystemExit):
        parse(["speed"])


def test_frames_for_more_threads_more_frames_and_every_camera_the_same_number() -> None:
    few, many = frames_for("sleep", 50.0, 1), frames_for("sleep", 50.0, 8)
    assert few < many
    assert few % CAMERAS == many % CAMERAS == 0


def test_intervals_of_a_product_analysis_is_its_own() -> None:
    assert intervals("emotion") == {"emotion": 100}
