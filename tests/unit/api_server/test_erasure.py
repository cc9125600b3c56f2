"""Deletion, expiry, and the tombstones they leave."""

import dataclasses

import pytest

from api_server.clips.holds import Holds
from api_server.exports.store import ExportStore
from api_server.indexer.chores import Chore, ChoreThread
from api_server.indexer.retention import Footprint, Kept, Retention
from api_server.indexer.retention_audit import RetentionAudit
from api_server.indexer.tombstones import AFTER_PASSING_S, RECORD_S, TombstoneKeeper
from common.clock import SystemClock
from common.contracts.sidecar import Sidecar
from common.errors import Transient
from common.kafka.ports import Position, TopicPartition
from common.storage.clips import read_sidecar
from tests.unit.api_server.world import World, make_sidecar, recorder_sidecar

HOUR_MS = 3_600_000
KEPT = Kept(footage_bytes=10**12, footage_ms=72 * HOUR_MS, plate_ms=24 * HOUR_MS, upload_ms=720 * HOUR_MS)


# Erasing


def test_erase_leaves_a_tombstone_with_offsets_and_identities(world: World) -> None:
    sidecar = make_sidecar()
    world.add_clip(sidecar)
    clip_id = world.delete(sidecar)
    assert world.eraser.run_once() == 1
    assert world.object_names() == ["1700000000000_10000.mp4"]
    stored = read_sidecar(world.store, sidecar.clip_id)
    assert stored.is_tombstone
    assert stored.sidecar.covered_offsets(sidecar.origin) == sidecar.covered_offsets(sidecar.origin)
    assert stored.sidecar.identities() == sidecar.identities()
    assert stored.sidecar.sightings == ()
    record = world.record(clip_id)
    assert (record.state, record.has_tombstone) == ("deleted", True)
    assert world.eraser.run_once() == 0


def test_erase_takes_remainders_and_leaves_windows_of_other_lengths(world: World) -> None:
    base, rest = make_sidecar(), make_sidecar(remainder=1, first_offset=300)
    longer = make_sidecar(length_ms=100_000, first_offset=400)
    for sidecar in (base, rest, longer):
        world.add_clip(sidecar)
    world.delete(base)
    world.eraser.run_once()
    assert read_sidecar(world.store, rest.clip_id).is_tombstone
    assert not read_sidecar(world.store, longer.clip_id).is_tombstone
    assert longer.clip_id.poster_key in world.store.objects()
    assert world.record(str(rest.clip_id)).state == "deleted"
    assert world.record(str(longer.clip_id)).state == "live"


def test_erase_remainder_that_was_never_indexed_is_erased_too(world: World) -> None:
    base, rest = make_sidecar(), make_sidecar(remainder=1, first_offset=300)
    world.add_clip(base)
    event = world.put_clip(rest)
    world.delete(base)
    world.eraser.run_once()
    assert read_sidecar(world.store, rest.clip_id).is_tombstone
    world.writer.write(event)
    assert world.clips.get(event.clip_id) is None


@pytest.mark.parametrize("operation", ["list", "head", "read_range", "replace", "delete"])
def test_erase_store_failing_anywhere_is_repeated_to_the_end(world: World, operation: str) -> None:
    sidecar = make_sidecar()
    world.add_clip(sidecar)
    clip_id = world.delete(sidecar)
    world.store.fail_next(operation, Transient("down"), applied=operation in ("replace", "delete"))
    with pytest.raises(Transient):
        world.eraser.run_once()
    assert world.clips.get(clip_id) is None
    world.eraser.run_once()
    assert world.object_names() == ["1700000000000_10000.mp4"]
    assert world.record(clip_id).state == "deleted"


def test_erase_database_lost_in_between_is_repeated(world: World) -> None:
    sidecar = make_sidecar()
    world.add_clip(sidecar)
    clip_id = world.delete(sidecar)
    before = world.database.snapshot()
    world.eraser.run_once()
    world.database.crash(before)
    world.eraser.run_once()
    assert world.record(clip_id).state == "deleted"
    assert read_sidecar(world.store, sidecar.clip_id).is_tombstone


def test_erase_object_that_is_gone_still_ends(world: World) -> None:
    sidecar = make_sidecar()
    world.add_clip(sidecar)
    clip_id = world.delete(sidecar)
    for key in world.store.objects():
        world.store.delete(key)
    world.eraser.run_once()
    assert (world.record(clip_id).state, world.record(clip_id).has_tombstone) == ("deleted", False)


def test_erase_object_that_is_none_of_ours_is_removed(world: World) -> None:
    sidecar = make_sidecar()
    world.add_clip(sidecar)
    clip_id = world.delete(sidecar)
    world.store.replace(sidecar.clip_id.video_key, b"not a clip", "video/mp4")
    world.eraser.run_once()
    assert world.object_names() == []
    assert world.record(clip_id).state == "deleted"


def test_delete_camera_erases_listed_and_unlisted_clips(world: World) -> None:
    world.add_user("ann")
    camera, other = world.add_camera("ann"), world.add_camera("ann")
    listed = world.add_clip(make_sidecar(camera.id)).clip_id
    unlisted = make_sidecar(camera.id, "emotion")
    world.put_clip(unlisted)
    kept = world.add_clip(make_sidecar(other.id)).clip_id
    world.registry.delete(camera.id)
    assert world.database.collection("sightings").count({"camera": camera.id}) == 0
    while world.cameras.erasing():
        world.eraser.run_once()
    assert world.record(listed).state == "deleted"
    assert read_sidecar(world.store, unlisted.clip_id).is_tombstone
    assert world.record(kept).state == "live"
    known = world.cameras.known(camera.id)
    assert known is not None
    assert (known.state, known.is_erasing) == ("deleted", False)


def test_delete_camera_clip_that_comes_later_is_erased(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    world.registry.delete(camera.id)
    while world.cameras.erasing():
        world.eraser.run_once()
    late = make_sidecar(camera.id)
    world.writer.write(world.put_clip(late))
    world.eraser.run_once()
    assert read_sidecar(world.store, late.clip_id).is_tombstone


# Retention


def make_retention(world: World, kept: Kept = KEPT) -> Retention:
    holds = Holds(world.database, world.store, world.clock)
    footprint = Footprint(world.uploads, world.queries, ExportStore(world.database))
    return Retention(
        world.database,
        world.cameras,
        world.clips,
        holds,
        footprint,
        kept,
        audit=RetentionAudit(world.audit),
        metrics=world.metrics,
        clock=world.clock,
    )


def test_retention_plates_go_after_a_day_and_the_rest_after_three(world: World) -> None:
    plates = world.add_clip(make_sidecar()).clip_id
    faces = world.add_clip(make_sidecar(analysis="emotion")).clip_id
    footage = world.add_clip(recorder_sidecar()).clip_id
    retention = make_retention(world)
    assert retention.run_once() == 0
    world.clock.advance(24 * 3600 + 11)
    assert retention.run_once() == 1
    assert world.record(plates).state == "deleting"
    assert world.record(plates).delete_reason == "expired"
    assert world.database.collection("sightings").count({"clip": plates}) == 0
    world.clock.advance(48 * 3600)
    assert retention.run_once() == 2
    assert {world.record(c).state.value for c in (faces, footage)} == {"deleting"}
    world.eraser.run_once()
    assert all(key.endswith(".mp4") for key in world.object_names())


def test_retention_cap_drops_the_oldest_until_the_rest_fits(world: World) -> None:
    clips = [world.add_clip(recorder_sidecar(start_ms=1_700_000_000_000 + n * 10_000)) for n in range(5)]
    kept = dataclasses.replace(KEPT, footage_bytes=3 * clips[0].video_bytes)
    assert make_retention(world, kept).run_once() == 2
    states = [world.record(clip.clip_id).state.value for clip in clips]
    assert states == ["deleting", "deleting", "live", "live", "live"]
    assert make_retention(world, kept).run_once() == 0


# Tombstones


def make_keeper(world: World) -> TombstoneKeeper:
    return TombstoneKeeper(world.database, world.store, world.cluster.reader(), world.metrics, world.clock)


def frames_at(world: World, high: int, low: int, committed: int | None) -> None:
    while world.cluster.watermarks(TopicPartition("frames", 3)).high < high:
        world.cluster.append("frames", 3, b"cam", b"jpeg")
    world.cluster.expire_to("frames", 3, low)
    if committed is not None:
        consumer = world.cluster.consumer("license_plate")

        class Nobody:
            def assigned(self, partitions: object) -> dict[TopicPartition, int | None]:
                return {}

            def revoked(self, partitions: object) -> None: ...

            def lost(self, partitions: object) -> None: ...

        consumer.subscribe(["frames"], Nobody())
        for _ in range(3):
            consumer.poll(1, 0)
        consumer.commit({TopicPartition("frames", 3): Position(committed)})
        consumer.close()


def erased_clip(world: World) -> Sidecar:
    topic_id = world.cluster.topic("frames").topic_id
    sidecar = make_sidecar(topic_id=topic_id, first_offset=10)
    world.add_clip(sidecar)
    world.delete(sidecar)
    world.eraser.run_once()
    return sidecar


@pytest.mark.parametrize(("low", "committed"), [(0, None), (20, None), (0, 20), (14, 20), (20, 14)], ids=str)
def test_tombstone_stays_while_log_or_group_are_not_past_it(world: World, low: int, committed: int | None) -> None:
    sidecar = erased_clip(world)
    frames_at(world, 30, low, committed)
    keeper = make_keeper(world)
    keeper.run_once()
    world.clock.advance(10 * AFTER_PASSING_S)
    assert keeper.run_once() == 0
    assert sidecar.clip_id.video_key in world.store.objects()


def test_tombstone_goes_a_day_after_both_have_passed(world: World) -> None:
    sidecar = erased_clip(world)
    frames_at(world, 30, low=15, committed=15)
    keeper = make_keeper(world)
    assert keeper.run_once() == 0
    world.clock.advance(AFTER_PASSING_S - 1)
    assert keeper.run_once() == 0
    world.clock.advance(1)
    assert keeper.run_once() == 1
    assert world.object_names() == []
    assert world.clips.known(str(sidecar.clip_id)) is not None
    world.clock.advance(RECORD_S)
    keeper.run_once()
    assert world.clips.known(str(sidecar.clip_id)) is None


def test_tombstone_of_a_recreated_topic_goes_after_a_day(world: World) -> None:
    sidecar = erased_clip(world)
    world.cluster.recreate_topic("frames")
    keeper = make_keeper(world)
    keeper.run_once()
    world.clock.advance(AFTER_PASSING_S)
    assert keeper.run_once() == 1
    assert sidecar.clip_id.video_key not in world.store.objects()


# Chores


def wait_for(condition: object) -> None:
    import time  # noqa: PLC0415

    assert callable(condition)
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_chore_runs_at_start_again_at_once_while_it_does_something_and_after_transient() -> None:
    answers: list[object] = [2, 1, Transient("down"), 0]
    calls: list[object] = []

    def run() -> int:
        answer = answers[len(calls)] if len(calls) < len(answers) else 0
        calls.append(answer)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, int)
        return answer

    thread = ChoreThread("test", [Chore("work", 3600, run)], SystemClock())
    thread.start()
    wait_for(lambda: len(calls) == 4)
    wait_for(lambda: thread.problem() is None)
    thread.stop()
    assert len(calls) == 4


def test_chore_that_breaks_ends_the_thread_and_says_so() -> None:
    def run() -> int:
        raise ZeroDivisionError

    thread = ChoreThread("test", [Chore("work", 3600, run)], SystemClock())
    thread.start()
    wait_for(lambda: thread.failure is not None)
    assert thread.problem() == "work failed: ZeroDivisionError."
    thread.stop()
