"""The sweep: store and index are compared, and the store is right."""

from api_server.indexer.sweep import SETTLED_AFTER_S, Sweep
from common.contracts.clip_event import parse_event
from common.contracts.sidecar import Sidecar
from common.storage.clips import read_sidecar
from tests.unit.api_server.world import JPEG, World, make_sidecar, make_sighting


def make_sweep(world: World) -> Sweep:
    return Sweep(world.database, world.writer, world.store, world.producer, "clip-events", world.metrics, world.clock)


def announced(world: World) -> list[str]:
    return [getattr(parse_event(r.value), "clip_id", "") for r in world.cluster.records("clip-events") if r.value]


def settle(world: World) -> None:
    world.clock.advance(SETTLED_AFTER_S + 1)


def test_sweep_announces_live_clips_without_record(world: World) -> None:
    sidecars = [make_sidecar(start_ms=1_700_000_000_000 + n * 10_000) for n in range(3)]
    events = [world.put_clip(sidecar) for sidecar in sidecars]
    world.writer.write(events[0])
    settle(world)
    report = make_sweep(world).run_once()
    assert (report.seen, report.announced) == (3, 2)
    assert announced(world) == [event.clip_id for event in events[1:]]
    assert parse_event(world.cluster.records("clip-events")[0].value or b"") == events[1]


def test_sweep_leaves_young_clips_to_their_workers(world: World) -> None:
    world.put_clip(make_sidecar(), derived=False)
    world.clock.advance(SETTLED_AFTER_S - 5)
    report = make_sweep(world).run_once()
    assert (report.seen, announced(world)) == (0, [])


def test_sweep_writes_the_missing_sidecar_file_from_the_clip(world: World) -> None:
    sidecar = make_sidecar()
    world.add_clip(sidecar)
    for key in (sidecar.clip_id.sidecar_key, sidecar.clip_id.poster_key):
        world.store.delete(key)
    settle(world)
    report = make_sweep(world).run_once()
    assert (report.sidecars, report.posters_missing, report.announced) == (1, 1, 0)
    assert Sidecar.model_validate_json(world.store.read(sidecar.clip_id.sidecar_key)) == sidecar


def test_sweep_record_whose_clip_is_gone_becomes_deleted(world: World) -> None:
    sidecar = make_sidecar()
    event = world.add_clip(sidecar)
    world.store.delete(sidecar.clip_id.video_key)
    settle(world)
    assert make_sweep(world).run_once().deleted == 1
    assert world.record(event.clip_id).state == "deleted"
    assert world.database.collection("sightings").count({}) == 0
    assert make_sweep(world).run_once().deleted == 0


def test_sweep_record_whose_clip_is_a_tombstone_becomes_deleted(world: World) -> None:
    sidecar = make_sidecar()
    event = world.add_clip(sidecar)
    before = world.database.snapshot()
    world.delete(sidecar)
    world.eraser.run_once()
    world.database.crash(before)
    settle(world)
    assert make_sweep(world).run_once().deleted == 1
    record = world.record(event.clip_id)
    assert (record.state, record.has_tombstone) == ("deleted", True)


def test_sweep_tombstone_without_record_is_entered_and_stays_deleted(world: World) -> None:
    sidecar = make_sidecar()
    event = world.add_clip(sidecar)
    world.delete(sidecar)
    world.eraser.run_once()
    world.database.crash({name: {} for name in world.database.snapshot()})
    settle(world)
    report = make_sweep(world).run_once()
    assert (report.tombstones, report.announced) == (1, 0)
    world.writer.write(event)
    assert world.clips.get(event.clip_id) is None


def test_sweep_live_clip_with_deleted_record_is_erased_again(world: World) -> None:
    sidecar = make_sidecar()
    world.add_clip(sidecar)
    clip_id = world.delete(sidecar)
    world.eraser.run_once()
    world.store.delete(sidecar.clip_id.video_key)
    world.put_clip(sidecar)
    settle(world)
    assert make_sweep(world).run_once().erased_again == 1
    world.eraser.run_once()
    assert read_sidecar(world.store, sidecar.clip_id).is_tombstone
    assert world.record(clip_id).state == "deleted"


def test_sweep_derived_files_beside_a_tombstone_go(world: World) -> None:
    sidecar = make_sidecar()
    world.add_clip(sidecar)
    world.delete(sidecar)
    world.eraser.run_once()
    world.store.create(sidecar.clip_id.poster_key, JPEG, "image/jpeg")
    settle(world)
    make_sweep(world).run_once()
    assert world.object_names() == ["1700000000000_10000.mp4"]


def test_sweep_empty_database_comes_back_whole(world: World) -> None:
    many = tuple(make_sighting(n) for n in range(3))
    sidecars = [
        make_sidecar(start_ms=1_700_000_000_000, length_ms=length, remainder=rest, sightings=many, first_offset=offset)
        for length, rest, offset in ((10_000, 0, 0), (10_000, 1, 10), (100_000, 0, 20), (10_000, 2, 30))
    ]
    for sidecar in sidecars:
        world.add_clip(sidecar)
    before = world.database.snapshot()
    world.database.crash({name: {} for name in before})
    settle(world)
    assert make_sweep(world).run_once().announced == 4
    for record in world.cluster.records("clip-events"):
        world.writer.write(parse_event(record.value or b""))

    def without_times(snapshot: dict[str, dict[str, dict[str, object]]]) -> object:
        return {
            name: {key: {k: v for k, v in d.items() if k != "indexed_us"} for key, d in snapshot[name].items()}
            for name in ("clips", "sightings")
        }

    assert without_times(world.database.snapshot()) == without_times(before)
    report = make_sweep(world).run_once()
    assert (report.announced, report.deleted, report.posters_missing) == (0, 0, 0)


def test_sweep_objects_that_are_none_of_ours_are_reported_and_left(world: World) -> None:
    of_another_day = "clips/emotion/cam-aaaaaaaaaa/2023/11/14/1_10000.mp4"
    for key in ("clips/readme.txt", "clips/a/b/c.mp4", of_another_day, make_sidecar("demo-x").clip_id.video_key):
        world.store.create(key, b"?", "text/plain")
    world.add_clip(make_sidecar())
    settle(world)
    report = make_sweep(world).run_once()
    assert report.problems == [str(make_sidecar("demo-x").clip_id)]
    assert len(world.store.objects()) == 8
