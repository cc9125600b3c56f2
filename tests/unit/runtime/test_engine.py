"""The whole engine with its threads, on the in-memory cluster."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from common.clock import SystemClock
from common.contracts.consumer_status import ConsumerStatus
from common.contracts.frame import encode_headers
from common.contracts.sidecar import Fate
from common.contracts.work import AdmittedFrame, StoredClip
from common.errors import ConfigurationError, Transient
from common.kafka.memory.cluster import MemoryCluster
from common.kafka.ports import Position, Record, TopicPartition
from common.metrics import Metrics
from consumers.runtime.commit_metadata import CommitMetadata
from consumers.runtime.engine import EXIT_CONFIGURATION, EXIT_CRASHED, EXIT_STOPPED, Engine, build_engine
from consumers.runtime.settings import EngineSettings
from tests.support.fake_workload import POISON, FakeBucket, FakeClipStore, FakeWorkload
from tests.support.noted_hang import NotedHang
from tests.unit.runtime.making import make_headers

LIMIT_S = 60.0


class Running:
    """An engine on a thread of its own; cameras of partition 0."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster(SystemClock(), longest_wait_s=0.05)
        for topic, partitions in (("frames", 2), ("clip-events", 1), ("dead-letters", 1), ("consumer-status", 1)):
            self.cluster.create_topic(topic, partitions, 10_000_000)
        self.bucket = FakeBucket()
        self.store = FakeClipStore(self.bucket)
        self.workload = FakeWorkload(time.sleep)
        self.consumer = self.cluster.consumer("recorder")
        self.engine: Engine | None = None
        self.status: int | None = None
        self.hang = NotedHang()
        self.metrics = Metrics()
        self._thread = threading.Thread(target=self._run)
        self._seq = 0

    def start(self, **settings: Any) -> Engine:
        self.engine = build_engine(
            EngineSettings(analysis="recorder", threads=2, status_every_s=0.2, commit_every_s=0.1, **settings),
            self.consumer,
            self.cluster.reader(),
            self.cluster.producer(),
            self.workload,
            self.store,
            self.metrics,
            SystemClock(),
            die=self.hang,
        )
        self._thread.start()
        return self.engine

    def _run(self) -> None:
        assert self.engine is not None
        self.status = self.engine.run()

    def send(self, count: int = 1, camera: str = "cam-a", body: bytes = b"jpeg", clip_ms: int = 2_000) -> None:
        for _ in range(count):
            self._seq += 1
            headers = encode_headers(make_headers(self._seq, clip_ms=clip_ms))
            self.cluster.append("frames", 0, camera.encode(), body, headers)

    def join(self) -> int | None:
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()
        return self.status

    def states(self) -> list[ConsumerStatus]:
        return [ConsumerStatus.model_validate_json(r.value or b"") for r in self.cluster.records("consumer-status")]


def wait_until(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    yield made
    if made.engine is not None:
        made.engine.stop()
        made.join()
    assert made.hang.problem is None


def test_engine_frames_become_clips_and_the_mark_follows(running: Running) -> None:
    engine = running.start()
    running.send(50)
    wait_until(lambda: len(running.bucket.frames()) == 50)
    wait_until(lambda: running.cluster.committed("recorder")[TopicPartition("frames", 0)].next_offset >= 50)
    assert engine.ready_problem() is None
    assert engine.live_problem() is None
    wait_until(lambda: any(s.state == "running" and s.counts.get("analysed") == 50 for s in running.states()))
    engine.stop()
    assert running.join() == EXIT_STOPPED
    assert running.states()[-1].state == "stopped"


def test_engine_stop_is_prompt_and_leaves_open_windows_to_a_replay(running: Running) -> None:
    engine = running.start()
    running.send(20)
    wait_until(lambda: len(running.workload.analysed) == 20)
    begin_s = time.monotonic()
    engine.stop()
    assert running.join() == EXIT_STOPPED
    assert time.monotonic() - begin_s < 15
    assert running.cluster.committed("recorder")[TopicPartition("frames", 0)].next_offset <= 20
    assert engine.ready_problem() is not None
    stored = len(running.bucket.frames())
    assert stored + sum(session.is_abandoned for session in running.workload.sessions) > 0


def test_engine_stop_with_a_store_that_is_out_ends_in_time(running: Running) -> None:
    def out(_: str) -> None:
        raise Transient("no answer")

    engine = running.start(stop_within_s=7)
    running.send(5)
    wait_until(lambda: engine.loop._settling.unsettled > 0)
    running.store.at = out
    wait_until(lambda: engine.uploads.pending > 0)
    begin_s = time.monotonic()
    engine.stop()
    assert running.join() == EXIT_STOPPED
    assert time.monotonic() - begin_s < 15
    assert running.cluster.committed("recorder")[TopicPartition("frames", 0)].next_offset == 0


class Remote(FakeWorkload):
    """A model on another machine, which does not answer before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.attempts = 0

    def analyse(self, frame: AdmittedFrame) -> Any:
        self.attempts += 1
        if not self.answers.is_set():
            raise Transient("no answer")
        return super().analyse(frame)


def test_engine_says_of_every_camera_how_far_behind_it_is(running: Running) -> None:
    """An open window counts; what is stored does not."""
    running.start()
    running.send(3, "cam-a", clip_ms=60_000)
    running.send(5, "cam-b", clip_ms=60_000)

    def lag_of(camera: str, unit: str) -> float | None:
        return running.metrics.registry.get_sample_value(f"lookout_camera_lag_{unit}", {"camera": camera})

    wait_until(lambda: (lag_of("cam-a", "messages"), lag_of("cam-b", "messages")) == (3, 5))
    wait_until(lambda: (lag_of("cam-a", "seconds") or 0) > 1)


def test_engine_camera_that_comes_back_after_it_was_forgotten_is_met_anew(running: Running) -> None:
    """Its series are taken back, and a frame that it sends again is still one frame."""
    running.start(camera_kept_s=1)
    running.send(3)
    wait_until(lambda: len(running.bucket.frames()) == 3)

    def is_told_of() -> bool:
        return running.metrics.registry.get_sample_value("lookout_camera_lag_messages", {"camera": "cam-a"}) is not None

    wait_until(lambda: not is_told_of())
    running._seq -= 1
    running.send(2)
    wait_until(lambda: len(running.bucket.frames()) == 4)
    wait_until(is_told_of)
    assert len(set(running.bucket.frames())) == 4
    fates = Counter(entry.fate for clip in running.bucket.history for entry in clip.entries)
    assert fates == {Fate.ANALYSED: 4, Fate.DUPLICATE: 1}


def test_engine_waits_for_a_model_that_does_not_answer_and_says_so(running: Running) -> None:
    """For longer than any step may take: that is an outage, not a hang."""
    running.workload = model = Remote()
    engine = running.start(step_within_s=5, stalled_after_s=5)
    running.send(30)
    wait_until(lambda: "has not answered" in (engine.ready_problem() or ""))
    wait_until(lambda: any("has not answered" in (status.reason or "") for status in running.states()))
    time.sleep(3)
    assert running.states()[-1].state == "running"
    model.answers.set()
    wait_until(lambda: len(running.bucket.frames()) == 30)
    assert engine.ready_problem() is None
    assert {entry.fate for clip in running.bucket.history for entry in clip.entries} == {Fate.ANALYSED}


def test_engine_stop_with_a_model_that_is_out_ends_in_time(running: Running) -> None:
    running.workload = model = Remote()
    engine = running.start(stop_within_s=7)
    running.send(5)
    wait_until(lambda: model.attempts > 1)
    begin_s = time.monotonic()
    engine.stop()
    assert running.join() == EXIT_STOPPED
    assert time.monotonic() - begin_s < 15
    assert running.cluster.committed("recorder")[TopicPartition("frames", 0)].next_offset == 0


def test_engine_unforeseen_error_ends_with_70_and_commits_nothing_more(running: Running) -> None:
    class Bad(FakeWorkload):
        def analyse(self, frame: AdmittedFrame) -> Any:
            raise ZeroDivisionError(frame.offset)

    running.workload = Bad()
    engine = running.start()
    running.send(5)
    assert running.join() == EXIT_CRASHED
    assert running.cluster.committed("recorder")[TopicPartition("frames", 0)].next_offset == 0
    assert "crashed" in (engine.ready_problem() or "")
    assert running.states()[-1].state == "failed"


def test_engine_crash_on_an_upload_thread_ends_with_70(running: Running) -> None:
    class Bad(FakeClipStore):
        def store(self, clip: Any) -> StoredClip:
            raise ZeroDivisionError(clip.sidecar.clip_id)

    running.store = Bad(running.bucket)
    running.start()
    running.send(5)
    assert running.join() == EXIT_CRASHED


def test_engine_configuration_error_of_the_broker_ends_with_78(running: Running) -> None:
    class Denied:
        def __getattr__(self, name: str) -> Any:
            return getattr(running_consumer, name)

        def poll(self, max_records: int, timeout_s: float) -> list[Record]:
            raise ConfigurationError(f"denied {max_records} {timeout_s}")

    running_consumer = running.consumer
    running.consumer = Denied()  # type: ignore[assignment]
    engine = running.start()
    assert running.join() == EXIT_CONFIGURATION
    assert "denied" in (engine.ready_problem() or "")


def test_engine_dead_letter_flood_ends_with_78_and_says_so(running: Running) -> None:
    running.send(40, "cam-a", POISON)
    running.send(40, "cam-b", POISON)
    engine = running.start()
    assert running.join() == EXIT_CONFIGURATION
    assert "dead letters" in (engine.ready_problem() or "")
    assert "dead letters" in (running.states()[-1].reason or "")


def test_engine_one_bad_camera_does_not_stop_the_others(running: Running) -> None:
    engine = running.start()
    running.send(70, "cam-a", POISON)
    running.send(30, "cam-b")
    wait_until(lambda: len(running.bucket.frames()) == 30)
    wait_until(lambda: len(running.cluster.records("dead-letters")) == 70)
    assert engine.ready_problem() is None


def test_engine_encoder_failure_restarts_the_partition_and_loses_nothing(running: Running) -> None:
    running.workload.fail_add = 2
    running.workload.fail_close = 1
    running.start()
    running.send(30)
    wait_until(lambda: len(running.bucket.frames()) == 30)
    assert len(running.bucket.history) == len(running.bucket.objects)


def test_engine_broker_out_is_said_and_mends_itself(running: Running) -> None:
    real = running.consumer.poll
    is_out = threading.Event()

    def poll(max_records: int, timeout_s: float) -> list[Record]:
        if is_out.is_set():
            raise Transient("no broker answers")
        return real(max_records, timeout_s)

    running.consumer.poll = poll  # type: ignore[method-assign]
    engine = running.start()
    wait_until(lambda: engine.ready_problem() is None)
    is_out.set()
    wait_until(lambda: "no broker" in (engine.ready_problem() or ""))
    assert engine.live_problem() is None
    is_out.clear()
    running.send(10)
    wait_until(lambda: len(running.bucket.frames()) == 10)
    assert engine.ready_problem() is None


def test_engine_watchdog_sees_work_without_progress(running: Running) -> None:
    release = threading.Event()

    class Stuck(FakeWorkload):
        def analyse(self, frame: AdmittedFrame) -> Any:
            release.wait(LIMIT_S)
            return super().analyse(frame)

    running.workload = Stuck()
    engine = running.start()
    running.send(1, clip_ms=300_000)  # a tick would be progress
    wait_until(lambda: engine.pool.frames == 1)
    time.sleep(0.5)  # the turn in which it was admitted is over
    before = engine._vitals()
    assert before.has_work
    assert "loop" in before.busy_since
    time.sleep(2.5)  # the scout looks at the log meanwhile
    assert engine._vitals().progress == before.progress
    release.set()
    wait_until(lambda: engine._vitals().progress > before.progress)


def test_engine_stop_while_the_broker_is_out_is_prompt(running: Running) -> None:
    def poll(max_records: int, timeout_s: float) -> list[Record]:
        raise Transient(f"no broker answers {max_records} {timeout_s}")

    engine = running.start()
    running.send(5)
    wait_until(lambda: engine.pool.progress > 0)
    running.consumer.poll = poll  # type: ignore[method-assign]
    wait_until(lambda: engine._intake.outage is not None)
    begin_s = time.monotonic()
    engine.stop()
    assert running.join() == EXIT_STOPPED
    assert time.monotonic() - begin_s < 15


def test_engine_probing_partition_with_a_full_backlog_is_paused_at_once(running: Running) -> None:
    """Every frame of probe mode waits for a commit's answer: a loop that is full and does not poll never hears it."""
    partition = TopicPartition("frames", 0)
    metadata = CommitMetadata(running.cluster.reader().topic_id("frames"), unclean_ends=2)
    running.cluster.group("recorder").committed[partition] = Position(0, metadata.to_text())
    running.send(300)
    analysed_at_pause: list[int] = []
    pause = running.consumer.pause

    def noted(partitions: Iterable[TopicPartition]) -> None:
        analysed_at_pause.append(len(running.workload.analysed))
        pause(partitions)

    running.consumer.pause = noted  # type: ignore[method-assign]
    running.start()
    wait_until(lambda: len(running.workload.analysed) == 300)
    # One frame a quarter of a second for five seconds, else: 20.
    assert analysed_at_pause
    assert analysed_at_pause[0] < 16


def test_engine_slow_partition_rests_while_it_has_work_so_that_others_are_read(running: Running) -> None:
    """Ten frames a second: it takes 3 s until half of its backlog is admitted, and nobody waits so long for it."""
    analyse = running.workload.analyse

    def analyse_slowly(frame: AdmittedFrame) -> Any:
        time.sleep(0.2)
        return analyse(frame)

    running.workload.analyse = analyse_slowly  # type: ignore[method-assign]
    analysed_at_pause: list[int] = []
    pause = running.consumer.pause

    def noted(partitions: Iterable[TopicPartition]) -> None:
        analysed_at_pause.append(len(running.workload.analysed))
        pause(partitions)

    running.consumer.pause = noted  # type: ignore[method-assign]
    running.send(200)
    running.start()
    wait_until(lambda: bool(analysed_at_pause))
    assert analysed_at_pause[0] < 64
    analysed = len(running.workload.analysed)
    wait_until(lambda: len(running.workload.analysed) > analysed + 64)


def test_engine_camera_that_catches_up_is_not_paused(running: Running) -> None:
    paused: list[TopicPartition] = []
    pause = running.consumer.pause

    def noted(partitions: Iterable[TopicPartition]) -> None:
        paused.extend(partitions)
        pause(partitions)

    running.consumer.pause = noted  # type: ignore[method-assign]
    running.send(2_000)
    running.start()
    wait_until(lambda: len(running.workload.analysed) == 2_000)
    assert len(paused) <= 2, "a machine that stands still for a second may pause it once"
