"""Recorded video in parts: no frame lost at a boundary, none doubled, the join is the whole."""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest

from common.clock import Clock, FakeClock, SystemClock
from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned
from common.contracts.detection import Detection, ModelInfo, Sighting
from common.contracts.query_sidecar import QuerySidecar
from common.contracts.segment_job import (
    JoinJob,
    PartJob,
    PlanJob,
    Source,
    Work,
    cancelled_key,
    part_key,
    result_key,
)
from common.errors import Transient
from common.kafka.ports import LogReader, Record
from common.silence import Silence
from common.storage.memory import MemoryObjectStore
from consumers.jobs.merge import merge_sightings
from consumers.jobs.plan import UnusableVideo, VideoFacts, cut, plan_parts
from consumers.jobs.query_objects import read_query_sidecar
from consumers.jobs.worker import JobWorker
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, Picture
from consumers.pipeline.stored_video import read_pictures

WORK = Work(query_id="q-" + "a" * 16, analysis="probe", every_ms=200)
KEY = "uploads/film.mp4"
FACTS = VideoFacts(
    key_frames_ms=(0, 5_000, 10_000, 15_000, 20_000), end_ms=23_000, frame_count=230, width=64, height=48
)
FRAMES, RATE = 120, 10


class BrightSpots:
    """Finds one thing in every picture that is not black."""

    model = ModelInfo(name="probe", version="1", sha256="0" * 64)

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [
            [Detection(box=(4, 4, 20, 20), kind="spot", score=0.9, label="bright")] if p.max() > 60 else []
            for p in pictures
        ]


PROBE = AnalysisDefinition(
    name="probe", title="probe", kinds=("spot",), default_every_ms=100, build_analyzer=lambda _options: BrightSpots()
)


def make_film(path: Path, frames: int = FRAMES, key_every: int = 20) -> bytes:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.options = {"g": str(key_every), "keyint_min": str(key_every), "sc_threshold": "0"}
        stream.time_base = stream.codec_context.time_base = Fraction(1, RATE)
        for number in range(frames):
            picture = np.full((240, 320, 3), 30 + number % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


class Remote(BrightSpots):
    """A model on another machine: it answers every other call, from a number of them on, and not at all before."""

    def __init__(self, from_call: int) -> None:
        self.from_call = from_call
        self.calls = 0

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        self.calls += 1
        if self.calls < self.from_call or self.calls % 2:
            raise Transient("no answer")
        return super().analyze(pictures)


@pytest.fixture
def store(tmp_path: Path) -> MemoryObjectStore:
    store = MemoryObjectStore()
    store.replace(KEY, make_film(tmp_path / "film.mp4"), "video/mp4")
    return store


def make_worker(
    store: MemoryObjectStore, folder: Path, analyzer: Analyzer | None = None, clock: Clock | None = None
) -> JobWorker:
    nothing_is_read = cast(LogReader, None)
    clock = clock or SystemClock()
    silence = Silence("The model", clock)
    return JobWorker(
        PROBE,
        analyzer or BrightSpots(),
        store,
        nothing_is_read,
        "probe-jobs",
        folder,
        silence=silence,
        clock=clock,
    )


@pytest.fixture
def worker(store: MemoryObjectStore, tmp_path: Path) -> JobWorker:
    return make_worker(store, tmp_path)


def make_record(job: PlanJob | PartJob | JoinJob) -> Record:
    return Record("segment-jobs", 0, 0, 0, b"", job.to_json())


def run(worker: JobWorker, job: PlanJob | PartJob | JoinJob) -> object:
    outcome = worker.work(make_record(job), still_wanted=lambda: True)
    return None if outcome is None else outcome.event


def make_parts(store: MemoryObjectStore, worker: JobWorker) -> list[PartJob]:
    facts = VideoFacts((0, 2_000, 4_000, 6_000, 8_000, 10_000), 12_000, FRAMES, 320, 240)
    return plan_parts(PlanJob(work=WORK, sources=(Source(object_key=KEY),)), [facts], part_ms=4_000)


def test_cut_tiles_the_source_at_key_frames() -> None:
    stretches = cut(FACTS, Source(object_key=KEY), part_ms=9_000)
    assert [(s.pts_a_ms, s.pts_b_ms) for s in stretches] == [(0, 10_000), (10_000, 20_000), (20_000, 23_000)]


def test_cut_of_a_range_keeps_its_ends() -> None:
    stretches = cut(FACTS, Source(object_key=KEY, pts_a_ms=1_234, pts_b_ms=16_000), part_ms=5_000)
    assert stretches[0].pts_a_ms == 1_234
    assert stretches[-1].pts_b_ms == 16_000
    assert all(a.pts_b_ms == b.pts_a_ms for a, b in itertools.pairwise(stretches))


def test_plan_without_a_frame_is_refused() -> None:
    with pytest.raises(UnusableVideo, match="Nothing was recorded"):
        plan_parts(PlanJob(work=WORK, sources=(Source(object_key=KEY, pts_a_ms=30_000),)), [FACTS])


def test_plan_job_announces_the_number_of_its_parts(worker: JobWorker) -> None:
    event = run(worker, PlanJob(work=WORK, sources=(Source(object_key=KEY),)))
    assert isinstance(event, QueryPlanned)
    assert (event.parts, event.frame_count) == (1, FRAMES)


def test_parts_hold_every_frame_once_and_the_join_is_their_sum(
    store: MemoryObjectStore, worker: JobWorker, tmp_path: Path
) -> None:
    parts = make_parts(store, worker)
    events = [run(worker, part) for part in parts]
    assert len(parts) == 3
    assert sum(e.frame_count for e in events if isinstance(e, PartReady)) == FRAMES
    joined = run(worker, JoinJob(work=WORK, parts=3))
    assert isinstance(joined, PartReady)
    assert joined.joined
    result = tmp_path / "result.mp4"
    result.write_bytes(store.read(result_key(WORK.query_id)))
    pictures = list(read_pictures(result))
    assert len(pictures) == FRAMES
    assert [pts for pts, _ in pictures] == sorted({pts for pts, _ in pictures})
    brightness = [float(picture[200:, 280:].mean()) for _, picture in pictures]
    assert all(abs(b - (30 + n)) < 12 for n, b in enumerate(brightness))
    assert len(joined.sightings) == 1
    sidecar = read_query_sidecar(store, result_key(WORK.query_id))
    assert sidecar.is_result
    assert sidecar.searched == sum(read_query_sidecar(store, part_key(WORK.query_id, n)).searched for n in range(3))


def test_part_done_twice_is_stored_once_and_announced_from_the_store(
    store: MemoryObjectStore, worker: JobWorker
) -> None:
    part = make_parts(store, worker)[0]
    first = run(worker, part)
    stored = store.read(part_key(WORK.query_id, 0))
    assert run(worker, part) == first
    assert store.read(part_key(WORK.query_id, 0)) == stored


def test_jobs_that_are_read_again_after_the_join_announce_its_result(
    store: MemoryObjectStore, worker: JobWorker
) -> None:
    parts = make_parts(store, worker)
    for part in parts:
        run(worker, part)
    joined = run(worker, JoinJob(work=WORK, parts=3))
    for n in range(3):
        store.delete(part_key(WORK.query_id, n))
    store.delete(KEY)
    again: list[PlanJob | PartJob | JoinJob] = [PlanJob(work=WORK, sources=(Source(object_key=KEY),)), *parts]
    again.append(JoinJob(work=WORK, parts=3))
    assert [run(worker, job) for job in again] == [joined] * 5
    assert not list(store.list(f"queries/{WORK.query_id}/parts/"))


def test_cancelled_query_is_left_alone(store: MemoryObjectStore, worker: JobWorker) -> None:
    store.create(cancelled_key(WORK.query_id), b"", "text/plain")
    assert run(worker, make_parts(store, worker)[0]) is None
    assert not list(store.list(f"queries/{WORK.query_id}/parts/"))


@pytest.mark.parametrize("from_call", [1, 50])
def test_part_asks_a_model_that_does_not_answer_again_and_does_nothing_twice(
    store: MemoryObjectStore, worker: JobWorker, tmp_path: Path, from_call: int
) -> None:
    part = make_parts(store, worker)[0]
    expected = run(worker, part)
    store.delete(part_key(WORK.query_id, 0))
    remote, clock = Remote(from_call), FakeClock()
    assert run(make_worker(store, tmp_path, remote, clock), part) == expected
    searched = read_query_sidecar(store, part_key(WORK.query_id, 0)).searched
    assert remote.calls == max(2, from_call) + 2 * (searched - 1)


def test_part_that_is_cancelled_while_the_model_does_not_answer_is_left(
    store: MemoryObjectStore, worker: JobWorker, tmp_path: Path
) -> None:
    class Cancelling(Remote):
        def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
            if self.calls == 3:
                store.create(cancelled_key(WORK.query_id), b"", "text/plain")
            return super().analyze(pictures)

    remote = Cancelling(from_call=1_000)
    assert run(make_worker(store, tmp_path, remote, FakeClock()), make_parts(store, worker)[0]) is None
    assert remote.calls == 4
    assert not list(store.list(f"queries/{WORK.query_id}/parts/"))


def test_join_with_a_part_missing_says_so(worker: JobWorker) -> None:
    event = run(worker, JoinJob(work=WORK, parts=2))
    assert isinstance(event, QueryFailed)


def test_video_that_is_gone_fails_the_query_with_a_sentence(worker: JobWorker) -> None:
    event = run(worker, PlanJob(work=WORK, sources=(Source(object_key="uploads/gone.mp4"),)))
    assert isinstance(event, QueryFailed)
    assert event.reason == "The recording is no longer there."


def test_file_that_is_no_video_fails_the_query_with_a_sentence(store: MemoryObjectStore, worker: JobWorker) -> None:
    store.replace("uploads/text.mp4", b"not a video at all" * 100, "video/mp4")
    event = run(worker, PlanJob(work=WORK, sources=(Source(object_key="uploads/text.mp4"),)))
    assert isinstance(event, QueryFailed)
    assert event.reason.startswith("The file cannot be read as a video")


def test_job_of_another_analysis_is_not_ours(worker: JobWorker) -> None:
    other = WORK.model_copy(update={"analysis": "emotion"})
    assert run(worker, PlanJob(work=other, sources=(Source(object_key=KEY),))) is None


def make_sighting(first_us: int, last_us: int, text: str | None, box: tuple[int, int, int, int]) -> Sighting:
    return Sighting(
        n=0,
        kind="plate" if text else "face",
        text=text,
        confidence=0.9,
        first_us=first_us,
        last_us=last_us,
        frames=3,
        box=box,
        best_pts_ms=0,
        track=0,
    )


def make_part(number: int, sightings: tuple[Sighting, ...]) -> QuerySidecar:
    return QuerySidecar(
        query_id=WORK.query_id,
        analysis="probe",
        part=number,
        parts=2,
        frame_count=100,
        searched=10,
        duration_ms=10_000,
        width=64,
        height=48,
        sightings=sightings,
    )


def test_sighting_across_a_boundary_is_one() -> None:
    box = (0, 0, 10, 10)
    parts = [
        make_part(0, (make_sighting(8_000_000, 9_900_000, "AB12", box),)),
        make_part(1, (make_sighting(10_100_000, 12_000_000, "AB12", box),)),
    ]
    (merged,) = merge_sightings(parts, [0, 10_000])
    assert (merged.first_us, merged.last_us, merged.frames) == (8_000_000, 12_000_000, 6)


def test_other_text_or_place_across_a_boundary_stays_two() -> None:
    box, far = (0, 0, 10, 10), (50, 30, 10, 10)
    plates = [
        make_part(0, (make_sighting(8_000_000, 9_900_000, "AB12", box),)),
        make_part(1, (make_sighting(10_100_000, 12_000_000, "XY99", box),)),
    ]
    faces = [
        make_part(0, (make_sighting(8_000_000, 9_900_000, None, box),)),
        make_part(1, (make_sighting(10_100_000, 12_000_000, None, far),)),
    ]
    assert [s.n for s in merge_sightings(plates, [0, 10_000])] == [0, 1]
    assert len(merge_sightings(faces, [0, 10_000])) == 2
