"""Single steps of the protocol on the in-memory cluster, without threads."""

from typing import Any

import pytest

from common.clock import FakeClock
from common.contracts.clip_event import GapFound, parse_event
from common.contracts.frame import encode_headers
from common.contracts.sidecar import Fate, Sidecar
from common.kafka.memory.cluster import MemoryCluster
from common.kafka.ports import TopicPartition
from common.metrics import Metrics
from consumers.runtime.assignment import Assignment
from consumers.runtime.commit_metadata import CommitMetadata
from consumers.runtime.engine import Engine, build_engine
from consumers.runtime.settings import EngineSettings
from tests.support.fake_workload import FakeBucket, FakeClipStore, FakeWorkload
from tests.unit.runtime.making import make_headers

P0 = TopicPartition("frames", 0)


class Table:
    """A cluster, a bucket, and engines whose steps the test takes."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cluster = MemoryCluster(self.clock, longest_wait_s=0.0)
        for topic in ("frames", "clip-events", "dead-letters", "consumer-status"):
            self.cluster.create_topic(topic, 1, 10_000_000)
        self.bucket = FakeBucket()
        self.workload = FakeWorkload()
        self.seq = 0

    def start(self, analysis: str = "recorder", **settings: Any) -> Engine:
        engine = build_engine(
            EngineSettings(analysis=analysis, threads=2, **settings),
            self.cluster.consumer(analysis),
            self.cluster.reader(),
            self.cluster.producer(),
            self.workload,
            FakeClipStore(self.bucket),
            Metrics(),
            self.clock,
        )
        engine.loop.subscribe()
        return engine

    def send(self, count: int = 1, camera: str = "cam-a", seq: int | None = None, **headers: Any) -> int:
        offset = 0
        for _ in range(count):
            self.seq += 1
            made = encode_headers(make_headers(self.seq if seq is None else seq, **headers))
            offset = self.cluster.append("frames", 0, camera.encode(), b"jpeg", made).offset
        return offset

    def run(self, engine: Engine, seconds: float = 1.0, uploads: bool = True) -> None:
        for _ in range(round(seconds * 10)):
            for _ in range(5):
                engine.loop.turn(0.0)
                while (errand := engine.scout.take()) is not None:
                    engine.scout.execute(errand)
                while (job := engine.pool.take()) is not None:
                    follow_up = engine.pool.execute(job)
                    if follow_up is not None:
                        engine.pool.execute(follow_up)
                while uploads and (upload := engine.uploads.take()) is not None:
                    engine.uploads.execute(upload)
            self.clock.advance(0.1)

    def assignment(self, engine: Engine) -> Assignment:
        return engine._assignments[P0]

    def committed(self) -> tuple[int, CommitMetadata]:
        position = self.cluster.committed("recorder")[P0]
        metadata = CommitMetadata.from_text(position.metadata)
        assert metadata is not None
        return position.next_offset, metadata

    def sidecars(self) -> list[Sidecar]:
        return sorted(self.bucket.objects.values(), key=lambda sidecar: sidecar.start_ms)

    def gaps(self) -> list[GapFound]:
        events = [parse_event(record.value or b"") for record in self.cluster.records("clip-events")]
        return [event for event in events if isinstance(event, GapFound)]


@pytest.fixture
def table() -> Table:
    return Table()


def test_open_window_holds_the_mark_and_its_clock(table: Table) -> None:
    engine = table.start()
    table.send(3)
    table.run(engine, 2)
    next_offset, metadata = table.committed()
    assert (next_offset, metadata.clock_ms) == (0, None)
    table.run(engine, 10)
    next_offset, metadata = table.committed()
    assert next_offset >= 3
    assert metadata.clock_ms == table.assignment(engine).clock.now_ms


def test_first_window_after_a_start_is_not_complete_the_next_one_is(table: Table) -> None:
    engine = table.start()
    for _ in range(12):
        table.send()
        table.run(engine, 1)
    table.run(engine, 10)
    assert [sidecar.complete for sidecar in table.sidecars()][:3] == [False, True, True]


def test_takeover_keeps_since_and_completeness(table: Table) -> None:
    engine = table.start()
    for _ in range(8):
        table.send()
        table.run(engine, 1)
    _, before = table.committed()
    engine._consumer.close()
    successor = table.start()
    table.send()
    table.run(successor, 10)
    _, after = table.committed()
    assert after.since_ms == before.since_ms
    assert [sidecar.complete for sidecar in table.sidecars()][1:] == [True] * (len(table.sidecars()) - 1)


def test_search_interval_restarts_with_each_window(table: Table) -> None:
    engine = table.start()
    for _ in range(12):
        table.send(every_ms=2_000)
        table.run(engine, 0.5)
    table.run(engine, 10)
    for sidecar in table.sidecars():
        fates = [entry.fate for entry in sidecar.entries]
        assert fates[0] is Fate.ANALYSED
        assert set(fates) <= {Fate.ANALYSED, Fate.CARRIED}
    assert any(entry.fate is Fate.CARRIED for sidecar in table.sidecars() for entry in sidecar.entries)


def test_store_that_does_not_answer_parks_the_camera_and_not_the_mark(table: Table) -> None:
    engine = table.start()
    table.send(5)
    table.run(engine, 3, uploads=False)
    assert table.workload.analysed == []
    assert table.assignment(engine).mark().next_offset == 0
    table.run(engine, 10)
    assert len(table.bucket.frames()) == 5


def test_expiry_while_running_is_a_gap_before_the_mark_moves(table: Table) -> None:
    engine = table.start()
    table.send(2)
    table.run(engine, 1)
    engine._consumer.pause([P0])
    table.send(6)
    table.cluster.expire_to("frames", 0, 6)
    engine._consumer.resume([P0])
    table.run(engine, 20)
    assert [(gap.first_offset, gap.next_offset, gap.reason) for gap in table.gaps()] == [(2, 6, "expired")]
    assert sorted(seq for _, (_, seq) in table.bucket.frames()) == [1, 2, 7, 8]
    assert not any(sidecar.complete for sidecar in table.sidecars())


def test_expiry_while_down_is_a_gap_and_the_new_owner_waits(table: Table) -> None:
    engine = table.start()
    table.send(2)
    table.run(engine, 20)
    engine._consumer.close()
    table.send(4)
    position = table.cluster.committed("recorder")[P0].next_offset
    table.cluster.expire_to("frames", 0, position + 2)
    successor = table.start()
    table.run(successor, 80)
    assert not table.assignment(successor).is_reading
    table.run(successor, 30)
    assert [(gap.first_offset, gap.next_offset) for gap in table.gaps()] == [(position, position + 2)]
    assert len(table.bucket.frames()) == 4


def test_recreated_topic_open_windows_are_stored_first(table: Table) -> None:
    engine = table.start(new_owner_wait_s=1)
    table.send(3)
    table.run(engine, 1)
    table.cluster.recreate_topic("frames")
    table.send(2)
    table.run(engine, 30)
    assert len(table.bucket.frames()) == 5
    assert len({sidecar.origin.topic_id for sidecar in table.sidecars()}) == 2
    _, metadata = table.committed()
    assert metadata.topic_id == table.cluster.topic("frames").topic_id


def test_clock_jump_back_closes_every_window(table: Table) -> None:
    engine = table.start()
    table.send(2)
    table.run(engine, 1)
    table.clock.step_wall(-3_600)
    table.send()
    table.run(engine, 1)
    assert len(table.bucket.frames()) == 2
    table.run(engine, 10)
    assert len(table.bucket.frames()) == 3


def test_two_clip_lengths_overlap_and_are_stored_in_the_order_they_opened(table: Table) -> None:
    engine = table.start()
    table.send(clip_ms=10_000)
    table.send(clip_ms=2_000)
    table.run(engine, 5)
    assert table.bucket.history == [], "the short one has ended and waits"
    table.run(engine, 10)
    assert [sidecar.length_ms for sidecar in table.bucket.history] == [10_000, 2_000]


def test_retry_in_a_later_window_after_a_takeover_is_a_duplicate(table: Table) -> None:
    engine = table.start()
    table.send(seq=77)
    table.run(engine, 10)
    engine._consumer.close()
    successor = table.start()
    table.send(seq=77)
    table.send(seq=78)
    table.run(successor, 10)
    assert sorted(seq for _, (_, seq) in table.bucket.frames()) == [77, 78]
    last = table.sidecars()[-1]
    assert [(entry.seq, entry.fate) for entry in last.entries] == [(77, Fate.DUPLICATE), (78, Fate.ANALYSED)]


def test_unclean_end_is_counted_and_taken_back_by_progress(table: Table) -> None:
    table.send(3)
    for life in range(2):
        engine = table.start()
        table.run(engine, 0.3)
        _, metadata = table.committed()
        assert metadata.unclean_ends == life + 1
        table.cluster.kick(engine._consumer)  # type: ignore[arg-type]
    engine = table.start()
    table.run(engine, 0.3)
    assert table.assignment(engine).is_probing
    table.run(engine, 20)
    next_offset, metadata = table.committed()
    assert next_offset >= 3
    assert metadata.unclean_ends == 0
    assert not table.assignment(engine).is_probing


def test_goodbye_is_no_unclean_end(table: Table) -> None:
    table.send(3)
    engine = table.start()
    table.run(engine, 0.3)
    engine._consumer.close()
    _, metadata = table.committed()
    assert metadata.unclean_ends == 0


def test_frames_of_another_analysis_only_move_the_clock(table: Table) -> None:
    engine = table.start("emotion")
    table.send(3)
    table.run(engine, 3)
    assert table.bucket.objects == {}
    assert table.cluster.committed("emotion")[P0].next_offset == 3


def test_zombie_upload_finds_the_clip_stored_and_announces_it_as_it_is(table: Table) -> None:
    engine = table.start()
    table.send(3)
    table.run(engine, 6, uploads=False)
    while (job := engine.uploads.take()) is not None:  # only the load
        engine.uploads.execute(job)
    table.run(engine, 1, uploads=False)
    table.cluster.kick(engine._consumer)  # type: ignore[arg-type]
    successor = table.start()
    table.run(successor, 15)
    while (job := engine.uploads.take()) is not None:
        engine.uploads.execute(job)
    assert len(table.bucket.history) == 1
    assert len(table.bucket.frames()) == 3
