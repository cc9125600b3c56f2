"""Who works on what next."""

from common.contracts.work import WindowClosing
from consumers.runtime.strands import Analyse, CloseStep, FrameStep, Job, Order, Schedule, Step, Strand, WindowWork
from tests.unit.runtime.making import make_step, make_strand, make_work


def analyse_of(job: Job | None) -> FrameStep:
    assert isinstance(job, Analyse)
    (step,) = job.steps
    return step


def order_of(job: Job | None) -> Order:
    assert isinstance(job, Order)
    return job


def offsets(order: Order) -> list[int]:
    return [step.frame.offset for step in order.steps if isinstance(step, FrameStep)]


def make_schedule(strand: Strand, work: WindowWork, count: int) -> tuple[Schedule, list[FrameStep]]:
    schedule = Schedule()
    steps = [make_step(strand, work, offset) for offset in range(count)]
    schedule.add(steps)
    return schedule, steps


def test_schedule_one_camera_is_analysed_by_all_threads() -> None:
    schedule, steps = make_schedule(make_strand(), make_work(), 3)
    assert [analyse_of(schedule.take()) for _ in steps] == steps
    assert schedule.take() is None


def test_schedule_cameras_take_turns_at_analysis_each_in_offset_order() -> None:
    schedule, _ = make_schedule(make_strand("cam-a"), make_work(1), 3)
    others = [make_step(strand, make_work(2), offset) for strand in [make_strand("cam-b")] for offset in (10, 11)]
    schedule.add(others)
    taken = [analyse_of(schedule.take()).frame.offset for _ in range(schedule.waiting)]
    assert taken == [0, 10, 1, 11, 2]


def test_schedule_frames_of_a_dropped_window_are_passed_over() -> None:
    strand = make_strand("cam-a")
    schedule, _ = make_schedule(strand, make_work(1), 3)
    schedule.drop(strand)
    other = make_step(make_strand("cam-b"), make_work(2), 10)
    schedule.add([other])
    jobs = [schedule.take() for _ in range(2)]  # the dropped strand has sessions to abandon
    assert other in [step for job in jobs if isinstance(job, Analyse) for step in job.steps]
    assert schedule.take() is None
    assert schedule.waiting == 0


def test_schedule_ordered_work_waits_for_the_earliest_frame_and_then_goes_in_order() -> None:
    schedule, steps = make_schedule(make_strand(), make_work(), 3)
    for _ in steps:
        schedule.take()
    assert schedule.analysed([steps[2]]) is None
    assert schedule.analysed([steps[1]]) is None
    order = schedule.analysed([steps[0]])
    assert order is not None
    assert offsets(order) == [0, 1, 2]


def test_schedule_one_thread_at_a_time_in_a_strand() -> None:
    strand = make_strand()
    schedule, steps = make_schedule(strand, make_work(), 2)
    schedule.take()
    schedule.take()
    first = schedule.analysed([steps[0]])
    assert first is not None
    assert schedule.analysed([steps[1]]) is None
    assert schedule.take() is None
    schedule.ordered(first)
    assert offsets(order_of(schedule.take())) == [1]


def test_schedule_ordered_work_goes_before_new_analysis() -> None:
    schedule, steps = make_schedule(make_strand(), make_work(), 2)
    schedule.take()
    order = schedule.analysed([steps[0]])
    assert order is not None
    other = make_strand("cam-b")
    close = CloseStep(other, make_work(2), WindowClosing(True, ()))
    schedule.add([close])
    assert order_of(schedule.take()).steps == [close]


def test_schedule_frames_in_flight_end_with_the_ordered_stage() -> None:
    strand = make_strand()
    schedule, steps = make_schedule(strand, make_work(), 2)
    assert (schedule.frames, strand.in_flight, schedule.decoded_bytes) == (2, 2, 2 * 64 * 48 * 3)
    schedule.take()
    order = schedule.analysed([steps[0]])
    assert schedule.frames == 2
    assert order is not None
    schedule.ordered(order)
    assert (schedule.frames, strand.in_flight) == (1, 1)


def test_schedule_dropped_strand_gives_no_work_but_its_sessions_to_abandon() -> None:
    strand, work = make_strand(), make_work()
    schedule, steps = make_schedule(strand, work, 3)
    schedule.take()
    schedule.drop(strand)
    assert schedule.frames == 0
    order = order_of(schedule.take())
    assert (order.steps, order.abandoned) == ([], [work])
    assert schedule.analysed([steps[0]]) is None
    schedule.ordered(order)
    assert schedule.take() is None


def test_schedule_drop_while_a_thread_is_in_the_strand_abandons_afterwards() -> None:
    strand, work = make_strand(), make_work()
    schedule, steps = make_schedule(strand, work, 2)
    schedule.take()
    running = schedule.analysed([steps[0]])
    assert running is not None
    schedule.drop(strand)
    assert schedule.take() is None
    schedule.ordered(running)
    assert order_of(schedule.take()).abandoned == [work]
    assert schedule.frames == 0


def test_schedule_drop_keeping_closing_drops_only_open_windows() -> None:
    strand, closed, still_open = make_strand(), make_work(1), make_work(2)
    schedule = Schedule()
    kept: list[Step] = [make_step(strand, closed, 0), CloseStep(strand, closed, WindowClosing(True, ()))]
    schedule.add([*kept, make_step(strand, still_open, 1)])
    schedule.drop(strand, keep_closing=True)
    assert list(strand.steps) == kept
    assert schedule.frames == 1
    assert order_of(schedule.take()).abandoned == [still_open]
