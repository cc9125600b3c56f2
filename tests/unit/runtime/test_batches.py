"""Several frames in one call of the workload."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from common.contracts.sidecar import Fate
from common.contracts.work import AdmittedFrame, WindowClosing
from common.errors import Transient
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import Poisoned, Sealed
from consumers.runtime.pool import Pool
from consumers.runtime.settings import EngineSettings
from consumers.runtime.strands import Analyse, CloseStep, FrameStep, Step
from tests.support.fake_workload import POISON, FakeWorkload
from tests.unit.runtime.making import make_step, make_strand, make_work


class BatchWorkload(FakeWorkload):
    """Notes the offsets of every call. `refuse`: so many of the next calls for several frames raise Transient."""

    def __init__(self, refuse: int = 0) -> None:
        super().__init__()
        self.calls: list[list[int]] = []
        self.refuse = refuse

    def analyse_batch(self, frames: Sequence[AdmittedFrame]) -> Sequence[Any]:
        self.calls.append([frame.offset for frame in frames])
        if self.refuse:
            self.refuse -= 1
            raise Transient("the other machine does not answer")
        return super().analyse_batch(frames)


def play(workload: FakeWorkload, steps: Sequence[Step], batch: int) -> tuple[Pool, Mailbox]:
    """All of it on this thread."""
    mailbox = Mailbox()
    pool = Pool(workload, mailbox, 1, batch)
    pool.submit(steps)
    run_all(pool)
    return pool, mailbox


def run_all(pool: Pool) -> None:
    while (job := pool.take()) is not None:
        while job is not None:
            job = pool.execute(job)


def two_cameras(jpeg_of: Callable[[int], bytes] = lambda _: b"jpeg") -> list[Step]:
    first, second = make_strand("cam-a"), make_strand("cam-b")
    works = make_work(1), make_work(2)
    steps: list[Step] = [make_step(first, works[0], offset, jpeg_of(offset)) for offset in range(4)]
    steps += [make_step(second, works[1], offset, jpeg_of(offset)) for offset in range(10, 13)]
    closing = WindowClosing(True, ())
    return [*steps, CloseStep(first, works[0], closing), CloseStep(second, works[1], closing)]


def test_batch_takes_frames_of_several_cameras_and_each_is_drawn_in_its_order() -> None:
    workload = BatchWorkload()
    pool, mailbox = play(workload, two_cameras(), batch=5)
    assert workload.calls == [[0, 10, 1, 11, 2], [12, 3]]
    assert sorted(m.number for m in mailbox.drain() if isinstance(m, Sealed)) == [1, 2]
    tally = pool.take_tally()
    assert tally.fates == {Fate.ANALYSED: 7}
    assert len(tally.analyse_s) == 7
    assert pool.is_idle


def test_batch_of_one_is_no_batch() -> None:
    workload = BatchWorkload()
    play(workload, two_cameras(), batch=1)
    assert workload.calls == []
    assert len(workload.analysed) == 7


def test_batch_poison_is_said_of_that_frame_alone() -> None:
    workload = BatchWorkload()
    pool, mailbox = play(workload, two_cameras(lambda offset: POISON if offset == 1 else b"jpeg"), batch=8)
    poisoned = [m.frame.offset for m in mailbox.drain() if isinstance(m, Poisoned)]
    assert poisoned == [1]
    assert pool.take_tally().fates == {Fate.ANALYSED: 6, Fate.DEAD_LETTER: 1}


def test_batch_that_is_refused_goes_frame_by_frame() -> None:
    workload = BatchWorkload(refuse=1)
    pool, _ = play(workload, two_cameras(), batch=8)
    assert len(workload.calls) == 1
    assert pool.take_tally().fates == {Fate.ANALYSED: 7}


def test_batch_leaves_to_idle_threads_their_share() -> None:
    pool = Pool(BatchWorkload(), Mailbox(), 4, batch=8)
    pool.submit(two_cameras())
    pool._both.idle = 3
    job = pool.take()
    assert isinstance(job, Analyse)
    assert len(job.steps) == 2


@pytest.mark.parametrize("probed", [0, 1])
def test_batch_frame_of_probe_mode_is_decoded_alone(probed: int) -> None:
    workload = BatchWorkload()
    steps = [make_step(make_strand("cam-a"), make_work(1), 0), make_step(make_strand("cam-b"), make_work(2), 10)]
    steps[probed].is_probe = True
    pool = Pool(workload, Mailbox(), 1, batch=8)
    pool.submit(steps)
    jobs: list[list[FrameStep]] = []
    while isinstance(job := pool.take(), Analyse):
        jobs.append(job.steps)
    assert [len(taken) for taken in jobs] == [1, 1]


def test_batch_marks_leave_room_for_what_threads_hold() -> None:
    settings = EngineSettings(analysis="recorder", threads=4, batch=16)
    assert settings.in_flight_high >= 3 * 4 * 16
    assert settings.camera_high >= 2 * 4 * 16
    single = EngineSettings(analysis="recorder", threads=4)
    assert (single.in_flight_high, single.camera_high) == (64, 24)
