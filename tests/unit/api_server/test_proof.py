"""The command that proves that deleted clips stay deleted notices when they do not."""

import pytest

from api_server.database.schema import CLIPS, SIGHTINGS
from api_server.indexer.proof import DeletionProof, Proof
from common.contracts.clip_event import ClipReady
from common.deadline import Deadline
from tests.unit.api_server.world import JPEG, World, make_sidecar, make_sighting


@pytest.fixture
def events(world: World) -> list[ClipReady]:
    """Two clips, announced twice each; the first was deleted and erased."""
    events = []
    for n in range(2):
        event = world.add_clip(make_sidecar(start_ms=1_700_000_000_000 + n * 10_000, sightings=(make_sighting(),)))
        for _ in range(2):
            world.producer.send_and_wait("clip-events", b"cam", event.to_json())
        events.append(event)
    world.clips.hide_window(world.record(events[0].clip_id), "deleted")
    return events


def prove(world: World, *clips: str) -> Proof:
    proof = DeletionProof(world.database, world.store, world.writer, world.cluster.follower(["clip-events"]))
    return proof.run(clips, Deadline(10))


def test_proof_of_a_deleted_clip_repeats_its_events(world: World, events: list[ClipReady]) -> None:
    world.eraser.run_once()
    for found in (prove(world), prove(world, events[0].clip_id)):
        assert found.holds, found.problems
        assert (found.clips, found.tombstones, found.events_read, found.events_repeated) == (1, 1, 4, 2)
    assert world.clips.get(events[1].clip_id) is not None
    assert len(world.clips.sightings_of(events[1].clip_id)) == 1


def test_proof_before_it_is_erased_is_none(world: World, events: list[ClipReady]) -> None:
    found = prove(world, events[0].clip_id)
    assert (found.holds, found.erasing, found.problems) == (False, 1, [])


def test_proof_of_what_was_never_deleted_is_none(world: World, events: list[ClipReady]) -> None:
    assert not prove(world, events[1].clip_id).holds
    assert not prove(world, "license_plate.cam-none222222.1700000000000.10000").holds


@pytest.mark.parametrize("wrong", ["video", "poster", "no tombstone", "sightings", "listed"])
def test_proof_notices_what_is_left_or_came_back(world: World, events: list[ClipReady], wrong: str) -> None:
    world.eraser.run_once()
    record = world.record(events[0].clip_id)
    key = record.clip_id.video_key
    if wrong == "video":
        world.store.delete(key)
        world.put_clip(make_sidecar(sightings=(make_sighting(),)), derived=False)
    elif wrong == "poster":
        world.store.create(record.clip_id.poster_key, JPEG, "image/jpeg")
    elif wrong == "no tombstone":
        world.store.delete(key)
    elif wrong == "sightings":
        world.database.collection(SIGHTINGS).insert({"_id": f"{record.id}.0", "clip": record.id})
    else:
        world.database.collection(CLIPS).update({"_id": record.id}, {"$set": {"state": "live"}})
    found = prove(world, record.id)
    assert not found.holds
    assert found.problems
    assert found.to_dict()["proved"] is False
