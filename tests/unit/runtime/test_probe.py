"""Rule 19: one frame per process in decoding, named in a commit before."""

from common.contracts.work import WindowClosing
from consumers.runtime.assignment import Assignment
from consumers.runtime.probe import Probe
from consumers.runtime.strands import CloseStep, FrameStep, Step
from tests.unit.runtime.making import make_assignment, make_step, make_strand, make_work


def probing(offsets: range) -> tuple[Probe, Assignment, list[Step]]:
    probe, assignment = Probe(), make_assignment()
    assignment.is_probing = True
    strand, work = make_strand(), make_work()
    steps: list[Step] = [make_step(strand, work, offset) for offset in offsets]
    for step in steps:
        probe.add(assignment, step)
    return probe, assignment, steps


def acknowledge(assignment: Assignment) -> None:
    assignment.committed_naming = assignment.naming


def test_probe_frame_waits_for_the_commit_that_names_it() -> None:
    probe, assignment, steps = probing(range(2))
    assert probe.turn() == []
    assert assignment.naming == 0
    assert probe.turn() == []
    acknowledge(assignment)
    assert probe.turn() == [steps[0]]
    assert probe.turn() == [], "one at a time"


def test_probe_next_frame_waits_until_the_last_name_is_taken_back() -> None:
    probe, assignment, steps = probing(range(2))
    probe.turn()
    acknowledge(assignment)
    probe.turn()
    probe.decoded(assignment.generation, 0)
    assert probe.turn() == []
    assert assignment.naming == 1
    assert probe.turn() == [], "the commit still names the last one"
    acknowledge(assignment)
    assert probe.turn() == [steps[1]]


def test_probe_two_partitions_share_the_one_place() -> None:
    probe, first, steps = probing(range(1))
    second = make_assignment()
    second.generation = 2
    second.is_probing = True
    other = make_step(make_strand("cam-b"), make_work(2), 7)
    probe.add(second, other)
    probe.turn()
    acknowledge(first)
    assert probe.turn() == steps
    assert probe.turn() == []
    probe.decoded(1, 0)
    probe.turn()
    assert (first.naming, second.naming) == (None, 7)
    acknowledge(second)
    assert probe.turn() == [], "the first one's name is not taken back yet"
    acknowledge(first)
    assert probe.turn() == [other]


def test_probe_many_frames_of_one_partition_do_not_hold_up_another() -> None:
    probe, first, _ = probing(range(9))
    second = make_assignment()
    second.generation = 2
    second.is_probing = True
    for offset in (7, 8):
        probe.add(second, make_step(make_strand("cam-b"), make_work(2), offset))
    named: list[tuple[int | None, int | None]] = []
    for _ in range(4):
        probe.turn()
        named.append((first.naming, second.naming))
        for assignment in (first, second):
            acknowledge(assignment)
        probe.turn()
        for assignment in (first, second):
            if assignment.naming is not None:
                probe.decoded(assignment.generation, assignment.naming)
        for assignment in (first, second):
            acknowledge(assignment)
    assert named == [(0, None), (None, 7), (1, None), (None, 8)]
    assert (probe.frames_of(first), probe.frames_of(second)) == (7, 0)


def test_probe_window_ends_pass_in_their_order() -> None:
    probe, assignment, steps = probing(range(1))
    strand, work = steps[0].strand, steps[0].work
    close = CloseStep(strand, work, WindowClosing(True, ()))
    probe.add(assignment, close)
    probe.turn()
    acknowledge(assignment)
    assert probe.turn() == steps
    probe.decoded(assignment.generation, 0)
    assert probe.turn() == [close]


def test_probe_forgotten_assignment_makes_room_for_others() -> None:
    probe, assignment, _ = probing(range(3))
    probe.turn()
    probe.forget(assignment)
    assert not probe.has_work
    assert assignment.naming is None


def test_probe_released_steps_keep_their_order() -> None:
    probe, assignment, steps = probing(range(3))
    assert probe.release(assignment) == steps
    assert probe.frames == 0
    assert all(isinstance(step, FrameStep) and not step.is_probe for step in steps)
