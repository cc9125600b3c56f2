"""The job engine: what is begun is noted, what brings the process down is given up, a good end takes the note back."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from common.clock import FakeClock, SystemClock
from common.contracts.clip_event import PartReady, QueryFailed
from common.contracts.detection import Detection
from common.contracts.playable import PrepareJob
from common.contracts.segment_job import JoinJob, PartJob, Source, Work
from common.kafka.memory import MemoryCluster
from common.kafka.ports import Position, TopicPartition
from common.silence import Silence
from common.storage.memory import MemoryObjectStore
from consumers.jobs.engine import JobEngine
from consumers.jobs.outcome import Outcome
from consumers.jobs.tries import TRIES_MAX, Tries
from consumers.jobs.worker import JobWorker
from consumers.pipeline.analysis import AnalysisDefinition, Picture
from tests.support.service_process import wait_until
from tests.unit.jobs.test_jobs import BrightSpots, make_film

TOPIC, GROUP, KEY = "segment-jobs", "probe-jobs", "uploads/film.mp4"
PLACE = TopicPartition(TOPIC, 0)


class Gate(BrightSpots):
    """Lets the test in while a picture is being looked at."""

    def __init__(self) -> None:
        self.is_looking = threading.Event()
        self.go_on = threading.Event()

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        self.is_looking.set()
        assert self.go_on.wait(30)
        return super().analyze(pictures)


class Bench:
    """One engine on a thread, over servers in memory, with one part job."""

    def __init__(self, folder: Path, before: Sequence[bytes] = ()) -> None:
        self.cluster = MemoryCluster(FakeClock())
        self.cluster.create_topic(TOPIC, 1)
        for value in before:
            self.cluster.append(TOPIC, 0, b"other", value)
        self.store = MemoryObjectStore()
        self.store.replace(KEY, make_film(folder / "film.mp4", 30), "video/mp4")
        work = Work(query_id="q-" + "a" * 16, analysis="probe", every_ms=200)
        source = Source(object_key=KEY, pts_a_ms=0, pts_b_ms=3_000)
        job = PartJob(work=work, part=0, parts=1, source=source, offset_ms=0, width=320, height=240)
        self.cluster.append(TOPIC, 0, b"q/0", job.to_json())
        self.gate = Gate()
        self.delivered: list[Outcome] = []
        definition = AnalysisDefinition(
            name="probe",
            title="probe",
            kinds=("spot",),
            default_every_ms=100,
            build_analyzer=lambda _options: self.gate,
        )
        clock = SystemClock()
        silence, reader = Silence("The model", clock), self.cluster.reader()
        worker = JobWorker(definition, self.gate, self.store, reader, GROUP, folder, silence=silence, clock=clock)
        self.engine = JobEngine(self.cluster.consumer(GROUP), TOPIC, worker, self.delivered.append, clock)
        self.thread = threading.Thread(target=self.engine.run, daemon=True)

    @property
    def committed(self) -> Position | None:
        return self.cluster.committed(GROUP).get(PLACE)

    def begin_tried(self, count: int) -> None:
        """As earlier processes have left it."""
        self.cluster.group(GROUP).committed[PLACE] = Position(0, Tries(0, count).to_metadata())

    def stop(self) -> None:
        self.engine.stop()
        self.gate.go_on.set()
        if self.thread.is_alive():
            self.thread.join(30)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.stop()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, what, 30)


def test_job_is_noted_while_it_runs_and_committed_when_done(bench: Bench) -> None:
    bench.thread.start()
    assert bench.gate.is_looking.wait(30)
    assert bench.committed == Position(0, "begun 0 1")
    bench.gate.go_on.set()
    wait_for(lambda: bench.committed == Position(1), "the job is committed")
    assert isinstance(bench.delivered[0].event, PartReady)


def test_job_that_is_stopped_in_good_order_is_not_held_against_it(bench: Bench) -> None:
    bench.thread.start()
    assert bench.gate.is_looking.wait(30)
    bench.stop()
    assert bench.committed == Position(0)


def test_job_that_ended_the_process_is_tried_again_and_counted(bench: Bench) -> None:
    bench.begin_tried(TRIES_MAX - 1)
    bench.thread.start()
    assert bench.gate.is_looking.wait(30)
    assert bench.committed == Position(0, f"begun 0 {TRIES_MAX}")


def test_job_that_ended_the_process_too_often_is_given_up(bench: Bench) -> None:
    bench.begin_tried(TRIES_MAX)
    bench.thread.start()
    wait_for(lambda: bench.committed == Position(1), "the job is passed")
    (outcome,) = bench.delivered
    assert isinstance(outcome.event, QueryFailed)
    assert "not tried again" in outcome.event.reason
    assert not bench.gate.is_looking.is_set()


def test_jobs_of_others_are_passed_by_without_being_begun(tmp_path: Path) -> None:
    others: list[bytes] = [
        PrepareJob(upload_id="up-" + "a" * 16, object_key="uploads/up-" + "a" * 16).to_json(),
        JoinJob(work=Work(query_id="q-" + "a" * 16, analysis="another"), parts=1).to_json(),
        b"no job at all",
    ]
    bench = Bench(tmp_path, before=others)
    consumer = bench.cluster.group(GROUP)
    try:
        bench.thread.start()
        assert bench.gate.is_looking.wait(30)
        assert consumer.committed[PLACE] == Position(len(others), f"begun {len(others)} 1")
        assert bench.delivered == []
    finally:
        bench.stop()


@pytest.mark.parametrize("text", ["", "begun", "begun 1 x", "begun 1 2 3", "else 1 2", "begun -1 2"])
def test_tries_of_other_texts_are_none(text: str) -> None:
    assert Tries.parse(text) is None
    assert Tries.parse(Tries(7, 2).to_metadata()) == Tries(7, 2)
