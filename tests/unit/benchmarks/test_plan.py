"""The arithmetic of a plan."""

import json
from pathlib import Path

import pytest

from benchmarks.calibration import CalibrationFile
from benchmarks.plan import intervals, main
from benchmarks.plan_model import LOG_MAX_S, Asked, Costs, Point, costs_of, error_percent, make_plan, need_of, spread

COSTS = Costs(
    idle_cores=0.02,
    carried_ms=4.0,
    search_ms=6.0,
    memory_mb=180.0,
    camera_mb=10.0,
    camera_stored=500.0,
    frame_stored=1000.0,
    loop_ms=10.0,
)


def point(cameras: int, per_s: float, share: float, slower: float = 1.0) -> Point:
    """What a machine would measure whose costs are COSTS, while its processors are so many times slower."""
    frames_per_s = cameras * per_s
    return Point(
        cameras=cameras,
        per_s=per_s,
        share=share,
        cores=(0.02 + frames_per_s * (4.0 + share * 6.0) / 1000) * slower,
        idle_cores=0.02 * slower,
        memory_mb=180.0 + cameras * 10.0,
        stored_per_s=cameras * (500.0 + per_s * 1000.0),
        loop_ms=10.0 * slower,
    )


def test_costs_of_two_exact_runs_are_the_costs_behind_them() -> None:
    found = costs_of(point(2, 5, 1.0), point(6, 10, 0.1))
    assert found.__class__ is Costs
    for name in COSTS.__dataclass_fields__:
        assert getattr(found, name) == pytest.approx(getattr(COSTS, name)), name


def test_costs_of_runs_at_two_speeds_are_those_of_the_speed_between() -> None:
    found = costs_of(point(2, 5, 1.0, slower=0.9), point(6, 10, 0.1, slower=1.1))
    for name in COSTS.__dataclass_fields__:
        assert getattr(found, name) == pytest.approx(getattr(COSTS, name)), name


def test_costs_of_noise_that_would_make_a_cost_negative_is_zero() -> None:
    found = costs_of(point(2, 5, 1.0), Point(6, 10, 0.1, 1.5, 0.02, 150.0, 100.0, 10.0))
    assert found.search_ms == 0
    assert found.camera_mb == 0
    assert found.frame_stored == 0


@pytest.mark.parametrize(("every_ms", "share"), [(None, 0.0), (100, 1.0), (50, 1.0), (500, 0.2)])
def test_share_interval_against_rate(every_ms: int | None, share: float) -> None:
    assert Asked(1, 10, {"emotion": every_ms}).share("emotion") == pytest.approx(share)


def test_need_of_grows_with_cameras_rate_and_share() -> None:
    need = need_of(COSTS, Asked(10, 20, {"emotion": 500}), "emotion")
    assert need.cores == pytest.approx(0.02 + 200 * (4 + 0.1 * 6) / 1000)
    assert need.memory_mb == pytest.approx(280)
    assert need.stored_per_s == pytest.approx(10 * (500 + 20 * 1000))


def test_make_plan_analyses_add_up_and_frames_pass_kafka_once() -> None:
    asked = Asked(5, 10, {"emotion": 100, "recorder": None})
    plan = make_plan({"emotion": COSTS, "recorder": COSTS}, asked, record_bytes=40_000, clip_s=10)
    assert plan.cores == pytest.approx(plan.needs["emotion"].cores + plan.needs["recorder"].cores)
    assert plan.memory_mb == pytest.approx(2 * 230)
    assert plan.kafka_per_s == pytest.approx(5 * 10 * 40_000)
    assert (plan.partitions_used, plan.fullest_cameras) == (5, 1)


def test_make_plan_outage_of_quiet_cameras_is_what_the_log_keeps_in_time() -> None:
    plan = make_plan({"emotion": COSTS}, Asked(1, 1, {"emotion": 100}), record_bytes=1000, clip_s=10)
    assert plan.outage_s == LOG_MAX_S - 10


def test_make_plan_outage_of_many_cameras_is_what_the_fullest_partition_holds() -> None:
    plan = make_plan({"emotion": COSTS}, Asked(25, 10, {"emotion": 100}), record_bytes=40_000, clip_s=10)
    assert plan.fullest_cameras == 3
    kept_bytes = 8 * 2**30 / 12 - 64 * 2**20
    assert plan.outage_s == pytest.approx(kept_bytes / (3 * 10 * 40_000) - 10)


def test_make_plan_log_is_never_larger_than_its_bound() -> None:
    plan = make_plan({"emotion": COSTS}, Asked(500, 30, {"emotion": 100}), record_bytes=100_000, clip_s=10)
    assert plan.log_bytes == 8 * 2**30


def test_make_plan_log_of_few_cameras_fills_only_their_partitions() -> None:
    plan = make_plan({"emotion": COSTS}, Asked(4, 30, {"emotion": 100}), record_bytes=100_000, clip_s=10)
    assert plan.log_bytes == pytest.approx(4 * 8 * 2**30 / 12)


def test_spread_is_even_and_complete() -> None:
    assert spread(14, 12) == [2, 2] + [1] * 10
    assert sum(spread(25, 12)) == 25


def test_error_percent_predicted_more_is_positive() -> None:
    assert error_percent(110, 100) == pytest.approx(10)
    assert error_percent(90, 100) == pytest.approx(-10)


def test_intervals_word_with_and_without_interval() -> None:
    assert intervals("cpu=250,noop") == {"cpu": 250, "noop": 1}


def test_calibration_file_keeps_by_analysis_and_size(tmp_path: Path) -> None:
    path = tmp_path / "bench" / "plan.json"
    CalibrationFile(path).keep("emotion", (640, 480), COSTS)
    assert CalibrationFile(path).find("emotion", (640, 480)) == COSTS
    assert CalibrationFile(path).find("emotion", (1280, 720)) is None


def test_calibration_file_of_an_older_version_is_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    kept = {name: 1.0 for name in COSTS.__dataclass_fields__ if name != "loop_ms"}
    path.write_text(json.dumps({"emotion 640x480": kept}))
    assert CalibrationFile(path).find("emotion", (640, 480)) is None


def test_main_costs_on_file_plans_without_any_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.json"
    CalibrationFile(path).keep("cpu", (640, 480), COSTS)
    words = ["--cameras", "8", "--fps", "10", "--analyses", "cpu=500", "--file", str(path), "--jpeg-bytes", "40000"]
    assert main([*words, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert plan["cores"] == pytest.approx(0.02 + 80 * (4 + 0.2 * 6) / 1000)
    assert main(words) == 0
    assert "store may be out for" in capsys.readouterr().out
