"""The pool with real threads."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from common.contracts.sidecar import Fate
from common.contracts.work import AdmittedFrame, WindowClosing
from common.errors import Transient
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import Broken, Crashed, Message, Poisoned, Sealed
from consumers.runtime.pool import Pool
from consumers.runtime.strands import CloseStep, Step
from tests.support.fake_workload import POISON, FakeWorkload
from tests.unit.runtime.making import make_entry, make_step, make_strand, make_work

LIMIT_S = 30.0


@pytest.fixture(params=[0, 2], ids=["one crew", "two crews"])
def ordered_threads(request: pytest.FixtureRequest) -> int:
    """Beside a model that computes, and beside one that waits."""
    return int(request.param)


@pytest.fixture
def started(ordered_threads: int) -> Iterator[Callable[..., tuple[Pool, Mailbox]]]:
    pools = []

    def start(workload: FakeWorkload, threads: int = 4, ordered: int = ordered_threads) -> tuple[Pool, Mailbox]:
        mailbox = Mailbox()
        pool = Pool(workload, mailbox, threads, ordered_threads=ordered)
        pool.start()
        pools.append(pool)
        return pool, mailbox

    yield start
    for pool in pools:
        pool.stop()


def wait_for(mailbox: Mailbox, kind: type[Message]) -> Any:
    until_s = time.monotonic() + LIMIT_S
    while time.monotonic() < until_s:
        messages = mailbox.drain()
        for at, message in enumerate(messages):
            if isinstance(message, Crashed) and kind is not Crashed:
                raise message.error
            if isinstance(message, kind):
                for later in messages[at + 1 :]:
                    mailbox.put(later)
                return message
        time.sleep(0.005)
    return pytest.fail(f"no {kind.__name__}")


def wait_until(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.005)


def test_pool_many_cameras_all_frames_in_order_and_sealed(started: Callable[..., tuple[Pool, Mailbox]]) -> None:
    workload = FakeWorkload(time.sleep)
    workload.analyse_s = 0.0005
    pool, mailbox = started(workload)
    steps: list[Step] = []
    for number in range(6):
        strand, work = make_strand(f"cam-{number}"), make_work(number)
        steps += [make_step(strand, work, offset) for offset in range(100)]
        steps.append(CloseStep(strand, work, WindowClosing(True, ())))
    pool.submit(steps)
    sealed = {wait_for(mailbox, Sealed).number: None for _ in range(6)}
    assert sorted(sealed) == list(range(6))
    assert pool.is_idle
    assert pool.take_tally().fates == {Fate.ANALYSED: 600}
    # The session itself refuses two threads and frames out of order.
    assert all(session.is_closed for session in workload.sessions)


def test_pool_poison_is_said_and_accounted_for_in_its_window(started: Callable[..., tuple[Pool, Mailbox]]) -> None:
    pool, mailbox = started(FakeWorkload())
    strand, work = make_strand(), make_work()
    others = (make_entry(5, fate=Fate.DUPLICATE),)
    pool.submit(
        [
            make_step(strand, work, 1),
            make_step(strand, work, 2, POISON),
            make_step(strand, work, 3),
            CloseStep(strand, work, WindowClosing(True, others)),
        ]
    )
    poisoned = wait_for(mailbox, Poisoned)
    assert (poisoned.frame.offset, poisoned.error.reason) == (2, "not_decodable")
    pool.submit([])
    until_s = time.monotonic() + LIMIT_S
    while not pool.is_idle and time.monotonic() < until_s:
        time.sleep(0.005)
    assert work.session is None


def test_pool_window_of_poison_alone_stores_nothing(started: Callable[..., tuple[Pool, Mailbox]]) -> None:
    pool, mailbox = started(FakeWorkload())
    strand, work = make_strand(), make_work()
    pool.submit([make_step(strand, work, 1, POISON), CloseStep(strand, work, WindowClosing(True, ()))])
    assert wait_for(mailbox, Sealed).clip is None


def test_pool_encoder_failure_asks_for_a_restart_and_abandons(started: Callable[..., tuple[Pool, Mailbox]]) -> None:
    workload = FakeWorkload()
    workload.fail_add = 1
    pool, mailbox = started(workload)
    strand, work = make_strand(), make_work()
    pool.submit([make_step(strand, work, offset) for offset in range(3)])
    broken = wait_for(mailbox, Broken)
    assert (broken.partition, broken.generation) == (strand.partition, strand.generation)
    pool.drop([strand])
    wait_until(lambda: pool.is_idle)
    assert all(session.is_abandoned for session in workload.sessions)


def test_pool_unforeseen_error_crashes(started: Callable[..., tuple[Pool, Mailbox]]) -> None:
    class Bad(FakeWorkload):
        def analyse(self, frame: AdmittedFrame) -> Any:
            raise ZeroDivisionError(frame.offset)

    pool, mailbox = started(Bad())
    pool.submit([make_step(make_strand(), make_work(), 1)])
    assert isinstance(wait_for(mailbox, Crashed).error, ZeroDivisionError)


class Remote(FakeWorkload):
    """A model on another machine, asked in one of the stages: the first `fail` attempts have no answer."""

    def __init__(self, is_ordered: bool, fail: float) -> None:
        super().__init__()
        self._is_ordered = is_ordered
        self._fail = fail
        self.attempts = 0

    def _ask(self) -> None:
        self.attempts += 1
        if self.attempts <= self._fail:
            raise Transient("no answer")

    def analyse(self, frame: AdmittedFrame) -> Any:
        if not self._is_ordered:
            self._ask()
        return super().analyse(frame)

    def before_add(self, frame: AdmittedFrame) -> None:
        if self._is_ordered:
            self._ask()
        super().before_add(frame)


@pytest.mark.parametrize("is_ordered", [False, True])
def test_pool_model_that_does_not_answer_is_asked_again(
    started: Callable[..., tuple[Pool, Mailbox]], is_ordered: bool
) -> None:
    workload = Remote(is_ordered, 2)
    pool, mailbox = started(workload, 1)
    strand, work = make_strand(), make_work()
    pool.submit([make_step(strand, work, 1), CloseStep(strand, work, WindowClosing(True, ()))])
    assert [entry.fate for entry in wait_for(mailbox, Sealed).clip.sidecar.entries] == [Fate.ANALYSED]
    assert workload.attempts == 3


@pytest.mark.parametrize("is_ordered", [False, True])
def test_pool_frame_that_nobody_wants_is_not_asked_for_again(
    started: Callable[..., tuple[Pool, Mailbox]], is_ordered: bool
) -> None:
    workload = Remote(is_ordered, math.inf)
    pool, _ = started(workload, 1)
    strand, work = make_strand(), make_work()
    pool.submit([make_step(strand, work, offset) for offset in range(3)])
    wait_until(lambda: workload.attempts >= 2)
    begun_s = dict(pool.busy_since)
    wait_until(lambda: any(pool.busy_since.get(name, 0) > at_s for name, at_s in begun_s.items()))
    pool.drop([strand])
    wait_until(lambda: pool.is_idle)
    assert all(session.is_abandoned for session in workload.sessions)
    assert pool.silence.problem is None


def test_pool_slow_frame_of_one_camera_holds_up_no_other(started: Callable[..., tuple[Pool, Mailbox]]) -> None:
    release = threading.Event()

    class Slow(FakeWorkload):
        def analyse(self, frame: AdmittedFrame) -> Any:
            if frame.offset == 0:
                release.wait(LIMIT_S)
            return super().analyse(frame)

    pool, mailbox = started(Slow(), 2)
    slow, fast = make_strand("cam-slow"), make_strand("cam-fast")
    slow_work, fast_work = make_work(1), make_work(2)
    pool.submit([make_step(slow, slow_work, 0), *(make_step(fast, fast_work, offset) for offset in range(1, 50))])
    pool.submit([CloseStep(fast, fast_work, WindowClosing(True, ()))])
    assert wait_for(mailbox, Sealed).number == 2
    release.set()


def test_pool_room_is_waited_for_and_found(started: Callable[..., tuple[Pool, Mailbox]]) -> None:
    workload = FakeWorkload(time.sleep)
    workload.analyse_s = 0.01
    pool, _ = started(workload, 1)
    strand, work = make_strand(), make_work()
    pool.submit([make_step(strand, work, offset) for offset in range(10)])
    assert not pool.wait_for_room(1, 0.001)
    assert pool.wait_for_room(5, LIMIT_S)
    assert pool.frames < 5


class HeldUp(FakeWorkload):
    """Drawing the frame of offset 0 takes until `release` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def before_add(self, frame: AdmittedFrame) -> None:
        if frame.offset == 0:
            self.release.wait(LIMIT_S)


def test_model_that_waits_is_called_while_frames_are_drawn() -> None:
    workload, mailbox = HeldUp(), Mailbox()
    pool = Pool(workload, mailbox, threads=1, ordered_threads=1)
    pool.start()
    strand, work = make_strand("cam-0"), make_work()
    pool.submit([make_step(strand, work, offset) for offset in range(5)])
    pool.submit([CloseStep(strand, work, WindowClosing(True, ()))])
    try:
        _until(lambda: workload.analysed == list(range(5)))
        assert pool.frames == 5  # the one thread has called the model for all of them, and none is drawn
        workload.release.set()
        assert wait_for(mailbox, Sealed).clip.sidecar.frame_count == 5
    finally:
        workload.release.set()
        pool.stop()


def test_threads_help_those_that_draw_when_they_fall_behind() -> None:
    workload, mailbox = HeldUp(), Mailbox()
    pool = Pool(workload, mailbox, threads=1, ordered_threads=1)
    pool.start()
    cameras = [(make_strand(f"cam-{number}"), make_work(number)) for number in range(4)]
    try:
        pool.submit([make_step(*cameras[0], 0)])
        _until(lambda: bool(pool.busy_since.get("pool-ordered-0")))
        for strand, work in cameras[1:]:
            pool.submit([make_step(strand, work, 1), CloseStep(strand, work, WindowClosing(True, ()))])
        assert {wait_for(mailbox, Sealed).number for _ in range(3)} == {1, 2, 3}
    finally:
        workload.release.set()
        pool.stop()


def _until(is_so: Callable[[], bool]) -> None:
    until_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.005)
