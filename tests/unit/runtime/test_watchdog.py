"""What is a hang and what is none."""

import threading

from consumers.runtime.watchdog import StallJudge, Vitals, Watchdog


def vitals(
    progress: int = 0, has_work: bool = True, connected: bool = True, busy: dict[str, float] | None = None
) -> Vitals:
    return Vitals(progress, has_work, connected, busy or {})


def judge_for(judge: StallJudge, start_s: int, end_s: int, look: Vitals) -> str | None:
    for second in range(start_s, end_s):
        problem = judge.judge(look, float(second))
        if problem is not None:
            return problem
    return None


def test_judge_work_without_progress_is_a_hang_after_30_s() -> None:
    judge = StallJudge(30.0, 60.0, 0.0)
    assert judge_for(judge, 0, 30, vitals()) is None
    assert "no progress" in (judge_for(judge, 30, 40, vitals()) or "")


def test_judge_no_work_or_no_broker_is_no_hang() -> None:
    judge = StallJudge(30.0, 60.0, 0.0)
    assert judge_for(judge, 0, 300, vitals(has_work=False)) is None
    assert judge_for(judge, 300, 600, vitals(connected=False)) is None


def test_judge_progress_starts_the_time_anew() -> None:
    judge = StallJudge(30.0, 60.0, 0.0)
    assert judge_for(judge, 0, 25, vitals(1)) is None
    assert judge_for(judge, 25, 50, vitals(2)) is None
    assert judge_for(judge, 50, 75, vitals(3)) is None


def test_judge_after_standing_still_gives_the_process_its_time() -> None:
    judge = StallJudge(30.0, 60.0, 0.0)
    assert judge_for(judge, 0, 20, vitals(busy={"pool": 0.0})) is None
    assert judge.judge(vitals(busy={"pool": 0.0}), 500.0) is None, "SIGCONT"
    assert judge_for(judge, 501, 529, vitals(busy={"pool": 0.0})) is None


def test_judge_one_thread_in_one_step_for_too_long_is_a_hang() -> None:
    judge = StallJudge(30.0, 60.0, 0.0)
    for second in range(60):
        assert judge.judge(vitals(second, busy={"pool-1": 0.5}), float(second)) is None
    assert "pool-1" in (judge.judge(vitals(99, busy={"pool-1": 0.5}), 60.5) or "")


def test_watchdog_dies_with_the_reason() -> None:
    died = threading.Event()
    said: list[str] = []

    def die(problem: str) -> None:
        said.append(problem)
        died.set()

    class Hanging(StallJudge):
        def judge(self, vitals: Vitals, now_s: float) -> str | None:
            return f"hangs at {vitals.progress} {now_s > 0}"

    dog = Watchdog(Hanging(30.0, 60.0, 0.0), lambda: vitals(7), die)
    dog.start()
    assert died.wait(30)
    dog.stop()
    assert said == ["hangs at 7 True"]
