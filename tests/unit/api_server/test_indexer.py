"""Events into the database: inserts only, offsets that trail, nothing lost with the database."""

import threading

import pytest

from api_server.clips.records import ClipState
from api_server.indexer.loop import GROUP, IndexerLoop
from api_server.indexer.trail import SAFETY_S, STEP_S, CommitTrail
from api_server.indexer.writer import Outcome
from common.contracts.clip_event import ClipReady, GapFound
from common.contracts.sidecar import Origin
from common.kafka.ports import TopicPartition
from tests.unit.api_server.world import World, make_sidecar, make_sighting

TOPIC = "clip-events"
START = 1_700_000_000_000
ZERO = TopicPartition(TOPIC, 0)


def make_event(world: World, n: int = 0, sightings: int = 2) -> ClipReady:
    seen = tuple(make_sighting(k) for k in range(sightings))
    return world.put_clip(make_sidecar(start_ms=START + n * 10_000, sightings=seen), derived=False)


def state_of(world: World, clip_id: str) -> str | None:
    record = world.clips.known(clip_id)
    return record.state.value if record is not None else None


def count(world: World, name: str) -> int:
    return world.database.collection(name).count({})


# The writer


def test_write_clip_with_its_sightings(world: World) -> None:
    event = make_event(world)
    assert world.writer.write(event) is Outcome.INSERTED
    assert [s.n for s in world.clips.sightings_of(event.clip_id)] == [0, 1]
    assert state_of(world, event.clip_id) == "live"


def test_write_again_changes_nothing(world: World) -> None:
    event = make_event(world)
    world.writer.write(event)
    before = world.database.snapshot()
    later = event.model_copy(update={"frame_count": 99, "sightings": (make_sighting(7),)})
    assert world.writer.write(later) is Outcome.KNOWN
    assert world.database.snapshot() == before


def test_write_after_a_crash_between_sightings_and_clip_completes_it(world: World) -> None:
    event = make_event(world)
    world.writer.write(event)
    world.database.collection("clips").delete({})
    world.database.collection("sightings").delete({"n": 1})
    assert world.writer.write(event) is Outcome.INSERTED
    assert len(world.clips.sightings_of(event.clip_id)) == 2


def test_write_deleted_always_wins(world: World) -> None:
    event = make_event(world)
    world.writer.write(event)
    record = world.clips.get(event.clip_id)
    assert record is not None
    world.clips.hide_window(record, "deleted")
    for _ in range(2):
        assert world.writer.write(event) is Outcome.REFUSED
        assert world.clips.get(event.clip_id) is None
        assert count(world, "sightings") == 0
        world.eraser.run_once()


def test_write_event_that_raced_with_a_deletion_leaves_no_sightings(world: World) -> None:
    """A second indexer has looked, found nothing, and was stopped; meanwhile the clip was indexed and deleted."""
    event = make_event(world)
    clips = world.database.collection("clips")
    look = clips.get
    answers = iter([None])

    def get_as_of_before(document_id: str) -> object:
        return next(answers, look(document_id))

    world.writer.write(event)
    record = world.clips.get(event.clip_id)
    assert record is not None
    world.clips.hide_window(record, "deleted")
    clips.get = get_as_of_before  # type: ignore[method-assign,assignment]
    assert world.writer.write(event) is Outcome.REFUSED
    assert count(world, "sightings") == 0


def test_write_clip_of_a_deleted_camera_is_erased(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    world.registry.delete(camera.id)
    event = world.put_clip(make_sidecar(camera.id, start_ms=world.now_ms + 60_000))
    assert world.writer.write(event) is Outcome.REFUSED
    assert (state_of(world, event.clip_id), count(world, "sightings")) == ("deleting", 0)


def test_write_remainder_of_a_deleted_window_is_erased(world: World) -> None:
    first = make_event(world)
    world.writer.write(first)
    record = world.clips.get(first.clip_id)
    assert record is not None
    world.clips.hide_window(record, "deleted")
    rest = world.put_clip(make_sidecar(remainder=1, first_offset=200))
    assert world.writer.write(rest) is Outcome.REFUSED
    assert state_of(world, rest.clip_id) == "deleting"


def test_write_gap_is_kept_once(world: World) -> None:
    origin = Origin(topic="frames", topic_id="t", partition=1)
    gap = GapFound(
        analysis="emotion",
        origin=origin,
        first_offset=0,
        next_offset=9,
        reason="expired",
        found_us=world.clock.wall_us(),
    )
    assert world.writer.write(gap) is Outcome.GAP
    assert world.writer.write(gap) is Outcome.GAP
    assert count(world, "gaps") == 1


# The trail


def test_trail_offsets_wait_for_the_safety_delay() -> None:
    trail = CommitTrail()
    trail.begin(ZERO, 10)
    trail.add(ZERO, 11, 100.0)
    trail.add(ZERO, 12, 102.0)
    assert trail.due(100.0 + SAFETY_S - 0.01) == {}
    assert trail.due(100.0 + SAFETY_S + 2 * STEP_S) == {ZERO: 11}
    assert trail.due(102.0 + SAFETY_S + 2 * STEP_S) == {ZERO: 12}


def test_trail_what_was_committed_is_not_due_again() -> None:
    trail = CommitTrail()
    trail.begin(ZERO, 10)
    trail.add(ZERO, 11, 100.0)
    trail.add(ZERO, 12, 101.0)
    trail.settled(trail.due(106.0))
    assert trail.due(106.0) == {}
    trail.settled(trail.due(110.0))
    assert trail.is_empty
    assert trail.rewind() == {ZERO: 12}


def test_trail_holds_few_offsets_however_many_events() -> None:
    trail = CommitTrail()
    trail.begin(ZERO, 0)
    for n in range(10_000):
        trail.add(ZERO, n, n * 0.01)
        trail.due(n * 0.01)
    assert len(trail._written[ZERO]) <= SAFETY_S / STEP_S + 3


def test_trail_rewind_goes_back_to_the_commit() -> None:
    trail = CommitTrail()
    trail.begin(ZERO, 10)
    trail.add(ZERO, 15, 100.0)
    assert trail.rewind() == {ZERO: 10}
    assert trail.due(1000.0) == {}
    trail.drop([ZERO])
    assert trail.rewind() == {}


# The loop


class Running:
    """An indexer loop that a test turns by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stop = threading.Event()
        self.consumer = world.cluster.consumer(GROUP)
        self.loop = IndexerLoop(
            self.consumer,
            world.cluster.reader(),
            TOPIC,
            world.writer,
            world.database,
            world.metrics,
            world.clock,
        )
        self.consumer.subscribe([TOPIC], self.loop)
        self.turn(3)

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.loop.turn(self.stop)

    def committed(self, partition: int = 0) -> int | None:
        place = TopicPartition(TOPIC, partition)
        position = self.world.cluster.reader().committed(GROUP, [place])[place]
        return position.next_offset if position is not None else None


def announce(world: World, event: ClipReady, partition: int = 0) -> None:
    world.cluster.append(TOPIC, partition, event.camera.encode(), event.to_json())


def test_loop_indexes_and_commits_behind(world: World) -> None:
    running = Running(world)
    announce(world, make_event(world))
    running.turn()
    assert count(world, "clips") == 1
    assert running.loop.problem() is None
    assert running.committed() is None
    world.clock.advance(SAFETY_S + 1)
    running.turn()
    assert running.committed() == 1


def test_loop_restarts_where_it_committed(world: World) -> None:
    running = Running(world)
    for n in range(3):
        announce(world, make_event(world, n))
    running.turn()
    world.clock.advance(SAFETY_S + 1)
    running.turn()
    running.consumer.close()
    before = world.database.snapshot()
    announce(world, make_event(world, 3))
    Running(world).turn()
    assert count(world, "clips") == 4
    world.database.collection("clips").delete({"start_ms": START + 30_000})
    world.database.collection("sightings").delete({"start_ms": START + 30_000})
    assert world.database.snapshot() == before


def test_loop_database_that_crashed_gets_everything_again(world: World) -> None:
    """It acknowledged writes, died before they were durable, and came back before anybody noticed by an error."""
    running = Running(world)
    announce(world, make_event(world, 0))
    running.turn()
    world.clock.advance(SAFETY_S + 1)
    running.turn()
    kept = world.database.snapshot()
    for n in (1, 2):
        announce(world, make_event(world, n))
    running.turn()
    assert count(world, "clips") == 3
    world.clock.advance(1)
    world.database.crash(kept)
    assert count(world, "clips") == 1
    running.turn(3)
    assert count(world, "clips") == 3
    assert count(world, "sightings") == 6


def test_loop_crash_before_the_commit_moves_no_offset(world: World) -> None:
    running = Running(world)
    announce(world, make_event(world, 0))
    running.turn()
    world.clock.advance(SAFETY_S + 1)
    world.database.crash({name: {} for name in world.database.snapshot()})
    running.turn()
    assert running.committed() is None
    running.turn(2)
    assert count(world, "clips") == 1


def test_loop_database_down_is_waited_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(world)
    monkeypatch.setattr(running.stop, "wait", lambda _: False)
    world.database.is_down = True
    announce(world, make_event(world))
    running.turn(5)
    assert running.loop.problem() == "The database does not answer."
    world.database.is_down = False
    running.turn(2)
    assert running.loop.problem() is None
    assert count(world, "clips") == 1


def test_loop_kafka_down_is_waited_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.cluster.is_down = True
    running = Running(world)
    monkeypatch.setattr(running.stop, "wait", lambda _: False)
    world.cluster.is_down = False
    announce(world, make_event(world))
    running.turn(4)
    assert count(world, "clips") == 1


def test_loop_unreadable_event_is_counted_and_passed(world: World) -> None:
    running = Running(world)
    for value in (b"not json", b'{"type": "clip"}', b'{"type": "news"}', None):
        world.cluster.append(TOPIC, 0, b"k", value)
    announce(world, make_event(world))
    running.turn()
    assert count(world, "clips") == 1
    text = world.metrics.registry.get_sample_value("lookout_events_indexed_total", {"outcome": "unreadable"})
    assert text == 4
    world.clock.advance(SAFETY_S + 1)
    running.turn()
    assert running.committed() == 5


def test_loop_expired_events_are_passed_over(world: World) -> None:
    running = Running(world)
    for n in range(3):
        announce(world, make_event(world, n))
    running.consumer.close()
    world.cluster.expire_to(TOPIC, 0, 2)
    Running(world).turn()
    assert count(world, "clips") == 1


def test_loop_position_lost_while_running_reads_on(world: World) -> None:
    running = Running(world)
    for n in range(3):
        announce(world, make_event(world, n))
    world.cluster.expire_to(TOPIC, 0, 2)
    running.turn(3)
    assert count(world, "clips") == 1


def test_loop_two_members_share_and_lose_nothing(world: World) -> None:
    first = Running(world)
    for n in range(12):
        announce(world, make_event(world, n), partition=n)
    second = Running(world)
    for _ in range(8):
        first.turn()
        second.turn()
    assert count(world, "clips") == 12
    world.clock.advance(SAFETY_S + 1)
    first.turn()
    second.turn()
    assert [first.committed(n) for n in range(12)] == [1] * 12


def test_loop_revoked_partition_commits_what_is_safe_only(world: World) -> None:
    first = Running(world)
    announce(world, make_event(world, 0))
    first.turn()
    world.clock.advance(SAFETY_S + 1)
    first.turn()
    announce(world, make_event(world, 1))
    first.turn()
    first.consumer.close()
    assert first.committed() == 1
    assert state_of(world, make_event_id(1)) == ClipState.LIVE.value


def make_event_id(n: int) -> str:
    return str(make_sidecar(start_ms=START + n * 10_000).clip_id)
