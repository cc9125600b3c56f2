"""Rules 6 and 16 on the upload threads: retry for ever, announce what is stored, put nothing too late."""

import pytest

from common.clock import FakeClock
from common.contracts.clip_event import ClipReady, clip_ready, parse_event
from common.errors import Transient
from common.kafka.memory.cluster import MemoryCluster
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import Settled, StoredLoaded, UploadDropped
from consumers.runtime.ownership import LoopSigns, Ownership
from consumers.runtime.uploads import Load, Upload, Uploads
from tests.support.fake_workload import FakeBucket, FakeClip, FakeClipStore
from tests.unit.runtime.making import CAMERA, PARTITION, T0_MS, make_entry, make_sidecar


class Rig:
    """Uploads without threads."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cluster = MemoryCluster(self.clock)
        self.cluster.create_topic("clip-events", 1)
        self.producer = self.cluster.producer()
        self.failures: list[str] = []
        self.bucket = FakeBucket()
        self.mailbox = Mailbox()
        self.uploads = Uploads(
            store=FakeClipStore(self.bucket, self._at),
            producer=self.producer,
            mailbox=self.mailbox,
            clock=self.clock,
            analysis="recorder",
            clip_events_topic="clip-events",
            threads=1,
        )
        self.signs = LoopSigns(0.0, session_timeout_s=10.0)
        self.ownership = Ownership(self.signs, limit_s=60.0)

    def _at(self, name: str) -> None:
        if name in self.failures:
            self.failures.remove(name)
            raise Transient(name)

    def add(self, number: int = 1) -> FakeClip:
        clip = FakeClip(make_sidecar(make_entry(1), make_entry(2)))
        self.uploads.add([Upload(number, clip, self.ownership)])
        return clip

    def step(self) -> bool:
        job = self.uploads.take()
        if job is not None:
            self.uploads.execute(job)
        return job is not None

    def run(self, seconds: float = 60.0) -> None:
        for _ in range(round(seconds * 10)):
            while self.step():
                pass
            self.clock.advance(0.1)

    def events(self) -> list[ClipReady]:
        parsed = [parse_event(record.value or b"") for record in self.cluster.records("clip-events")]
        return [event for event in parsed if isinstance(event, ClipReady)]


def test_upload_is_stored_announced_and_settled() -> None:
    rig = Rig()
    clip = rig.add()
    assert rig.step()
    assert rig.mailbox.drain() == [Settled(1, "created")]
    assert rig.events() == [clip_ready(clip.sidecar, 1_000)]
    assert rig.cluster.records("clip-events")[0].key == CAMERA.encode()


@pytest.mark.parametrize("point", ["before_put", "after_put", "after_derived"])
def test_upload_store_that_fails_is_asked_again(point: str) -> None:
    rig = Rig()
    rig.failures = [point] * 5
    rig.add()
    assert rig.step()
    assert not rig.step(), "a retry waits for its time"
    assert rig.uploads.pending == 1
    rig.run()
    settled = rig.mailbox.drain()
    assert len(settled) == 1
    assert isinstance(settled[0], Settled)
    assert len(rig.bucket.history) == 1


def test_upload_event_that_is_not_acknowledged_is_sent_again_without_a_second_put() -> None:
    rig = Rig()
    rig.producer.fail_next(Transient("no answer"), appended=True)
    rig.add()
    rig.run()
    assert rig.mailbox.drain() == [Settled(1, "created")]
    assert len(rig.events()) == 2
    assert len(rig.bucket.history) == 1


def test_upload_failing_clip_does_not_hold_a_thread() -> None:
    rig = Rig()
    rig.failures = ["before_put"]
    rig.add(1)
    rig.step()
    rig.bucket.objects.clear()
    rig.add(2)
    assert rig.step()
    assert rig.mailbox.drain() == [Settled(2, "created")]


def test_upload_of_a_former_owner_is_put_for_60_s_and_then_dropped() -> None:
    rig = Rig()
    rig.ownership.freeze()
    rig.clock.advance(59.0)
    rig.add(1)
    rig.step()
    assert rig.mailbox.drain() == [Settled(1, "created")]
    rig.clock.advance(2.0)
    rig.add(2)
    rig.step()
    assert rig.mailbox.drain() == [UploadDropped(2)]


def test_upload_of_an_owner_in_doubt_waits_for_a_sign() -> None:
    rig = Rig()
    rig.clock.advance(61.0)
    rig.add()
    rig.step()
    assert rig.mailbox.drain() == []
    rig.signs.last_s = rig.clock.monotonic_s()
    rig.run(1.0)
    assert rig.mailbox.drain() == [Settled(1, "created")]


def test_load_answers_with_what_is_stored_and_goes_first() -> None:
    rig = Rig()
    sidecar = make_sidecar(make_entry(1))
    rig.bucket.create(sidecar.clip_id, sidecar)
    rig.add()
    rig.uploads.add([Load(PARTITION, 1, CAMERA, T0_MS - 1, T0_MS + 1, rig.ownership)])
    rig.step()
    assert rig.mailbox.drain() == [StoredLoaded(PARTITION, 1, CAMERA, [sidecar])]


def test_load_of_an_assignment_that_ended_is_not_asked() -> None:
    rig = Rig()
    rig.ownership.freeze()
    rig.uploads.add([Load(PARTITION, 1, CAMERA, 0, 1, rig.ownership)])
    rig.failures = ["load"]
    assert rig.step()
    assert rig.failures == ["load"]
    assert rig.uploads.pending == 0


def test_upload_store_that_does_not_answer_is_told_until_it_does() -> None:
    rig = Rig()
    rig.failures = ["before_put"] * 10
    rig.add()
    rig.run(20)
    assert "The object store has not answered for" in (rig.uploads.silence.problem or "")
    rig.failures.clear()
    rig.run(20)
    assert rig.uploads.silence.problem is None


def test_upload_store_that_nobody_waits_for_is_no_trouble() -> None:
    """The partition went to another member before the store was back."""
    rig = Rig()
    rig.failures = ["before_put"] * 100
    rig.add()
    rig.run(8)
    rig.ownership.freeze()
    rig.run(80)
    assert rig.mailbox.drain() == [UploadDropped(1)]
    assert rig.uploads.silence.problem is None


def test_upload_broker_that_does_not_answer_is_not_taken_for_the_store() -> None:
    rig = Rig()
    rig.producer.fail_next(Transient("no answer"))
    rig.add()
    assert rig.step()
    rig.clock.advance(8)
    assert rig.uploads.silence.problem is None
