"""The protocol of DESIGN 5 under random histories, and proof that the model notices each rule that is left out.

`MODEL_HISTORIES=10000 pytest tests/unit/runtime/test_model.py` plays more (`MODEL_FIRST_SEED` begins elsewhere);
a failure names its seed: `History(seed).run()` plays it again, step by step the same.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts.sidecar import Origin
from consumers.runtime import admitting, start_plan, ticks
from consumers.runtime.assignment import Assignment, CameraState, Phase
from consumers.runtime.identities import Identities, Verdict
from consumers.runtime.log_watch import LogWatch
from consumers.runtime.low_mark import LowMark
from consumers.runtime.rebalance import Rebalance
from consumers.runtime.settling import Settling
from consumers.runtime.start_plan import StartPlan
from tests.support.runtime_model import Broken, History, Options, Switches

HISTORIES = int(os.environ.get("MODEL_HISTORIES", "120"))
FIRST_SEED = int(os.environ.get("MODEL_FIRST_SEED", "0"))
BATCHES = 8
MUTANT_HISTORIES = 200
"""A mutant that survives so many histories would survive more: the worst of them is found within a quarter of it."""
CORE = Options(steps=110)
PATIENT = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Histories are full of alarms."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_histories_keep_every_promise(batch: int) -> None:
    for seed in range(FIRST_SEED + batch, FIRST_SEED + HISTORIES, BATCHES):
        History(seed).run()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "options",
    [
        Options(steps=60, kills=2, deadly=0.05, outages=True),
        Options(steps=110, jumps=True, deletion=True),
        Options(steps=110, expiry=True, recreation=True, outages=True),
        Options(steps=110, clock_steps=10, outages=True, failing_sends=20),
    ],
    ids=["deadly", "jumps", "log", "sends"],
)
def test_histories_with_much_of_one_kind_keep_every_promise(options: Options) -> None:
    for seed in range(FIRST_SEED, FIRST_SEED + max(1, HISTORIES // 16)):
        History(seed, Options(**vars(options))).run()


@st.composite
def any_options(draw: st.DrawFn) -> Options:
    """Any mixture. A failing one is shrunk to few steps, with little that may happen in them. No more poison than 6 %:
    with a fifth the engine ends with DeadLetterFlood, as it is meant to."""
    is_deadly = draw(st.booleans())
    return Options(
        steps=draw(st.integers(1, 160)),
        kills=draw(st.integers(0, 2 if is_deadly else 8)),
        deadly=0.02 if is_deadly else 0.0,
        poison=draw(st.sampled_from((0.0, 0.03, 0.06))),
        clock_steps=draw(st.integers(0, 15)),
        failing_sends=draw(st.integers(0, 20)),
        **{name: draw(st.booleans()) for name in ("jumps", "expiry", "recreation", "deletion", "outages")},
    )


@pytest.mark.timeout(3600)
@settings(max_examples=max(20, HISTORIES // 16), deadline=None, derandomize=True, suppress_health_check=PATIENT)
@given(options=any_options(), seed=st.integers(0, 2**32))
def test_histories_of_any_mixture_keep_every_promise(options: Options, seed: int) -> None:
    History(seed, replace(options)).run()


def first_broken(options: Options, switches: Switches | None = None) -> str:
    """The first broken promise among histories of one kind."""
    for seed in range(MUTANT_HISTORIES):
        try:
            History(seed, Options(**vars(options)), switches).run()
        except Broken as broken:
            return str(broken)
    return pytest.fail(f"the mutant survived {MUTANT_HISTORIES} histories")


@pytest.mark.timeout(900)
class TestMutants:
    """Each breaks one rule; every one has to be noticed."""

    def test_create_only_off_is_noticed(self) -> None:
        assert first_broken(CORE, Switches(is_create_only=False))

    def test_coverage_off_is_noticed(self) -> None:
        assert first_broken(Options(steps=140, jumps=True, recreation=True), Switches(checks_coverage=False))

    def test_event_from_memory_is_noticed(self) -> None:
        assert "differs from its clip" in first_broken(CORE, Switches(announces_from_store=False))

    def test_tombstones_off_is_noticed(self) -> None:
        assert first_broken(Options(steps=140, deletion=True), Switches(keeps_tombstones=False))

    def test_stored_identities_off_is_noticed(self) -> None:
        assert "is in 2 clips" in first_broken(CORE, Switches(loads=False))

    def test_mark_too_high_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def mark(self: Assignment) -> LowMark:
            return LowMark(self.next_offset, self.clock.now_ms)

        monkeypatch.setattr(Assignment, "mark", mark)
        assert first_broken(CORE)

    def test_mark_of_last_settled_window_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The well-known bug: the mark follows what was finished last, not what is unfinished first."""

        def mark(self: Assignment) -> LowMark:
            newest = max(self.unsettled.values(), key=lambda window: window.first_offset, default=None)
            if newest is None:
                return LowMark(self.next_offset, self.clock.now_ms)
            return LowMark(newest.first_offset, newest.clock_before_ms)

        monkeypatch.setattr(Assignment, "mark", mark)
        assert first_broken(CORE)

    def test_mark_without_clock_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A replay that does not know the log clock cuts other windows wherever the broker's clock went back."""
        right = Assignment.mark

        def mark(self: Assignment) -> LowMark:
            return LowMark(right(self).next_offset, None)

        monkeypatch.setattr(Assignment, "mark", mark)
        monkeypatch.setattr(Identities, "judge", judge_without_own_offset(Identities.judge))
        assert first_broken(Options(steps=140, clock_steps=15))

    def test_letters_without_hold_are_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def letter_due(self: Settling, number: int) -> Assignment | None:
            place = self._places.get(number)
            return place.assignment if place is not None else None

        def letter_sent(self: Settling, number: int) -> None:
            del self, number

        monkeypatch.setattr(Settling, "letter_due", letter_due)
        monkeypatch.setattr(Settling, "letter_sent", letter_sent)
        monkeypatch.setattr(Assignment, "holds", lambda self: self.unsettled.values())
        assert first_broken(Options(steps=140, outages=True, poison=0.08, failing_sends=40))

    def test_wrong_order_of_revocation_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def give_up(self: Rebalance, assignments: list[Assignment]) -> None:
            self._end(assignments)
            marks = {a.partition: self._take_mark(a) for a in assignments if a.phase in (Phase.CLAIMING, Phase.READING)}
            self._committer.commit_now(marks)

        monkeypatch.setattr(Rebalance, "give_up", give_up)
        assert first_broken(CORE)

    def test_no_ticks_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ticks, "is_tick_due", lambda *_: False)
        assert "not at rest" in first_broken(CORE)

    def test_windows_cut_by_the_workers_clock_are_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A worker that closes windows by its own clock closes them before the log has."""
        right = admitting.Admitter.admit

        def admit(self: admitting.Admitter, assignment: Assignment, record: object, now_s: float) -> None:
            right(self, assignment, record, now_s)  # type: ignore[arg-type]
            early = [w for w in assignment.open_windows() if w.window.end_ms <= (assignment.clock.now_ms or 0) + 1_500]
            if early:
                self.close(assignment, early)

        monkeypatch.setattr(admitting.Admitter, "admit", admit)
        assert first_broken(CORE)

    def test_topic_id_ignored_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        right = start_plan.plan_start

        def plan_start(position: object, watermarks: object, topic_id: str) -> StartPlan:
            if position is not None:
                old = start_plan.CommitMetadata.from_text(position.metadata)  # type: ignore[attr-defined]
                if old is not None:
                    topic_id = old.topic_id
            return right(position, watermarks, topic_id)  # type: ignore[arg-type]

        monkeypatch.setattr("consumers.runtime.starting.plan_start", plan_start)
        monkeypatch.setattr(LogWatch, "_drain", lambda *_: None)
        assert first_broken(Options(steps=140, recreation=True))

    def test_silent_skip_of_expired_records_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def note_gap(self: admitting.Admitter, assignment: Assignment, offset: int) -> None:
            del self
            assignment.next_offset = offset

        right = start_plan.plan_start

        def plan_start(*arguments: object) -> StartPlan:
            plan = right(*arguments)  # type: ignore[arg-type]
            return StartPlan(plan.next_offset, plan.clock_ms, plan.since_ms)

        monkeypatch.setattr(admitting.Admitter, "note_gap", note_gap)
        monkeypatch.setattr("consumers.runtime.starting.plan_start", plan_start)
        assert first_broken(Options(steps=140, expiry=True))

    def test_camera_forgotten_with_windows_unsettled_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(CameraState, "is_at_rest", property(lambda self: self.identities is not None))
        assert first_broken(CORE)

    def test_no_probe_mode_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("consumers.runtime.starting.PROBE_FROM_UNCLEAN_ENDS", 10**9)
        assert "not at rest" in first_broken(Options(steps=60, kills=1, deadly=0.05))


def judge_without_own_offset(right: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """Rule 11 without its last sentence: a frame under another window is taken for new."""

    def judge(self: Identities, identity: tuple[str, int], offset: int, log_ms: int, window: object) -> Verdict:
        verdict = right(self, identity, offset, log_ms, window)
        return Verdict.NEW if verdict is Verdict.STORED_ELSEWHERE else verdict

    return judge


def test_history_is_the_same_for_the_same_seed() -> None:
    def play(seed: int) -> list[tuple[str, int, int]]:
        history = History(seed)
        history.run()
        return [(str(s.clip_id), s.frame_count, len(s.entries)) for s in history.bucket.history]

    assert play(7) == play(7)
    assert Origin.model_fields
