"""A camera's windows are stored in the order they opened."""

from common.clock import FakeClock
from common.contracts.window import Window
from common.kafka.memory.cluster import MemoryCluster
from consumers.runtime.assignment import Assignment
from consumers.runtime.camera_window import CameraWindow, Stage
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.settling import Settling
from consumers.runtime.tally import Tally
from consumers.runtime.uploads import Upload, Uploads
from tests.support.fake_workload import FakeBucket, FakeClip, FakeClipStore
from tests.unit.runtime.making import CAMERA, T0_MS, add_window, make_assignment, make_entry, make_sidecar


class Rig:
    def __init__(self, windows: int = 3) -> None:
        clock = FakeClock()
        self.uploads = Uploads(
            store=FakeClipStore(FakeBucket()),
            producer=MemoryCluster(clock).producer(),
            mailbox=Mailbox(),
            clock=clock,
            analysis="recorder",
            clip_events_topic="clip-events",
            threads=1,
        )
        self.settling = Settling(self.uploads, Tally())
        self.assignment: Assignment = make_assignment()
        self.windows: list[CameraWindow] = []
        for number in range(windows):
            window = add_window(self.assignment, number, number * 10, Window(T0_MS + number * 5_000, 5_000))
            self.settling.opened(self.assignment, self.assignment.cameras[CAMERA.encode()], window)
            self.windows.append(window)

    def seal(self, number: int) -> FakeClip:
        clip = FakeClip(make_sidecar(make_entry(number)))
        self.windows[number].stage = Stage.CLOSING
        self.settling.sealed(number, clip)
        return clip

    def handed_in(self) -> list[int]:
        """Numbers of the clips that the upload threads were given since."""
        numbers = []
        while (job := self.uploads.take()) is not None:
            assert isinstance(job, Upload)
            numbers.append(job.number)
        return numbers


def test_settling_later_window_waits_for_the_earlier_one() -> None:
    rig = Rig()
    rig.seal(1)
    assert rig.handed_in() == []
    rig.seal(0)
    assert rig.handed_in() == [0]
    rig.settling.settled(0, "created")
    assert rig.handed_in() == [1]
    assert rig.assignment.mark().next_offset == 10


def test_settling_empty_window_settles_without_a_put() -> None:
    rig = Rig()
    rig.settling.sealed(0, None)
    rig.seal(1)
    assert rig.handed_in() == [1]
    assert rig.windows[0].stage is Stage.SETTLED


def test_settling_stored_window_waits_for_its_dead_letters() -> None:
    rig = Rig()
    assert rig.settling.letter_due(0) is rig.assignment
    rig.seal(0)
    rig.settling.settled(0, "created")
    assert rig.assignment.mark().next_offset == 0
    rig.settling.letter_sent(0)
    assert rig.assignment.mark().next_offset == 10


def test_settling_spool_counts_sealed_clips_until_they_are_stored() -> None:
    rig = Rig()
    clip = rig.seal(0)
    assert rig.settling.spool_bytes == 1_000
    rig.settling.settled(0, "created")
    assert rig.settling.spool_bytes == 0
    assert clip.is_discarded


def test_settling_forgotten_window_is_not_settled_by_a_late_answer() -> None:
    rig = Rig()
    rig.settling.forget(rig.assignment)
    clip = FakeClip(make_sidecar(make_entry(0)))
    rig.settling.sealed(0, clip)
    rig.settling.settled(0, "created")
    assert clip.is_discarded
    assert rig.handed_in() == []
    assert rig.settling.unsettled == 0


def test_settling_forgotten_assignment_still_stores_what_was_sealed_in_order() -> None:
    rig = Rig(4)
    rig.seal(0)
    rig.seal(1)
    late = rig.seal(3)
    rig.settling.forget(rig.assignment)
    assert late.is_discarded, "an open window lies before it"
    assert rig.handed_in() == [0]
    rig.settling.settled(0, "created")
    assert rig.handed_in() == [1]
    rig.settling.settled(1, "created")
    assert rig.settling.unsettled == 0


def test_settling_dropped_upload_takes_what_is_behind_it() -> None:
    rig = Rig()
    first, second = rig.seal(0), rig.seal(1)
    rig.settling.forget(rig.assignment)
    rig.settling.dropped(0)
    assert first.is_discarded
    assert second.is_discarded
    assert rig.settling.unsettled == 0


def test_settling_clip_that_was_there_is_no_progress() -> None:
    """Else a frame that kills the process would never be found: the same clips are settled anew before each death."""
    rig = Rig()
    rig.seal(0)
    rig.settling.settled(0, "covered")
    assert not rig.assignment.has_progressed
    rig.seal(1)
    rig.settling.settled(1, "created")
    assert rig.assignment.has_progressed
